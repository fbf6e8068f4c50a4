"""What the commands of the examples share: options from a trial's fields, presets, and how they end."""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

STOPPED = 130  # what a shell gives a process that Ctrl-C ended
Setting = tuple[str, type, str]


def add_settings(parser: argparse.ArgumentParser, settings: Iterable[Setting], defaults: Mapping[str, Any]) -> None:
    """Adds an option for each setting; without it the option is None, so that a preset may fill it in.

    Args:
        parser: of the command.
        settings: name of a field, type and description.
        defaults: what the description says the value is without the option, by name; None where each model has its own.
    """
    for name, kind, text in settings:
        default = "each its own" if defaults[name] is None else defaults[name]
        parser.add_argument(option(name), type=kind, help=f"{text} ({default})")


def fill_in(options: argparse.Namespace, preset: Mapping[str, Any]) -> argparse.Namespace:
    """The options with the values of a preset where none were given, and those that are no options."""
    for name, value in preset.items():
        if getattr(options, name, None) is None:
            setattr(options, name, value)
    return options


def given(options: argparse.Namespace, settings: Iterable[Setting]) -> dict[str, Any]:
    """The settings that have a value."""
    values = {name: getattr(options, name) for name, *_ in settings}
    return {name: value for name, value in values.items() if value is not None}


def check_at_least_one(options: argparse.Namespace, names: Sequence[str]) -> None:
    """Refuses numbers below 1, which no run could use; None passes.

    Raises:
        ValueError: with the option, its value and what was expected.
    """
    for name in names:
        value = getattr(options, name)
        if value is not None and value < 1:
            raise ValueError(f"{option(name)} is {value}, expected at least 1")


def option(name: str) -> str:
    """A field's name as an option: ``batch_size`` is ``--batch-size``."""
    return f"--{name.replace('_', '-')}"


def exit_status(command: str, output: Path, run: Callable[[], int | None]) -> int:
    """Runs a command: its own status, 2 for what no run could use, 130 when it was stopped.

    Args:
        command: its name, which stands before an error's message.
        output: the folder from which the same command goes on.
        run: the command; None counts as 0.
    """
    try:
        return run() or 0
    except (ValueError, ArithmeticError, OSError) as error:
        sys.stderr.write(f"{command}: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write(f"\nStopped. Run the same command to go on from {output}.\n")
        return STOPPED
