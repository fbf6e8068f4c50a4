from small_treebank import PARTS

from gnnseq.studies.sentiment.data import SentimentData
from gnnseq.studies.sentiment.table import describe_sentiment, sentiment_table


def record(title, classes, seed, dev):
    """Two epochs: the sentences of ``dev`` right after each; the first is the best."""
    curve = [{"dev": {"sentences": share, "phrases": share / 2}, "seconds": 2.0 - n} for n, share in enumerate(dev)]
    return {
        "title": title, "trial": {"classes": classes, "seed": seed}, "weights": 9_876, "curve": curve,
        "best": {"dev": curve[0]["dev"]}, "best_epoch": 1, "seconds_per_epoch": 1.5,
    }  # fmt: skip


def test_a_part_for_each_task_with_the_commonest_class():
    records = [record("tree", 5, 0, [0.5, 0.25]), record("tree", 5, 1, [1.0, 0.25]), record("tree", 2, 0, [0.75, 0.5])]
    text = sentiment_table(records, {5: SentimentData(PARTS, 5), 2: SentimentData(PARTS, 2)})
    five, two = text.split("2 classes:\n")
    assert five.splitlines()[0] == "5 classes:"
    assert five.splitlines()[4] == "| commonest class | 0 | 33.3 % | – | 55.6 % | – | – |"  # 5 of 9 nodes are neutral
    assert five.splitlines()[5] == "| tree | 9,876 | 75.0 ± 35.4 % | 25.0 ± 0.0 % | 37.5 ± 17.7 % | 1 | 2 |"
    assert two.splitlines()[3] == "| commonest class | 0 | 50.0 % | – | 50.0 % | – | – |"
    assert two.splitlines()[4] == "| tree | 9,876 | 75.0 % | 50.0 % | 37.5 % | 1 | 1 |"


def test_a_model_that_ran_on_one_task_only_has_no_line_in_the_other():
    text = sentiment_table([record("only five", 5, 0, [0.5])], {n: SentimentData(PARTS, n) for n in (5, 2)})
    assert text.count("only five") == 1
    assert text.count("commonest class") == 2


def test_a_test_part_has_columns_of_its_own():
    one = record("tree", 5, 0, [0.5])
    one["curve"][0]["test"] = one["best"]["test"] = {"sentences": 0.1, "phrases": 0.2}
    header, _, _, line = sentiment_table([one], {5: SentimentData(PARTS | {"test": PARTS["dev"]})}).splitlines()[2:6]
    assert "test sentences | last epoch | test phrases" in header
    assert line == "| tree | 9,876 | 50.0 % | 50.0 % | 25.0 % | 10.0 % | 10.0 % | 20.0 % | 2 | 1 |"
    assert header.count("|") == line.count("|")


def test_a_record_in_a_line():
    assert describe_sentiment(record("tree", 2, 3, [0.5, 0.25])) == (
        "2 classes, tree, seed 3: 50.0 % of the dev sentences after epoch 1 of 2, 2 s per epoch"
    )
