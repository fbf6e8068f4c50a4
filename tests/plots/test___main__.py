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
    assert main([records, "--output", str(tmp_path)]) == 2
    assert "two runs of LSTM" in capsys.readouterr().err
    assert main([records, "--output", str(tmp_path), "--apart", "learning_rate"]) == 0
    assert "LSTM, learning_rate 0.1" in (tmp_path / "results.md").read_text()


@pytest.mark.parametrize(
    ("lines", "arguments", "named"),
    [
        (None, [], "expected a file of records"),
        ([], [], "hold no record"),
        ([make_record()], ["--reference", "GRU"], "reference is 'GRU', expected one of LSTM"),
        (make_records(1, (5,)), ["--alpha", "5"], "alpha is 5.0"),
    ],
)
def test_the_command_names_what_is_wrong(lines, arguments, named, tmp_path, capsys):
    path = tmp_path / "r.jsonl"
    if lines is not None:
        store(path, lines)
    assert main([str(path), "--output", str(tmp_path / "out"), *arguments]) == 2
    assert named in capsys.readouterr().err
