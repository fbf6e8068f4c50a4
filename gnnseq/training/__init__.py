"""Training and evaluating a model on batches."""

from gnnseq.training.callbacks import Callback, Measurements, Progress
from gnnseq.training.checkpoints.checkpoint import Checkpoint
from gnnseq.training.checkpoints.file import CheckpointError
from gnnseq.training.epochs import Epochs
from gnnseq.training.evaluate import evaluate, forecast
from gnnseq.training.fit import fit
from gnnseq.training.history import Evaluation, History
from gnnseq.training.metrics import (
    absolute_error,
    accuracy,
    best_k,
    correct,
    forecast_errors,
    masked_mae,
    pearson,
    spearman,
    squared_error,
)
from gnnseq.training.shared_step import SharedStep
from gnnseq.training.step import Loss, Metric, Step
from gnnseq.training.writer import TensorBoard

__all__ = [
    "Callback",
    "Checkpoint",
    "CheckpointError",
    "Epochs",
    "Evaluation",
    "History",
    "Loss",
    "Measurements",
    "Metric",
    "Progress",
    "SharedStep",
    "Step",
    "TensorBoard",
    "absolute_error",
    "accuracy",
    "best_k",
    "correct",
    "evaluate",
    "fit",
    "forecast",
    "forecast_errors",
    "masked_mae",
    "pearson",
    "spearman",
    "squared_error",
]
