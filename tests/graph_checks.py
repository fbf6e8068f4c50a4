"""What every batch of graphs must keep, for the tests of its builders."""

import pickle

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data


def assert_same_values(one: Data, other: Data) -> None:
    """The same attributes in the same order, with the same dtypes, shapes and values."""
    assert list(one.keys()) == list(other.keys())
    for name in one.keys():  # noqa: SIM118
        assert_equal(name, one[name], other[name])


def assert_equal(name: str, one: object, other: object) -> None:
    assert type(one) is type(other), name
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        assert one.dtype == other.dtype, name
        assert one.shape == other.shape, name
        torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)
    else:
        assert one == other, name


def assert_same_batch(batch: Batch, graphs: list[Data]) -> None:
    """The batch is what PyG makes of the graphs, and gives them back."""
    expected = Batch.from_data_list(graphs)
    assert type(batch) is type(expected)
    assert batch.num_graphs == len(batch) == len(graphs)
    assert_same_values(batch, expected)
    for table in ("_slice_dict", "_inc_dict"):
        mine, theirs = getattr(batch, table), getattr(expected, table)
        assert list(mine) == list(theirs)
        for name in mine:
            assert_equal(f"{table}[{name}]", mine[name], theirs[name])
    for number, (mine, theirs) in enumerate(zip(batch.to_data_list(), graphs, strict=True)):
        assert_same_values(mine, theirs)
        assert_same_values(batch[number], theirs)
    batch.validate(raise_on_error=True)
    assert batch.edge_index.is_contiguous()
    assert_same_values(pickle.loads(pickle.dumps(batch)), expected)


def assert_root_last(batch: Batch) -> None:
    """Every edge goes to a later node, and all nodes but the last have an edge to go."""
    source, target = batch.edge_index
    assert (source < target).all()
    assert torch.equal(batch.batch[source], batch.batch[target])
    leaving = torch.bincount(source, minlength=len(batch.x)) > 0
    roots = (~leaving).nonzero().flatten()
    assert torch.equal(roots, batch.ptr[1:] - 1)
