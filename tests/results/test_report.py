import csv
import io
import re

import pytest
from comparison import make_record, make_records, make_regression

from gnnseq.results.joined import by_task, collect
from gnnseq.results.report import VERDICT_HEADER, how_tested, to_markdown, verdict_cells, verdicts_csv
from gnnseq.results.table import csv_text, plain, to_csv
from gnnseq.results.verdict import compare, judge


def test_the_cells_of_a_verdict():
    (found,) = compare({"A": dict(enumerate([0.9, 0.8])), "B": dict(enumerate([0.5, 0.6]))})
    texts = dict(zip(VERDICT_HEADER, (text for text, _ in verdict_cells(found, percent=True)), strict=True))
    assert texts == {
        "A": "A",
        "B": "B",
        "A minus B": "+30.0 [+20.0, +40.0] points",
        "A better on a seed": "100% [16%, 100%]",
        "seeds won A : B": "2 : 0",
        "p corrected": "0.5",
        "p equal": "1",
        "verdict": "undecided at 2 seeds",
    }
    assert verdict_cells(found, percent=False)[2][0] == "+0.3 [+0.2, +0.4]"
    (none,) = compare({"A": {0: 1.0}, "B": {}})
    assert verdict_cells(none, percent=False)[2][0] == "–"


def test_the_test_is_told_with_its_smallest_p_value():
    text = how_tested(judge(collect(make_records(8, sizes=(20,)))))
    assert "models paired by seed; p-values corrected by Holm's method for 3 comparisons; decided at 0.05" in text
    assert "With 8 seeds the smallest p-value possible is 0.00781, corrected 0.0234." in text


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


def test_csv_of_verdicts_holds_numbers_in_full():
    results = collect(make_records(8, sizes=(20,)))
    lines = list(csv.DictReader(io.StringIO(verdicts_csv(judge(results)))))
    assert [line["verdict"] for line in lines] == ["LSTM better", "RNN better", "LSTM better"]
    assert float(lines[0]["p"]) == 2 / 2**8
    assert float(lines[0]["p_corrected"]) == pytest.approx(6 / 2**8)


HOSTILE = ["=1+1", "+1", "-1+cmd|'/C calc'!A0", "@SUM(A1)", "\t=1", " =1", "\n=1"]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_cell_of_a_csv_is_a_formula(name):
    text = csv_text(["a", "b", "c", "d", "e"], [[name, -1.5, 2, None, "x"]])
    row = list(csv.reader(io.StringIO(text, newline="")))[1]
    assert row == [f"'{name}", "-1.5", "2", "", "x"]


def test_names_in_results_are_no_formulas():
    records = [
        record | {"family": record["family"] | {"title": f"={record['family']['title']}"}}
        for record in make_records(8, sizes=(20,))
    ]
    results = collect(records)
    assert {line["model"][:2] for line in csv.DictReader(io.StringIO(to_csv(results)))} == {"'="}
    assert {line["a"][:2] for line in csv.DictReader(io.StringIO(verdicts_csv(judge(results))))} == {"'="}


def test_markup_in_names_is_shown_not_run():
    name = "<img src=x onerror=alert(1)> [a](javascript:alert(1)) ![b](//c) & x\\|y\nz"
    shown = "&lt;img src=x onerror=alert(1)> [a]\\(javascript:alert(1)) ![b]\\(//c) &amp; x\\\\|y z"
    assert plain(name) == shown
    assert plain("+30.0 [+20.0, +40.0] points, -1.5 %") == "+30.0 [+20.0, +40.0] points, -1.5 %"
    records = [
        record | {"family": record["family"] | {"title": name + record["family"]["title"]}}
        for record in make_records(2, sizes=(20,))
    ]
    records = [record | {"task": record["task"] | {"title": f"Task {name}"}} for record in records]
    text = to_markdown(collect(records), [])
    assert "<img" not in text
    assert "](" not in text
    assert {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in text.splitlines() if line.startswith("|")} == {17}
