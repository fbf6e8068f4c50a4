"""A trained model as plain values: what it is made of, and its weights."""

from torch import nn

from gnnseq.layers import MeanReadout, RootReadout, SumReadout
from gnnseq.models import NodeClassifier, ScalarSymbols, SequenceClassifier
from gnnseq.page.encoders import encoder
from gnnseq.page.packer import NoForwardPassError, Packer, Plain, known, linear, name, refuse

_READOUTS = {RootReadout: "root", MeanReadout: "mean", SumReadout: "sum"}


def model_parts(model: nn.Module) -> Plain:
    """Embedding, encoder, readout and head of a classifier, with its weights.

    Args:
        model: a `SequenceClassifier` or `NodeClassifier` over symbols, whose head is linear.

    Returns:
        Plain values: ``level``, ``embedding``, ``encoder``, ``readout``, ``head`` and ``weights`` (base64). Numbers are
        those of float32, so a model in float64 is rounded.

    Raises:
        NoForwardPassError: for a part without a forward pass in the page.
    """
    if not isinstance(model, SequenceClassifier | NodeClassifier):
        raise NoForwardPassError(f"{name(model)} has no forward pass in the page")
    pack = Packer()
    graph = isinstance(model, SequenceClassifier)
    parts = {
        "level": "graph" if graph else "node",
        "embedding": _embedding(model.embedding, pack),
        "encoder": encoder(model.encoder, pack),
        "readout": known(_READOUTS, model.readout) if isinstance(model, SequenceClassifier) else "root",
        "head": linear(model.head, pack),
    }
    return parts | {"weights": pack.text()}


def _embedding(module: nn.Module, pack: Packer) -> Plain:
    if isinstance(module, ScalarSymbols):
        return {"kind": "number"}
    if not isinstance(module, nn.Embedding):
        raise refuse(module, " as an embedding of symbols")
    return {"kind": "symbols", "weight": pack(module.weight)}
