"""One loop that evaluates a model on batches."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch_geometric.data import Batch
from tqdm import tqdm

from gnnseq.models.modes import evaluating
from gnnseq.training.devices import placed
from gnnseq.training.history import Evaluation
from gnnseq.training.metrics import IGNORED, correct
from gnnseq.training.step import Loss, Metric, with_targets


@torch.no_grad()
def evaluate(
    model: nn.Module,
    batches: Iterable[Batch],
    *,
    loss: Loss = cross_entropy,
    metric: Metric = correct,
    progress: str | None = None,
) -> Evaluation:
    """Mean loss and metric of a model over all targets of some batches, in evaluation mode.

    Batches without targets are skipped and counted.

    Raises:
        ValueError: where no batch holds a target, or one has no ``y``.
    """
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    total, right, count, skipped = 0.0, 0.0, 0, 0
    with evaluating(model):
        for batch in tqdm(batches, desc=progress, leave=False, disable=True if progress is None else None):
            batch = placed(with_targets(batch), device)
            logits = model(batch)
            here, of = metric(logits, batch.y)
            if of:
                total += loss(logits, batch.y).item() * of
            right, count, skipped = right + here, count + of, skipped + (not of)
    if count == 0:
        raise ValueError(f"batches hold no targets, expected at least one that is not {IGNORED}")
    return Evaluation(total / count, right / count, count, skipped)


@torch.no_grad()
def forecast(model: nn.Module, batches: Iterable[Batch], *, progress: str | None = None) -> tuple[Tensor, Tensor]:
    """Forecasts of all windows of some batches in evaluation mode, and what came, ``[M, N, H]`` each, on the CPU.

    Raises:
        ValueError: for no batches, or one without ``y``.
    """
    device = next((t.device for t in (*model.parameters(), *model.buffers())), torch.device("cpu"))
    found, true = [], []
    with evaluating(model):
        for batch in tqdm(batches, desc=progress, leave=False, disable=True if progress is None else None):
            batch = placed(with_targets(batch), device)
            found.append(model(batch).cpu())
            true.append(batch.y.cpu())
    if not found:
        raise ValueError("batches is empty, expected at least one batch")
    return torch.cat(found), torch.cat(true)
