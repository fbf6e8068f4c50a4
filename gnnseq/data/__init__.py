"""Sequences, trees and signals as plain values; no graphs, no networks."""

from gnnseq.data.adding import AddingDataset
from gnnseq.data.copy_memory import CopyMemoryDataset
from gnnseq.data.corpus import TreeCorpus
from gnnseq.data.forecasts import ForecastDataset
from gnnseq.data.grimm import Book, fairy_tales
from gnnseq.data.listops import ListOpsBinaryTrees, ListOpsSequences, ListOpsTrees
from gnnseq.data.neighbours import NeighborsMatchDataset
from gnnseq.data.networks import BlockModelDataset, KarateClub
from gnnseq.data.padded import PaddedBatch, pad
from gnnseq.data.palindromes import PalindromeDataset
from gnnseq.data.recall import RecallDataset
from gnnseq.data.sentiment import sentiment_trees
from gnnseq.data.text import encode_file, split_ids
from gnnseq.data.treebank import Treebank, read_brackets, read_conllu, trees_from_doc
from gnnseq.data.trees import Tree, binarize, dependency_tree
from gnnseq.data.vectors import WordVectors, read_vectors
from gnnseq.data.vocabulary import Vocabulary
from gnnseq.data.windows import ConsecutiveWindows, TextStreams, TextWindows

__all__ = [
    "AddingDataset",
    "BlockModelDataset",
    "Book",
    "ConsecutiveWindows",
    "CopyMemoryDataset",
    "ForecastDataset",
    "KarateClub",
    "ListOpsBinaryTrees",
    "ListOpsSequences",
    "ListOpsTrees",
    "NeighborsMatchDataset",
    "PaddedBatch",
    "PalindromeDataset",
    "RecallDataset",
    "TextStreams",
    "TextWindows",
    "Tree",
    "TreeCorpus",
    "Treebank",
    "Vocabulary",
    "WordVectors",
    "binarize",
    "dependency_tree",
    "encode_file",
    "fairy_tales",
    "pad",
    "read_brackets",
    "read_conllu",
    "read_vectors",
    "sentiment_trees",
    "split_ids",
    "trees_from_doc",
]
