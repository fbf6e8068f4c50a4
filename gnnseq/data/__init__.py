"""Sequences, trees and signals as plain values; no graphs, no networks."""

from gnnseq.data.padded import PaddedBatch, pad
from gnnseq.data.signals.arrays import read_npz
from gnnseq.data.signals.calendar import calendar
from gnnseq.data.signals.edge_tables import gaussian_kernel, read_adjacency, read_edges
from gnnseq.data.signals.forecasts import ConsecutiveForecasts, ForecastDataset
from gnnseq.data.signals.series import Signals, standardised
from gnnseq.data.signals.tables import Series, read_series
from gnnseq.data.signals.temporal_json import read_temporal_json
from gnnseq.data.synthetic.adding import AddingDataset
from gnnseq.data.synthetic.automata import Automaton, AutomatonDataset
from gnnseq.data.synthetic.copy_memory import CopyMemoryDataset, SelectiveCopyDataset
from gnnseq.data.synthetic.first_symbol import FirstSymbolDataset
from gnnseq.data.synthetic.formulas import Algebra, FormulaTrees
from gnnseq.data.synthetic.listops import ListOpsBinaryTrees, ListOpsSequences, ListOpsTrees
from gnnseq.data.synthetic.listops_file import read_listops
from gnnseq.data.synthetic.neighbours import NeighborsMatchDataset
from gnnseq.data.synthetic.networks import BlockModelDataset, KarateClub
from gnnseq.data.synthetic.palindromes import PalindromeDataset
from gnnseq.data.synthetic.recall import RecallDataset
from gnnseq.data.text.encode import encode_file, split_ids
from gnnseq.data.text.grimm import Book, fairy_tales
from gnnseq.data.text.vectors import WordVectors, read_vectors
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.text.windows import ConsecutiveWindows, TextStreams, TextWindows
from gnnseq.data.trees.binary import balanced_tree, parse_binary, right_branching_tree
from gnnseq.data.trees.corpus import TreeCorpus
from gnnseq.data.trees.enhanced import DependencyGraph, DependencyGraphs, read_enhanced
from gnnseq.data.trees.heads import dependency_tree
from gnnseq.data.trees.pairs import TreePairs, read_logic, read_sick
from gnnseq.data.trees.sentiment import sentiment_trees
from gnnseq.data.trees.tree import Tree, binarize
from gnnseq.data.trees.treebank import Treebank, read_brackets, read_conllu, trees_from_doc

__all__ = [
    "AddingDataset",
    "Algebra",
    "Automaton",
    "AutomatonDataset",
    "BlockModelDataset",
    "Book",
    "ConsecutiveForecasts",
    "ConsecutiveWindows",
    "CopyMemoryDataset",
    "DependencyGraph",
    "DependencyGraphs",
    "FirstSymbolDataset",
    "ForecastDataset",
    "FormulaTrees",
    "KarateClub",
    "ListOpsBinaryTrees",
    "ListOpsSequences",
    "ListOpsTrees",
    "NeighborsMatchDataset",
    "PaddedBatch",
    "PalindromeDataset",
    "RecallDataset",
    "SelectiveCopyDataset",
    "Series",
    "Signals",
    "TextStreams",
    "TextWindows",
    "Tree",
    "TreeCorpus",
    "TreePairs",
    "Treebank",
    "Vocabulary",
    "WordVectors",
    "balanced_tree",
    "binarize",
    "calendar",
    "dependency_tree",
    "encode_file",
    "fairy_tales",
    "gaussian_kernel",
    "pad",
    "parse_binary",
    "read_adjacency",
    "read_brackets",
    "read_conllu",
    "read_edges",
    "read_enhanced",
    "read_listops",
    "read_logic",
    "read_npz",
    "read_series",
    "read_sick",
    "read_temporal_json",
    "read_vectors",
    "right_branching_tree",
    "sentiment_trees",
    "split_ids",
    "standardised",
    "trees_from_doc",
]
