"""Training and evaluating a model on batches."""

from gnnseq.training.fit import Evaluation, History, Loss, Metric, evaluate, fit
from gnnseq.training.metrics import accuracy, best_k, correct, squared_error

__all__ = [
    "Evaluation",
    "History",
    "Loss",
    "Metric",
    "accuracy",
    "best_k",
    "correct",
    "evaluate",
    "fit",
    "squared_error",
]
