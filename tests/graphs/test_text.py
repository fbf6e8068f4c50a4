import pytest
import torch
from graph_checks import assert_same_batch, assert_same_values
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.text.words import words
from gnnseq.graphs import balanced_tree_batch, dilated_batch, path_batch, path_graph
from gnnseq.graphs.text import encode_texts, text_path_batch, to_text_paths, to_texts

TEXTS = st.lists(st.text("abc é,\n", min_size=1, max_size=12), min_size=1, max_size=5)
LETTERS = Vocabulary("abc é,\n")


@given(TEXTS, st.sampled_from(["forward", "backward", "both"]))
def test_characters_round_trip(texts, direction):
    batch = text_path_batch(texts, LETTERS, direction=direction)
    assert to_texts(batch, LETTERS) == texts
    graphs = [path_graph(LETTERS.encode(text), direction=direction) for text in texts]
    assert_same_batch(batch, graphs)


@given(TEXTS)
def test_words_round_trip(texts):
    texts = [f"{text}a" for text in texts]
    vocabulary = Vocabulary.from_words(texts)
    batch = text_path_batch(texts, vocabulary)
    assert to_texts(batch, vocabulary) == [" ".join(words(text)) for text in texts]
    assert_same_values(text_path_batch([words(text) for text in texts], vocabulary), batch)


def test_strings_and_lists_of_characters_may_be_mixed():
    assert to_texts(text_path_batch(["ab", ["c", "a"]], LETTERS), LETTERS) == ["ab", "ca"]


@given(TEXTS)
def test_other_graphs_over_text_are_read_back(texts):
    ids = encode_texts(texts, LETTERS)
    assert to_texts(dilated_batch(ids), LETTERS) == texts
    assert to_texts(balanced_tree_batch(ids, empty=len(LETTERS)), LETTERS) == texts


def test_targets():
    assert text_path_batch(["ab", "c"], LETTERS, y=torch.tensor([1, 0])).y.tolist() == [1, 0]
    assert text_path_batch(["ab", "c"], LETTERS, y=torch.tensor([1, 0, 2])).y.tolist() == [1, 0, 2]


def test_loader():
    samples = [("ab", 1), ("cab", 0), ("b", 1)]
    loader = DataLoader(samples, batch_size=2, collate_fn=lambda rows: to_text_paths(rows, vocabulary=LETTERS))
    first, last = loader
    assert to_texts(first, LETTERS) == ["ab", "cab"]
    assert first.y.tolist() == [1, 0]
    assert to_texts(last, LETTERS) == ["b"]
    backward = to_text_paths(samples, vocabulary=LETTERS, direction="backward")
    assert backward.edge_index[:, :1].tolist() == [[1], [0]]


def test_same_as_paths_over_an_alphabet():
    texts = ["abc", "c a"]
    assert_same_values(text_path_batch(texts, LETTERS), path_batch(texts, alphabet="".join(LETTERS.symbols)))


@pytest.mark.parametrize(
    ("texts", "error", "message"),
    [
        (["ab", "axb"], ValueError, r"^texts\[1\]: text has symbols outside the vocabulary: 'x' at position 1$"),
        (["ab", ""], ValueError, r"sequences\[1\] is empty, expected at least one symbol"),
        ([], ValueError, "sequences is empty"),
        ("ab", TypeError, "texts is a str, expected a list of texts"),
    ],
)
def test_bad_texts(texts, error, message):
    with pytest.raises(error, match=message):
        text_path_batch(texts, LETTERS)
