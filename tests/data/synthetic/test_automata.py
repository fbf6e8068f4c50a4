"""Automata against what they stand for, one word at a time; and their datasets."""

import pytest
import torch
from torch.utils.data import DataLoader

from gnnseq.data.synthetic.automata import Automaton, AutomatonDataset, Majority, brackets, flip_flop, group, modular


def words(automaton, count=40, longest=12):
    return [
        (word.tolist(), states.tolist())
        for word, states in zip(*AutomatonDataset(automaton, longest, seed=3)[:count], strict=True)
    ]


@pytest.mark.parametrize("modulus", [2, 3, 5])
def test_counts_of_ones(modulus):
    for word, states in words(modular(modulus)):
        assert states == [sum(word[: place + 1]) % modulus for place in range(len(word))]
    assert modular(modulus).is_group
    assert modular(2).name == "parity"


@pytest.mark.parametrize(("name", "order"), [("S3", 6), ("A4", 12), ("A5", 60), ("S5", 120)])
def test_word_problems(name, order):
    automaton = group(name)
    assert (automaton.num_states, automaton.num_symbols, automaton.is_group) == (order, order, True)
    table = automaton.table
    assert table[0].tolist() == list(range(order))  # the first element is the identity
    sample = torch.randint(order, (50, 3)).tolist()
    assert all(table[table[a, b], c] == table[a, table[b, c]] for a, b, c in sample)  # associative
    assert any(table[a, b] != table[b, a] for a, b, _ in sample)


def test_a5_is_simple_and_s3_is_not():
    """The derived subgroup: of A5 all of it, of S3 and A4 a part."""

    def derived(automaton):
        table = automaton.table
        inverse = [row.tolist().index(0) for row in table]
        found = {int(table[table[a, b], table[inverse[a], inverse[b]]]) for a in range(len(table)) for b in inverse}
        while True:
            grown = found | {int(table[a, b]) for a in found for b in found}
            if grown == found:
                return len(found)
            found = grown

    assert [derived(group(name)) for name in ("S3", "A4", "A5")] == [3, 4, 60]


def test_a_flip_flop_holds_the_last_bit_that_was_written():
    for word, states in words(flip_flop()):
        written = [symbol - 1 for symbol in word if symbol]
        assert states[-1] == (written[-1] if written else 0)
    assert not flip_flop().is_group


def test_brackets_stay_within_their_depth():
    seen = set()
    for word, states in words(brackets(3), count=200):
        depth = 0
        for symbol, state in zip(word, states, strict=True):
            depth += 1 - 2 * symbol
            assert depth == state
        seen |= set(states)
    assert seen == {0, 1, 2, 3}


def test_majority_counts_without_a_bound():
    for word, states in words(Majority()):
        assert states == [int(2 * sum(word[: n + 1]) > n + 1) for n in range(len(word))]


def test_lengths_are_uniform_and_words_do_not_depend_on_the_batch():
    dataset = AutomatonDataset(modular(2), 6, 3, num_samples=4000)
    lengths = torch.tensor([len(word) for word in dataset[:4000][0]])
    assert lengths.unique().tolist() == [3, 4, 5, 6]
    assert (torch.bincount(lengths)[3:].double() - 1000).abs().max() < 110  # four standard deviations
    word, states = dataset[17]
    assert torch.equal(word, dataset[10:20][0][7])
    assert torch.equal(states, dataset[[17, 3]][1][0])
    loaded = next(iter(DataLoader(dataset, batch_size=3, collate_fn=list)))
    assert torch.equal(loaded[2][0], dataset[2][0])
    assert len(dataset) == 4000
    train, test = (AutomatonDataset(modular(2), 60, 60, split=split)[0][0] for split in ("train", "test"))
    assert not torch.equal(train, test)


def test_longer_words_begin_as_shorter_ones():
    short, long = (AutomatonDataset(group("S3"), n, n)[5][0] for n in (10, 30))
    assert torch.equal(long[:10], short)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: modular(1), "modulus is 1, expected an integer >= 2"),
        (lambda: group("S6"), r'name is \'S6\', expected "S" or "A" and a number from 3 to 5'),
        (lambda: brackets(0), "depth is 0, expected an integer >= 1"),
        (lambda: AutomatonDataset(modular(2), 0), "longest is 0, expected an integer >= 1"),
        (lambda: AutomatonDataset(modular(2), 4, 5), "shortest is 5, expected"),
    ],
)
def test_arguments_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_an_automaton_of_ones_own():
    last_two = Automaton("ends with two ones", ((0, 1), (0, 2), (0, 2)))
    for word, states in words(last_two):
        assert (states[-1] == 2) == (word[-2:] == [1, 1])
