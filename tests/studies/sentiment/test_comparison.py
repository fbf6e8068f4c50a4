from dataclasses import replace

import numpy as np
import pytest
import torch
from small_treebank import PARTS

from gnnseq.data.text.vectors import WordVectors
from gnnseq.studies.sentiment.comparison import judge, run_sentiment, training_batches
from gnnseq.studies.sentiment.data import SentimentData
from gnnseq.studies.sentiment.families import SENTIMENT_FAMILIES, find_sentiment_family
from gnnseq.studies.sentiment.trial import SentimentTrial, build_sentiment

TRIAL = SentimentTrial("tree", budget=3000, features=6, epochs=2, batch_size=2, phrases=1)
every_family = pytest.mark.parametrize("family", SENTIMENT_FAMILIES, ids=lambda family: family.name)


@every_family
def test_an_epoch_reads_every_sentence_once(family):
    data, trial = SentimentData(PARTS), replace(TRIAL, phrases=0)
    sentences = []
    for batch in training_batches(trial, data, family, 0):
        assert batch.num_graphs == 2
        sentences += [tuple(graph.x[graph.x < len(data.words)].tolist()) for graph in batch.to_data_list()]
    expected = [tuple(row.tolist()) for row in data.phrases["train"].take(data.phrases["train"].roots)[0]]
    assert sorted(sentences) == sorted(expected)


@every_family
def test_an_epoch_depends_on_its_number_and_the_seed_alone(family):
    def epoch(seed, number):
        return [batch.x.tolist() for batch in training_batches(replace(TRIAL, seed=seed), data, family, number)]

    data = SentimentData({**PARTS, "train": PARTS["train"] * 10})
    assert epoch(0, 3) == epoch(0, 3)
    assert epoch(0, 3) != epoch(0, 4)
    assert epoch(0, 3) != epoch(1, 3)


@every_family
def test_judging_is_one_phrase_at_a_time(family):
    data = SentimentData(PARTS)
    model, _ = build_sentiment(replace(TRIAL, family=family.name), data)
    found = judge(model, data, family, "dev")
    assert model.training
    model.eval()
    phrases, corpus, right = data.phrases["dev"], data.parts["dev"], []
    for node in range(len(phrases)):
        if family.reads_trees:
            row = int(np.searchsorted(corpus.ptr, node, side="right")) - 1
            out = model(data.batch(family, "dev", np.array([row]), np.array([])))[node - corpus.ptr[row]]
        else:
            out = model(data.batch(family, "dev", np.array([]), np.array([node])))[0]
        right.append(int(out.argmax()) == phrases.labels[node])
    assert found["phrases"] == pytest.approx(np.mean(right))
    assert found["sentences"] == pytest.approx(np.mean([right[root] for root in phrases.roots]))


def test_a_record_says_whether_vectors_were_given_and_learn():
    data = SentimentData(PARTS)
    vectors = WordVectors(torch.ones(len(data.words), 6), torch.ones(len(data.words), dtype=torch.bool))
    record = run_sentiment(replace(TRIAL, word_rate=0.0, epochs=1), data, vectors, progress=False)
    assert (record["vectors"], record["word_weights"]) == ("given", 0)
    table = 6 * (len(data.words) + 1)
    record = run_sentiment(replace(TRIAL, epochs=1), data, progress=False)
    assert (record["vectors"], record["word_weights"]) == ("random", table)


def test_training_learns_the_sentences():
    data = SentimentData({"train": PARTS["train"] * 5, "dev": PARTS["train"]})
    for name in ("tree", "lstm"):
        record = run_sentiment(replace(TRIAL, family=name, epochs=6, feature_dropout=0.0), data, progress=False)
        assert record["best"]["dev"]["sentences"] == 1.0
        assert record["curve"][-1]["loss"] < record["curve"][0]["loss"]


def test_a_trial_decides_its_record(tmp_path):
    data = SentimentData(PARTS)
    one, other = run_sentiment(TRIAL, data, folder=tmp_path, progress=False), run_sentiment(TRIAL, data, progress=False)
    assert [entry["loss"] for entry in one["curve"]] == [entry["loss"] for entry in other["curve"]]
    assert one["best"] == other["best"]
    assert one["key"] == TRIAL.key(data) != TRIAL.key(SentimentData(PARTS, 2))
    with pytest.raises(ValueError, match="model is 'x'"):
        find_sentiment_family("x")
