import pytest
import torch

from gnnseq.data.text.vectors import read_vectors
from gnnseq.data.text.vocabulary import Vocabulary

WORDS = Vocabulary(["the", "cat", "é", "a b", "."], separator=" ")


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_vectors_of_the_vocabulary(tmp_path):
    path = write(tmp_path / "v", "é 1 2 3", "dog 9 9 9", "the -0.5 1e-3 .25", ". . . 7 7 7", "a b 4 5 6", "the 0 0 0")
    values, found = read_vectors(path, WORDS)
    assert values.dtype == torch.float32
    expected = torch.tensor([[-0.5, 1e-3, 0.25], [0, 0, 0], [1, 2, 3], [4, 5, 6], [0, 0, 0]])
    assert torch.equal(values, expected)
    assert found.tolist() == [True, False, True, True, False]


def test_a_first_line_of_sizes_is_skipped(tmp_path):
    values, found = read_vectors(write(tmp_path / "v", "2 3", "cat 1 2 3", "the 4 5 6"), WORDS)
    assert values[:2].tolist() == [[4, 5, 6], [1, 2, 3]]
    assert found.sum() == 2


@pytest.mark.parametrize("first", [[], ["2 3"]])
def test_a_byte_order_mark_is_no_part_of_the_first_word(tmp_path, first):
    path = write(tmp_path / "v", *first, "the 1 2 3", "cat 4 5 6")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    values, found = read_vectors(path, WORDS)
    assert values[:2].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert found.sum() == 2


def test_no_word_has_a_vector(tmp_path):
    values, found = read_vectors(write(tmp_path / "v", "dog 1 2"), WORDS)
    assert values.tolist() == [[0, 0]] * 5
    assert not found.any()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["the 1 2 3", "cat 1 2"], "line 2: expected a word and 3 numbers, got 2 numbers"),
        (["the 1 2 3", "dog 1 2"], "line 2: expected a word and 3 numbers, got 2 numbers"),
        (["the 1 2 3", "", "cat 1 2 3 4"], "line 3: expected a word and 3 numbers, got 4 numbers"),
        (["the 1 2 3", "dog 1 2 3 4"], "line 2: expected a word and 3 numbers, got 4 numbers"),
        (["the 1 2 3", "cat 1 x 3"], "line 2, number 2 of 3: 'x' is no number, expected a finite number"),
        (["the 1 2 3", "cat 1 nan 3"], "line 2, number 2 of 3: 'nan' is too large for float32 or is not finite"),
        (["the 1 2 3", "cat 1 2 1e300"], "line 2, number 3 of 3: '1e300' is too large for float32"),
        (["the 1 2 3", "cat 1_0 2 3"], "line 2, number 1 of 3: '1_0' is no number"),
        (["the"], "line 1: expected a word and 0 numbers"),
    ],
)
def test_bad_files(tmp_path, lines, message):
    with pytest.raises(ValueError, match=f"v, {message}"):
        read_vectors(write(tmp_path / "v", *lines), WORDS)


def test_empty_file(tmp_path):
    with pytest.raises(ValueError, match="v holds no vectors, expected a word and numbers in every line"):
        read_vectors(write(tmp_path / "v", ""), WORDS)


def test_a_word_without_a_vector_gets_that_of_its_lower_case_form(tmp_path):
    words = Vocabulary(["The", "the", "Cat", "DOG", "E"], separator=" ")
    path = write(tmp_path / "v", "the 1 2", "Cat 3 4", "cat 5 6", "dog 7 8", "Dog 9 9")
    values, found = read_vectors(path, words, lower_case=True)
    assert values.tolist() == [[1, 2], [1, 2], [3, 4], [7, 8], [0, 0]]
    assert found.tolist() == [True, True, True, True, False]
    assert read_vectors(path, words).found.tolist() == [False, True, True, False, False]


def test_a_first_word_with_spaces_does_not_count_as_a_number(tmp_path):
    words = Vocabulary(["New York", "San Jose", "New"], separator=" ")
    values, found = read_vectors(write(tmp_path / "v", "New York 1 2", "San Jose 3 4", "Rome 5 6"), words)
    assert values.tolist() == [[1, 2], [3, 4], [0, 0]]
    assert found.tolist() == [True, True, False]


@pytest.mark.parametrize("first", [["Rome 1 2"], ["a b 1 2"], ["9 2"], []])
@pytest.mark.parametrize("line", ["New York 3", "cat 3", "the cat sat 3", "cat 1 2 3"])
def test_lines_of_another_width_are_named_also_those_of_other_words(tmp_path, first, line):
    lines = [*first, "dog 7 8", line]
    count = sum(field.isdigit() for field in line.split())
    message = f"v, line {len(lines)}: expected a word and 2 numbers, got {count} numbers"
    for words in (WORDS, Vocabulary(["New York"], separator=" "), Vocabulary(["none"], separator=" ")):
        with pytest.raises(ValueError, match=message):
            read_vectors(write(tmp_path / "v", *lines), words)


def test_a_first_line_of_sizes_holds_for_the_first_vector(tmp_path):
    with pytest.raises(ValueError, match="v, line 2: expected a word and 3 numbers, got 2 numbers"):
        read_vectors(write(tmp_path / "v", "2 3", "cat 1 2", "the 3 4"), WORDS)


def test_a_first_line_of_endless_digits_is_a_vector_out_of_range(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("9 " + "9" * 5000 + "\n")
    with pytest.raises(ValueError, match=r"vectors\.txt"):
        read_vectors(path, Vocabulary.from_words([["9"]]))


def test_a_word_with_half_a_character_has_no_vector(tmp_path):
    words = Vocabulary(["\ud800", "the"], separator=" ")
    assert read_vectors(write(tmp_path / "v", "the 1 2"), words, lower_case=True).found.tolist() == [False, True]
