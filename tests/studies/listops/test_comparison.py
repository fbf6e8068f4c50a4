from dataclasses import replace

import pytest

from gnnseq.data.synthetic.listops import ListOpsTrees
from gnnseq.studies.listops.comparison import ListOpsTrial, chance, expression_depths, expression_lengths, run_listops

TINY = ListOpsTrial(
    "tree", depth=4, arguments=3, longest=24, budget=4000, rounds=2, batch_size=8, test_samples=40, round_steps=3
)


def test_a_trial_decides_its_record(tmp_path):
    one, other = run_listops(TINY, tmp_path, progress=False), run_listops(TINY, progress=False)
    for name in ("key", "trial", "accuracy", "by_depth", "by_length", "weights"):
        assert one[name] == other[name]
    assert [entry["loss"] for entry in one["curve"]] == [entry["loss"] for entry in other["curve"]]
    assert (tmp_path / f"{TINY.key}.pt").exists()
    assert replace(TINY, seed=1).key != TINY.key


def test_groups_of_test_samples():
    corpus = TINY.data(ListOpsTrees, "test")[:40]
    depths, lengths = expression_depths(TINY), expression_lengths(TINY)
    assert [str(tree).count("(") > 0 for tree in corpus] == [True] * 40
    for tree, depth, length in zip(corpus, depths, lengths, strict=True):
        nesting = deepest = 0
        for sign in str(tree):
            nesting += (sign == "(") - (sign == ")")
            deepest = max(deepest, nesting)
        assert depth == deepest
        symbols = len(tree) + sum(word.startswith("[") for word in tree.words)
        assert length == (20 if symbols <= 20 else 40)
    assert max(depths) == 4
    roots = corpus.root_labels.tolist()
    assert chance(TINY) == max(roots.count(digit) for digit in range(10)) / 40


def test_learning_beats_a_constant_guess():
    trial = replace(TINY, rounds=4, round_steps=40, batch_size=32, test_samples=300, depth=3, longest=20)
    assert run_listops(trial, progress=False)["accuracy"] > chance(trial) + 0.2


def test_unknown_families():
    with pytest.raises(ValueError, match="family is 'x', expected one of tree"):
        run_listops(replace(TINY, family="x"))
