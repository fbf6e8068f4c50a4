"""Models that predict the next symbol of a text."""

from typing import Any, Protocol, runtime_checkable

from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnseq.models.causality import check_causal_batch
from gnnseq.models.classifier import NodeClassifier, SymbolEmbedding
from gnnseq.ops.transforms import is_traced


@runtime_checkable
class CarriesState(Protocol):
    """An encoder that continues from a state instead of processing the past again."""

    def advance(self, x: Tensor, batch: Batch, state: Any) -> tuple[Tensor, Any]:
        """Features of the next symbols of every path, and a state, to outputs and the new state."""
        ...


class CharLanguageModel(NodeClassifier):
    r"""Predicts at each symbol of a text the one that follows, from this one and those before.

    .. math:: p(s_{t+1} \mid s_1 \dots s_t) = \mathrm{softmax}(\mathrm{head}(\mathrm{encoder}(s_1 \dots s_t)))

    The encoder must be causal, and a model refuses to work if it is not: the first batch with a text of two symbols is
    checked by the Jacobian (about 16 small backward passes, once), and so is the first that has edges to earlier
    symbols, where the first had none. The check reads the first two texts of the batch as in training, and leaves
    weights, gradients and random numbers alone. Under `torch.compile` and transforms of `torch.func` it does not run;
    `gnnseq.models.causal.check_causal` makes a thorough one before training. With a
    `gnnseq.models.causal.PathRecurrence` of an `LSTM` it is the usual character LSTM. With a `ConvStack` on forward
    paths, or dilated ones, it is a causal convolution. With a `gnnseq.models.causal.SymbolGraphEncoder` it is the
    GCRN.

    Args:
        embedding: of S symbols.
        encoder: ``encoder(x, batch) -> [N, H]``, on a batch of forward paths (with longer hops, too).
        head: ``[N, H]`` to logits ``[N, S]``.
        reach: how many symbols before a position are enough to compute its prediction, for an encoder that carries no
            state. L convolutions over hops of up to d symbols need ``L * d``, and d more if they normalise by degrees,
            as GCN does. For a Transformer it is the length of its window less 1: positions count from the window's
            start, so a prediction depends on where that is. None takes all.

    Shapes:
        - **batch:** paths, with symbols ``x`` ``[N]``, int64
        - **output:** logits ``[N, S]``

    Raises:
        ValueError: if ``reach`` is negative; in use, if a prediction depends on later symbols or on other texts.
    """

    def __init__(
        self, embedding: SymbolEmbedding, encoder: nn.Module, head: nn.Module, reach: int | None = None
    ) -> None:
        if reach is not None and reach < 0:
            raise ValueError(f"reach is {reach}, expected an integer >= 0 or None")
        super().__init__(embedding, encoder, head)
        self.num_symbols = embedding.num_symbols
        self.reach = reach
        self._passed: set[tuple[int, bool]] = set()

    def forward(self, batch: Batch) -> Tensor:
        """Logits ``[N, S]``."""
        self._check(batch)
        return super().forward(batch)

    @property
    def carries_state(self) -> bool:
        """Whether `advance` is there, so that a symbol costs the same after any number of others."""
        return isinstance(self.encoder, CarriesState)

    def advance(self, batch: Batch, state: Any = None) -> tuple[Tensor, Any]:
        """Logits ``[N, S]`` for the next symbols of every path, and the state after them.

        Args:
            batch: paths; they go on where those of the last call ended, in the same order.
            state: what the last call returned; None at the start of the texts.

        Raises:
            TypeError: if the encoder carries no state.
        """
        if not isinstance(self.encoder, CarriesState):
            raise TypeError(f"encoder is a {type(self.encoder).__name__}, expected one with advance(x, batch, state)")
        self._check(batch)
        out, state = self.encoder.advance(self.embedding(batch.x), batch, state)
        logits: Tensor = self.head(out)
        return logits, state

    def _check(self, batch: Batch) -> None:
        if is_traced():
            return
        edges = batch.edge_index
        looks_back = isinstance(edges, Tensor) and bool((edges[0] > edges[1]).any())
        kind = (id(self.encoder), looks_back)
        if kind not in self._passed and check_causal_batch(self, batch):
            self._passed.add(kind)
