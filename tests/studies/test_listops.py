from dataclasses import replace

import pytest
import torch

from gnnseq.data.synthetic.listops import ListOpsTrees
from gnnseq.data.synthetic.listops_file import read_listops
from gnnseq.experiments import Trial
from gnnseq.experiments.family import find_named
from gnnseq.studies.listops import (
    LISTOPS_FAMILIES,
    SETTINGS,
    TASKS,
    LabelledListOpsTask,
    PublishedListOpsTask,
    RootListOpsTask,
    listops_table,
    longest_tenth,
    run_listops,
)

every_family = pytest.mark.parametrize("family", LISTOPS_FAMILIES, ids=lambda family: family.name)
TASK = LabelledListOpsTask(24, depth=4, arguments=3)
SMALL = replace(SETTINGS, budget=4_000, steps=6, batch_size=8, test_samples=40, validate_every=3)
TREE = find_named("tree", LISTOPS_FAMILIES, "family")


def trees(split):
    return ListOpsTrees(None, 4, 3, (6, 24), seed=0, split=split)[:6]


def labelled(task, family, split):
    return next(task.batches(family.view, 0, split, 6, 1))


@every_family
@pytest.mark.parametrize("labels", TASKS)
def test_the_answers_are_those_of_the_same_samples(family, labels):
    task = TASKS[labels](24, depth=4, arguments=3)
    batch = labelled(task, family, "test")
    expected = torch.from_numpy(trees("test").root_labels)
    assert torch.equal(batch.y[batch.y >= 0], expected)
    if family.name != "bag":
        assert torch.equal(batch.y[batch.ptr[1:] - 1], expected)


@every_family
def test_all_labels_are_the_values_of_the_same_lists_in_training_alone(family):
    corpus = trees("train")
    expected = corpus.root_labels if family.name == "bag" else corpus.labels
    found = labelled(TASK, family, "train").y
    assert sorted(found[found >= 0].tolist()) == sorted(expected.tolist())
    roots = labelled(RootListOpsTask(24, depth=4, arguments=3), family, "train").y
    assert torch.equal(roots[roots >= 0], torch.from_numpy(corpus.root_labels))


@every_family
def test_logits_do_not_depend_on_batch_mates(family):
    model = family.build(TASK, 6, 5).double()
    whole = model(next(TASK.batches(family.view, 0, "train", 4, 1)))
    alone = torch.cat([model(batch) for batch in TASK.batches(family.view, 0, "train", 1, 4)])
    torch.testing.assert_close(whole, alone)
    assert whole.size(-1) == 10


def test_states_are_counted_with_what_a_model_keeps():
    sizes = {family.name: family.state_size(TASK, 7) for family in LISTOPS_FAMILIES}
    assert sizes == {"tree": 14, "tree-nary": 14, "tree-child-sum": 14, "lstm": 14, "bag": 7}


def test_a_trial_decides_its_record_and_counts_every_sample(tmp_path):
    trial = Trial(TASK, TREE, settings=SMALL)
    one, other = run_listops(trial, tmp_path), run_listops(trial)
    for name in ("key", "trial", "score", "by_depth", "by_length", "weights"):
        assert one[name] == other[name]
    assert one["curve"]["loss"] == other["curve"]["loss"]
    assert [step for step, *_ in one["looks"]] == [3, 6]
    assert (tmp_path / f"{trial.key}.pt").exists()
    for groups in (one["by_depth"], one["by_length"]):
        assert sum(count for _, count in groups.values()) == one["test_samples"] == 250
        assert sum(right for right, _ in groups.values()) == pytest.approx(250 * one["score"])
    assert {int(length) for length in one["by_length"]} == {20, 40}
    assert max(int(depth) for depth in one["by_depth"]) == 4
    keys = {trial.key, replace(trial, seed=1).key, replace(trial, task=RootListOpsTask(24, depth=4, arguments=3)).key}
    assert len(keys) == 3


def test_learning_beats_a_constant_guess():
    task = LabelledListOpsTask(20, depth=3, arguments=3)
    settings = replace(SMALL, steps=160, batch_size=32, test_samples=250, validate_every=40)
    assert run_listops(Trial(task, TREE, settings=settings))["score"] > task.chance + 0.2


def test_the_best_model_stands_first_and_the_guess_last():
    settings = replace(SMALL, steps=1)
    made = [run_listops(Trial(TASK, family, settings=settings)) for family in LISTOPS_FAMILIES[:2]]
    records = [record | {"score": score} for record, score in zip(made, (0.2, 0.8), strict=True)]
    lines = listops_table(records).splitlines()
    assert lines[2].startswith("| Tree-LSTM, a place for each argument")
    assert lines[3].startswith("| Tree-LSTM, one argument at a time")
    assert lines[4].startswith("| constant guess")
    assert len({line.count("|") for line in lines}) == 1


def test_the_longest_tenth():
    by_length = {"20": [90, 90], "40": [1, 4], "100": [3, 6]}
    assert longest_tenth({"by_length": by_length}) == pytest.approx(4 / 10)
    assert longest_tenth({"by_length": {"20": [9, 18], "100": [1, 2]}}) == 0.5


@every_family
def test_given_expressions_are_the_test_part_and_random_ones_the_others(family, tmp_path):
    (tmp_path / "test.tsv").write_text(
        "0\t( ( ( [SM 6 ) 4 ) ] )\n3\t( ( ( [MAX 1 ) ( ( ( [MED 3 ) 4 ) ] ) ) ] )\n7\t7\n"
    )
    task = PublishedListOpsTask.of(read_listops(tmp_path / "test.tsv"), longest=24, depth=4, arguments=3)
    batches = list(task.batches(family.view, 0, "test", 2, 4))
    assert [batch.num_graphs for batch in batches] == [2, 1]
    assert torch.cat([batch.y[batch.y >= 0] for batch in batches]).tolist() == [0, 3, 7]
    train, other = (next(t.batches(family.view, 0, "train", 4, 1)) for t in (task, TASK))
    assert torch.equal(train.x, other.x)
    record = run_listops(Trial(task, family, 0, None, replace(SMALL, test_samples=3)))
    assert record["test_samples"] == 3
    assert sum(count for _, count in record["by_length"].values()) == 3
