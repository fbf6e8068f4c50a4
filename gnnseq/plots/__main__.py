"""Figures, tables, verdicts and pages from stored records: python -m gnnseq.plots RECORDS.jsonl --output FOLDER."""

# ruff: noqa: T201
import argparse
import sys
from functools import partial
from pathlib import Path

from gnnseq.experiments.command_line import called, exit_status
from gnnseq.page import export_page
from gnnseq.plots.comparison.report import verdicts, write_report
from gnnseq.results.conditions import cautions
from gnnseq.results.joined import Naming, by_task, collect, family_title, telling_apart
from gnnseq.results.paired import PAIRED_T, SIGN, SIGN_FLIP
from gnnseq.results.ranking import ranking
from gnnseq.results.report import how_tested
from gnnseq.results.schema import checked
from gnnseq.results.verdict import Comparison
from gnnseq.runs.store import Record, Store

_TESTS = {"sign": SIGN, "sign-flip": SIGN_FLIP, "t": PAIRED_T}


def _parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    prog = called("python -m gnnseq.plots")
    text = (__doc__ or "").replace("python -m gnnseq.plots", prog)
    parser = argparse.ArgumentParser(prog=prog, description=text)
    parser.add_argument("records", type=Path, nargs="+", help="files of records, as a store writes them")
    parser.add_argument("--output", type=Path, help="folder for figures, tables and a page")
    parser.add_argument(
        "--html",
        type=Path,
        nargs="?",
        const=Path("page.html"),
        metavar="PAGE",
        help="one HTML file with interactive figures, and the models if the records hold weights (default: page.html)",
    )
    parser.add_argument(
        "--title", default="A comparison of models", help="of the page (default: A comparison of models)"
    )
    parser.add_argument(
        "--test",
        choices=_TESTS,
        default="sign",
        help="of paired differences: the exact sign test (which assumes nothing, but needs 6 seeds for one pair and "
        "more for several), sign flips (symmetric differences), or Student's t (normal differences) (default: sign)",
    )
    parser.add_argument(
        "--alpha", type=float, default=0.05, help="level at which a difference is decided (default: 0.05)"
    )
    parser.add_argument("--reference", metavar="MODEL", help="compare all models with this one only, by its full name")
    parser.add_argument("--together", action="store_true", help="correct for the pairs of all tasks at once")
    parser.add_argument(
        "--apart",
        metavar="SETTING",
        help="tell models apart by this value of their trials (default: by what differs)",
    )
    options = parser.parse_args(arguments)
    if options.output is None and options.html is None:
        parser.error("neither --output nor --html is given, expected at least one of them")
    return options


def read(paths: list[Path]) -> list[Record]:
    """The records of some files; of two with one key the later one counts.

    Raises:
        ValueError: for a file that is not there, one without records, or a record that is none of a comparison, with
            its line.
    """
    records: dict[str, Record] = {}
    for path in paths:
        if not path.is_file():
            raise ValueError(f"records is {path}, expected a file of records")
        for number, record in Store(path).numbered():
            try:
                records[record["key"]] = checked(record)
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: {error}") from None
    if not records:
        raise ValueError(f"{', '.join(map(str, paths))} hold no record, expected at least one")
    return list(records.values())


def main(arguments: list[str] | None = None) -> int:
    """Writes everything and prints what was decided; 2 for what it cannot use or write."""
    options = _parse(arguments)
    return exit_status("gnnseq.plots", options.output or options.html, lambda: _report(options))


def _report(options: argparse.Namespace) -> int:
    """Writes everything and prints what was decided.

    Raises:
        ValueError: for records or options that it cannot use, or a package that is missing.
    """
    try:
        records = read(options.records)
        naming = telling_apart(records)
        if options.apart is not None:
            _check_setting(options.apart, records)
            naming = partial(_named, options.apart)
        results = collect(records, naming)
        found = verdicts(
            results,
            test=_TESTS[options.test],
            alpha=options.alpha,
            reference=options.reference,
            together=options.together,
        )
        written = _written(options, records, found, naming)
    except ImportError as error:
        raise ValueError(str(error)) from error
    for caution in cautions(results):
        print(caution)
    for title in by_task(results):
        if own := [comparison for comparison in found if comparison.task == title]:
            print(f"{title}: {ranking(own)}\n  {how_tested(own)}")
    print("\n".join(written))
    return 0


def _written(options: argparse.Namespace, records: list[Record], found: list[Comparison], naming: Naming) -> list[str]:
    """Writes what was asked for; a line for each place."""
    lines = []
    if options.output is not None:
        paths = write_report(records, options.output, found, title=options.title, naming=naming)
        lines.append(f"Results: {options.output}/" + ", ".join(path.name for path in paths))
    if options.html is not None:
        page = export_page(records, options.html, comparisons=found, title=options.title, naming=naming)
        lines.append(f"Page: {page}")
    return lines


def _check_setting(name: str, records: list[Record]) -> None:
    known = dict.fromkeys(key for record in records for key in record.get("trial") or {})
    if name not in known:
        raise ValueError(f"--apart is {name!r}, expected a value of a trial: {', '.join(known)}")


def _named(setting: str, record: Record) -> str:
    return f"{family_title(record)}, {setting} {record['trial'].get(setting)}"


if __name__ == "__main__":
    sys.exit(main())
