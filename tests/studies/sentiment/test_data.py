import numpy as np
import pytest
from small_treebank import PARTS

from gnnseq.graphs import to_texts
from gnnseq.studies.sentiment.data import SentimentData
from gnnseq.studies.sentiment.families import find_sentiment_family


def test_two_classes_leave_out_neutral_sentences():
    data = SentimentData(PARTS, 2)
    assert [len(corpus) for corpus in data.parts.values()] == [3, 2]
    assert data.parts["train"].classes.symbols == ("negative", "positive")
    assert data.parts["train"].root_labels.tolist() == [1, 0, 1]
    assert data.parts["dev"].labels.tolist() == [-100, 1, 1, 0, -100, 0]
    assert SentimentData(PARTS).parts["dev"].root_labels.tolist() == [3, 2, 1]
    assert SentimentData(PARTS).parts["dev"].symbols[3] == 0
    with pytest.raises(ValueError, match="classes is 3, expected 2 or 5"):
        SentimentData(PARTS, 3)
    with pytest.raises(ValueError, match="dev has no sentence whose label counts"):
        SentimentData(PARTS | {"dev": PARTS["train"][2:3]}, 2)


def test_batches_hold_the_words_in_order():
    data = SentimentData(PARTS)
    trees = data.batch(find_sentiment_family("tree"), "train", np.array([1, 0]), np.array([]))
    assert to_texts(trees, data.words) == ["a very bad", "a very fine"]
    assert trees.y[trees.ptr[1:] - 1].tolist() == [0, 3]
    phrases = data.batch(find_sentiment_family("lstm"), "train", np.array([]), np.array([4, 3]))
    assert to_texts(phrases, data.words) == ["a very fine", "very fine"]
    assert phrases.y.tolist() == [3, 3]


def test_other_trees_have_another_digest():
    other = PARTS | {"dev": PARTS["dev"][:2]}
    assert SentimentData(PARTS).digest == SentimentData(dict(PARTS)).digest != SentimentData(other).digest
