"""The answer to whether a model can compute a task, and the properties of a model that the theory uses."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Self

from torch import nn
from torch_geometric.nn import GATv2Conv, GCNConv, GINConv, GraphConv

from gnnseq.experiments.family import Family
from gnnseq.experiments.tasks.base import Task, find_view
from gnnseq.layers import GCN, RootReadout
from gnnseq.layers.attention.positions import Positions
from gnnseq.layers.stacked import StackedRecurrence
from gnnseq.models import ConvStack, EdgeEncoder, NodeClassifier, SequenceClassifier
from gnnseq.models.stacks import HopConv

Word = Literal["can", "cannot", "not known"]
_KNOWN = ("gnnseq", "torch", "torch_geometric")
_ONE_HOP = (GATv2Conv, GCNConv, GINConv, GraphConv, HopConv)
_NOT_COVERED = (nn.RNNBase, nn.RNNCellBase, nn.Transformer, nn.TransformerEncoder, nn.TransformerDecoder)


@dataclass(frozen=True)
class Answer:
    """Whether a model can compute a task, and why.

    Attributes:
        word: "can": there are weights, `build` makes a model that has them; "cannot": there are none that are right at
            every length; "not known".
        reason: the property of the model and of the task on which the answer rests.
        reference: the paper of the theorem.
        build: makes the model with constructed weights, in the width that they need.
        shortest: for "cannot", the length from which on no weights are right; None if it is not known.
    """

    word: Word
    reason: str
    reference: str = ""
    build: Callable[[], nn.Module] | None = None
    shortest: int | None = None

    def up_to(self, length: int | None) -> "Answer":
        """The answer for inputs of up to ``length`` symbols; "not known" for a "cannot" that may begin later."""
        if length is None or self.word != "cannot" or (self.shortest is not None and length >= self.shortest):
            return self
        return replace(
            self, word="not known", reason=f"up to {length} symbols nothing is known; at every length: {self.reason}"
        )


def can(reason: str, everywhere: bool, build: Callable[[], NodeClassifier], reference: str = "") -> Answer:
    """There are weights: what builds them answers at every node, or is read at the roots alone."""

    def asked() -> nn.Module:
        model = build()
        return model if everywhere else SequenceClassifier(model.embedding, model.encoder, None, model.head)

    return Answer("can", reason, reference, asked)


@dataclass(frozen=True)
class Seen:
    """The properties of a model that the theory uses.

    Attributes:
        encoder: the model without its embedding, readout and head.
        view: graph of a sample that is the model's input.
        reach: hops that it covers, stated by its family or counted from its convolutions; None for no limit or not
            known.
        stranger: the name of a layer that the theory does not cover; empty for none.
        from_root: whether the root predicts the answer of a graph.
    """

    encoder: nn.Module
    view: str
    reach: int | None
    stranger: str
    from_root: bool

    @classmethod
    def of(cls, model: Family | nn.Module, task: Task, view: str) -> Self:
        """The properties of a model; a family is built for the task.

        Raises:
            ValueError: for a view that the task does not have.
        """
        find_view(task, view)
        built = model.build(task, 8, 8) if isinstance(model, Family) else model
        encoder = getattr(built, "encoder", built)
        reach = model.reach(task) if isinstance(model, Family) else _hops(encoder)
        strangers = [type(m).__name__ for m in built.modules() if _is_stranger(m)]
        readout = getattr(built, "readout", None)
        return cls(encoder, view, reach, next(iter(strangers), ""), readout is None or isinstance(readout, RootReadout))

    @property
    def recurrence(self) -> StackedRecurrence | None:
        """The recurrence along the edges; None if the encoder is not one."""
        layer = self.encoder.layer if isinstance(self.encoder, EdgeEncoder) else None
        return layer if isinstance(layer, StackedRecurrence) else None

    def has(self, *kinds: type) -> bool:
        """Whether one of the encoder's modules is of these kinds."""
        return any(isinstance(module, kinds) for module in self.encoder.modules())

    @property
    def reads_numbers(self) -> bool:
        """Whether the numbers of nodes can matter: by other layers than convolutions over neighbours, or positions."""
        return not _convolutions(self.encoder) or self.has(Positions)


def _is_stranger(module: nn.Module) -> bool:
    return type(module).__module__.split(".")[0] not in _KNOWN or isinstance(module, _NOT_COVERED)


def _convolutions(encoder: nn.Module) -> list[nn.Module]:
    """The convolutions over neighbours that an encoder consists of; none where it has other layers."""
    if isinstance(encoder, ConvStack):
        convs = list(encoder.convs)
    else:
        convs = [encoder.layer] if isinstance(encoder, EdgeEncoder) else []
    return convs if all(isinstance(conv, (*_ONE_HOP, GCN)) for conv in convs) else []


def _hops(encoder: nn.Module) -> int | None:
    """Hops of convolutions one after the other; None for other layers."""
    return sum(conv.num_layers if isinstance(conv, GCN) else 1 for conv in _convolutions(encoder)) or None
