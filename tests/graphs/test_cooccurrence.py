from collections import Counter
from math import log

import pytest
import torch
from graph_checks import assert_same_batch
from hypothesis import given
from hypothesis import strategies as st
from torch_geometric.data import Data

from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.graphs.cooccurrence import cooccurrence_batch, mutual_information, to_cooccurrence, word_graph
from gnnseq.graphs.text import to_texts

TEXTS = st.lists(st.text("abcd", min_size=1, max_size=12), min_size=1, max_size=5)
WINDOWS = st.integers(2, 6)
LETTERS = Vocabulary("abcd")


def count_pairs(text, window):
    """How often two different symbols stand less than ``window`` places apart."""
    pairs = Counter()
    for one in range(len(text)):
        for other in range(one + 1, min(one + window, len(text))):
            if text[one] != text[other]:
                pairs[frozenset(text[one] + text[other])] += 1
    return pairs


def read_edges(graph, names):
    """The weight of every edge, by the names of its ends; each edge occurs once."""
    source, target = graph.edge_index.tolist()
    edges = [(names[s], names[t]) for s, t in zip(source, target, strict=True)]
    assert len(set(edges)) == len(edges)
    return dict(zip(edges, graph.edge_weight.tolist(), strict=True))


def both_ways(pairs):
    return {pair: count for names, count in pairs.items() for pair in (tuple(names), tuple(names)[::-1])}


@given(TEXTS, WINDOWS)
def test_every_text_s_graph_counts_its_pairs(texts, window):
    batch = cooccurrence_batch(texts, LETTERS, window=window, y=torch.arange(len(texts)))
    distinct = ["".join(dict.fromkeys(text)) for text in texts]
    assert to_texts(batch, LETTERS) == distinct
    for graph, text, names in zip(batch.to_data_list(), texts, distinct, strict=True):
        assert graph.count.tolist() == [text.count(name) for name in names]
        assert read_edges(graph, names) == both_ways(count_pairs(text, window))
        assert graph.edge_weight.dtype == torch.float32


@given(TEXTS, WINDOWS)
def test_a_batch_is_its_graphs_one_by_one(texts, window):
    y = torch.arange(len(texts))
    graphs = [
        cooccurrence_batch([text], LETTERS, window=window, y=y[row : row + 1])[0] for row, text in enumerate(texts)
    ]
    assert_same_batch(cooccurrence_batch(texts, LETTERS, window=window, y=y), graphs)


@given(TEXTS, WINDOWS)
def test_the_graph_of_a_collection_counts_all_pairs(texts, window):
    graph = word_graph(texts, LETTERS, window=window)
    expected = sum((count_pairs(text, window) for text in texts), Counter())
    assert read_edges(graph, LETTERS.symbols) == both_ways(expected)
    assert graph.x.tolist() == [0, 1, 2, 3]
    assert graph.num_nodes == 4
    assert graph.is_undirected()
    graph.validate(raise_on_error=True)


@given(TEXTS, WINDOWS)
def test_mutual_information(texts, window):
    counts = word_graph(texts, LETTERS, window=window)
    pairs = both_ways(sum((count_pairs(text, window) for text in texts), Counter()))
    alone = Counter()
    for (name, _), count in pairs.items():
        alone[name] += count
    total = sum(alone.values())
    expected = {(u, v): log(n * total / (alone[u] * alone[v])) for (u, v), n in pairs.items()}
    found = read_edges(mutual_information(counts), LETTERS.symbols)
    assert found == pytest.approx({pair: weight for pair, weight in expected.items() if weight > 1e-7})
    assert mutual_information(counts).num_nodes == 4
    assert read_edges(counts, LETTERS.symbols) == pairs


def test_symbols_without_neighbours():
    batch = cooccurrence_batch(["aaa", "b"], LETTERS)
    assert batch.edge_index.shape == (2, 0)
    assert batch.count.tolist() == [3, 1]
    graph = mutual_information(word_graph(["aaa"], LETTERS))
    assert graph.edge_weight.tolist() == []
    assert isinstance(graph, Data)


def test_collate():
    batch = to_cooccurrence([("aba", 1), ("c", 0)], vocabulary=LETTERS, window=2)
    assert batch.y.tolist() == [1, 0]
    assert batch.edge_weight.tolist() == [2, 2]


@pytest.mark.parametrize("build", [cooccurrence_batch, word_graph])
def test_bad_arguments(build):
    with pytest.raises(ValueError, match="window is 1, expected at least 2 symbols"):
        build(["ab"], LETTERS, window=1)
    with pytest.raises(ValueError, match=r"texts\[0\]: .*'x' at position 0"):
        build(["x"], LETTERS)
    with pytest.raises(ValueError, match=r"\[1\] is empty, expected at least one symbol"):
        build(["a", ""], LETTERS)
