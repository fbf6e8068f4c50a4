"""The page of audited tables: every number is that of the stored records."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

from gnnseq.studies.audit.report import fill_table
from gnnseq.studies.audit.tables import TABLES

DOCS = Path(__file__).parents[2] / "docs"
SCRIPT = SimpleNamespace(**runpy.run_path(str(DOCS / "make_audit.py"), run_name="docs"))


def test_the_page_is_made_of_the_records():
    assert (DOCS / "audit.md").read_text() == SCRIPT.page()
    assert (DOCS / "results" / "audit" / "tables.md").read_text() == SCRIPT.rows()


def test_another_record_gives_another_page(monkeypatch):
    known = SCRIPT.records()
    changed = json.loads(json.dumps(known))
    for record in changed:
        if record.get("task", {}).get("title", "").startswith("influenza") and "by_lead" in record:
            record["by_lead"] = {lead: 2 * value for lead, value in record["by_lead"].items()}
    monkeypatch.setitem(SCRIPT.page.__globals__, "records", lambda: changed)
    assert SCRIPT.page() != (DOCS / "audit.md").read_text()
    assert SCRIPT.rows() != (DOCS / "results" / "audit" / "tables.md").read_text()


def test_the_findings_of_forecasts_hold():
    """What the page is for: baselines of one line beat published models under the same protocol."""
    known = SCRIPT.records()
    rows = {table.name: fill_table(table, known) for table in TABLES}
    japan = [each for each in rows["influenza"] if each.row.setting.startswith("Japan")]
    assert len(japan) == 10
    assert all(each.verdict.beaten_by[0] == "same week last year" for each in japan)
    chickenpox = [each for each in rows["chickenpox"] if each.row.published.value > 1]
    assert chickenpox
    assert all(each.verdict.word == "beaten by a baseline" for each in chickenpox)


def test_there_is_a_run_of_every_table_of_forecasts():
    files = {path.stem for path in (DOCS / "results" / "audit").glob("*.jsonl")}
    assert files >= {"gpvar", "chickenpox", "influenza", "traffic"}
