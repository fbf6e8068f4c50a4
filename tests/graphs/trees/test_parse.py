from functools import partial

import numpy as np
import pytest
import torch
from graph_checks import assert_root_last, assert_same_batch
from hypothesis import given
from hypothesis import strategies as st
from real_data import real_file
from torch.utils.data import DataLoader
from tree_strategies import BRACKETS, heads

from gnnseq.data.synthetic.listops import ListOpsBinaryTrees, ListOpsTrees
from gnnseq.data.trees.brackets import parse_brackets
from gnnseq.data.trees.corpus import TreeCorpus
from gnnseq.data.trees.heads import dependency_tree
from gnnseq.data.trees.tree import Tree, binarize
from gnnseq.data.trees.treebank import read_brackets, read_conllu
from gnnseq.graphs import tree_batch
from gnnseq.graphs.text import to_texts
from gnnseq.graphs.trees.parse import parse_batch

CORPUS = TreeCorpus.from_trees([parse_brackets("(1 (0 a) (2 b))"), parse_brackets("(2 c)")])


def assert_is_the_batch_of(batch, trees):
    """The batch holds every tree as tree_batch makes it, and the sentences can be read."""
    assert_root_last(batch)
    expected = tree_batch(
        [torch.from_numpy(tree.parents) for tree in trees],
        batch.x.split([len(tree) for tree in trees]),
        slots=[torch.from_numpy(tree.slots) for tree in trees],
    )
    for name in ("x", "edge_index", "edge_slot", "batch", "ptr"):
        assert torch.equal(batch[name], expected[name]), name
        assert batch[name].dtype == torch.int64


@given(st.lists(BRACKETS, min_size=1, max_size=6))
def test_constituency_trees(texts):
    trees = [parse_brackets(text) for text in texts]
    trees += [binarize(tree) for tree in trees]
    corpus = TreeCorpus.from_trees(trees)
    batch = parse_batch(corpus)
    assert_is_the_batch_of(batch, trees)
    assert to_texts(batch, corpus.words) == [" ".join(tree.sentence()) for tree in trees]
    inner = torch.bincount(batch.edge_index[1], minlength=len(batch.x)) > 0
    assert (batch.x[inner] == corpus.empty).all()
    assert (batch.x[~inner] < corpus.empty).all()


@given(st.lists(heads(), min_size=1, max_size=6))
def test_dependency_trees(sentences):
    trees = [
        dependency_tree([f"w{n}" for n, _ in enumerate(s)], s, [f"r{n}" for n, _ in enumerate(s)]) for s in sentences
    ]
    corpus = TreeCorpus.from_trees(trees)
    batch = parse_batch(corpus)
    assert_is_the_batch_of(batch, trees)
    assert to_texts(batch, corpus.words) == [" ".join(tree.sentence()) for tree in trees]
    for graph, sentence in zip(batch.to_data_list(), sentences, strict=True):
        child, parent = (graph.position[nodes].tolist() for nodes in graph.edge_index)
        found = dict(zip(child, parent, strict=True))
        assert [found.get(place, -1) for place in range(len(sentence))] == sentence
        assert graph.y.tolist() == [corpus.classes.symbols.index(f"r{n}") for n in graph.position.tolist()]


def rebuilt(graph, corpus):
    """The tree of a graph of a batch, from nothing but what the graph holds."""
    parents, slots = np.full(graph.num_nodes, -1), np.zeros(graph.num_nodes, np.int64)
    child, parent = graph.edge_index.numpy()
    parents[child], slots[child] = parent, graph.edge_slot.numpy()
    words = [*corpus.words.symbols, ""]
    classes = {-100: ""} | dict(enumerate(corpus.classes.symbols))
    return Tree(
        parents,
        slots,
        graph.position.numpy(),
        tuple(words[symbol] for symbol in graph.x.tolist()),
        tuple(classes[label] for label in graph.y.tolist()),
    )


@given(st.lists(BRACKETS, min_size=1, max_size=5), st.lists(heads(), max_size=3))
def test_batches_give_their_trees_back(texts, sentences):
    trees = [parse_brackets(text) for text in texts]
    trees += [dependency_tree([f"w{n}" for n in range(len(s))], s, ["r"] * len(s)) for s in sentences]
    trees += [binarize(tree) for tree in trees]
    corpus = TreeCorpus.from_trees(trees)
    assert [rebuilt(graph, corpus) for graph in parse_batch(corpus).to_data_list()] == trees


@given(st.lists(st.integers(0, 999), min_size=1, max_size=5), st.sampled_from([ListOpsTrees, ListOpsBinaryTrees]))
def test_batches_give_nested_lists_back(rows, kind):
    corpus = kind(depth=6)[rows]
    trees = [corpus[place] for place in range(len(rows))]
    assert [rebuilt(graph, corpus) for graph in parse_batch(corpus).to_data_list()] == trees


