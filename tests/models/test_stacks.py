"""Options of `ConvStack`, strong graph networks of PyG in it, and the temporal convolutional network (TCN)."""

from functools import partial

import pytest
import torch
from gradients import assert_same
from torch import nn
from torch.testing import assert_close
from torch_geometric.data import Batch, Data
from torch_geometric.nn import (
    BatchNorm,
    GATv2Conv,
    GCNConv,
    GINConv,
    GINEConv,
    GPSConv,
    GraphConv,
    GraphNorm,
    InstanceNorm,
    LayerNorm,
)
from torch_geometric.nn import Sequential as PyGSequential

from gnnseq.graphs import dilated_batch, path_batch
from gnnseq.layers import LearnedPositions, MeanReadout, SinusoidalPositions
from gnnseq.models import TCN, ConvStack, HopConv, SequenceClassifier

F, H = 3, 6
SIZES = (5, 1, 7, 4)


def graphs(edge_attr=None, both=True):
    torch.manual_seed(2)
    data = []
    for n in SIZES:
        edges = torch.rand(n, n).triu(1).gt(0.4).nonzero().t()
        edges = torch.cat([edges, edges.flip(0)], dim=1) if both else edges
        attributes = {} if edge_attr is None else {"edge_attr": torch.randn(edges.size(1), edge_attr).double()}
        data.append(Data(x=torch.randn(n, F).double(), edge_index=edges, **attributes))
    return Batch.from_data_list(data)


def gin(i, o):
    return GINConv(nn.Sequential(nn.Linear(i, o), nn.ReLU(), nn.Linear(o, o)))


def gps(i, o, conv=None, norm="layer_norm"):
    return GPSConv(o, gin(o, o) if conv is None else conv(o, o), heads=2, norm=norm)


def gine(i, o):
    return GINEConv(nn.Linear(i, o), edge_dim=2)


STRONG = {
    "gatv2": lambda **more: ConvStack(partial(GATv2Conv, heads=2, concat=False), F, H, 3, residual=True, **more),
    "gin": lambda **more: ConvStack(gin, F, H, 3, residual=True, **more),
    "gps": lambda **more: ConvStack(gps, F, H, 3, project=True, **more),
    "gcn": lambda **more: ConvStack(GCNConv, F, H, 3, residual=True, **more),
    "graph conv": lambda **more: ConvStack(GraphConv, F, H, 3, residual=True, **more),
}
NORMS = {"none": None, "layer": nn.LayerNorm, "pyg layer": LayerNorm, "graph": GraphNorm, "instance": InstanceNorm}


def alone(model, batch):
    return torch.cat([model(d.x, Batch.from_data_list([d])) for d in batch.to_data_list()])


@pytest.mark.parametrize("name", STRONG)
@pytest.mark.parametrize("norm", NORMS)
def test_a_batch_equals_its_graphs_one_by_one(name, norm):
    model, batch = STRONG[name](norm=NORMS[norm]).double(), graphs()
    x = batch.x.requires_grad_()
    out = model(x, batch)
    assert out.shape == (len(x), H)
    parts = zip(batch.ptr.tolist(), batch.to_data_list(), strict=False)
    one_by_one = [model(x[s : s + d.num_nodes], Batch.from_data_list([d])) for s, d in parts]
    assert_same([out], [torch.cat(one_by_one)], [x])


@pytest.mark.parametrize("name", STRONG)
def test_edges_matter_and_a_node_with_nan_stays_in_its_graph(name):
    model, batch = STRONG[name]().double().eval(), graphs()
    out = model(batch.x, batch)
    bare = batch.clone()
    bare.edge_index = batch.edge_index[:, :2]
    assert not torch.allclose(model(batch.x, bare), out)
    bad = batch.x.clone()
    bad[0] = float("nan")
    after = model(bad, batch)
    assert after[: SIZES[0]].isnan().any()
    assert_close(after[SIZES[0] :], out[SIZES[0] :])


def test_batch_normalisation_mixes_graphs_in_training_only():
    model, batch = STRONG["gin"](norm=BatchNorm).double(), graphs()
    model(batch.x, batch)  # a first guess of the running statistics
    model.eval()
    assert_close(model(batch.x, batch), alone(model, batch))
    model.train()
    together, large = model(batch.x, batch), batch.get_example(2)
    assert not torch.allclose(together[6:13], model(large.x, Batch.from_data_list([large])))


