import pytest
import torch

from gnnseq.studies.audit.windows import windows


def slow(values, length, leads, part, inside=False):
    """Window by window, step by step."""
    begin, end = part
    made = []
    for last in range(len(values)):
        first = last - length + 1
        if first < 0 or (inside and first < begin):
            continue
        y = [[values[last + k, n] if begin <= last + k < end else float("nan") for k in leads]
             for n in range(values.size(1))]  # fmt: skip
        if any(begin <= last + k < end for k in leads):
            made.append((values[first : last + 1].t(), torch.tensor(y)))
    return torch.stack([x for x, _ in made]), torch.stack([y for _, y in made])


@pytest.mark.parametrize("leads", [(1,), (2,), (1, 2, 3), (2, 5)])
@pytest.mark.parametrize("part", [(0, 12), (12, 20), (20, 30)])
@pytest.mark.parametrize("inside", [False, True])
def test_windows_are_those_found_step_by_step(leads, part, inside):
    values = torch.randn(30, 3, generator=torch.Generator().manual_seed(0))
    x, y = windows(values, 4, leads, part, inside)
    expected = slow(values, 4, leads, part, inside)
    torch.testing.assert_close(x, expected[0])
    torch.testing.assert_close(y, expected[1], equal_nan=True)


def test_every_lead_asks_every_step_of_the_part_whatever_the_history():
    values = torch.arange(40.0).unsqueeze(1)
    for length in (2, 8):
        _, y = windows(values, length, (1, 4), (20, 30))
        for lead in range(2):
            asked = y[:, 0, lead]
            assert asked[~asked.isnan()].tolist() == list(range(20, 30))


def test_a_part_without_room_is_an_error():
    with pytest.raises(ValueError, match="part is steps 28 to 29, expected room for 4 steps and 1 more"):
        windows(torch.zeros(30, 2), 4, (1,), (28, 30), inside=True)
