"""Mistakes that mypy reports in a project that uses gnnseq: each line names the error that it is."""

import torch

from gnnseq.data import PalindromeDataset
from gnnseq.experiments import Settings
from gnnseq.graphs import path_batches  # attr-defined
from gnnseq.layers import GCRN, LSTM
from gnnseq.ops import Schedule

layer = GCRN(in_channels="2", out_channels=16, K=3)  # arg-type
deep = LSTM(8, 16, layers=2)  # call-arg
data = PalindromeDataset(6, 640, seed=0, split="validate")  # arg-type
count: str = Schedule(torch.zeros(2, 0, dtype=torch.long), 1).num_nodes  # assignment
rate: float = Settings(budget=2_000).stepps  # attr-defined
