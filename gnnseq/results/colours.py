"""The colour, marker and line of each family: one table for all figures, on paper and on pages."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from zlib import crc32

from gnnseq.results.joined import Result

# Okabe and Ito 2008, and two more
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#8C6D31",
    "#7F7F7F",
)
VARIANTS = 9  # looks of one colour, told apart by marker and line


class Slot(NamedTuple):
    """A family's place in the table.

    Attributes:
        colour: number of its colour.
        variant: number of its look among those of that colour: marker ``(colour + variant) % 9``, line ``variant % 3``.
    """

    colour: int
    variant: int = 0


# One colour for a kind of model, so that no two of the models that are compared by default share one where 9 suffice.
_KINDS: tuple[tuple[str, ...], ...] = (
    ("lstm", "min-lstm", "lstm-vectors", "lstm-memory", "bilstm", "lstm-by-level"),
    ("rnn", "delta-net", "linear-vectors", "graph-rnn"),
    ("gcn", "gcn-graph", "gcn-residual", "gcn-residual-graph", "gcn-deep", "cheb"),
    ("gcrn", "gcrn-graph", "gcrn-signals", "graph-cnn-lstm", "conv-lstm"),
    ("gru", "min-gru", "min-gru-tree", "dagnn-tree", "min-gru-signed", "mingru", "graph-gru"),
    ("tree-lstm", "tree-lstm-balanced", "tree-lstm-tree", "tree", "tree-child-sum", "tree-nary"),
    ("dilated", "conv-graph", "tcn", "conv-residual-graph", "conv-residual-tree", "dilated-conv", "path-conv", "conv"),
    ("transformer", "transformer-tree", "linear-attention", "gat-graph", "gin-graph", "gps-graph"),
    ("bag",),
)
FAMILIES: Mapping[str, Slot] = {
    name: Slot(colour, variant) for colour, names in enumerate(_KINDS) for variant, name in enumerate(names)
}


def family_slot(family: str) -> Slot | None:
    """The place of a family in the table, for any number of layers (``"gcn-4"`` is ``"gcn"``); None without one."""
    return FAMILIES.get(family) or FAMILIES.get(re.sub(r"-\d+$", "", family))


def named(results: Iterable[Result]) -> list[tuple[str, str]]:
    """The name of each model and of its family, by which `slots` are given; the title where a record has no name."""
    return [(result.model, str((result.first("family") or {}).get("name", result.model))) for result in results]


def slots(models: Iterable[tuple[str, str]]) -> dict[str, Slot]:
    """A place for each model: its family's, whatever else is shown beside it.

    A family that is not in the table gets a place by its name. Where two models of a figure would look alike, such
    as one family at two learning rates, the later one gets a colour that the figure does not use, or another variant.

    Args:
        models: name in the figure and name of the family, in the order of the figure.
    """
    found: dict[str, Slot] = {}
    pairs = dict(models)
    known = {model: slot for model, family in pairs.items() if (slot := family_slot(family)) is not None}
    for model, slot in known.items():
        if slot not in found.values():
            found[model] = slot
    for model, family in pairs.items():
        if model not in found:
            found[model] = _free(known.get(model, Slot(crc32(family.encode()) % len(COLOURS))), set(found.values()))
    return {model: found[model] for model in pairs}


def _free(wanted: Slot, taken: set[Slot]) -> Slot:
    """The next place in the order of the colours that is free, a new colour before a variant of a used one."""
    used = {slot.colour for slot in taken}
    around = [(wanted.colour + step) % len(COLOURS) for step in range(len(COLOURS))]
    for colour in around:
        if colour not in used:
            return Slot(colour)
    places = (Slot(colour, variant) for variant in range(VARIANTS) for colour in around)
    return next((slot for slot in places if slot not in taken), wanted)
