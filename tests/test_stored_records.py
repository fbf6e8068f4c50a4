"""Every stored record of the project is read by one tool, which gives each its result and verdicts."""

from pathlib import Path

import pytest

from gnnseq.plots.__main__ import main, read
from gnnseq.plots.comparison.report import verdicts
from gnnseq.results import collect
from gnnseq.results.joined import telling_apart
from gnnseq.results.records import for_tuning

ROOT = Path(__file__).parents[1]
FILES = sorted(path for folder in ("docs", "benchmarks") for path in (ROOT / folder / "results").rglob("*.jsonl"))
NAMES = [str(path.relative_to(ROOT)) for path in FILES]


def test_files_are_found():
    assert len(FILES) >= 12


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_every_record_has_its_result(path):
    records = read([path])
    results = collect(records, telling_apart(records))
    final = [record for record in records if not for_tuning(record)]
    assert sum(len(result.records) + (result.failed if result.scores else 0) for result in results) == len(final)
    assert all(len({result.model for result in results if result.task == own.task}) >= 1 for own in results)
    verdicts(results)


def test_the_command_writes_all_of_one_file(tmp_path, capsys):
    path = ROOT / "docs" / "results" / "optimizers" / "length_6" / "records.jsonl"
    assert main([str(path), "--output", str(tmp_path)]) == 0
    assert "RNN, optimizer adam" in (tmp_path / "results.md").read_text()
    assert {"page.html", "results.csv", "verdicts.csv", "cost.png"} <= {file.name for file in tmp_path.iterdir()}
