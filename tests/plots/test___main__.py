import json
import subprocess
import sys

import pytest
from comparison import make_record, make_records

from gnnseq.plots.__main__ import main


def store(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(path)


def test_the_command(tmp_path):
    records = store(tmp_path / "r.jsonl", make_records(6, sizes=(20,)))
    command = [sys.executable, "-m", "gnnseq.plots", records, "--output", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "palindromes of length 20: Undecided at 6 seeds: 3 of 3 pairs." in done.stdout
    assert "that takes at least 7 seeds" in done.stdout
    assert (tmp_path / "out" / "page.html").stat().st_size > 50_000


def test_options_of_the_command(tmp_path, capsys):
    pytest.importorskip("scipy")
    records = store(tmp_path / "r.jsonl", make_records(3, sizes=(20,)))
    assert main([records, "--output", str(tmp_path), "--test", "t", "--reference", "LSTM"]) == 0
    output = capsys.readouterr().out
    assert "LSTM is better than RNN; and GCN, 8 layers on the path. All 2 pairs are decided." in output
    assert "Paired t test" in output


def test_models_told_apart_by_a_setting(tmp_path, capsys):
    both = [make_record(curve=None), make_record(curve=None) | {"key": "b"}]
    both[1]["trial"] = both[1]["trial"] | {"learning_rate": 0.1}
    records = store(tmp_path / "r.jsonl", both)
    for told in ([], ["--apart", "learning_rate"]):
        assert main([records, "--output", str(tmp_path), *told]) == 0
        assert "LSTM, learning_rate 0.1" in (tmp_path / "results.md").read_text()
    same = store(tmp_path / "same.jsonl", [make_record(curve=None), make_record(curve=None) | {"key": "b"}])
    assert main([same, "--output", str(tmp_path)]) == 2
    assert "two runs of LSTM" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lines", "arguments", "named"),
    [
        (None, [], "expected a file of records"),
        ([], [], "hold no record"),
        ([make_record()], ["--reference", "GRU"], "reference is 'GRU', expected one of LSTM"),
        (make_records(1, (5,)), ["--alpha", "5"], "alpha is 5.0"),
        (
            [make_record()],
            ["--apart", "lerning_rate"],
            "--apart is 'lerning_rate', expected a value of a trial: family",
        ),
    ],
)
def test_the_command_names_what_is_wrong(lines, arguments, named, tmp_path, capsys):
    path = tmp_path / "r.jsonl"
    if lines is not None:
        store(path, lines)
    assert main([str(path), "--output", str(tmp_path / "out"), *arguments]) == 2
    assert named in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"task": None}, "line 2: task is missing, expected a dictionary, as in the record of a comparison"),
        ({"trial": []}, "line 2: trial is [], expected a dictionary"),
        ({"status": "running"}, "line 2: status is 'running', expected 'done', 'diverged' or 'failed'"),
        ({"weights": "many"}, "line 2: weights is 'many', expected a number of at most 1e+15"),
        ({"family": {"title": 7}}, "line 2: family.title is 7, expected a text"),
        (
            {"curve": {"accuracy": [0.1, "x"]}},
            "line 2: curve.accuracy is [0.1, 'x'], expected a list of finite numbers",
        ),
        ({"tuning": {"grid": []}}, "line 2: tuning.grid is [], expected a list of numbers, at least one"),
        ({"label": "\ud800"}, "line 2: a text holds '\\ud800', half of a character"),
    ],
)
def test_a_foreign_record_is_named_with_its_line(change, named, tmp_path, capsys):
    path = tmp_path / "r.jsonl"
    store(path, [make_record(), make_record(seed=1) | {"key": "b"} | change])
    assert main([str(path), "--output", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.startswith(f"gnnseq.plots: {path}, {named}")
    assert not (tmp_path / "out").exists()


def test_names_of_models_and_tasks_are_no_formulas(tmp_path):
    records = make_records(1, sizes=(5,), name="a$b_{")
    path = store(tmp_path / "r.jsonl", [record | {"family": {"title": f"{record['key']} $x_{{"}} for record in records])
    assert main([path, "--output", str(tmp_path / "out")]) == 0


def test_what_cannot_be_written_is_one_line(tmp_path, capsys):
    path = store(tmp_path / "r.jsonl", make_records(1, sizes=(5,)))
    assert main([path, "--output", path]) == 2
    assert capsys.readouterr().err.startswith("gnnseq.plots: [Errno 17] File exists: ")


def test_one_page_to_touch_with_the_verdicts_that_were_asked_for(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    records = store(tmp_path / "r.jsonl", make_records(8, sizes=(20,)))
    assert main([records, "--html", "--reference", "LSTM"]) == 0
    assert capsys.readouterr().out.endswith("Page: page.html\n")
    text = (tmp_path / "page.html").read_text()
    assert "these records hold no weights" in text
    assert text.count('"a":"LSTM"') == 2
    assert sorted(path.name for path in tmp_path.glob("*.*")) == ["page.html", "r.jsonl"]


def test_nothing_to_write_is_an_error(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main([store(tmp_path / "r.jsonl", make_records(1, (5,)))])
    assert "neither --output nor --html is given" in capsys.readouterr().err
