from dataclasses import fields, replace

import pytest
import torch
from small_treebank import PARTS

from gnnseq.data.text.vectors import WordVectors
from gnnseq.experiments.budget import num_weights
from gnnseq.studies.sentiment.data import SentimentData
from gnnseq.studies.sentiment.families import SENTIMENT_FAMILIES
from gnnseq.studies.sentiment.trial import SentimentTrial, build_sentiment, solve_size

DATA = SentimentData(PARTS)
TRIAL = SentimentTrial("tree", budget=3000, features=6)


def vectors(value=1.0):
    found = torch.zeros(len(DATA.words), dtype=torch.bool)
    found[3] = True
    return WordVectors(torch.full((len(DATA.words), 6), value), found)


def test_every_setting_changes_the_key():
    changed = [
        replace(TRIAL, **{field.name: "lstm" if field.name == "family" else getattr(TRIAL, field.name) + 1})
        for field in fields(SentimentTrial)
    ]
    keys = {trial.key(DATA) for trial in [TRIAL, *changed]}
    assert len(keys) == len(changed) + 1
    assert all(len(key) == 16 for key in keys)


def test_trees_and_vectors_change_the_key():
    same = SentimentTrial("tree", budget=3000, features=6)
    assert same.key(SentimentData(dict(PARTS))) == TRIAL.key(DATA)
    keys = {
        TRIAL.key(DATA),
        TRIAL.key(SentimentData(PARTS, 2)),
        TRIAL.key(DATA, vectors()),
        TRIAL.key(DATA, vectors(2)),
    }
    assert len(keys) == 4


@pytest.mark.parametrize("family", SENTIMENT_FAMILIES, ids=lambda family: family.name)
def test_the_budget_is_without_the_table_of_words(family):
    trial = replace(TRIAL, family=family.name, budget=50_000)
    model, optimizer = build_sentiment(trial, DATA)
    rest = num_weights(model.encoder) + num_weights(model.head)
    assert rest == solve_size(trial).weights
    assert abs(rest - 50_000) <= 1_000
    assert [group["lr"] for group in optimizer.param_groups] == [0.05, 0.1]
    assert [group["weight_decay"] for group in optimizer.param_groups] == [1e-4, 0]
    assert sum(p.numel() for group in optimizer.param_groups for p in group["params"]) == num_weights(model)


def test_the_seed_decides_the_weights_and_the_size_draws_none():
    one, other, third = (build_sentiment(replace(TRIAL, seed=seed), DATA)[0].state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    assert any(not torch.equal(value, third[name]) for name, value in one.items())
    before = torch.get_rng_state()
    solve_size(TRIAL)
    assert torch.equal(torch.get_rng_state(), before)


def test_given_vectors_take_the_place_of_random_ones():
    random, _ = build_sentiment(TRIAL, DATA)
    given, _ = build_sentiment(TRIAL, DATA, vectors())
    one, other = given.embedding.table.weight, random.embedding.table.weight
    assert (one[3] == 1).all()
    kept = torch.arange(len(one)) != 3
    assert torch.equal(one[kept], other[kept])


def test_word_vectors_that_keep_still():
    model, optimizer = build_sentiment(replace(TRIAL, word_rate=0.0), DATA)
    assert not model.embedding.table.weight.requires_grad
    assert [group["lr"] for group in optimizer.param_groups] == [0.05]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"family": "x"}, "model is 'x', expected one of tree"),
        ({"budget": 10}, "budget is 10 weights"),
        ({"word_dropout": 1.0}, "word_dropout is 1.0"),
        ({"feature_dropout": -0.1}, "dropout is -0.1"),
    ],
)
def test_settings_out_of_range(change, message):
    with pytest.raises(ValueError, match=message):
        build_sentiment(replace(TRIAL, **change), DATA)