@given(st.lists(BRACKETS, min_size=1, max_size=5), st.booleans())
def test_a_batch_is_its_graphs_one_by_one(texts, every_node):
    corpus = TreeCorpus.from_trees([binarize(parse_brackets(text)) for text in texts])
    graphs = [parse_batch(corpus[[row]], every_node=every_node)[0] for row in range(len(texts))]
    assert_same_batch(parse_batch(corpus, every_node=every_node), graphs)


def test_labels():
    assert parse_batch(CORPUS).y.tolist() == [0, 2, 1, 2]
    assert parse_batch(CORPUS, every_node=False).y.tolist() == [1, 2]
    assert parse_batch(CORPUS.relabel({"2": "x"})).y.tolist() == [-100, 0, -100, 0]


def test_nested_lists():
    corpus = ListOpsTrees()[:10]
    batch = parse_batch(corpus, every_node=False)
    assert_is_the_batch_of(batch, list(corpus))
    assert batch.y.tolist() == corpus.root_labels.tolist()
    assert to_texts(batch, corpus.words) == [" ".join(tree.sentence()) for tree in corpus]


def test_loader():
    loader = DataLoader(CORPUS, batch_size=2, collate_fn=partial(parse_batch, every_node=False))
    (batch,) = loader
    assert batch.num_graphs == 2
    assert batch.y.tolist() == [1, 2]


def test_deep_trees():
    depth = 5000
    corpus = TreeCorpus.from_trees([parse_brackets("(1 (0 a) " * depth + "(2 b)" + ")" * depth)])
    batch = parse_batch(corpus)
    assert batch.num_nodes == 2 * depth + 1
    assert_root_last(batch)


def test_the_corpus_is_not_changed():
    before = [CORPUS.symbols.copy(), CORPUS.places.copy()]
    batch = parse_batch(CORPUS, nodes={"form": "form"})
    for values in (batch.x, batch.position, batch.form):
        values += 1
    assert all(map(np.array_equal, before, [CORPUS.symbols, CORPUS.places]))


def test_no_trees():
    with pytest.raises(ValueError, match="corpus is empty, expected at least one tree"):
        parse_batch(CORPUS[:0])


def test_real_trees():
    bank = read_brackets(real_file("sst/dev.txt")).trees
    corpus = TreeCorpus.from_trees(bank)
    batch = parse_batch(corpus[:256])
    assert_is_the_batch_of(batch, bank[:256])
    assert batch.edge_slot.max() == 1
    assert to_texts(batch, corpus.words) == [" ".join(tree.sentence()) for tree in bank[:256]]


def test_real_sentences():
    trees = read_conllu(real_file("ud_ewt/*.conllu")).trees
    corpus = TreeCorpus.from_trees(trees)
    batch = parse_batch(corpus)
    assert_is_the_batch_of(batch, trees)
    assert to_texts(batch, corpus.words) == [" ".join(tree.sentence()) for tree in trees]


@pytest.mark.parametrize("make", [list, tuple, lambda trees: trees[0]])
def test_trees_that_are_no_corpus(make):
    given = make([parse_brackets("(1 a)")])
    with pytest.raises(TypeError, match=f"corpus is a {type(given).__name__}, expected a TreeCorpus, such as"):
        parse_batch(given)


def test_columns_become_attributes_and_targets():
    tags = {"upos": ["N", "V", ""], "lemma": ["x", "y", "y"]}
    tree = dependency_tree(["a", "b", "c"], [1, -1, 1], ["nsubj", "root", "obj"], tags)
    corpus = TreeCorpus.from_trees([tree, tree])
    batch = parse_batch(corpus, y="upos", nodes={"lemma": "lemma"}, edges={"edge_type": "deprel"})
    first = batch[0]
    assert first.y.tolist() == [0, -100, 1]  # a, c, then their head b
    assert first.lemma.tolist() == [0, 1, 1]
    assert corpus.classes.lookup(first.edge_type) == ["nsubj", "obj"]
    assert_same_batch(batch, [first, batch[1]])
    assert parse_batch(corpus, y="lemma", every_node=False).y.tolist() == [1, 1]
    for name in ("x", "my_index"):
        with pytest.raises(ValueError, match=f"an attribute is named '{name}', expected a free name"):
            parse_batch(corpus, nodes={name: "lemma"})
    with pytest.raises(ValueError, match="there is no column 'xpos', expected one of"):
        parse_batch(corpus, edges={"edge_type": "xpos"})
