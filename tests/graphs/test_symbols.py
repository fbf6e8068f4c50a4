import pytest
import torch
from graph_checks import assert_same_batch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.data import Data

from gnnseq.graphs import symbol_signal_batch

SEQUENCES = st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=7), min_size=1, max_size=5)
PATH = [(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2), (3, 4), (4, 3)]


@given(SEQUENCES, st.sampled_from([None, [(0, 4), (4, 0), (2, 2)], []]))
@settings(max_examples=50)
def test_a_symbol_is_on_its_node_at_its_time(rows, pairs):
    steps = max(map(len, rows))
    edge_index = torch.tensor(PATH if pairs is None else pairs, dtype=torch.long)
    edge_index = edge_index.reshape(-1, 2).t().contiguous()
    graphs = []
    for number, row in enumerate(rows):
        x = torch.full((5, steps), 5)
        for time, symbol in enumerate(row):
            x[symbol, time] = symbol
        y, lengths = torch.tensor([number]), torch.tensor([len(row)])
        graphs.append(Data(x=x, edge_index=edge_index, y=y, lengths=lengths))
    batch = symbol_signal_batch(
        [torch.tensor(row) for row in rows],
        5,
        edge_index=None if pairs is None else edge_index,
        y=torch.arange(len(rows)),
    )
    assert_same_batch(batch, graphs)


def test_a_tensor_is_a_list_of_its_rows():
    sequences = torch.randint(0, 10, (4, 6))
    dense, rows = symbol_signal_batch(sequences, 10), symbol_signal_batch(list(sequences), 10)
    assert torch.equal(dense.x, rows.x)
    assert dense.x.shape == (40, 6)
    assert dense.lengths.tolist() == [6, 6, 6, 6]


def test_a_single_symbol_has_no_neighbours():
    batch = symbol_signal_batch(torch.zeros(2, 3, dtype=torch.long), 1)
    assert batch.edge_index.shape == (2, 0)
    assert batch.x.tolist() == [[0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("sequences", "options", "message"),
    [
        ([[1, 5]], {}, r"sequences\[0\] at position 1 is 5, expected 0 to 4"),
        ([[1], [-1]], {}, r"sequences\[1\] at position 0 is -1, expected a symbol >= 0"),
        ([[1]], {"num_symbols": 0}, "num_symbols is 0, expected an integer >= 1"),
        ([[1]], {"y": torch.ones(2)}, r"y has shape \[2\], expected 1 rows .* or 5 rows"),
        ([[1]], {"edge_index": torch.tensor([[0], [5]])}, "edge_index refers to node 5 of 5"),
        ([[1]], {"edge_index": torch.tensor([[0], [-1]])}, "edge_index refers to node -1 of 5"),
        ([[1]], {"edge_index": torch.ones(2, 3)}, r"edge_index is torch.float32 \[2, 3\], expected"),
        ([[1]], {"edge_index": torch.ones(3, 2).long()}, r"edge_index is torch.int64 \[3, 2\]"),
    ],
)
def test_what_does_not_fit(sequences, options, message):
    rows = [torch.tensor(row) for row in sequences]
    with pytest.raises(ValueError, match=message):
        symbol_signal_batch(rows, **{"num_symbols": 5, **options})


def test_features_are_no_symbols():
    with pytest.raises(ValueError, match=r"sequences has dtype .*, expected integers"):
        symbol_signal_batch(torch.ones(1, 2, 3), 5)


def test_numbers_and_edges_of_other_kinds():
    with pytest.raises(ValueError, match=r"num_symbols is 2.5, expected an integer >= 1"):
        symbol_signal_batch(torch.zeros(1, 2, dtype=torch.long), 2.5)
    with pytest.raises(TypeError, match="edge_index is a list, expected a tensor"):
        symbol_signal_batch(torch.zeros(1, 2, dtype=torch.long), 2, edge_index=[[0], [1]])
