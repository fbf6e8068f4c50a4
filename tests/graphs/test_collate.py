from functools import partial

import pytest
import torch
from graph_checks import assert_same_batch, assert_same_values
from torch.utils.data import BatchSampler, DataLoader, Dataset, SequentialSampler
from torch_geometric.data import Batch

from gnnseq.data import PalindromeDataset
from gnnseq.graphs import (
    balanced_tree_batch,
    dilated_batch,
    path_batch,
    symbol_signal_batch,
    to_balanced_trees,
    to_dilated_paths,
    to_paths,
    to_symbol_signals,
    to_windows,
)

PAIRS = [  # a collate function and the builder that it stands for
    (to_paths, path_batch),
    (
        partial(to_paths, direction="both", self_loops=True),
        partial(path_batch, direction="both", self_loops=True),
    ),
    (to_dilated_paths, dilated_batch),
    (partial(to_dilated_paths, hops=(1, 3)), partial(dilated_batch, hops=(1, 3))),
    (partial(to_balanced_trees, empty=10), partial(balanced_tree_batch, empty=10)),
    (partial(to_symbol_signals, num_symbols=10), partial(symbol_signal_batch, num_symbols=10)),
]


class UnequalDataset(Dataset):
    """Sequences of 1 to 9 symbols; the target is the length."""

    def __len__(self) -> int:
        return 20

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        length = index % 9 + 1
        return (torch.arange(length) + index) % 10, length


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize(("collate", "build"), PAIRS)
def test_loaders_give_the_builders_batches(collate, build, num_workers):
    dataset = PalindromeDataset(8, 20)
    sampler = BatchSampler(SequentialSampler(dataset), 8, drop_last=False)
    loaders = [
        DataLoader(dataset, 8, collate_fn=collate, num_workers=num_workers),
        DataLoader(dataset, None, sampler=sampler, collate_fn=collate, num_workers=num_workers),
    ]
    for loader in loaders:
        batches = list(loader)
        assert [batch.num_graphs for batch in batches] == [8, 8, 4]
        for number, batch in enumerate(batches):
            digits, targets = dataset[8 * number : 8 * number + 8]
            expected = build(digits, y=targets)
            assert isinstance(batch, Batch)
            assert_same_values(batch, expected)
            assert_same_batch(batch, expected.to_data_list())


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize(("collate", "build"), PAIRS)
def test_loaders_with_unequal_lengths(collate, build, num_workers):
    dataset = UnequalDataset()
    loader = DataLoader(dataset, 6, collate_fn=collate, num_workers=num_workers)
    for number, batch in enumerate(loader):
        rows = range(6 * number, min(6 * number + 6, 20))
        sequences, targets = zip(*(dataset[row] for row in rows), strict=True)
        expected = build(list(sequences), y=torch.tensor(targets))
        assert_same_batch(batch, expected.to_data_list())


def test_characters():
    samples = [("abc", 0), ("ca", 1)]
    assert to_paths(samples, alphabet="abc").x.tolist() == [0, 1, 2, 2, 0]
    assert to_dilated_paths(samples, alphabet="abc").x.tolist() == [0, 1, 2, 2, 0]
    trees = to_balanced_trees(samples, empty=3, alphabet="abc")
    assert trees.x.tolist() == [0, 1, 2, 3, 3, 2, 0, 3]
    assert trees.y.tolist() == [0, 1]


@pytest.mark.parametrize("collate", [to_paths, to_dilated_paths])
def test_a_target_for_every_symbol(collate):
    sequences = [torch.tensor([1, 2, 3]), torch.tensor([4, 5])]
    batch = collate([(sequence, sequence * 10) for sequence in sequences])
    assert batch.y.tolist() == [10, 20, 30, 40, 50]
    assert [graph.y.tolist() for graph in batch.to_data_list()] == [[10, 20, 30], [40, 50]]


@pytest.mark.parametrize("collate", [partial(to_balanced_trees, empty=10), partial(to_symbol_signals, num_symbols=2)])
def test_nodes_that_are_no_symbols_take_one_target_each(collate):
    sequences = torch.tensor([[0, 1], [1, 0]])
    with pytest.raises(ValueError, match="samples hold 4 targets for 2 sequences, expected one"):
        collate((sequences, sequences))


@pytest.mark.parametrize(("collate", "build"), PAIRS)
def test_samples_that_do_not_fit(collate, build):
    with pytest.raises(ValueError, match="samples is empty"):
        collate([])
    with pytest.raises(ValueError, match=r"targets has shape \[3\], expected 2 rows"):
        collate((torch.tensor([[0, 1], [1, 0]]), torch.zeros(3)))
    with pytest.raises(ValueError, match=r"sequences\[1\] is empty"):
        collate([(torch.tensor([1]), 0), (torch.tensor([], dtype=torch.long), 0)])


def test_windows_stand_side_by_side():
    x, y = torch.randn(3, 4, 5, 1), torch.randn(3, 4, 2)
    for samples in ((x, y), list(zip(x, y, strict=True))):
        batch = to_windows(samples)
        assert torch.equal(batch.x, x)
        assert torch.equal(batch.y, y)
