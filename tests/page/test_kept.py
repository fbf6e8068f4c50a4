"""Records that hold their model: what is kept, and that it is the model that was judged."""

import json

import pytest
import torch
from javascript import needs_node, run_node

from gnnseq.experiments import Settings, Trial, find_family, run_comparison
from gnnseq.experiments.run import run_trial
from gnnseq.experiments.tasks.listops import ListOpsTask
from gnnseq.experiments.tasks.networks import KarateTask
from gnnseq.experiments.tasks.palindromes import PalindromeTask
from gnnseq.experiments.tasks.sequences import CopyMemoryTask
from gnnseq.page import run_kept
from gnnseq.page.models import fault
from gnnseq.runs.store import Store

TINY = Settings(budget=1_000, steps=16, batch_size=4, test_samples=20, stop_at=None)


def kept(family, task):
    return run_kept(Trial(task, find_family(family), settings=TINY))["model"]


def test_a_kept_run_is_the_same_run():
    trial = Trial(PalindromeTask(6), find_family("lstm"), settings=TINY)
    one, other = run_kept(trial), run_trial(trial)
    assert {"model", *other} == set(one)
    assert all(one[name] == other[name] for name in ("key", "score", "loss", "weights", "curve"))
    assert fault(one["model"]) is None
    json.dumps(one, allow_nan=False)


def test_what_is_kept():
    model = kept("lstm", PalindromeTask(6))
    assert [look["step"] for look in model["snapshots"]] == [0, 2, 4, 6, 8, 10, 12, 14]
    assert len({look["weights"] for look in model["snapshots"]} | {model["weights"]}) == 9
    assert (model["step"], model["answer_at"], model["symbols"]) == (16, 0, list("0123456789"))
    assert all(example["answer"] == example["text"][0] for example in model["examples"])
    assert len(model["examples"]) == 6


def test_symbols_of_lists_are_those_of_their_vocabulary():
    model = kept("tree-lstm-tree", ListOpsTask(20))
    assert model["symbols"][-5:] == ["[MIN", "[MAX", "[MED", "[SM", "]"]
    assert model["classes"] == list("0123456789")
    assert model["answer_at"] is None
    assert all(example["text"].startswith("[") for example in model["examples"])


def test_a_task_with_a_target_at_every_symbol_is_asked_at_the_last():
    model = kept("gru", CopyMemoryTask(3))
    assert model["level"] == "node"
    assert all(example["answer"] in model["classes"] for example in model["examples"])


@pytest.mark.parametrize(
    ("family", "task", "word"),
    [
        ("linear-attention", PalindromeTask(6), "GatedLinearAttention has no forward pass in the page"),
        ("gcn-graph", KarateTask(2), "have no symbols that can be typed in a row"),
    ],
)
def test_a_model_that_cannot_be_kept_has_a_word_why(family, task, word):
    model = kept(family, task)
    assert word in model["missing"]
    assert word in fault(model)


@needs_node
def test_the_kept_model_answers_as_the_one_that_was_judged():
    class Spy:
        def __call__(self, model, trial):
            self.model = model
            return {}

    trial, spy = Trial(PalindromeTask(6), find_family("gru"), settings=TINY), Spy()
    run_trial(trial, after=spy)
    model = run_kept(trial)["model"]
    texts = [example["text"] for example in model["examples"]]
    found = run_node("""
        const model = gnnseq.unpack(given.model);
        const answer = given.texts.map(text => gnnseq.run(model, text).logits);
    """, {"model": model, "texts": texts})  # fmt: skip
    batch = next(trial.task.batches("path", 0, "test", len(texts), 1))
    assert torch.tensor(found) == pytest.approx(spy.model(batch).detach().numpy(), abs=1e-5)


def test_it_runs_in_a_comparison(tmp_path):
    store = Store(tmp_path / "r.jsonl")
    families = [find_family("lstm"), find_family("gcn")]
    run_comparison([PalindromeTask(4)], families, store=store, seeds=1, settings=TINY, run=run_kept, jobs=1)
    assert [fault(record["model"]) for record in store] == [None, None]


def test_a_checkpoint_of_a_training_that_had_ended_knows_its_step(tmp_path):
    trial = Trial(PalindromeTask(6), find_family("lstm"), settings=TINY)
    first, again = (run_kept(trial, folder=tmp_path)["model"] for _ in range(2))
    assert (first["step"], again["step"]) == (16, 16)
    assert again["weights"] == first["weights"]
    assert again["snapshots"] == first["snapshots"][:1]
