"""Models that were never trained, as a page shows them."""

import torch
from torch import nn

from gnnseq.layers import GCN, LSTM
from gnnseq.models import TCN, EdgeEncoder, NodeClassifier, SequenceClassifier, SymbolEmbedding
from gnnseq.page import page_model

DIGITS = list("0123456789")


def make_model(layer=LSTM, view="path", **changes):
    """A small model of one family, with one example."""
    torch.manual_seed(0)
    layers = {"num_layers": 3} if layer is GCN else {}
    model = SequenceClassifier(SymbolEmbedding(10, 4), EdgeEncoder(layer(4, 6, **layers)), None, nn.Linear(6, 10))
    given = {"title": layer.__name__, "view": view, "symbols": DIGITS, "family": layer.__name__.lower()}
    examples = [{"text": "31415926", "answer": "3", "at": 0}]
    return page_model(model, **given, examples=examples) | {"answer_at": 0} | changes


def make_pair():
    """A recurrence and a convolution that cannot see the first of eight symbols."""
    return [make_model(), make_model(GCN, "path both ways")]


def make_text_model():
    """A TCN with an output at each node, as a model of text has: three layers, which reach seven symbols back."""
    torch.manual_seed(0)
    letters = ["a", "b", " "]
    model = NodeClassifier(SymbolEmbedding(3, 4), TCN(4, 6, 3), nn.Linear(6, 3))
    return page_model(model, title="TCN", view="dilated", symbols=letters, hops=(1, 2, 4))
