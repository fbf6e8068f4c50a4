import csv
import re

import pytest
from comparison import make_record, make_records, make_regression

from gnnseq.plots.comparison.report import verdicts, write_report
from gnnseq.results.joined import collect


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    records = make_records(8, sizes=(5, 20)) + make_regression(2)
    return write_report(records, folder / "out", verdicts(collect(records)), title="A <test>")


def test_one_call_writes_every_figure_and_table(written):
    assert [path.name for path in written] == [
        "page.html",
        "results.md",
        "results.csv",
        "verdicts.csv",
        "score_palindromes.png",
        "learning_palindromes.png",
        "score_adding.png",
        "learning_adding.png",
        "reach.png",
        "cost.png",
    ]
    assert sorted(path.name for path in written[0].parent.iterdir()) == sorted(path.name for path in written)


def test_the_page_holds_the_figures_with_words_for_each(written):
    page = written[0].read_text()
    assert page.count('src="data:image/png;base64,') == 6
    assert re.search(r"GCN, 8 layers on the path: 9[67]\.\d % at 5, (9|10)\.\d % at 20", page)
    assert "cannot see on palindromes of length 20" in page


def test_the_tables_are_read_back(written):
    lines = list(csv.DictReader(written[3].read_text().splitlines()))
    decided = {(line["task"], line["a"], line["b"]): line["verdict"] for line in lines}
    assert decided["palindromes of length 20", "RNN", "LSTM"] == "LSTM better"
    assert decided["adding of length 50", "LSTM", "RNN"] == "undecided at 2 seeds"
    assert len(lines) == 7


def test_a_model_whose_runs_all_failed_is_listed_and_takes_no_part_in_verdicts(tmp_path):
    failed = [
        make_record("mine", 5, seed, status="failed", stopped="KeyError: 'x'") | {"score": None} for seed in (0, 1)
    ]
    records = make_records(2, sizes=(5,)) + failed
    found = verdicts(collect(records))
    assert {name for c in found for name in (c.a, c.b)} == {"RNN", "LSTM", "GCN, 8 layers on the path"}
    page, table, *_ = write_report(records, tmp_path, found)
    assert "–, 2 failed" in table.read_text()
    assert "KeyError: &#x27;x&#x27;" in page.read_text()


def test_correction_over_all_tasks_and_against_one_model():
    results = collect(make_records(8, sizes=(5, 20)) + make_regression(2))
    assert {c.comparisons for c in verdicts(results)} == {3, 1}
    assert {c.comparisons for c in verdicts(results, together=True)} == {7}
    against = verdicts(results, reference="GCN, 8 layers on the path")
    assert {(c.a, c.task) for c in against} == {
        ("GCN, 8 layers on the path", "palindromes of length 5"),
        ("GCN, 8 layers on the path", "palindromes of length 20"),
    }
    with pytest.raises(ValueError, match="reference is 'GRU', expected one of"):
        verdicts(results, reference="GRU")


def test_figures_for_which_nothing_is_stored_are_left_out(tmp_path):
    paths = write_report([make_record(curve=None, hops_required=None)], tmp_path, [])
    assert [path.name for path in paths if path.suffix == ".png"] == ["score_palindromes.png", "cost.png"]
    with pytest.raises(ValueError, match="no finished trial"):
        write_report([], tmp_path, [])


def test_tasks_whose_names_differ_in_signs_alone_have_figures_of_their_own(tmp_path):
    names = ("слова", "деревья", "a b", "A-B", "?")
    records = [make_record(name=name, curve=None, hops_required=None) for name in names]
    written = [path.name for path in write_report(records, tmp_path, []) if path.name.startswith("score")]
    assert written == ["score_слова.png", "score_деревья.png", "score_a-b.png", "score_a-b-2.png", "score_task.png"]
