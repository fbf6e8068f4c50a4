"""The table of looks: every family has one of its own, and those that are compared by default are told apart."""

from collections import Counter

from comparison import make_record, make_records

from gnnseq.experiments.families import FAMILIES as OFFERED
from gnnseq.experiments.families import PALINDROME_FAMILIES
from gnnseq.results.colours import COLOURS, FAMILIES, Slot, family_slot, named, slots
from gnnseq.results.joined import collect


def test_every_family_has_a_look_of_its_own():
    assert [family.name for family in OFFERED if family.name not in FAMILIES] == []
    assert len(set(FAMILIES.values())) == len(FAMILIES)


def test_the_default_comparison_uses_every_colour_before_it_repeats_one():
    used = Counter(FAMILIES[family.name].colour for family in PALINDROME_FAMILIES)
    assert len(used) == len(COLOURS)
    assert max(used.values()) <= 3


def test_no_two_of_thirty_models_look_alike():
    assert len(set(slots([(str(i), str(i)) for i in range(30)]).values())) == 30
    assert len(set(slots([(f"LSTM, {i}", "lstm") for i in range(30)]).values())) == 30


def test_a_look_does_not_depend_on_the_other_models():
    both = slots([("mine", "mine"), ("LSTM", "lstm"), ("RNN", "rnn")])
    assert both["LSTM"] == slots([("LSTM", "lstm")])["LSTM"] == Slot(0)
    assert both["RNN"] == Slot(1)


def test_one_family_twice_gets_two_colours():
    found = slots([("LSTM, lr 0.1", "lstm"), ("LSTM, lr 0.01", "lstm"), ("RNN", "rnn")])
    assert len({slot.colour for slot in found.values()}) == 3
    assert found["LSTM, lr 0.1"] == FAMILIES["lstm"]


def test_names_come_from_the_records():
    assert dict(named(collect(make_records(1, (5,)))))["LSTM"] == "lstm"
    foreign = make_record() | {"family": {"title": "Mine"}}
    assert named(collect([foreign])) == [("Mine", "Mine")]


def test_a_number_of_layers_does_not_change_the_look():
    assert family_slot("gcn-4") == family_slot("gcn") == FAMILIES["gcn"]
    assert family_slot("mine") is None
