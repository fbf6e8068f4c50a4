"""The families of models that are compared, each with the graph it reads and what it can see."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn
from torch_geometric.nn import GraphConv

from gnnseq.experiments.tasks import Collate, PalindromeTask
from gnnseq.graphs import to_balanced_trees, to_dilated_paths, to_paths, to_symbol_signals
from gnnseq.layers import (
    GCN,
    GCRN,
    GRU,
    LSTM,
    RNN,
    ChildSumTreeLSTM,
    MeanReadout,
    NaryTreeLSTM,
    SumReadout,
    chrono_,
    orthogonal_,
)
from gnnseq.models import (
    BagEncoder,
    ConvStack,
    EdgeEncoder,
    ScalarSymbols,
    SequenceClassifier,
    SignalEncoder,
    SlotEncoder,
    SymbolEmbedding,
)

GCN_LAYERS = 8
GCRN_TERMS = 2


@dataclass(frozen=True)
class Sight:
    """How far a model sees, against how far it must.

    Attributes:
        required: hops (for a GCRN over time: steps) from the answer to the output.
        reach: how many the model covers; None where there is no limit.
    """

    required: int
    reach: int | None

    @property
    def sees(self) -> bool:
        """Whether the answer can influence the output at all."""
        return self.reach is None or self.reach >= self.required


@dataclass(frozen=True)
class Family:
    """A model and the graph it reads.

    Attributes:
        name: short name, for the command line.
        title: name in tables and figures.
        encoder: makes an encoder from task, input width and width.
        collate: of a task, makes batches of graphs from samples.
        sight: of a task.
        initialise: of a model and a task; what ``tuned`` settings add to torch's initialisation.
        initialisation: what that is, in words.
        learning_rate: with Adam, in the tuned setting.
        readout: makes the readout; None reads the root.
    """

    name: str
    title: str
    encoder: Callable[[PalindromeTask, int, int], nn.Module]
    collate: Callable[[PalindromeTask], Collate]
    sight: Callable[[PalindromeTask], Sight]
    initialise: Callable[[nn.Module, PalindromeTask], object] | None = None
    initialisation: str = "default"
    learning_rate: float = 3e-3
    readout: Callable[[], nn.Module] | None = None

    def build(self, task: PalindromeTask, width: int, embedding: int, scalar: bool = False) -> SequenceClassifier:
        """A model for a task, with default initialisation.

        Args:
            task: what it is asked to do.
            width: features of a state.
            embedding: features of a symbol.
            scalar: whether a digit is read as one number instead.
        """
        embed: nn.Module = ScalarSymbols() if scalar else SymbolEmbedding(task.base, embedding)
        encoder = self.encoder(task, 1 if scalar else embedding, width)
        readout = None if self.readout is None else self.readout()
        return SequenceClassifier(embed, encoder, readout, nn.Linear(width, task.num_classes))


def _paths(task: PalindromeTask) -> Collate:
    return to_paths


def _both_ways(task: PalindromeTask) -> Collate:
    return partial(to_paths, direction="both")


def _dilated(task: PalindromeTask) -> Collate:
    return to_dilated_paths


def _balanced(task: PalindromeTask) -> Collate:
    return partial(to_balanced_trees, empty=task.base)


def _signals(task: PalindromeTask) -> Collate:
    return partial(to_symbol_signals, num_symbols=task.base)


def _rnn(task: PalindromeTask, features: int, width: int) -> nn.Module:
    return EdgeEncoder(RNN(features, width))


def _gru(task: PalindromeTask, features: int, width: int) -> nn.Module:
    return EdgeEncoder(GRU(features, width))


def _lstm(task: PalindromeTask, features: int, width: int) -> nn.Module:
    return EdgeEncoder(LSTM(features, width))


def _child_sum(task: PalindromeTask, features: int, width: int) -> nn.Module:
    return EdgeEncoder(ChildSumTreeLSTM(features, width))


def _nary(task: PalindromeTask, features: int, width: int) -> nn.Module:
    return SlotEncoder(NaryTreeLSTM(features, width, arity=2))


def _gcn(task: PalindromeTask, features: int, width: int) -> nn.Module:
    return EdgeEncoder(GCN(features, width, num_layers=GCN_LAYERS))


def _dilated_stack(task: PalindromeTask, features: int, width: int) -> nn.Module:
    return ConvStack(GraphConv, features, width, num_layers=_dilated_layers(task))


def _gcrn(task: PalindromeTask, features: int, width: int) -> nn.Module:
    return SignalEncoder(GCRN(features, width, K=GCRN_TERMS))


def _bag(task: PalindromeTask, features: int, width: int) -> nn.Module:
    return BagEncoder(features, width)


def _dilated_layers(task: PalindromeTask) -> int:
    """Enough layers for the longest way, whose hops are the binary digits of T - 1."""
    return max(2, (task.num_steps - 1).bit_length())


def _along_path(task: PalindromeTask) -> Sight:
    return Sight(task.num_steps - 1, None)


def _by_layers(task: PalindromeTask) -> Sight:
    return Sight(task.num_steps - 1, GCN_LAYERS)


def _down_tree(task: PalindromeTask) -> Sight:
    return Sight((task.num_steps - 1).bit_length(), None)


def _by_powers(task: PalindromeTask) -> Sight:
    return Sight((task.num_steps - 1).bit_count(), _dilated_layers(task))


def _over_time(task: PalindromeTask) -> Sight:
    return Sight(task.num_steps - 1, None)


def _anywhere(task: PalindromeTask) -> Sight:
    return Sight(0, None)


def _chrono(model: nn.Module, task: PalindromeTask) -> object:
    return chrono_(model, max(3, task.num_steps))


def _chrono_tree(model: nn.Module, task: PalindromeTask) -> object:
    return chrono_(model, max(3, task.num_steps.bit_length() + 1))


def _orthogonal(model: nn.Module, task: PalindromeTask) -> object:
    return orthogonal_(model)


PALINDROME_FAMILIES = (
    Family("rnn", "RNN", _rnn, _paths, _along_path, _orthogonal, "orthogonal", 1e-3),
    Family("gru", "GRU", _gru, _paths, _along_path, _chrono, "chrono"),
    Family("lstm", "LSTM", _lstm, _paths, _along_path, _chrono, "chrono"),
    Family("tree-lstm", "Tree-LSTM, child-sum on the path", _child_sum, _paths, _along_path, _chrono, "chrono"),
    Family("tree-lstm-balanced", "Tree-LSTM, binary on a balanced tree", _nary, _balanced, _down_tree,
           _chrono_tree, "chrono"),
    Family("gcn", f"GCN, {GCN_LAYERS} layers on the path", _gcn, _both_ways, _by_layers),
    Family("dilated", "Graph convolution on a dilated path", _dilated_stack, _dilated, _by_powers),
    Family("gcrn", "GCRN on the graph of digits", _gcrn, _signals, _over_time, _chrono, "chrono", 1e-2,
           readout=MeanReadout),
    Family("bag", "Bag of digits, no order", _bag, _paths, _anywhere, readout=SumReadout),
)  # fmt: skip
