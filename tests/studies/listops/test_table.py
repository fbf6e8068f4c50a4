import pytest

from gnnseq.studies.listops.table import describe_listops, listops_table, longest_tenth


def record(title, seed, accuracy, seconds, labels="all"):
    trial = {"seed": seed, "round_steps": 100, "depth": 6, "arguments": 3, "longest": 60, "rounds": 12}
    return {
        "title": title, "weights": 50_123, "accuracy": accuracy, "ms_per_step": 12.6,
        "trial": trial | {"batch_size": 128, "labels": labels, "test_samples": 2_000},
        "by_length": {"20": [10, 18], "60": [int(4 * accuracy), 4]},
        "curve": [{"seconds": second} for second in seconds],
    }  # fmt: skip


def test_the_best_model_stands_first_with_its_mean_and_fastest_round():
    records = [record("row", 0, 0.25, [3.0]), record("tree", 0, 0.5, [1.0, 2.0]), record("tree", 1, 1.0, [0.8, 4.0])]
    lines = listops_table(records, 0.125).splitlines()
    assert lines[2] == "| tree | 50,123 | 75.0 ± 35.4 % | 75.0 ± 35.4 % | 8 | 2 |"
    assert lines[3] == "| row | 50,123 | 25.0 % | 25.0 % | 30 | 1 |"
    assert lines[4] == "| constant guess | 0 | 12.5 % | – | – | – |"
    assert lines[6].startswith(
        "At most 6 levels, 3 arguments and 60 symbols; 1,200 steps of 128 expressions, labels of"
    )
    assert len({line.count("|") for line in lines[:5]}) == 1


@pytest.mark.parametrize(("labels", "words"), [("all", "of every list,"), ("root", "of the whole expression alone,")])
def test_the_table_says_which_labels(labels, words):
    assert f"labels {words}" in listops_table([record("tree", 0, 0.5, [1.0], labels)], 0.1)


def test_the_longest_tenth():
    by_length = {"20": [90, 90], "40": [1, 4], "100": [3, 6]}
    assert longest_tenth({"by_length": by_length}) == pytest.approx(4 / 10)
    assert longest_tenth({"by_length": {"20": [9, 18], "100": [1, 2]}}) == 0.5


def test_a_record_in_a_line():
    assert (
        describe_listops(record("tree", 3, 0.5, [1.0])) == "tree, seed 3: 50.0 % right, 50,123 weights, 13 ms per step"
    )
