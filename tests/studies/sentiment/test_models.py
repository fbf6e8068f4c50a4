from dataclasses import replace

import numpy as np
import pytest
import torch
from small_treebank import PARTS

from gnnseq.data.text.vectors import WordVectors
from gnnseq.experiments import Trial
from gnnseq.experiments.budget import num_weights
from gnnseq.experiments.family import find_named
from gnnseq.experiments.run import build, solve_size
from gnnseq.graphs import path_batch
from gnnseq.studies.sentiment.models import (
    SENTIMENT_FAMILIES,
    adagrad,
    judge,
    run_sentiment,
    sentiment_settings,
    sentiment_table,
)
from gnnseq.studies.sentiment.task import SentimentData, SentimentTask

DATA = SentimentData(PARTS)
TASK = SentimentTask.of(DATA, features=6, phrases=1)
SETTINGS = sentiment_settings(TASK, budget=3_000, epochs=2, batch_size=2)
TREE, LSTM = (find_named(name, SENTIMENT_FAMILIES, "model") for name in ("tree", "lstm"))
TRIAL = Trial(TASK, TREE, settings=SETTINGS)
every_family = pytest.mark.parametrize("family", SENTIMENT_FAMILIES, ids=lambda family: family.name)


def vectors():
    found = torch.zeros(len(DATA.words), dtype=torch.bool)
    found[3] = True
    return WordVectors(torch.ones(len(DATA.words), 6), found)


@every_family
def test_order_matters_but_to_the_bag(family):
    model, _ = build(replace(TRIAL, family=family))
    model.eval()
    if family.view == "tree":
        batch = DATA.batch("tree", "train", np.arange(4), np.array([]))
        assert model(batch).shape == (len(batch.x), 5)
        return
    out, other = (model(path_batch([torch.tensor(words)])) for words in ([1, 2, 3], [3, 2, 1]))
    assert out.shape == (1, 5)
    assert torch.allclose(out, other, atol=1e-6) == (family.name == "bag") == family.order_free


@every_family
def test_the_budget_is_without_the_table_of_words(family):
    trial = replace(TRIAL, family=family, settings=replace(SETTINGS, budget=50_000))
    model, size = build(trial)
    optimizer = trial.settings.optimizer.of(model, trial.rate)
    assert size == solve_size(trial)
    assert size.weights == num_weights(model.encoder) + num_weights(model.head)
    assert abs(size.weights - 50_000) <= 1_000
    assert [group["lr"] for group in optimizer.param_groups] == [0.05, 0.1]
    assert [group["weight_decay"] for group in optimizer.param_groups] == [1e-4, 0]
    assert sum(p.numel() for group in optimizer.param_groups for p in group["params"]) == num_weights(model)


def test_states_are_counted_with_what_a_model_keeps():
    sizes = {family.name: family.state_size(TASK, 7) for family in SENTIMENT_FAMILIES}
    assert sizes == {"tree": 14, "tree-child-sum": 14, "lstm": 14, "bilstm": 28, "bag": 7}


def test_given_vectors_take_the_place_of_random_ones():
    random, _ = build(TRIAL)
    given, _ = build(replace(TRIAL, task=SentimentTask.of(DATA, vectors(), phrases=1)))
    one, other = given.embedding.table.weight, random.embedding.table.weight
    assert (one[3] == 1).all()
    kept = torch.arange(len(one)) != 3
    assert torch.equal(one[kept], other[kept])


def test_word_vectors_that_keep_still():
    model, _ = build(replace(TRIAL, task=replace(TASK, learn_words=False)))
    assert not model.embedding.table.weight.requires_grad
    assert [group["lr"] for group in adagrad().of(model, 0.05).param_groups] == [0.05]


def test_every_setting_changes_the_key():
    others = [sentiment_settings(TASK, **{"budget": 3_000, "epochs": 2, "batch_size": 2} | change)
              for change in ({"budget": 4_000}, {"epochs": 3}, {"batch_size": 4}, {"optimizer": adagrad(0.2)},
                             {"optimizer": adagrad(weight_decay=0.0)})]  # fmt: skip
    trials = [TRIAL, *(replace(TRIAL, settings=settings) for settings in others), replace(TRIAL, seed=1),
              replace(TRIAL, task=replace(TASK, dropout=0.1)), replace(TRIAL, family=LSTM)]  # fmt: skip
    assert len({trial.key for trial in trials}) == len(trials) == 9
    assert (
        Trial(SentimentTask.of(SentimentData(PARTS), features=6, phrases=1), TREE, settings=SETTINGS).key == TRIAL.key
    )


