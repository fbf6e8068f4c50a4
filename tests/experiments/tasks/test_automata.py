import pytest
import torch

from gnnseq.experiments.tasks.automata import LANGUAGES, AutomatonTask


@pytest.mark.parametrize("language", LANGUAGES)
def test_targets_are_the_states_after_each_symbol_or_the_last_one(language):
    every, last = AutomatonTask(language, 7), AutomatonTask(language, 7, every_symbol=False)
    one, other = next(every.batches("path", 0, "train", 30, 1)), next(last.batches("path", 0, "train", 30, 1))
    assert torch.equal(one.x, other.x)
    assert torch.equal(one.y[one.ptr[1:] - 1], other.y)
    assert (one.ptr.diff().min(), one.ptr.diff().max()) == (3, 7)
    assert every.num_outputs == LANGUAGES[language].num_states
    assert 1 / every.num_outputs <= every.chance < 1


def test_the_same_task_at_one_length():
    longer = AutomatonTask("s3").at(160)
    batch = next(longer.batches("path", 0, "test", 4, 1))
    assert batch.ptr.diff().tolist() == [160] * 4
    assert longer.title == "words of S3, 160 to 160 symbols"
    assert longer.required("path") == 159
    assert longer.required("dilated") == (127).bit_count()


def test_hard_words_repeat_a_few_symbols():
    words = [word for word, _ in AutomatonTask("s3").at(60).hard(3)[:20]]
    for word in words:
        assert any(torch.equal(word[8 + period :], word[8:-period]) for period in range(1, 5))
    assert len({tuple(word.tolist()) for word in words}) == 20
    assert all((states >= 0).all() for _, states in AutomatonTask("brackets").at(40).hard(0)[:20])


def test_answers_are_the_first_symbol_and_the_last_state():
    task = AutomatonTask("parity", 5, 5)
    batch = next(task.batches("path", 0, "train", 3, 1))
    assert [part.tolist() for part in task.answers("path", batch)] == [[0, 5, 10], [4, 9, 14]]
    last = AutomatonTask("parity", 5, 5, every_symbol=False)
    assert [part.tolist() for part in last.answers("path", batch)] == [[0, 5, 10], [0, 1, 2]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AutomatonTask("s9"), "language is 's9', expected one of parity, modulo-3"),
        (lambda: AutomatonTask("parity", 0), "longest is 0, expected an integer >= 1"),
        (lambda: AutomatonTask("parity", 4, 5), "shortest is 5, expected"),
        (lambda: AutomatonTask("parity").at(-1), "longest is -1, expected an integer >= 1"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
