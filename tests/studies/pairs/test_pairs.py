from dataclasses import replace

import numpy as np
import pytest
import torch

from gnnseq.data import TreePairs, balanced_tree, parse_binary
from gnnseq.data.trees.pairs import LOGIC_RELATIONS, SICK_RELATIONS
from gnnseq.experiments import Trial
from gnnseq.plots.studies.trees import plot_pairs
from gnnseq.studies.pairs.models import PAIR_FAMILIES, SETTINGS, pairs_table, run_pairs
from gnnseq.studies.pairs.task import PairData, PairTask, RelatednessTask

FORMULAS = ["a", "b", "( not a )", "( a ( and b ) )", "( ( not b ) ( or a ) )"]
every_family = pytest.mark.parametrize("family", PAIR_FAMILIES, ids=lambda family: family.name)
SMALL = replace(SETTINGS, budget=9_000, steps=4, batch_size=8, validate_every=2, validation_samples=9, test_samples=9)


def formulas(count, shift=0):
    trees = [parse_binary(FORMULAS[(row + shift) % 5]) for row in range(2 * count)]
    return TreePairs(trees[:count], trees[count:], [LOGIC_RELATIONS[row % 7] for row in range(count)], [])


def logic():
    parts = {"train": formulas(20), "dev": formulas(9, 1), "test": formulas(9, 2), "short": formulas(5)}
    return PairTask.of(PairData(parts, LOGIC_RELATIONS, brackets=True), "logic")


def sick():
    def part(count):
        trees = [balanced_tree(["a", "dog", "runs"][: 1 + row % 3]) for row in range(count)]
        return TreePairs(trees, trees[::-1], ["NEUTRAL"] * count, [1 + row % 5 for row in range(count)])

    data = PairData({"train": part(20), "dev": part(9), "test": part(9)}, SICK_RELATIONS)
    return RelatednessTask.of(data, "SICK")


@every_family
def test_models_of_relations(family, tmp_path):
    record = run_pairs(Trial(logic(), family, 0, None, SMALL))
    assert abs(record["weights"] - 9_000) <= 180
    counts = record["by_length"]
    assert list(counts) == ["0", "1", "2"]
    assert sum(total for _, total in counts.values()) == 9 + 5
    assert family.title in pairs_table([record])
    assert "length 2" in pairs_table([record])
    assert plot_pairs([record], tmp_path / "accuracy.png").stat().st_size > 5_000


def test_models_of_relatedness(tmp_path):
    task = sick()
    record = run_pairs(Trial(task, PAIR_FAMILIES[0], 0, None, SMALL))
    assert record["mse"] == pytest.approx(record["score"], rel=1e-5)
    assert -1 <= record["spearman"] <= 1
    assert "pearson" in pairs_table([record])
    assert task.chance == pytest.approx(float((task.targets("test") - task.targets("train").mean()).pow(2).mean()))
    plot_pairs([record], tmp_path / "accuracy.png")


@every_family
def test_logits_do_not_depend_on_batch_mates(family):
    task = logic()
    model = family.build(task, 8, 5).double().eval()
    whole = model(next(task.all_pairs(family.view, "test", 9)))
    alone = torch.cat([model(batch) for batch in task.all_pairs(family.view, "test", 1)])
    torch.testing.assert_close(whole, alone)


def test_every_epoch_has_every_pair_and_both_views_have_the_same():
    task = logic()
    trees, rows = ([batch.y for batch in task.batches(view, 0, "train", 8, 6)] for view in ("tree", "path"))
    assert [len(y) for y in trees] == [8, 8, 4] * 2
    assert torch.cat(trees[:3]).sort().values.tolist() == task.targets("train").sort().values.tolist()
    assert not torch.equal(torch.cat(trees[:3]), torch.cat(trees[3:]))
    assert torch.equal(torch.cat(trees), torch.cat(rows))
    later = list(task.batches("tree", 0, "train", 8, 2, first=4))
    assert torch.equal(torch.cat([batch.y for batch in later]), torch.cat(trees[4:]))


def test_rows_have_brackets_where_formulas_need_them():
    task = logic()
    words = task.data.words
    assert " ".join(words.lookup(task.data.rows["train"][0][3])) == FORMULAS[3]
    other = sick().data
    assert other.words.lookup(other.rows["dev"][0][1]) == ["a", "dog"]


def test_numbers_that_do_not_fit():
    bad = formulas(3)._replace(labels=["#"])
    with pytest.raises(ValueError, match=r"dev has \[3, 3, 1, 0\] left and right trees, labels and scores, expected"):
        PairData({"train": formulas(3), "dev": bad, "test": formulas(3)}, LOGIC_RELATIONS)
    unknown = formulas(3)._replace(labels=["#", "?", "="])
    with pytest.raises(ValueError, match=r"text has symbols outside the vocabulary: '\?' at position 1"):
        PairData({"train": unknown, "dev": formulas(3), "test": formulas(3)}, LOGIC_RELATIONS)


@pytest.mark.parametrize("missing", ["train", "dev", "test"])
def test_a_part_that_is_missing_is_named(missing):
    parts = {name: formulas(3) for name in ("train", "dev", "test", "more") if name != missing}
    with pytest.raises(ValueError, match=rf"parts has no '{missing}', expected train, dev, test"):
        PairData(parts, LOGIC_RELATIONS)


@pytest.mark.parametrize("missing", ["train", "dev", "test"])
def test_relatedness_needs_the_scores_of_every_part(missing):
    parts = dict(sick().data.parts)
    parts[missing] = parts[missing]._replace(scores=[])
    with pytest.raises(ValueError, match=f"{missing} has no scores, expected one for each pair"):
        RelatednessTask.of(PairData(parts, SICK_RELATIONS), "SICK")


def swapped(tree):
    """The same tree with its first two words in each other's places."""
    places = tree.places.copy()
    first, second = np.flatnonzero(places >= 0)[:2]
    places[[first, second]] = places[[second, first]]
    return replace(tree, places=places)


def test_data_that_models_read_otherwise_are_another_task():
    base = {name: formulas(count) for name, count in (("train", 20), ("dev", 9), ("test", 9))}
    two = parse_binary("( a b )")
    plain = {**base, "dev": base["dev"]._replace(left=[two] * 9)}
    turned = replace(two, slots=two.slots[[1, 0, 2]])
    found = [
        PairData(plain, LOGIC_RELATIONS),
        PairData(plain, LOGIC_RELATIONS, brackets=True),
        PairData(plain, LOGIC_RELATIONS[::-1]),
        PairData(plain, [*LOGIC_RELATIONS, "?"]),
        PairData({**base, "dev": base["dev"]._replace(left=[swapped(two)] * 9)}, LOGIC_RELATIONS),
        PairData({**base, "dev": base["dev"]._replace(left=[turned] * 9)}, LOGIC_RELATIONS),
        PairData({**plain, "dev": plain["test"], "test": plain["dev"]}, LOGIC_RELATIONS),
        PairData({**plain, "more": plain["test"]}, LOGIC_RELATIONS),
        PairData({**plain, "dev": plain["dev"]._replace(scores=[1.5] * 9)}, LOGIC_RELATIONS),
    ]
    assert len({PairTask.of(data, "logic") for data in found}) == len(found)
    assert PairData(dict(reversed(plain.items())), LOGIC_RELATIONS).digest == found[0].digest
