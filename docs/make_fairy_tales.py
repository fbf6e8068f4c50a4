"""Fills the tables of fairy_tales.md from stored results: python docs/make_fairy_tales.py.

The results come from four commands, the second of which continues a copy of the first:

    python examples/generate_fairy_tales.py --preset report --steps 10000 --output runs/tales_10000
    cp -r runs/tales_10000 runs/tales_report
    python examples/generate_fairy_tales.py --preset report --output runs/tales_report
    python examples/generate_fairy_tales.py --output runs/tales_quick
    python examples/generate_fairy_tales.py --compare --output runs/tales_compare
    python docs/make_fairy_tales.py --store runs
"""

import argparse
import shutil
from pathlib import Path
from typing import Any

from stored import fill_all, read, take_over, without_curve

from gnnseq.files import read_json, write_json
from gnnseq.results.table import markdown_table
from gnnseq.runs.store import Record
from gnnseq.studies.text.run import bits
from gnnseq.studies.text.table import last_train_loss, text_table

DOCS = Path(__file__).parent
PAGE, RESULTS = DOCS / "fairy_tales.md", DOCS / "results" / "fairy_tales"
SINGLE = ("tales_10000", "tales_report", "tales_quick")
STEPS = (1_000, 2_000, 4_000, 6_000, 8_604, 10_000, 20_000)  # the published run ended at 8,604
SAMPLED = (3_000, 6_000, 10_000)


def store(folder: Path) -> None:
    """Takes over results, records and the figure of the commands' folders."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name in SINGLE:
        results = read_json(folder / name / "measurements.json")
        write_json(RESULTS / f"{name}.json", {key: value for key, value in results.items() if key != "text"})
    shutil.copy(folder / "tales_report" / "curves.png", DOCS / "figures" / "fairy_tales.png")
    take_over(folder / "tales_compare", RESULTS / "compare.jsonl", with_last_loss, "compare.jsonl")


def with_last_loss(record: Record) -> Record:
    """A record with the mean loss of its last training batches in place of its curves."""
    return without_curve(record) | {"last_train_loss": last_train_loss(record)}


def measurements(results: dict[str, Any]) -> str:
    """Training and held-out numbers by step."""
    found = {row["step"]: row for row in results["measurements"]}
    names = ("train_accuracy", "train_loss", "accuracy", "loss")
    lines = [
        [f"{step:,}", *(f"{found[step][name]:.3f}" for name in names), f"{bits(found[step]['loss']):.3f}"]
        for step in STEPS
    ]
    headings = ("training accuracy", "training loss", "held-out accuracy", "held-out loss", "held-out bits")
    return markdown_table(("step", *headings), lines)


def summary(report: dict[str, Any], short: dict[str, Any], quick: dict[str, Any]) -> str:
    """The best step, the loss with carried state and the quick setting, as a list."""
    best = min(report["measurements"], key=lambda row: row["loss"])
    last = quick["measurements"][-1]
    return (
        f"- The held-out loss, measured every 1,000 steps, is lowest at step {best['step']:,} ({best['loss']:.3f}); "
        "after it the model overfits.\n"
        "- With its state carried through the last tenth in order, the model after 10,000 steps needs "
        f"{bits(short['carried_loss']):.3f} bits per character.\n"
        f"- Quick setting, {last['step']:,} steps: training loss {last['train_loss']:.3f}, accuracy "
        f"{last['train_accuracy']:.3f}; held-out loss {last['loss']:.3f}, accuracy {last['accuracy']:.3f},\n"
        f"  {bits(last['loss']):.3f} bits per character.\n"
    )


def samples(results: dict[str, Any]) -> str:
    """What the model wrote during training, and the completions of the prompt, as a block of text."""
    written = dict(results["samples"])
    lines = ["Likeliest characters after one letter, during training:"]
    lines += [f"  step {step:6,}      {shown(written[step])}" for step in SAMPLED]
    lines += ["", "'Sleeping beauty is', completed by 64 characters:"]
    lines += [f"  {name:16} {shown(text)}" for name, text in results["completions"].items()]
    return "\n```\n" + "\n".join(lines) + "\n```\n"  # the blank line: codespell leaves such blocks alone


def shown(text: str) -> str:
    """A text on one line."""
    return repr(text).replace("\\n", "⏎")


def filled(text: str) -> str:
    """The page with the tables of the stored results."""
    short, report, quick = (read_json(RESULTS / f"{name}.json") for name in SINGLE)
    tables = {"report": measurements(report), "summary": summary(report, short, quick), "samples": samples(short)}
    return fill_all(text, tables | {"families": text_table(read(RESULTS / "compare.jsonl"))})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, metavar="FOLDER", help="of the four commands' folders")
    folder = parser.parse_args().store
    if folder is not None:
        store(folder)
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
