"""What the commands of the examples share: options from a trial's fields, presets, and how they end."""

import argparse
import io
import signal
import socket
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from gnnseq.experiments.run import run_resumable
from gnnseq.experiments.trial import Trial
from gnnseq.files import write_text
from gnnseq.runs.runner import TrialsFailedError
from gnnseq.runs.store import Record, Store

_STOPPED, _TERMINATED = 130, 143  # what a shell gives a process that Ctrl-C, or SIGTERM, ended
Setting = tuple[str, type, str]


def add_settings(parser: argparse.ArgumentParser, settings: Iterable[Setting], defaults: Mapping[str, Any]) -> None:
    """Adds an option for each setting; its default is None, so that a preset may replace it.

    Args:
        parser: of the command.
        settings: name of a field, type and description.
        defaults: default values named in the descriptions, by name; None if each model has its own.
    """
    for name, kind, text in settings:
        default = "each model's own" if defaults[name] is None else defaults[name]
        parser.add_argument(option(name), type=kind, help=f"{text} (default: {default})")


def add_places(parser: argparse.ArgumentParser) -> None:
    """Adds ``--jobs`` and ``--device``: where trials run."""
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time (default: 1)")
    parser.add_argument("--device", default="cpu", help="of torch, to train on, such as cuda (default: cpu)")


def check_places(options: argparse.Namespace) -> None:
    """Raises for a number of processes below 1, or a device that torch does not have here.

    Raises:
        ValueError: with the option, its value and what was expected.
    """
    check_at_least_one(options, ["jobs"])
    try:
        torch.empty(0, device=options.device)
    except (AssertionError, NotImplementedError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"--device is {options.device!r}, expected a device of torch that is here: {reason}") from None


def fill_in(options: argparse.Namespace, preset: Mapping[str, Any]) -> argparse.Namespace:
    """The options, completed by the values of a preset; values that are no options are added."""
    for name, value in preset.items():
        if getattr(options, name, None) is None:
            setattr(options, name, value)
    return options


def refuse_unused(
    parser: argparse.ArgumentParser, options: argparse.Namespace, names: Iterable[str], where: str
) -> None:
    """Ends with the parser's error where one of some options is given that has no effect; call it before `fill_in`.

    Args:
        parser: of the command.
        options: that it found; None stands for one that is not given.
        names: of the options.
        where: they have no effect, in words: "without --html".
    """
    for name in names:
        if getattr(options, name) is not None:
            parser.error(f"{option(name)} has no effect {where}")


def check_at_least_one(options: argparse.Namespace, names: Sequence[str]) -> None:
    """Raises for numbers below 1; None is allowed.

    Raises:
        ValueError: with the option, its value and what was expected.
    """
    for name in names:
        value = getattr(options, name)
        if value is not None and value < 1:
            raise ValueError(f"{option(name)} is {value}, expected at least 1")


def check_positive(options: argparse.Namespace, names: Sequence[str]) -> None:
    """Raises for numbers that are not positive and finite, single or in a list; None is allowed.

    Raises:
        ValueError: with the option, its value and what was expected.
    """
    for name in names:
        value = getattr(options, name)
        for number in value if isinstance(value, list | tuple) else [value]:
            if number is not None and not 0 < number < float("inf"):
                verb, expected = ("is", "a positive number") if number is value else ("holds", "positive numbers")
                raise ValueError(f"{option(name)} {verb} {number}, expected {expected}")


def make_folder(output: Path) -> None:
    """Makes the folder of the results before the first step, so that an unwritable folder is an error at once.

    Raises:
        ValueError: if the folder cannot be made, or no file in it.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output):
            pass
    except OSError as error:
        raise ValueError(f"--output is {output}, expected a folder that can be written: {error}") from error


def option(name: str) -> str:
    """A field's name as an option: ``batch_size`` is ``--batch-size``."""
    return f"--{name.replace('_', '-')}"


def called(script: str) -> str:
    """What the user typed to start a script of ``examples``: ``gnnseq reach``, or else the script's own name."""
    return sys.argv[0] if sys.argv[0].startswith("gnnseq ") else script


