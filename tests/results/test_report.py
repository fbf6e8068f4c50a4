import csv
import io

import pytest
from comparison import make_record, make_records, make_regression

from gnnseq.results.joined import by_task, collect
from gnnseq.results.report import (
    RESULT_HEADER,
    VERDICT_HEADER,
    how_tested,
    markdown_table,
    number,
    result_cells,
    results_csv,
    spread,
    to_markdown,
    verdict_cells,
    verdicts_csv,
)
from gnnseq.results.statistics import summarise
from gnnseq.results.verdict import compare, judge


def cells(result):
    return dict(zip(RESULT_HEADER, (text for text, _ in result_cells(result)), strict=True))


def test_numbers():
    assert [number(v) for v in (None, 0.00123456, 1234.0)] == ["–", "0.00123", "1.23e+03"]
    assert number(0.98765, percent=True) == "98.8 %"


def test_a_score_with_spread_and_interval_or_one_seed():
    assert spread(summarise([0.5, 0.7, 0.9]), percent=True) == "70.0 ± 20.0 % [50.0, 90.0]"
    assert spread(summarise([0.5, 0.7, 0.9]), percent=False) == "0.7 ± 0.2 [0.5, 0.9]"
    assert spread(summarise([0.5]), percent=True) == "50.0 % (1 seed)"


def test_the_cells_of_a_result():
    (result,) = collect([make_record("gcn", 20, seed, 0.1) for seed in (0, 1)])
    assert cells(result) == {
        "model": "GCN, 8 layers on the path",
        "score": "10.0 ± 0.0 % [10.0, 10.0]",
        "solved": "0 of 2",
        "diagnosis": "cannot see",
        "hops required": "18",
        "hops reached": "8",
        "influence": "1e-20",
        "gradient norm (largest)": "1.25 (2)",
        "weights": "10,003",
        "state": "40",
        "samples to threshold": "–",
        "ms/step": "5",
        "memory (MB)": "53",
        "setting": "default, lr 0.003",
    }


def test_what_did_not_end_well_and_what_reached_the_threshold_is_counted():
    records = [make_record(seed=0, score=0.99), make_record(seed=1, score=0.5, status="diverged")]
    failed = make_record(seed=2, status="failed") | {"score": None}
    (result,) = collect([*records, failed])
    assert cells(result)["score"].endswith("], 1 diverged, 1 failed")
    assert cells(result)["samples to threshold"] == "1,920 (1 of 2 runs)"


def test_cells_sort_by_numbers():
    limited, free = collect([make_record("gcn"), make_record("lstm")])
    place = RESULT_HEADER.index("hops reached")
    assert result_cells(limited)[place] == ("8", 8)
    assert result_cells(free)[place] == ("no limit", float("inf"))


def test_the_cells_of_a_verdict():
    (found,) = compare({"A": dict(enumerate([0.9, 0.8])), "B": dict(enumerate([0.5, 0.6]))})
    texts = dict(zip(VERDICT_HEADER, (text for text, _ in verdict_cells(found, percent=True)), strict=True))
    assert texts == {
        "A": "A",
        "B": "B",
        "A minus B": "+30.0 [+20.0, +40.0] points",
        "seeds won A : B": "2 : 0",
        "p": "0.5",
        "p corrected": "0.5",
        "verdict": "undecided at 2 seeds",
    }
    assert verdict_cells(found, percent=False)[2][0] == "+0.3 [+0.2, +0.4]"
    (none,) = compare({"A": {0: 1.0}, "B": {}})
    assert verdict_cells(none, percent=False)[2][0] == "–"


def test_the_test_is_told_with_its_smallest_p_value():
    text = how_tested(judge(collect(make_records(8, sizes=(20,)))))
    assert "models paired by seed; p-values corrected by Holm's method for 3 comparisons; decided at 0.05" in text
    assert "With 8 seeds the smallest p-value possible is 0.00781, corrected 0.0234." in text


def test_bars_inside_a_markdown_cell_are_escaped():
    assert markdown_table(("a", "b"), [("x|y", "1")]) == "| a    | b |\n|------|---|\n| x\\|y | 1 |\n"


def test_everything_as_markdown():
    results = collect(make_records(8, sizes=(5, 20)) + make_regression(1))
    comparisons = [c for group in by_task(results).values() for c in judge(group)]
    text = to_markdown(results, comparisons)
    assert text.count("## ") == 3
    assert "## Palindromes of length 20" in text
    assert "lower is better; chance 0.167, threshold 0.01." in text
    assert "LSTM better" in text
    assert "undecided at 1 seed " in text
    lone = to_markdown(collect([make_record()]), [])
    assert "verdict" not in lone
    assert "1 seed" in lone


def test_csv_holds_numbers_in_full():
    results = collect(make_records(8, sizes=(20,)))
    (rnn, lstm, gcn) = csv.DictReader(io.StringIO(results_csv(results)))
    assert float(rnn["mean"]) == results[0].summary.mean
    assert (lstm["hops_reach"], gcn["hops_reach"], gcn["diagnosis"]) == ("", "8", "cannot see")
    lines = list(csv.DictReader(io.StringIO(verdicts_csv(judge(results)))))
    assert [line["verdict"] for line in lines] == ["LSTM better", "RNN better", "LSTM better"]
    assert float(lines[0]["p"]) == 2 / 2**8
    assert float(lines[0]["p_corrected"]) == pytest.approx(6 / 2**8)
