"""What a typed project does with gnnseq: mypy --strict has nothing to say about it."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from gnnseq.data import PalindromeDataset
from gnnseq.experiments import PalindromeTask, Settings, Store
from gnnseq.graphs import path_batch, to_paths
from gnnseq.layers import GCRN, LSTM
from gnnseq.models import EdgeEncoder, SequenceClassifier, SymbolEmbedding
from gnnseq.ops import Schedule
from gnnseq.plots import plot_accuracy
from gnnseq.training import evaluate, fit


class Mine(nn.Module):
    """A layer of one's own around one of gnnseq's."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.filter: GCRN = GCRN(in_channels=2, out_channels=width, K=3)
        self.memory: LSTM = LSTM(width, width)

    def forward(self, signals: Tensor, edge_index: Tensor) -> Tensor:
        """Signals ``[N, T, 2]`` to states ``[N, H]``."""
        out, (h, _) = self.filter.forward(signals, edge_index)
        total: Tensor = out.sum() + h.sum()
        return total


def accuracy() -> float:
    """Accuracy of a small classifier on fresh palindromes."""
    encoder = EdgeEncoder(LSTM(16, 32))
    model = SequenceClassifier(SymbolEmbedding(10, 16), encoder, None, nn.Linear(32, 10))
    batches = DataLoader(PalindromeDataset(6, 640, seed=0, split="train"), batch_size=64, collate_fn=to_paths)
    losses: list[float] = fit(model, batches, torch.optim.Adam(model.parameters())).loss
    score: float = evaluate(model, batches).accuracy
    return score + losses[-1]


def levels(words: list[str]) -> int:
    """Levels of a batch of words."""
    batch = path_batch(words, alphabet="aeghprt")
    return len(Schedule(batch.edge_index, batch.num_nodes).levels)


def draw(folder: Path) -> Path:
    """A figure of stored records."""
    task, settings = PalindromeTask(6), Settings(budget=2_000, steps=20)
    print(task.num_symbols, settings.steps)
    return plot_accuracy(list(Store(folder / "records.jsonl")), folder / "accuracy.png")
