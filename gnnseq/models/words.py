"""Word vectors with dropout, and the state of a bidirectional recurrence for a phrase."""

from typing import Self

import torch
from torch import Tensor, nn

from gnnseq.models.batches import Resettable
from gnnseq.models.classifier import SymbolEmbedding
from gnnseq.ops.segment import check_bounds


class WordEmbedding(Resettable):
    """A vector for each word, of which some are hidden in training: whole words, and features.

    A hidden word becomes the unknown one, which is how the vector of unknown words is learnt. The table has one row
    more than there are words: symbol S, of nodes without a word, such as the inner nodes of a constituency tree. Its
    vector is zero, gets no gradient and stays zero.

    Args:
        num_words: number of words S; symbol S is "nothing here".
        channels: features of a word, F.
        unknown: the symbol of unknown words.
        word_dropout: probability that a word is hidden, in training.
        dropout: probability that a feature is zeroed, in training.

    Shapes:
        - **x:** int64 ``[N]``, values 0 to S
        - **output:** ``[N, F]``

    Raises:
        ValueError: if an argument is out of range.
    """

    def __init__(
        self, num_words: int, channels: int, unknown: int = 0, word_dropout: float = 0.0, dropout: float = 0.0
    ) -> None:
        super().__init__()
        for name, value in {"word_dropout": word_dropout, "dropout": dropout}.items():
            if not 0.0 <= value < 1.0:
                raise ValueError(f"{name} is {value}, expected 0 <= {name} < 1")
        if not 0 <= unknown < num_words:
            raise ValueError(f"unknown is {unknown}, expected a word from 0 to {num_words - 1}")
        self.table = SymbolEmbedding(num_words, channels)
        self.unknown = unknown
        self.word_dropout = word_dropout
        self.dropout = dropout
        self.num_symbols = num_words

    @classmethod
    def from_vectors(
        cls,
        vectors: tuple[Tensor, Tensor],
        unknown: int = 0,
        word_dropout: float = 0.0,
        dropout: float = 0.0,
        frozen: bool = False,
    ) -> Self:
        """An embedding with the vectors of a vocabulary, such as :func:`gnnseq.data.read_vectors` reads from a file.

        Words without a vector get a random one, with the standard deviation of the given numbers.

        Args:
            vectors: values ``[S, F]``, and which words have one ``[S]`` (bool).
            unknown: the symbol of unknown words.
            word_dropout: probability that a word is hidden, in training.
            dropout: probability that a feature is zeroed, in training.
            frozen: whether the vectors stay as they are in training.

        Raises:
            ValueError: if shapes do not fit, no word has a vector, or one is not finite in the embedding's dtype.
        """
        values, found = vectors
        if values.dim() != 2:
            raise ValueError(f"values has shape {list(values.shape)}, expected [S, F], one row per word")
        words = cls(values.size(0), values.size(1), unknown, word_dropout, dropout)
        if not bool(found.any()):
            raise ValueError("found has no word, expected vectors of words in the vocabulary: is its spelling another?")
        words.set_vectors(values, found)
        with torch.no_grad():
            given = words.table.weight[:-1]
            given[~found] *= given[found].std(correction=0)
        words.table.requires_grad_(not frozen)
        return words

    @torch.no_grad()
    def set_vectors(self, values: Tensor, found: Tensor) -> None:
        """Puts given vectors ``[S, F]`` in place of those of the words ``found`` ``[S]`` (bool).

        Raises:
            ValueError: if shapes do not fit, or a vector is not finite in the embedding's dtype.
        """
        shape = [self.num_symbols, self.table.embedding_dim]
        if list(values.shape) != shape:
            raise ValueError(f"values has shape {list(values.shape)}, expected {shape}")
        if list(found.shape) != shape[:1] or found.dtype != torch.bool:
            raise ValueError(f"found is {found.dtype} {list(found.shape)}, expected torch.bool {shape[:1]}")
        given = values[found].to(self.table.weight)
        bad = (~given.isfinite()).nonzero().tolist()
        if bad:
            row, column = int(found.nonzero()[bad[0][0]]), bad[0][1]
            value = f"{float(given[bad[0][0], column])} in {given.dtype}"
            raise ValueError(f"values[{row}, {column}] is {value}, expected a finite number")
        self.table.weight[:-1][found] = given

    def forward(self, x: Tensor) -> Tensor:
        """Words to features."""
        if self.training and self.word_dropout:
            hidden = (torch.rand(x.shape, device=x.device) < self.word_dropout) & (x < self.num_symbols)
            x = x.masked_fill(hidden, self.unknown)
        return nn.functional.dropout(self.table(x), self.dropout, self.training)


class EndsReadout(Resettable):
    """The state of a bidirectional recurrence for a whole path: forward at its last node, backward at its first.

    Shapes:
        - **x:** ``[N, 2H]``, forward outputs, then backward ones
        - **ptr:** ``[B + 1]``, bounds of the paths; none may be empty
        - **output:** ``[B, 2H]``
    """

    def forward(self, x: Tensor, ptr: Tensor) -> Tensor:
        """Picks two half rows per path."""
        check_bounds(ptr, x, empty=False)
        ahead, back = x.chunk(2, dim=-1)
        return torch.cat([ahead.index_select(0, ptr[1:] - 1), back.index_select(0, ptr[:-1])], dim=-1)
