"""A character language model of Grimms' Fairy Tales, and text that it generates.

    python examples/generate_fairy_tales.py
    python examples/generate_fairy_tales.py --path my_book.txt --model gcrn --steps 500 --output runs/my_book
    python examples/generate_fairy_tales.py --preset report --output runs/tales_report
    python examples/generate_fairy_tales.py --compare --output runs/tales_compare

Trains on the first nine tenths of the book and tests on the rest (on more, for a small book). Writes samples.txt,
measurements.json, curves.png, checkpoint.pt and checkpoint.best.pt into the output folder; with --compare,
compare.jsonl, compare.md and curves.png. A second run with the same folder resumes.
"""

import argparse
import statistics
import sys
from pathlib import Path

import torch

from gnnseq.data.text.grimm import Book, fairy_tales
from gnnseq.experiments import Settings, Store, Trial, find_named, num_weights
from gnnseq.experiments.command_line import (
    check_at_least_one,
    check_positive,
    exit_status,
    fill_in,
    make_folder,
    make_parser,
    refuse_unused,
)
from gnnseq.experiments.family import find_all
from gnnseq.experiments.run import run_resumable, solve_size
from gnnseq.experiments.settings import RECENT
from gnnseq.files import write_json, write_text
from gnnseq.models.generate import Pick, Sampling, generate, greedy
from gnnseq.plots.studies.text import plot_text_curves
from gnnseq.runs.store import Record
from gnnseq.studies.text.families import CAUSAL_FAMILIES
from gnnseq.studies.text.run import TextCurve, TextRun, bits
from gnnseq.studies.text.table import text_table
from gnnseq.studies.text.task import BookTask, carried_loss, run_text
from gnnseq.training import Callback, History

