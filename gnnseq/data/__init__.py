"""Sequences, trees and signals as plain values; no graphs, no networks."""

from gnnseq.data.padded import PaddedBatch, pad
from gnnseq.data.palindromes import PalindromeDataset

__all__ = ["PaddedBatch", "PalindromeDataset", "pad"]
