"""What torch's tools do to a module, done to every layer: no memory, late weights, averages and replicas."""

import copy
import pickle

import pytest
import torch
from dags import batch_vector
from layer_cases import ALL, LEARNED, replica, run
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.testing import assert_close

from gnnseq import layers


def again(case, layer):
    _, x, graphs, _ = run(case)
    return case.call(layer, x, graphs, batch_vector(graphs.sizes))


@pytest.mark.parametrize("case", LEARNED)
def test_weights_that_get_memory_late(case):
    """As with `torch.nn.utils.skip_init`: made on meta, given memory, then drawn anew."""
    with torch.device("meta"):
        layer = case.make().double()
    assert {weight.device.type for weight in layer.parameters()} == {"meta"}
    layer = layer.to_empty(device="cpu")
    layer.reset_parameters()
    source = run(case)[0]
    layer.load_state_dict(source.state_dict())
    assert_close(again(case, layer), again(case, source), rtol=0, atol=0)


@pytest.mark.parametrize("kind", [layers.RNN, layers.MinGRU, layers.NaryTreeLSTM, layers.GraphTransformer])
def test_skip_init_is_refused(kind):
    with pytest.raises(RuntimeError, match="Module must support a 'device' arg to skip initialization"):
        torch.nn.utils.skip_init(kind, 4, 8)


@pytest.mark.parametrize("case", ALL)
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer)), replica])
def test_copies(case, copied):
    layer = run(case)[0]
    assert_close(again(case, copied(layer)), again(case, layer), rtol=0, atol=0)


@pytest.mark.parametrize("case", LEARNED)
@pytest.mark.parametrize("average", [None, get_ema_multi_avg_fn(0.5)])
def test_averaged_weights(case, average):
    layer = run(case)[0]
    averaged = AveragedModel(layer, multi_avg_fn=average)
    averaged.update_parameters(layer)
    assert_close(again(case, averaged), again(case, layer), rtol=0, atol=0)
    with torch.no_grad():
        for weight in layer.parameters():
            weight += 2.0
    averaged.update_parameters(layer)
    for mean, weight in zip(averaged.parameters(), layer.parameters(), strict=True):
        assert_close(mean, weight - 1.0)