QUICK = {"steps": 2_000, "width": 128, "window": 30, "batch_size": 64, "learning_rate": 4e-3, "every": 500}
REPORT = QUICK | {"steps": 20_000, "learning_rate": 2e-3, "every": 1_000}
COMPARE = QUICK | {"steps": 600, "batch_size": 16, "every": 300}
STUDENT_STEP = 8_604  # where a published run of the report's settings ended
TEMPERATURES = (0.5, 1.0, 2.0)
PROMPT = "Sleeping beauty is"


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options; those of a preset stand unless they are given."""
    parser = make_parser("generate_fairy_tales", __doc__)
    names = ", ".join(family.name for family in CAUSAL_FAMILIES)
    parser.add_argument("--path", type=Path, help="a text file, instead of the downloaded book")
    parser.add_argument("--no-download", action="store_true", help="do without the network")
    parser.add_argument("--model", help=f"one of: {names} (default: lstm)")
    parser.add_argument("--preset", choices=["report"], help="the course report's settings: 20,000 steps at rate 2e-3")
    parser.add_argument("--compare", action="store_true", help="train all causal families at one parameter budget")
    parser.add_argument("--models", nargs="+", help="with --compare: which of them (default: all)")
    parser.add_argument("--budget", type=int, help="with --compare: weights of every model (default: 20,000)")
    parser.add_argument("--jobs", type=int, help="with --compare: processes at a time (default: 1)")
    parser.add_argument("--steps", type=int, help="training steps (default: 2,000; with --compare 600)")
    parser.add_argument("--width", type=int, help="units of a layer (default: 128)")
    parser.add_argument("--window", type=int, help="characters of a training sample (default: 30)")
    parser.add_argument("--batch-size", type=int, help="samples of a batch (default: 64; with --compare 16)")
    parser.add_argument("--learning-rate", type=float, help="of Adam (default: 4e-3)")
    parser.add_argument("--every", type=int, help="steps between measurements, samples and checkpoints (default: 500)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--prompt", help=f"text to complete (default: {PROMPT}; for a book without its letters, how it begins)"
    )
    parser.add_argument("--length", type=int, help="characters to complete it by (default: 64)")
    parser.add_argument(
        "--output", type=Path, default=Path("runs/fairy_tales"), help="folder (default: runs/fairy_tales)"
    )
    options = parser.parse_args(arguments)
    if options.compare:
        refuse_unused(parser, options, ["preset", "model", "width", "prompt", "length"], "with --compare")
    else:
        refuse_unused(parser, options, ["models", "budget", "jobs"], "without --compare")
    fill_in(options, {"model": "lstm", "budget": 20_000, "jobs": 1, "length": 64})
    return fill_in(options, REPORT if options.preset else COMPARE if options.compare else QUICK)


def check(options: argparse.Namespace) -> None:
    """Raises a ValueError for what no run could use."""
    check_at_least_one(options, ["steps", "width", "window", "batch_size", "every", "length", "budget", "jobs"])
    check_positive(options, ["learning_rate"])
    if options.prompt == "":
        raise ValueError("--prompt is empty, expected at least one character")
    find_all(options.models or [options.model], CAUSAL_FAMILIES, "model")


def trial_of(options: argparse.Namespace, task: BookTask, model: str, **size: int) -> Trial:
    """A run of a family, of one width or at a budget."""
    settings = Settings(
        steps=options.steps, batch_size=options.batch_size, max_norm=5.0, stop_at=None,
        test_samples=task.held_out_windows, validate_every=options.every, **size,
    )  # fmt: skip
    return Trial(task, find_named(model, CAUSAL_FAMILIES, "family"), options.seed, options.learning_rate, settings)


def write(run: TextRun, prompt: str, length: int, pick: Pick = greedy, seed: int = 0) -> str:
    """The prompt and what the model adds to it."""
    start = run.vocabulary.encode(prompt).unsqueeze(0)
    random = torch.Generator().manual_seed(seed)
    return prompt + run.vocabulary.decode(generate(run.model, start, length, run.to_batch, pick, random)[0])


def prompt_of(options: argparse.Namespace, run: TextRun, book: Book) -> str:
    """The prompt asked for, or one that the book has the letters of.

    Raises:
        ValueError: if the book lacks a character of the prompt asked for.
    """
    if options.prompt is None:
        return PROMPT if all(symbol in run.vocabulary for symbol in PROMPT) else book.text.splitlines()[0][:20]
    run.vocabulary.encode(options.prompt)
    return options.prompt


def first_letter(run: TextRun) -> str:
    """A letter to begin a sample with: another one each time, the same in every run."""
    letters = [symbol for symbol in run.vocabulary.symbols if symbol.isalpha()] or run.vocabulary.symbols
    return letters[int(torch.randint(len(letters), (1,), generator=torch.Generator().manual_seed(run.curve.steps)))]


def measured(curve: TextCurve, place: int = -1) -> Record:
    """Training and held-out numbers at one of the measurements; losses in nats per character."""
    step, loss, accuracy = curve.held_out[place]
    recent = slice(max(0, int(step) - RECENT), int(step))
    train_loss, train_accuracy = statistics.fmean(curve.loss[recent]), statistics.fmean(curve.accuracy[recent])
    return {"step": int(step), "train_loss": train_loss, "train_accuracy": train_accuracy, "loss": loss,
            "accuracy": accuracy}  # fmt: skip


def describe(found: Record) -> str:
    """Training and held-out numbers of a measurement."""
    return (
        f"step {found['step']:6,}: training loss {found['train_loss']:.3f}, accuracy {found['train_accuracy']:.3f}; "
        f"held out loss {found['loss']:.3f}, accuracy {found['accuracy']:.3f}, {bits(found['loss']):.3f} bits per "
        "character"
    )


def show(text: str) -> str:
    """A text on one line."""
    return repr(text).replace("\\n", "⏎")


class GoesOn(Callback):
    """Tells where a run goes on."""

    def __init__(self, checkpoint: Path) -> None:
        self.checkpoint = checkpoint

    def begin(self, steps: int) -> None:
        """Training begins, or goes on."""
        if steps:
            print(f"Goes on from step {steps:,} of {self.checkpoint}.", flush=True)


def train(run: TextRun, options: argparse.Namespace, path: Path) -> str | None:
    """Trains up to the last step, measuring, sampling and saving now and then; why it diverged, or None."""

    def after_step(history: History) -> None:
        step = history.steps
        if step % options.every == 0 or step == options.steps or (options.preset and step == STUDENT_STEP):
            note(run)
            sample = write(run, first_letter(run), 30)
            run.curve.samples.append([step, sample])
            print(f"{describe(measured(run.curve))}\n             {show(sample)}", flush=True)

    return run.train(options.steps, [GoesOn(path), after_step], run.checkpoint(path, options.every)).stopped


def note(run: TextRun) -> None:
    """Measures on the held-out text."""
    result = run.evaluate()
    run.curve.held_out.append([run.curve.steps, result.loss, result.accuracy])


def progress(run: TextRun) -> list[str]:
    """What the model wrote while it learned."""
    lines = ["While it learned (30 characters after a letter, the likeliest one each time):"]
    return lines + [f"  step {step:6,}  {show(text)}" for step, text in run.curve.samples]


def completions(run: TextRun, options: argparse.Namespace, prompt: str) -> dict[str, str]:
    """The prompt, completed in several ways."""
    picks: dict[str, Pick] = {"likeliest": greedy} | {f"temperature {t}": Sampling(t) for t in TEMPERATURES}
    picks |= {"top 5": Sampling(top_k=5), "top 0.9": Sampling(top_p=0.9)}
    return {name: write(run, prompt, options.length, pick, options.seed) for name, pick in picks.items()}


def listings(run: TextRun, options: argparse.Namespace, prompt: str, completed: dict[str, str]) -> str:
    """What the model writes: while it learned, at three temperatures, and after the prompt."""
    lines = progress(run)
    for temperature in TEMPERATURES:
        text = write(run, "T" if "T" in run.vocabulary else first_letter(run), 400, Sampling(temperature), options.seed)
        lines += ["", f"Temperature {temperature}:", *(f"  {line}" for line in text.splitlines())]
    lines += ["", f"{show(prompt)}, completed by {options.length} characters:"]
    lines += [f"  {name:16} {show(text)}" for name, text in completed.items()]
    return "\n".join(lines) + "\n"


def tell(run: TextRun, options: argparse.Namespace, book: Book) -> str:
    """The settings and the data."""
    trial, s = run.trial, run.trial.settings
    return (
        f"{trial.family.title}, {s.width} units, characters as {s.embedding} features: {num_weights(run.model):,} "
        f"weights, torch's initialisation.\nAdam at {trial.rate:g}, gradients clipped at norm {s.max_norm:g}, "
        f"{options.steps:,} steps of {s.batch_size} windows of {run.task.length} characters, each read from nothing, "
        f"seed {trial.seed}, {torch.get_num_threads()} thread(s).\nText: {book.source}, {len(book.text):,} characters, "
        f"{len(run.vocabulary)} different ones; the last {len(run.held_out_ids):,} are held out. Training numbers are "
        f"means of the last {RECENT} batches.\n"
    )


def results_of(run: TextRun, options: argparse.Namespace, prompt: str, book: Book, stopped: str | None) -> Record:
    """What measurements.json holds."""
    places = range(len(run.curve.held_out))
    results = {"trial": run.trial.plain, "weights": num_weights(run.model), "text": book.source, "stopped": stopped,
               "measurements": [measured(run.curve, place) for place in places],
               "samples": run.curve.samples}  # fmt: skip
    if not stopped:
        results["completions"] = completions(run, options, prompt)
        if run.model.carries_state:
            results["carried_loss"] = carried_loss(run.model, run.task, run.to_batch)
    return results


def single(options: argparse.Namespace, book: Book) -> int:
    """Trains one model and lets it write."""
    task = BookTask.of(book.text, options.window)
    run = TextRun(trial_of(options, task, options.model, width=options.width, embedding=64))
    prompt = prompt_of(options, run, book)
    make_folder(options.output)
    checkpoint = options.output / "checkpoint.pt"
    about = tell(run, options, book)
    print(about)
    stopped = train(run, options, checkpoint)
    results = results_of(run, options, prompt, book, stopped)
    write_json(options.output / "measurements.json", results)
    told = [describe(found) for found in results["measurements"]]
    last = [f"Diverged: {stopped}."] if stopped else []
    if loss := results.get("carried_loss"):
        last = [f"held out, read in order with its state: loss {loss:.3f}, {bits(loss):.3f} bits per character"]
    text = "\n".join(progress(run)) + "\n" if stopped else listings(run, options, prompt, results["completions"])
    print("\n".join(last) + "\n\n" + text)
    write_text(options.output / "samples.txt", "\n".join([about, *told, *last, "", text]))
    names = ["samples.txt", "measurements.json"]
    if run.curve.steps:
        names.append(plot_text_curves({run.trial.family.title: run.curve}, options.output / "curves.png").name)
    print(f"Results: {options.output}/{', '.join([*names, *([checkpoint.name] if checkpoint.exists() else [])])}")
    return 1 if stopped else 0


def trials(options: argparse.Namespace, book: Book) -> list[Trial]:
    """A trial of each family at the budget.

    Raises:
        ValueError: for what no run could use.
    """
    task = BookTask.of(book.text, options.window)
    models = options.models or [family.name for family in CAUSAL_FAMILIES]
    todo = [trial_of(options, task, model, budget=options.budget) for model in models]
    for trial in todo:
        solve_size(trial)
    return todo


def compare(options: argparse.Namespace, book: Book) -> int:
    """Trains what is missing of the families and tabulates bits per character."""
    todo = trials(options, book)
    make_folder(options.output)
    records = run_resumable(todo, Store(options.output / "compare.jsonl"), run=run_text, jobs=options.jobs)
    table = (
        f"{text_table(records)}\nAbout {options.budget:,} weights each; {options.steps:,} steps of "
        f"{options.batch_size} windows of {options.window} characters, Adam at {options.learning_rate:g}, gradients "
        f"clipped at norm 5, seed {options.seed}. ms per step includes the measurements.\n"
    )
    print("\n" + table)
    write_text(options.output / "compare.md", table)
    curves = {record["family"]["title"]: curve_of(record) for record in records if record["status"] != "failed"}
    names = ["compare.jsonl", "compare.md"]
    if any(curve.steps for curve in curves.values()):
        names.append(plot_text_curves(curves, options.output / "curves.png").name)
    print(f"Results: {options.output}/{', '.join(names)}")
    return 1 if any(record["status"] != "done" for record in records) else 0


def curve_of(record: Record) -> TextCurve:
    """A record's curves, with the measurement after the last step."""
    held_out = [[step, loss, accuracy] for step, accuracy, loss in record.get("looks", [])]
    if record["status"] == "done" and (not held_out or held_out[-1][0] < record["steps"]):
        held_out.append([record["steps"], record["loss"], record["score"]])
    return TextCurve(record["curve"]["loss"], record["curve"]["accuracy"], held_out)


def run(options: argparse.Namespace) -> int:
    """Finds the book, and trains and writes, or compares."""
    check(options)
    book = fairy_tales(options.path, download=not options.no_download)
    if book.is_substitute:
        print("*** THESE ARE NOT THE FAIRY TALES, but Python's help texts: give --path or a network. ***\n")
    return compare(options, book) if options.compare else single(options, book)


def main(arguments: list[str] | None = None) -> int:
    """Trains and writes, or compares; 2 for what no run could use."""
    options = parse(arguments)
    return exit_status("generate_fairy_tales", options.output, lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
