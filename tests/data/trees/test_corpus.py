import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader
from tree_strategies import BRACKETS, heads

from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.trees.brackets import parse_brackets
from gnnseq.data.trees.corpus import TreeCorpus
from gnnseq.data.trees.heads import dependency_tree
from gnnseq.data.trees.tree import binarize
from gnnseq.data.trees.treebank import Treebank

TREES = [parse_brackets(text) for text in ("(1 (0 a) (2 b))", "(2 c)", "(0 (1 a) (1 c) (0 (2 b) (2 a)))")]
CORPUS = TreeCorpus.from_trees(TREES)


@given(st.lists(BRACKETS, min_size=1, max_size=6), st.data())
def test_trees_round_trip(texts, data):
    trees = [parse_brackets(text) for text in texts]
    trees += [binarize(tree) for tree in trees]
    corpus = TreeCorpus.from_trees(trees)
    assert len(corpus) == len(trees)
    assert [corpus[row] for row in range(len(trees))] == trees
    rows = data.draw(st.lists(st.integers(-len(trees), len(trees) - 1), min_size=1))
    some = corpus[rows]
    assert isinstance(some, TreeCorpus)
    assert [some[row] for row in range(len(rows))] == [trees[row] for row in rows]


@given(st.lists(heads(), min_size=1, max_size=4))
def test_dependency_trees_round_trip(sentences):
    trees = [
        dependency_tree([f"w{n}" for n, _ in enumerate(s)], s, [f"r{n}" for n, _ in enumerate(s)]) for s in sentences
    ]
    corpus = TreeCorpus.from_trees(trees)
    assert [corpus[row] for row in range(len(trees))] == trees


def test_arrays():
    assert CORPUS.words.symbols == ("a", "b", "c")
    assert CORPUS.classes.symbols == ("0", "1", "2")
    assert CORPUS.empty == 3
    assert CORPUS.ptr.tolist() == [0, 3, 4, 10]
    assert CORPUS.symbols.tolist() == [0, 1, 3, 2, 0, 2, 1, 0, 3, 3]
    assert CORPUS.labels.tolist() == [0, 2, 1, 2, 1, 1, 2, 2, 0, 0]
    assert CORPUS.root_labels.tolist() == [1, 2, 0]
    assert binarize(TREES[2]).labels.count("") == 1
    assert TreeCorpus.from_trees([binarize(TREES[2])]).labels.tolist() == [1, 1, 2, 2, 0, -100, 0]


def test_indices():
    for index in ([2, 0], np.array([2, 0]), torch.tensor([2, 0]), slice(2, None, -2)):
        assert [tree for tree in CORPUS[index]] == [TREES[2], TREES[0]]  # noqa: C416
    assert CORPUS[-1] == TREES[2]
    assert CORPUS[np.flatnonzero(CORPUS.root_labels != 2)].root_labels.tolist() == [1, 0]
    assert len(CORPUS[:0]) == 0
    with pytest.raises(IndexError, match="index 3 is out of range for a dataset of 3 samples"):
        CORPUS[3]


def test_loader_hands_a_corpus_to_collate():
    batches = list(DataLoader(CORPUS, batch_size=2, collate_fn=lambda corpus: corpus))
    assert [len(corpus) for corpus in batches] == [2, 1]
    assert batches[1][0] == TREES[2]


def test_other_trees_with_the_same_words_and_labels():
    words = Vocabulary.from_words([["a", "b"]], unknown="?")
    corpus = TreeCorpus.from_trees(TREES, words, Vocabulary(["2", "1", "0"]))
    assert corpus[0].sentence() == ["a", "b"]
    assert corpus[1].sentence() == ["?"]
    assert corpus.root_labels.tolist() == [1, 0, 2]


def test_unknown_words_and_labels_name_the_tree():
    with pytest.raises(ValueError, match=r"^trees\[1\]: text has symbols outside the vocabulary: 'c' at position 0$"):
        TreeCorpus.from_trees(TREES, Vocabulary.from_words([["a", "b"]]))
    with pytest.raises(ValueError, match=r"^trees\[0\]: .*'2' at position 1$"):
        TreeCorpus.from_trees(TREES, None, Vocabulary(["0", "1"]))


def test_no_trees():
    with pytest.raises(ValueError, match="trees is empty, expected at least one tree"):
        TreeCorpus.from_trees([])


def test_trees_without_labels():
    corpus = TreeCorpus.from_trees([dependency_tree(["a", "b"], [1, -1], ["", ""])])
    assert corpus.labels.tolist() == [-100, -100]
    assert corpus[0].labels == ("", "")