def make_parser(script: str, description: str | None) -> argparse.ArgumentParser:
    """The parser of a script of ``examples`` that is also a command of ``gnnseq``; its help shows what the user typed.

    Args:
        script: its name, without ``.py``.
        description: what it does, with its command lines, ``python examples/SCRIPT ...``.
    """
    typed, text = called(script), description or ""
    if typed != script:
        text = text.replace(f"python examples/{script}.py", typed)
    prog = f"{script}.py" if typed == script else typed
    return argparse.ArgumentParser(prog, description=text, formatter_class=argparse.RawDescriptionHelpFormatter)


def report_failures(records: Iterable[Mapping[str, Any]]) -> int:
    """Names every run that is not done on standard error; the exit status, 1 where there is one, else 0."""
    bad = [record for record in records if record["status"] != "done"]
    for record in bad:
        sys.stderr.write(f"{record['status']}: {record['label']}: {record['stopped']}\n")
    return 1 if bad else 0


def compare_models(
    trials: Sequence[Trial],
    options: argparse.Namespace,
    *,
    run: Callable[..., Record],
    table: Callable[[Any], str],
    plot: Callable[[Any, Path], object],
) -> int:
    """Runs the trials of a study that have no record yet; prints and writes its table and figure.

    Args:
        trials: what to run.
        options: with ``output``, the folder of ``records.jsonl``, ``table.md`` and ``accuracy.png``, and those of
            `add_places`.
        run: of a trial, as `gnnseq.experiments.run.run_resumable` takes it.
        table: makes Markdown of the records.
        plot: draws them into a file.

    Returns:
        The exit status of `report_failures`.
    """
    folder = options.output
    make_folder(folder)
    records = run_resumable(trials, Store(folder / "records.jsonl"), run=run, jobs=options.jobs, device=options.device)
    text = table(records)
    sys.stdout.write(f"{text}\n")
    write_text(folder / "table.md", text)
    plot(records, folder / "accuracy.png")
    status = report_failures(records)
    sys.stdout.write(f"Results: {folder}/records.jsonl, table.md, accuracy.png\n")
    return status


def exit_status(command: str, output: Path, run: Callable[[], int | None]) -> int:
    """Runs a command: its own status, 2 for invalid input or output, 130 after Ctrl-C and 143 after SIGTERM.

    Where every trial of a sweep failed, the status is 1.
    Inside, SIGTERM does what Ctrl-C does, warnings are lines that begin with ``note:``, and characters that the
    terminal's encoding lacks are written as escapes.

    Args:
        command: the script's name; `called` gives the prefix of error messages.
        output: the folder from which the same command resumes.
        run: the command; None counts as 0.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    command = called(command)
    with _sigterm_as_ctrl_c() as received, _warnings_as_notes():
        try:
            return run() or 0
        except (ValueError, ArithmeticError, OSError) as error:
            sys.stderr.write(f"{command}: {error}\n")
            return 2
        except TrialsFailedError as error:
            sys.stderr.write(f"{command}: {error}\n")
            return 1
        except KeyboardInterrupt:
            sys.stderr.write(f"\nStopped. Run the same command to go on from {output}.\n")
            return _TERMINATED if signal.SIGTERM in received() else _STOPPED


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[Callable[[], bytes]]:
    """Handles SIGTERM like Ctrl-C; yields a function that returns the numbers of all signals received, once."""

    def handle(number: int, frame: FrameType | None) -> None:
        handler = signal.getsignal(signal.SIGINT)
        if not callable(handler):  # Ctrl-C is ignored, as in a job in the background
            raise KeyboardInterrupt
        handler(signal.SIGINT, frame)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: b""
        return
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for end in (ours, theirs):
            end.setblocking(False)
        outer = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        before = signal.signal(signal.SIGTERM, handle)
        try:
            yield partial(_received, ours)
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)
            signal.set_wakeup_fd(outer)


def _received(end: socket.socket) -> bytes:
    try:
        return end.recv(1 << 10)
    except BlockingIOError:
        return b""


@contextmanager
def _warnings_as_notes() -> Iterator[None]:
    """Prints the library's warnings as lines without the place in the code."""
    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = lambda message, *_: print(f"note: {message}", file=sys.stderr, flush=True)  # noqa: T201
        yield
