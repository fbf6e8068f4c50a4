"""Values as torch_geometric graphs and batches, and to and from networkx; no networks."""

from gnnseq.graphs.collate import to_balanced_trees, to_dilated_paths, to_paths, to_symbol_signals, to_windows
from gnnseq.graphs.convert import from_networkx, to_networkx
from gnnseq.graphs.cooccurrence import cooccurrence_batch, mutual_information, to_cooccurrence, word_graph
from gnnseq.graphs.native import both_ways, match_tree_batch, network_batch, signal_batch, space_time_batch
from gnnseq.graphs.pairs import pair_batch
from gnnseq.graphs.path import path_batch, path_graph
from gnnseq.graphs.rewire import rewired
from gnnseq.graphs.symbols import symbol_signal_batch
from gnnseq.graphs.text import text_path_batch, to_text_paths, to_texts
from gnnseq.graphs.topology import (
    complete_batch,
    cycle_batch,
    dilated_batch,
    path_with_hub_batch,
    star_batch,
    window_batch,
)
from gnnseq.graphs.trees.parse import dependency_batch, parse_batch
from gnnseq.graphs.trees.tree import balanced_tree_batch, tree_batch

__all__ = [
    "balanced_tree_batch",
    "both_ways",
    "complete_batch",
    "cooccurrence_batch",
    "cycle_batch",
    "dependency_batch",
    "dilated_batch",
    "from_networkx",
    "match_tree_batch",
    "mutual_information",
    "network_batch",
    "pair_batch",
    "parse_batch",
    "path_batch",
    "path_graph",
    "path_with_hub_batch",
    "rewired",
    "signal_batch",
    "space_time_batch",
    "star_batch",
    "symbol_signal_batch",
    "text_path_batch",
    "to_balanced_trees",
    "to_cooccurrence",
    "to_dilated_paths",
    "to_networkx",
    "to_paths",
    "to_symbol_signals",
    "to_text_paths",
    "to_texts",
    "to_windows",
    "tree_batch",
    "window_batch",
    "word_graph",
]
