import pytest
import torch

from gnnseq.analysis import dependencies
from gnnseq.studies.reach.first_symbol import recall_batches
from gnnseq.studies.reach.topologies import path_with_hub, topologies

HOPS = {"path": 11, "dilated": 3, "window": 3, "cycle": 1, "star": 1, "path-hub": 1, "tree": 4, "complete": 1}


def test_hops_and_layers_of_every_graph():
    models = topologies(12)
    assert {name: model.hops(12) for name, model in models.items()} == HOPS
    assert {name: model.layers for name, model in models.items()} == {n: max(2, h) for n, h in HOPS.items()}


@pytest.mark.parametrize("name", HOPS)
def test_every_stack_sees_the_first_symbol(name):
    spec = topologies(12)[name]
    torch.manual_seed(0)
    batch = next(recall_batches(spec.collate, 12, 0, 2, 1))
    seen = dependencies(spec.build(16), batch)
    assert bool(seen[0, 0])
    assert bool(seen[1, int(batch.ptr[1])])


def test_a_path_with_a_hub():
    batch = path_with_hub(torch.tensor([[3, 1, 4], [1, 5, 9]]), torch.tensor([3, 1]))
    assert batch.x.tolist() == [3, 1, 4, 10, 1, 5, 9, 10]
    edges = {tuple(edge) for edge in batch.edge_index.t().tolist()}
    assert edges == {(0, 1), (1, 2), (0, 3), (1, 3), (2, 3), (4, 5), (5, 6), (4, 7), (5, 7), (6, 7)}
    assert batch.get_example(1).edge_index.max() == 3


def test_a_star_cannot_tell_the_order():
    spec = topologies(6)["star"]
    torch.manual_seed(0)
    model = spec.build(8).double()
    symbols = torch.tensor([[1, 2, 3, 4, 5, 6]])
    one, other = (model(spec.collate(x, x[:, 0])) for x in (symbols, symbols.flip(1)))
    torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)
    hub = topologies(6)["path-hub"].build(8).double()
    assert not torch.allclose(
        hub(path_with_hub(symbols, symbols[:, 0])), hub(path_with_hub(symbols.flip(1), symbols[:, 0]))
    )


def test_too_short():
    with pytest.raises(ValueError, match="length is 2, expected at least 3"):
        topologies(2)
