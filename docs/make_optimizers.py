"""Fills the tables of optimizers.md from stored records: python docs/make_optimizers.py.

    python examples/compare_optimizers.py --output runs/optimizers_6
    python examples/compare_optimizers.py --length 8 --steps 1500 --seeds 20 --output runs/optimizers_8
    python docs/make_optimizers.py --runs runs

``--runs`` takes records and figures over first.
"""

import argparse
import shutil
from pathlib import Path

from stored import fill_all, read, take_over, wrapped

from gnnseq.studies.optimizers.race import Race, race_table

DOCS = Path(__file__).parent
PAGE, RESULTS = DOCS / "optimizers.md", DOCS / "results" / "optimizers"
LENGTHS = (6, 8)


def race(length: int) -> Race:
    """The stored race at a length."""
    records = read(RESULTS / f"length_{length}" / "records.jsonl")
    tuning = [record for record in records if record["purpose"] == "tuning"]
    final = [record for record in records if record["purpose"] != "tuning"]
    chosen = {record["trial"]["optimizer"]: record["trial"]["learning_rate"] for record in final}
    return Race(tuning, final, chosen, tuple(sorted({record["trial"]["learning_rate"] for record in tuning})))


def filled(text: str) -> str:
    """The page with the tables of the records."""
    return fill_all(text, {f"length {length}": wrapped(race_table(race(length))) for length in LENGTHS})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, metavar="FOLDER")
    folder = parser.parse_args().runs
    for length in LENGTHS if folder is not None else ():
        own = folder / f"optimizers_{length}"
        take_over(own, RESULTS / f"length_{length}" / "records.jsonl")
        shutil.copy(own / "optimizers.png", DOCS / "figures" / f"optimizers_{length}.png")
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
