import csv
import io
from dataclasses import replace

from comparison import make_record, make_records, make_regression

from gnnseq.experiments import PalindromeTask, Settings, Trial, find_family, run_trial
from gnnseq.results import collect, markdown, to_csv
from gnnseq.results.statistics import summarise
from gnnseq.results.table import COLUMNS, markdown_table, number, result_cells, spread


def cells(result):
    return dict(zip(COLUMNS, (text for text, _ in result_cells(result)), strict=True))


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
        "best 50": "10.0 %",
        "diagnosis": "cannot see",
        "hops required": "18",
        "hops reached": "8",
        "influence": "1e-20",
        "gradient norm (largest)": "1.25 (2)",
        "weights": "10,003",
        "state": "40",
        "steps": "30",
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
    place = list(COLUMNS).index("hops reached")
    assert result_cells(limited)[place] == ("8", 8)
    assert result_cells(free)[place] == ("no limit", float("inf"))


def test_bars_inside_a_markdown_cell_are_escaped():
    assert markdown_table(("a", "b"), [("x|y", "1")]) == "| a    | b |\n|------|---|\n| x\\|y | 1 |\n"


def test_markdown_has_a_table_for_each_task_and_no_empty_column():
    text = markdown(collect(make_records(2, sizes=(20, 5))))
    first = "Palindromes of length 5. Score: accuracy on fresh data, higher is better; chance 10.0 %, threshold 95.0 %."
    assert text.index(first) < text.index("Palindromes of length 20.")
    assert text.count("| LSTM") == 2
    assert "samples to threshold" in text
    nobody = markdown(collect(make_regression()))
    assert "best 50" not in nobody
    assert "lower is better; chance 0.167, threshold 0.01." in nobody


def test_the_best_batches_have_the_unit_of_the_score():
    (share,), (other,) = collect([make_record()]), collect([make_record("lstm", best_50=-1.7)])
    assert cells(share)["best 50"] == "50.0 %"
    other = replace(other, task=other.task | {"metric": "log-likelihood"})
    assert cells(other)["best 50"] == "-1.7"


def test_a_task_without_a_title():
    (nameless,) = collect([make_record() | {"task": make_record()["task"] | {"title": ""}}])
    assert markdown([nameless]).startswith(". Score: accuracy")


def test_csv_holds_every_result_with_numbers_in_full():
    results = collect(make_records(8, sizes=(20,)))
    (rnn, lstm, gcn) = csv.DictReader(io.StringIO(to_csv(results)))
    assert float(rnn["mean"]) == results[0].summary.mean
    assert (lstm["hops_reach"], gcn["hops_reach"], gcn["diagnosis"]) == ("", "8", "cannot see")
    assert (lstm["best_50"], lstm["steps"]) == (str(results[1].mean("best_50")), "30.0")


def test_a_model_whose_runs_all_failed_stays_in_the_table():
    failed = [make_record("rnn", seed=seed, status="failed") | {"score": None} for seed in (0, 1)]
    (rnn, lstm) = collect([*failed, make_record("lstm")])
    assert (rnn.model, rnn.failed, rnn.scores) == ("RNN", 2, {})
    assert cells(rnn) | {"score": "–, 2 failed", "solved": "0 of 0", "diagnosis": "failed"} == cells(rnn)
    assert "| RNN   | –, 2 failed" in markdown([rnn, lstm])
    assert next(csv.DictReader(io.StringIO(to_csv([rnn]))))["mean"] == ""


def test_a_reach_that_nobody_stated_is_a_dash_where_the_model_cannot_see():
    (blind,) = collect([make_record("lstm", score=0.1, influence=0.0)])
    assert (cells(blind)["hops reached"], cells(blind)["diagnosis"]) == ("–", "cannot see")


def test_a_real_record_makes_a_result():
    settings = Settings(budget=600, steps=2, batch_size=4, test_samples=250)
    (result,) = collect([run_trial(Trial(PalindromeTask(4), find_family("rnn"), settings=settings))])
    assert (result.task["title"], result.task["size"], result.model) == ("palindromes of length 4", 4, "RNN")
    assert all(len(text) > 0 for text, _ in result_cells(result))
