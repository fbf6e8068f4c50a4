from dataclasses import replace

import numpy as np
import pytest
import torch
from small_treebank import PARTS

from gnnseq.data.text.vectors import WordVectors
from gnnseq.graphs import to_texts
from gnnseq.studies.sentiment.models import SENTIMENT_FAMILIES
from gnnseq.studies.sentiment.task import SentimentData, SentimentTask

DATA = SentimentData(PARTS)
TASK = SentimentTask.of(DATA, features=6, phrases=1)
every_family = pytest.mark.parametrize("family", SENTIMENT_FAMILIES, ids=lambda family: family.name)
every_view = pytest.mark.parametrize("view", SentimentTask.views)


def vectors(value=1.0):
    found = torch.zeros(len(DATA.words), dtype=torch.bool)
    found[3] = True
    return WordVectors(torch.full((len(DATA.words), 6), value), found)


def test_two_classes_leave_out_neutral_sentences():
    data = SentimentData(PARTS, 2)
    assert [len(corpus) for corpus in data.parts.values()] == [3, 2]
    assert data.parts["train"].classes.symbols == ("negative", "positive")
    assert data.parts["train"].root_labels.tolist() == [1, 0, 1]
    assert data.parts["dev"].labels.tolist() == [-100, 1, 1, 0, -100, 0]
    assert DATA.parts["dev"].root_labels.tolist() == [3, 2, 1]
    assert DATA.parts["dev"].symbols[3] == 0
    with pytest.raises(ValueError, match="classes is 3, expected 2 or 5"):
        SentimentData(PARTS, 3)
    with pytest.raises(ValueError, match="dev has no sentence whose label counts"):
        SentimentData(PARTS | {"dev": PARTS["train"][2:3]}, 2)


def test_batches_hold_the_words_in_order():
    trees = DATA.batch("tree", "train", np.array([1, 0]), np.array([]))
    assert to_texts(trees, DATA.words) == ["a very bad", "a very fine"]
    assert trees.y[trees.ptr[1:] - 1].tolist() == [0, 3]
    phrases = DATA.batch("phrases", "train", np.array([]), np.array([4, 3]))
    assert to_texts(phrases, DATA.words) == ["a very fine", "very fine"]
    assert phrases.y.tolist() == [3, 3]


@every_view
@pytest.mark.parametrize(("split", "labels"), [("validation", [3, 2, 1]), ("test", [4, 0])])
def test_sentences_are_judged_by_their_own_labels_alone(view, split, labels):
    task = SentimentTask.of(SentimentData(PARTS | {"test": [PARTS["train"][3], PARTS["train"][1]]}))
    batches = list(task.batches(view, 0, split, 2, 5))
    assert [int(batch.num_graphs) for batch in batches] == ([2, 1] if split == "validation" else [2])
    y = torch.cat([batch.y for batch in batches])
    assert y[y >= 0].tolist() == labels
    assert list(task.batches(view, 0, split, 2, 5, first=9)) == []


def test_without_a_test_part_dev_is_judged_and_the_title_says_so():
    assert (TASK.title, TASK.chance) == ("dev sentences, 5 classes", 0.0)  # training's first commonest label is 0
    test = SentimentTask.of(SentimentData(PARTS | {"test": PARTS["train"][:2]}))
    assert (test.title, test.chance) == ("test sentences, 5 classes", 0.5)
    assert SentimentData(PARTS, 2).guess("dev") == {"sentences": 0.5, "phrases": 0.5}
    assert [next(TASK.batches("tree", 0, split, 9, 1)).x.tolist() for split in ("test", "validation")] == [
        DATA.parts["dev"].symbols.tolist()
    ] * 2


@every_view
def test_an_epoch_reads_every_sentence_once(view):
    sentences = []
    for batch in replace(TASK, phrases=0).batches(view, 0, "train", 2, 2):
        assert batch.num_graphs == 2
        sentences += [tuple(graph.x[graph.x < len(DATA.words)].tolist()) for graph in batch.to_data_list()]
    expected = [tuple(row.tolist()) for row in DATA.phrases["train"].take(DATA.phrases["train"].roots)[0]]
    assert sorted(sentences) == sorted(expected)


@every_view
def test_training_goes_on_from_any_batch_in_epochs_of_the_seed(view):
    def training(seed, first, count):
        return [batch.x.tolist() for batch in task.batches(view, seed, "train", 4, count, first)]

    task = replace(TASK, data=SentimentData({**PARTS, "train": PARTS["train"] * 9}))
    whole = training(0, 0, 27)  # three epochs of nine batches
    assert training(0, 13, 14) == whole[13:]
    assert whole[:9] != whole[9:18]
    assert training(1, 0, 27) != whole


def test_every_setting_changes_what_stands_for_the_task_but_not_the_trees_themselves():
    changed = [
        {"features": 7}, {"phrases": 2}, {"dropout": 0.1}, {"word_dropout": 0.1}, {"feature_dropout": 0.1},
        {"learn_words": False}, {"digest": "x"}, {"vectors": "x"}, {"classes": 2},
    ]  # fmt: skip
    plain = [TASK.plain, *(replace(TASK, **change).plain for change in changed)]
    assert len({str(values) for values in plain}) == len(changed) + 1
    assert SentimentTask.of(SentimentData(dict(PARTS)), features=6, phrases=1) == TASK
    assert TASK.plain["features"] == 6
    assert not TASK.plain.keys() & {"data", "given"}


def test_other_trees_classes_or_vectors_make_another_task():
    other = SentimentTask.of(SentimentData(PARTS | {"dev": PARTS["dev"][:2]}), features=6, phrases=1)
    two = SentimentTask.of(SentimentData(PARTS, 2), features=6, phrases=1)
    given = [SentimentTask.of(DATA, vectors(value), phrases=1) for value in (1, 2)]
    assert len({TASK, other, two, *given}) == 5
    assert given[0].features == 6


@pytest.mark.parametrize("missing", ["train", "dev"])
def test_a_part_that_is_missing_is_named(missing):
    parts = {name: trees for name, trees in PARTS.items() if name != missing}
    with pytest.raises(ValueError, match=rf"parts has no '{missing}', expected train, dev"):
        SentimentData({**parts, "test": PARTS["dev"]})


@pytest.mark.parametrize("name", ["slots", "places"])
def test_an_order_that_models_read_makes_another_task(name):
    tree = PARTS["dev"][0]
    turned = replace(tree, **{name: getattr(tree, name)[[1, 0, 2]]})
    assert SentimentData(PARTS | {"dev": [turned, *PARTS["dev"][1:]]}).digest != DATA.digest


def test_the_names_of_parts_make_another_task_but_not_their_order():
    more = SentimentData(PARTS | {"test": PARTS["dev"]})
    assert len({data.digest for data in (DATA, more, SentimentData(PARTS | {"other": PARTS["dev"]}))}) == 3
    assert SentimentData(dict(reversed(PARTS.items()))).digest == DATA.digest
