"""The command ``gnnseq``, or ``python -m gnnseq``: lists and runs the scripts that come with the package.

A script is a file with a function ``main(arguments)`` that returns an exit status. The scripts of the checkout's folder
``examples`` are installed as ``gnnseq/examples``, so a command and its example are one file.
"""

import sys
from collections.abc import Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from gnnseq import __version__

_PACKAGE = Path(__file__).parent
COMMANDS = {
    "compare": (
        "examples/compare_rnn_vs_gnn.py",
        "recurrent and graph networks on the same task, of the same size",
    ),
    "reach": ("examples/hop_receptive_field.py", "how far each model sees, how strongly, and what it learns"),
    "page": ("examples/explore.py", "train two models and write an HTML page that shows how they answer"),
    "plots": ("plots/__main__.py", "figures, tables and verdicts from stored records"),
    "signals": ("examples/gcrn_signals.py", "forecasts of signals on a network, with and without its graph"),
    "gradients": ("examples/vanishing_gradients.py", "vanishing and exploding gradients of recurrent networks"),
    "optimizers": ("examples/compare_optimizers.py", "SGD, momentum, RMSprop and Adam on one model, each tuned"),
    "compute": ("examples/can_it_compute.py", "which models learn tasks that track a state, at greater lengths"),
    "listops": ("examples/tree_lstm_listops.py", "nested lists of digits: Tree-LSTMs and an LSTM"),
    "sentiment": ("examples/tree_lstm_sentiment.py", "the sentiment of sentences: Tree-LSTMs and an LSTM"),
    "pairs": ("examples/tree_lstm_pairs.py", "pairs of formulas or sentences: Tree-LSTMs and an LSTM"),
    "text": ("examples/generate_fairy_tales.py", "a character model that learns fairy tales and writes some"),
    "audit": ("examples/published_tables.py", "published results beside runs of the same models"),
}


def listing() -> str:
    """What can be run, a line for each command."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, (_, text) in COMMANDS.items()]
    return "\n".join(
        [
            "usage: gnnseq COMMAND [OPTIONS]",
            "       gnnseq COMMAND --help",
            "       gnnseq --version",
            "",
            "commands:",
            *lines,
            "",
        ]
    )


def script(name: str) -> Path:
    """The file of a command: in the installed package, or beside it in a checkout."""
    path = COMMANDS[name][0]
    return next(file for file in (_PACKAGE / path, _PACKAGE.parent / path) if file.is_file())


def run(name: str, arguments: Sequence[str]) -> int:
    """Runs a command; its exit status. Its help and errors begin with ``sys.argv[0]``, here what the user typed."""
    path, before = script(name), sys.argv
    spec = spec_from_file_location(f"gnnseq_{name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = module_from_spec(spec)
    sys.argv = [f"gnnseq {name}", *arguments]
    try:
        spec.loader.exec_module(module)
        return int(module.main(list(arguments)))
    finally:
        sys.argv = before


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what the command line names; 2 for a name that is no command."""
    name, *rest = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name in ("-h", "--help"):
        sys.stdout.write(listing())
    elif name == "--version":
        sys.stdout.write(f"gnnseq {__version__}\n")
    elif name in COMMANDS:
        return run(name, rest)
    else:
        sys.stderr.write(f"gnnseq: COMMAND is {name!r}, expected one of: {', '.join(COMMANDS)}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
