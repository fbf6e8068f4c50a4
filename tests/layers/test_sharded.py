"""FSDP2 on two gloo processes, each with a part of every weight: outputs and gradients of one process."""

import pytest
from dags import batch_vector
from layer_cases import LEARNED, run
from processes import in_two_processes
from torch.distributed.device_mesh import init_device_mesh
from torch.testing import assert_close

fsdp = pytest.importorskip("torch.distributed.fsdp")
every = pytest.mark.parametrize("case", LEARNED)


def passes(case, layer):
    """Outputs and states, and the gradients of all weights by name."""
    _, x, graphs, _ = run(case)
    out = case.call(layer, x, graphs, batch_vector(graphs.sizes))
    sum(part.square().sum() for part in out).backward()
    whole = {name: weight.grad for name, weight in layer.named_parameters() if weight.grad is not None}
    return [part.detach() for part in out], whole


def share(rank):
    mesh, found = init_device_mesh("cpu", (2,)), {}
    for param in LEARNED:
        layer = fsdp.fully_shard(run(param.values[0])[0], mesh=mesh)
        kept = sum(weight.to_local().numel() for weight in layer.parameters())
        out, grads = passes(param.values[0], layer)
        found[param.id] = kept, out, {name: grad.full_tensor() for name, grad in grads.items()}
    return found


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return in_two_processes(share, tmp_path_factory.mktemp("processes"))


@every
def test_shares_of_the_weights_give_the_results_of_one_process(shared, case, request):
    layer = run(case)[0]
    expected = passes(case, layer)
    parts = [found[request.node.callspec.id] for found in shared]
    assert sum(kept for kept, _, _ in parts) == sum(weight.numel() for weight in layer.parameters())
    for _, *results in parts:
        assert_close(tuple(results), expected)
