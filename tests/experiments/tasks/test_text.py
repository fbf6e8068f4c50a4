import pickle

import pytest
import torch

from gnnseq.data.text.encode import split_ids
from gnnseq.experiments.tasks import text
from gnnseq.experiments.tasks.text import TextTask


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("abcd" * 200 + "abab" * 25 + "aabb" * 25)
    return str(path)


def test_targets_are_the_characters_that_follow(book):
    task = TextTask(10, book)
    batch = next(task.batches("path", 0, "train", 20, 1))
    text = task.vocabulary.decode(batch.x)
    follows = task.vocabulary.decode(batch.y)
    assert {text[i] + follows[i] for i in range(200)} == {"ab", "bc", "cd", "da"}


def test_parts_of_the_text_do_not_mix(book):
    task = TextTask(10, book)
    letters = {}
    for split in ("train", "validation", "test"):
        batch = next(task.batches("path", 0, split, 50, 1))
        letters[split] = {task.vocabulary.decode(row) for row in batch.x.reshape(50, 10)}
    assert letters["train"] <= {("abcd" * 4)[k : k + 10] for k in range(4)}
    assert letters["validation"] <= {("abab" * 4)[k : k + 10] for k in range(2)}
    assert letters["test"] <= {("aabb" * 4)[k : k + 10] for k in range(4)}


def test_reference_numbers_counted_by_hand(book):
    task = TextTask(10, book)
    _, _, test = split_ids(task.vocabulary.encode("abcd" * 200 + "abab" * 25 + "aabb" * 25 + "\n"))
    text = task.vocabulary.decode(torch.from_numpy(test))
    assert task.chance == text.count("a") / len(text)
    pairs = [text[i : i + 2] for i in range(len(text) - 1)]
    assert task.memoryless == sum(pair in ("ab", "bc", "cd", "da") for pair in pairs) / len(pairs)


def test_a_text_is_that_of_its_file_now(tmp_path, monkeypatch):
    for folder, letters in (("one", "abcd"), ("two", "wxyz")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "book.txt").write_text(letters * 200)
    found = []
    for folder in ("one", "two"):
        monkeypatch.chdir(tmp_path / folder)
        found.append(TextTask(10, "book.txt"))
    assert [task.vocabulary.symbols[1] for task in found] == ["a", "w"]
    with pytest.raises(ValueError, match="digest is"):
        TextTask(10, "book.txt", found[0].digest)


def test_a_text_that_changed_keeps_neither_its_digest_nor_its_parts(book):
    old = TextTask(10, book)
    with open(book, "w") as file:
        file.write("pq" * 500)
    new = TextTask(10, book)
    assert old.digest != new.digest
    assert "p" in new.vocabulary
    with pytest.raises(ValueError, match="digest is"):
        old.at(12)


def test_an_unpickled_task_reads_only_the_text_of_its_digest(book):
    task = pickle.dumps(TextTask(10, book))
    with open(book, "w") as file:
        file.write("rs" * 500)
    text._parts_of.cache_clear()
    with pytest.raises(ValueError, match="digest is"):
        pickle.loads(task).dataset(0, "train")


def test_python_has_a_text_of_its_own():
    task = TextTask()
    assert len(task.digest) == 64
    assert task.num_symbols > 50
    assert task.chance < task.memoryless < 0.6
    assert task.required("path") is None


def test_edges_go_forward_alone(book):
    for view in TextTask(10, book).views:
        source, target = next(TextTask(10, book).batches(view, 0, "train", 5, 1)).edge_index
        assert (source < target).all()


def test_bad_input(book, tmp_path):
    with pytest.raises(ValueError, match=r"digest is 'abc', but the text of .* has"):
        TextTask(10, book, "abc")
    with pytest.raises(ValueError, match="ids has 100 symbols, expected at least 201"):
        TextTask(200, book)
    with pytest.raises(OSError, match=r"missing\.txt"):
        TextTask(10, str(tmp_path / "missing.txt"))