def test_relabel():
    corpus = CORPUS.relabel({"2": "good", "0": "bad"})
    assert corpus.classes.symbols == ("good", "bad")
    assert corpus.labels.tolist() == [1, 0, -100, 0, -100, -100, 0, 0, 1, 1]
    assert corpus[1].labels == ("good",)
    assert CORPUS.root_labels.tolist() == [1, 2, 0]
    assert CORPUS.relabel({"0": "x", "1": "x", "2": "y"}).root_labels.tolist() == [0, 1, 0]
    assert corpus.relabel({"good": "g", "bad": "b"}).labels.tolist() == corpus.labels.tolist()
    with pytest.raises(ValueError, match="'7' at position 1"):
        CORPUS.relabel({"2": "good", "7": "bad"})


def test_what_is_no_list_of_trees():
    tree = parse_brackets("(1 a)")
    with pytest.raises(TypeError, match="trees is a Tree, expected a list of trees"):
        TreeCorpus.from_trees(tree)
    with pytest.raises(TypeError, match=r"trees\[0\] is a list, expected a Tree, as in bank.trees"):
        TreeCorpus.from_trees(Treebank([tree], []))


def tagged(tags, lemmas=("x", "y"), comments=()):
    return dependency_tree(["a", "b"], [1, -1], ["nsubj", "root"], {"upos": tags, "lemma": lemmas}, comments)


def test_columns_and_comments_round_trip():
    trees = [tagged(["N", "V"], comments=["# sent_id = s1", "# text = a b"]), tagged(["", "N"])]
    corpus = TreeCorpus.from_trees([*trees, binarize(trees[0])], columns={"upos": Vocabulary("VN")})
    assert [corpus[row] for row in range(3)] == [*trees, binarize(trees[0])]
    assert [corpus[[1, 0]][row] for row in range(2)] == trees[::-1]
    assert corpus.column("upos").ids.tolist() == [1, 0, 2, 1, 1, 0]
    assert corpus.column("deprel").vocabulary == corpus.classes
    assert trees[0].sentence_id == "s1"
    assert trees[1].sentence_id == ""
    assert trees[0] != tagged(["N", "N"])
    assert trees[0].column("form") == ("a", "b")
    assert trees[0].column("head") == ("2", "0")
    new = parse_brackets("(S (NP a) (VP b) (PP c))")
    assert binarize(new).column("label") == ("NP", "VP", "PP", "", "S")


def test_columns_that_are_missing_unknown_or_too_short():
    with pytest.raises(
        ValueError, match=r"trees\[1\] has the columns \[\], expected \['upos', 'lemma'\] as trees\[0\]"
    ):
        TreeCorpus.from_trees([tagged(["N", "V"]), dependency_tree(["a"], [-1], ["root"])])
    with pytest.raises(ValueError, match=r"column upos of trees\[0\]: .* outside the vocabulary: 'V' at position 1"):
        TreeCorpus.from_trees([tagged(["N", "V"])], columns={"upos": Vocabulary("N")})
    with pytest.raises(ValueError, match=r"columns has \['xpos'\], expected some of \['upos', 'lemma'\]"):
        TreeCorpus.from_trees([tagged(["N", "V"])], columns={"xpos": Vocabulary("N")})
    with pytest.raises(ValueError, match=r"columns\['upos'\] has 1 entries, expected 2, one per word"):
        tagged(["N"])
    with pytest.raises(ValueError, match="there is no column 'xpos', expected one of form, value, deprel, label, upos"):
        tagged(["N", "V"]).column("xpos")
    with pytest.raises(ValueError, match=r"columns\['form'\] is the tree's own"):
        dependency_tree(["a"], [-1], ["root"], {"form": ["a"]})


def test_a_tree_of_a_corpus_has_arrays_of_its_own():
    corpus = TreeCorpus.from_trees(TREES)
    for name in ("parents", "slots", "places"):
        getattr(corpus[0], name)[0] = 1
        getattr(corpus[:], name)[0] = 1
    assert corpus[0] == TREES[0]


def test_a_class_for_all_others_makes_no_label_of_names():
    classes = Vocabulary(["0", "1", "other"], unknown="other", separator=" ")
    corpus = TreeCorpus.from_trees(TREES, classes=classes)
    assert corpus.relabel({"other": "x"}).root_labels.tolist() == [-100, 0, -100]
    with pytest.raises(ValueError, match="outside the vocabulary: '2' at position 1"):
        corpus.relabel({"0": "x", "2": "y"})