def test_norms_stand_before_each_activation():
    model, batch = ConvStack(GraphConv, F, H, 2, residual=True, norm=nn.LayerNorm).double(), graphs()
    first = model.norms[0](model.convs[0](batch.x, batch.edge_index)).relu()
    assert_close(model(batch.x, batch), model.convs[1](first, batch.edge_index) + first)
    assert len(model.norms) == 1


@pytest.mark.parametrize("positions", [SinusoidalPositions, LearnedPositions])
@pytest.mark.parametrize("project", [False, True])
def test_positions_are_added_to_what_the_first_convolution_reads(positions, project):
    model, batch = ConvStack(GraphConv, F, H, 2, positions=positions, project=project).double(), graphs(both=False)
    placed = model.positions(model.project(batch.x), batch.edge_index, batch.batch)
    assert_close(
        model(batch.x, batch), model.convs[1](model.convs[0](placed, batch.edge_index).relu(), batch.edge_index)
    )
    assert not torch.allclose(placed, model.project(batch.x))
    assert_close(model(batch.x, batch), alone(model, batch))
    with pytest.raises(ValueError, match="edge_index has a cycle"):
        model(batch.x, graphs())


def test_positions_by_number_on_undirected_graphs():
    model, batch = STRONG["gatv2"](positions=partial(LearnedPositions, by_number=True)).double(), graphs()
    nn.init.normal_(model.positions.weight)
    assert_close(model(batch.x, batch), alone(model, batch))
    assert not torch.allclose(model(batch.x, batch), STRONG["gatv2"]().double()(batch.x, batch))


EDGE_ATTR = {
    "gatv2": lambda: ConvStack(partial(GATv2Conv, edge_dim=2), F, H, 2),
    "gine": lambda: ConvStack(gine, F, H, 2, project=True),
    "gps of gine": lambda: ConvStack(partial(gps, conv=gine), F, H, 2, project=True),
}


@pytest.mark.parametrize("name", EDGE_ATTR)
def test_attributes_of_edges_reach_the_convolution(name):
    model, batch = EDGE_ATTR[name]().double(), graphs(2)
    out = model(batch.x, batch)
    assert_close(out, alone(model, batch))
    batch.edge_attr = batch.edge_attr + 1
    assert not torch.allclose(model(batch.x, batch), out)


@pytest.mark.parametrize("name", ["gin", "gps"])
def test_attributes_of_edges_are_refused_by_name(name):
    batch = graphs(2)
    with pytest.raises(ValueError, match=r"batch has edge_attr, but G.*Conv does not take it"):
        STRONG[name]().double()(batch.x, batch)


@pytest.mark.parametrize("name", ["gin", "gatv2", "gps"])
def test_weights_of_edges_are_refused_by_name(name):
    batch = graphs()
    batch.edge_weight = torch.ones(batch.num_edges).double()
    with pytest.raises(ValueError, match=r"batch has edge_weight, but G.*Conv does not take it"):
        STRONG[name]().double()(batch.x, batch)


def test_weights_of_edges_reach_the_convolution_inside_gps():
    model, batch = ConvStack(partial(gps, conv=GraphConv), F, H, 2, project=True).double(), graphs()
    out = model(batch.x, batch)
    batch.edge_weight = torch.full((batch.num_edges,), 2.0).double()
    assert not torch.allclose(model(batch.x, batch), out)


@pytest.mark.parametrize("name", STRONG)
def test_as_a_classifier_that_is_drawn_anew(name):
    encoder = STRONG[name](norm=nn.LayerNorm, positions=partial(LearnedPositions, by_number=True))
    model, batch = SequenceClassifier(None, encoder, MeanReadout(), nn.Linear(H, 2)).double(), graphs()
    model(batch).sum().backward()
    assert all(weight.grad is not None for weight in model.parameters())
    with torch.no_grad():
        for weight in model.parameters():
            weight.fill_(7.0)
    PyGSequential("x, batch", [(encoder, "x, batch -> x")]).reset_parameters()
    kept = [weight for part, weight in encoder.named_parameters() if not part.endswith("attn.out_proj.weight")]
    assert not any(bool((weight == 7).any()) for weight in kept)  # torch does not draw that one anew, nor does GPS


