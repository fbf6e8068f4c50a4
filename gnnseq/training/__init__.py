"""Training and evaluating a model on batches."""

from gnnseq.training.fit import Evaluation, History, evaluate, fit
from gnnseq.training.metrics import accuracy, best_k, correct

__all__ = ["Evaluation", "History", "accuracy", "best_k", "correct", "evaluate", "fit"]