@every_family
def test_judging_is_one_phrase_at_a_time(family):
    model, _ = build(replace(TRIAL, family=family))
    model.train()
    found = judge(model, TASK, family.view, "dev")
    assert model.training
    model.eval()
    phrases, corpus, right = DATA.phrases["dev"], DATA.parts["dev"], []
    for node in range(len(phrases)):
        if family.view == "tree":
            row = int(np.searchsorted(corpus.ptr, node, side="right")) - 1
            out = model(DATA.batch("tree", "dev", np.array([row]), np.array([])))[node - corpus.ptr[row]]
        else:
            out = model(DATA.batch("phrases", "dev", np.array([]), np.array([node])))[0]
        right.append(int(out.argmax()) == phrases.labels[node])
    assert found["phrases"] == pytest.approx(np.mean(right))
    assert found["sentences"] == pytest.approx(np.mean([right[root] for root in phrases.roots]))


def test_a_record_says_whether_vectors_were_given_and_learn():
    settings = replace(SETTINGS, steps=1)
    task = SentimentTask.of(DATA, vectors(), phrases=1, learn_words=False)
    record = run_sentiment(Trial(task, TREE, settings=settings))
    assert (record["vectors"], record["word_weights"], record["embedding"]) == ("given", 0, 6)
    record = run_sentiment(replace(TRIAL, settings=settings))
    assert (record["vectors"], record["word_weights"]) == ("random", 6 * (len(DATA.words) + 1))


@pytest.mark.parametrize("family", [TREE, LSTM], ids=["tree", "lstm"])
def test_training_learns_the_sentences(family):
    data = SentimentData({"train": PARTS["train"] * 5, "dev": PARTS["train"]})
    task = SentimentTask.of(data, features=6, phrases=1, feature_dropout=0.0)
    record = run_sentiment(Trial(task, family, settings=sentiment_settings(task, budget=3_000, epochs=6, batch_size=2)))
    assert record["score"] == record["parts"]["dev"]["sentences"] == 1.0
    assert [step for step, *_ in record["looks"]] == [10, 20, 30, 40, 50, 60]
    losses = record["curve"]["loss"]
    assert sum(losses[50:]) < sum(losses[:10])


def test_a_trial_decides_its_record(tmp_path):
    one, other = run_sentiment(TRIAL, tmp_path), run_sentiment(TRIAL)
    for name in ("key", "score", "looks", "parts", "weights"):
        assert one[name] == other[name]
    assert one["curve"]["loss"] == other["curve"]["loss"]
    assert (tmp_path / f"{TRIAL.key}.pt").exists()
    assert one["score"] == one["parts"]["dev"]["sentences"] == max(score for _, score, _ in one["looks"])


def record(seed, score, phrases, looks, title="dev sentences, 5 classes", status="done"):
    return {
        **TRIAL.description, "trial": {"seed": seed}, "weights": 9_876, "score": score, "status": status,
        "task": TRIAL.description["task"] | {"title": title, "chance": 0.25},
        "looks": [[n + 1, share, 1.0] for n, share in enumerate(looks)],
        "parts": {"dev": {"phrases": phrases}}, "guess": {"dev": {"phrases": 0.5}}, "ms_per_step": 2.0,
    }  # fmt: skip


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_table_for_each_task_with_the_commonest_class():
    two = "dev sentences, 2 classes"
    records = [record(0, 0.5, 0.7, [0.5, 0.25]), record(1, 1.0, 0.8, [1.0, 0.75]), record(0, 0.75, 0.9, [0.75], two)]
    first, _, *rest = sentiment_table(records).splitlines()
    assert first == "Dev sentences, 5 classes:"
    assert cells(rest[0]) == ["model", "weights", "score", "ms/step", "dev, last epoch", "dev phrases"]
    name, weights, score, *shares = cells(rest[2])
    assert (name, weights, shares) == (TREE.title, "9,876", ["2", "50.0 %", "75.0 %"])
    assert score.startswith("75.0 ± 35.4 %")
    assert cells(rest[3]) == ["commonest class", "0", "25.0 %", "–", "–", "50.0 %"]
    assert rest[5] == "Dev sentences, 2 classes:"


def test_a_run_that_diverged_counts_as_chance():
    lost = record(1, None, 0.0, [], status="diverged")
    del lost["parts"]
    table = sentiment_table([record(0, 0.75, 0.8, [0.75]), lost])
    assert "50.0 ± 35.4 %" in table
    assert "1 diverged" in table
    assert cells(table.splitlines()[4])[-2:] == ["75.0 %", "80.0 %"]
