"""Draws the figures of the documentation that come from no experiment: python docs/make_figures.py."""

from pathlib import Path

import torch

from gnnseq.graphs import balanced_tree_batch, dilated_batch, path_graph, symbol_signal_batch
from gnnseq.plots.graphs import plot_graphs

FIGURES = Path(__file__).parent / "figures"


def main() -> None:
    """A sequence as a path, a dilated path, a balanced tree and a signal on its symbols."""
    digits = torch.tensor([3, 1, 4, 4, 1])
    tree = balanced_tree_batch(digits[None], empty=10).get_example(0)
    symbols = symbol_signal_batch(digits[None], 6).get_example(0)
    graphs = {
        "a sequence as a path": path_graph(digits),
        "the same as a dilated path": dilated_batch(digits[None]).get_example(0),
        "the same as a balanced tree": tree,
        "its graph of symbols; a signal moves on it": symbols,
    }
    labels = {
        "the same as a balanced tree": ["" if symbol == 10 else str(symbol) for symbol in tree.x.tolist()],
        "its graph of symbols; a signal moves on it": [str(node) for node in range(6)],
    }
    print(plot_graphs(graphs, FIGURES / "graphs.png", labels))


if __name__ == "__main__":
    main()
