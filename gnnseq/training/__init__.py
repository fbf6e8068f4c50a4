"""Training and evaluating a model on batches."""

from gnnseq.training.checkpoint import Checkpoint
from gnnseq.training.checkpoint_file import CheckpointError
from gnnseq.training.evaluate import evaluate
from gnnseq.training.fit import fit
from gnnseq.training.history import Evaluation, History
from gnnseq.training.metrics import accuracy, best_k, correct, squared_error
from gnnseq.training.step import Loss, Metric
from gnnseq.training.writer import TensorBoard, Writer

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "Evaluation",
    "History",
    "Loss",
    "Metric",
    "TensorBoard",
    "Writer",
    "accuracy",
    "best_k",
    "correct",
    "evaluate",
    "fit",
    "squared_error",
]
