"""Models that classify graphs or nodes: a batch in, logits out."""

from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnseq.layers.readout import RootReadout


class SymbolEmbedding(nn.Embedding):
    """A vector for each of S symbols, and the zero vector for symbol S, which means "nothing here".

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


class ScalarSymbols(nn.Module):
    """A symbol as its number: one feature, the input of the report's palindrome experiments.

    Shapes:
        - **x:** int64 ``[N]``
        - **output:** ``[N, 1]``
    """

    def forward(self, x: Tensor) -> Tensor:
        """To one float feature."""
        return x.unsqueeze(-1).float()


class SequenceClassifier(nn.Module):
    """Classifies each graph of a batch.

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
        logits: Tensor = self.head(self.readout(out, batch.ptr))
        return logits


class NodeClassifier(nn.Module):
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
