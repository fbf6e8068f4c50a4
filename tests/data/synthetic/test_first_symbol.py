import torch

from gnnseq.data import FirstSymbolDataset


def test_the_target_is_the_first_symbol_and_a_seed_repeats():
    one, two, other = (FirstSymbolDataset(5, seed=seed)[:200] for seed in (3, 3, 4))
    assert torch.equal(one[1], one[0][:, 0])
    assert torch.equal(one[0], two[0])
    assert not torch.equal(one[0], other[0])
    assert one[0].shape == (200, 5)
    assert one[0].unique().tolist() == list(range(10))


def test_a_sample_does_not_depend_on_its_batch():
    data = FirstSymbolDataset(7, base=3)
    assert torch.equal(data[5:9][0][2], data[7][0])
    assert (data.num_samples, repr(data)[:27]) == (None, "FirstSymbolDataset(length=7")
