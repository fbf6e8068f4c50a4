"""Models that classify graphs or nodes: a batch in, logits out."""

from typing import Any

from torch import Tensor, nn
from torch_geometric.data import Batch, Data
from torch_geometric.nn import MessagePassing

from gnnseq.layers.readout import RootReadout
from gnnseq.models.batches import Resettable, graph_bounds


class SymbolEmbedding(nn.Embedding):
    """A vector for each of S symbols, and the zero vector for symbol S, which means "no symbol".

    Args:
        num_symbols: number of symbols S.
        channels: features of a symbol.

    Shapes:
        - **x:** int64 ``[N]`` or ``[N, T]``, values 0 to S
        - **output:** ``[N, F]`` or ``[N, T, F]``
    """

    def __init__(self, num_symbols: int, channels: int) -> None:
        if num_symbols < 1 or channels < 1:
            raise ValueError(f"num_symbols is {num_symbols} and channels is {channels}, expected at least 1")
        super().__init__(num_symbols + 1, channels, padding_idx=num_symbols)
        self.num_symbols = num_symbols


class ScalarSymbols(Resettable):
    """A symbol as its number: one feature, the input of the report's palindrome experiments.

    Shapes:
        - **x:** int64 ``[N]``
        - **output:** ``[N, 1]``
    """

    def forward(self, x: Tensor) -> Tensor:
        """To one float feature."""
        return x.unsqueeze(-1).float()


class SequenceClassifier(Resettable):
    """Classifies each graph of a batch, or one graph as a `Data` without ``batch`` and ``ptr``.

    Args:
        embedding: symbols to features; None where ``batch.x`` already holds features.
        encoder: ``encoder(x, batch) -> [N, H]``.
        readout: ``readout(x, ptr) -> [B, H]``; the root by default.
        head: ``[B, H]`` to logits ``[B, C]``.
    """

    def __init__(
        self,
        embedding: nn.Module | None,
        encoder: nn.Module,
        readout: nn.Module | None,
        head: nn.Module,
    ) -> None:
        super().__init__()
        self.embedding = nn.Identity() if embedding is None else embedding
        self.encoder = encoder
        self.readout = RootReadout() if readout is None else readout
        self.head = head

    def forward(self, batch: Batch) -> Tensor:
        """Logits ``[B, C]``."""
        out = self.encoder(self.embedding(batch.x), batch)
        logits: Tensor = self.head(self.readout(out, graph_bounds(batch)))
        return logits


class NodeClassifier(Resettable):
    """Classifies each node of a batch.

    Args:
        embedding: symbols to features; None where ``batch.x`` already holds features.
        encoder: ``encoder(x, batch) -> [N, H]``.
        head: ``[N, H]`` to logits ``[N, C]``.
    """

    def __init__(self, embedding: nn.Module | None, encoder: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.embedding = nn.Identity() if embedding is None else embedding
        self.encoder = encoder
        self.head = head

    def forward(self, batch: Batch) -> Tensor:
        """Logits ``[N, C]``."""
        logits: Tensor = self.head(self.encoder(self.embedding(batch.x), batch))
        return logits


class ExplainedClassifier(MessagePassing):  # type: ignore[misc]
    """A classifier as PyG's `Explainer` calls it: ``model(x, edge_index, **attributes) -> logits``.

    ``x`` are features, which a mask can scale: ``classifier.embedding(batch.x)`` where symbols are embedded. Further
    attributes of the batch (``batch``, ``ptr``, ``edge_weight``, ``lengths`` ...) are passed to the explainer by name.
    An edge mask is applied by the layers inside that can: PyG's convolutions, `GCN` and the spectral layers.

    Args:
        classifier: a `SequenceClassifier` or `NodeClassifier`; its embedding is passed over.

    Shapes:
        - **x:** ``[N, F]``
        - **edge_index:** ``[2, E]``
        - **output:** as the classifier's

    Raises:
        ValueError: in use, for an edge mask where no layer inside applies one: it would have no effect.
    """

    def __init__(self, classifier: SequenceClassifier | NodeClassifier) -> None:
        super().__init__()
        if any(isinstance(module, MessagePassing) for module in classifier.modules()):
            self.explain = False  # those take the mask
        self.classifier = classifier

    def reset_parameters(self) -> None:
        """Redraws all weights."""
        self.classifier.reset_parameters()

    def forward(self, x: Tensor, edge_index: Tensor, **attributes: Any) -> Tensor:
        """Logits."""
        if self.explain:
            layer = getattr(self.classifier.encoder, "layer", self.classifier.encoder)
            raise ValueError(
                f"an edge mask is set, but {type(layer).__name__} applies none, so it would have no effect, expected "
                "edge_mask_type=None"
            )
        graphs = Data(x=x, edge_index=edge_index, **attributes)
        out = self.classifier.encoder(x, graphs)
        if isinstance(self.classifier, SequenceClassifier):
            out = self.classifier.readout(out, graph_bounds(graphs))
        logits: Tensor = self.classifier.head(out)
        return logits