# The TCN of Bai, Kolter and Koltun 2018 (https://arxiv.org/abs/1803.01271)


def conv1d(conv, dilation):
    """torch's convolution with the weights of a `GraphConv`, for ``[B, F, T]``; it pads on the left."""
    own = nn.Conv1d(conv.in_channels, conv.out_channels, 2, dilation=dilation).double()
    weight = torch.stack([conv.lin_rel.weight, conv.lin_root.weight], dim=-1)  # the earlier symbol first
    return lambda x: nn.functional.conv1d(
        nn.functional.pad(x, (dilation, 0)), weight, conv.lin_rel.bias, dilation=own.dilation
    )


def sequences(length=12, count=3):
    return torch.randn(count, length, F, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("dilation", [1, 2, 5, 11, 20])
def test_a_graph_convolution_over_one_hop_is_conv1d(dilation):
    x, conv = sequences(), GraphConv(F, H).double()
    edges = dilated_batch(torch.zeros(3, 12, dtype=torch.long), hops=(dilation,)).edge_index
    out = conv(x.flatten(0, 1), edges).view(3, 12, H)
    assert_same([out], [conv1d(conv, dilation)(x.transpose(1, 2)).transpose(1, 2)], [x, *conv.parameters()])


@pytest.mark.parametrize("norm", [None, nn.LayerNorm])
def test_a_tcn_is_a_stack_of_dilated_convolutions(norm):
    hops = (1, 2, 4)
    batch = dilated_batch(torch.zeros(3, 12, dtype=torch.long), hops=hops)
    model = TCN(F, H, 3, dropout=0.3, norm=norm).double().eval()
    x = sequences()
    out = model(x.flatten(0, 1), batch).view(3, 12, H)
    h = conv1d(model.convs[0].conv, 1)(x.transpose(1, 2))
    for normalise, layer, hop in zip(model.norms, model.convs[1:], hops[1:], strict=True):
        read = normalise(h.transpose(1, 2)).transpose(1, 2).relu()
        h = conv1d(layer.conv, hop)(read) + read
    assert_same([out], [h.transpose(1, 2)], [x, *model.parameters()])


def test_a_tcn_reaches_the_sum_of_its_hops():
    batch = dilated_batch(torch.zeros(1, 12, dtype=torch.long), hops=(1, 2, 4, 8))
    model = TCN(F, H, 3).double()
    model.activation = nn.Identity()
    x = sequences(count=1)
    (grad,) = torch.autograd.grad(model(x[0], batch)[10].sum(), x)
    assert (grad[0].abs().sum(1) > 0).tolist() == [10 - 7 <= t <= 10 for t in range(12)]


def test_what_a_tcn_refuses():
    with pytest.raises(ValueError, match="num_layers is 0, expected at least 1"):
        TCN(F, H, 0)
    with pytest.raises(ValueError, match=r"dropout is 1\.0, expected 0 <= dropout < 1"):
        TCN(F, H, 1, dropout=1.0)
    with pytest.raises(ValueError, match="hop is 0, expected at least 1"):
        HopConv(F, H, 0)
    with pytest.raises(ValueError, match="batch has no edge_hop, expected one hop per edge"):
        TCN(F, H, 1)(torch.zeros(3, F), path_batch(torch.zeros(1, 3, dtype=torch.long)))
    for sizes, name in (((0, H), "in_channels"), ((F, 0), "out_channels")):
        with pytest.raises(ValueError, match=f"{name} is 0, expected at least 1"):
            TCN(*sizes, 2)
    few = dilated_batch(torch.zeros(2, 5, dtype=torch.long), hops=(1, 2))
    assert TCN(F, H, 2)(torch.zeros(10, F), few).shape == (10, H)
    with pytest.raises(ValueError, match=r"edge_hop has no edge of hop 4, .* below the longest graph, of 5 nodes"):
        TCN(F, H, 4)(torch.zeros(10, F), few)
