"""What every conversion of weights keeps: mode, frozen weights, dtype and errors; `test_interop` compares outputs."""

import pytest
import torch
from layouts import ChildSum, GConvLSTM
from torch import nn
from torch_geometric.nn import ChebConv, GCNConv

from gnnseq.layers import GCN, GCRN, GRU, LSTM, RNN, ChebFilter, ChildSumTreeLSTM, GraphGRU, GraphRNN

F, H = 3, 4
DEEP = {"num_layers": 2, "bidirectional": True, "dropout": 0.5}

CONVERSIONS = {
    "RNN.from_torch": (lambda: nn.RNN(F, H, **DEEP), RNN.from_torch),
    "GRU.from_torch": (lambda: nn.GRU(F, H, **DEEP), GRU.from_torch),
    "LSTM.from_torch": (lambda: nn.LSTM(F, H, **DEEP), LSTM.from_torch),
    "LSTM.from_torch without bias": (lambda: nn.LSTM(F, H, bias=False), LSTM.from_torch),
    "RNN.to_torch": (lambda: RNN(F, H, **DEEP), RNN.to_torch),
    "GRU.to_torch": (lambda: GRU(F, H, **DEEP), GRU.to_torch),
    "LSTM.to_torch": (lambda: LSTM(F, H, **DEEP), LSTM.to_torch),
    "GraphRNN.from_torch": (lambda: nn.RNN(F, H), GraphRNN.from_torch),
    "GraphGRU.from_torch": (lambda: nn.GRU(F, H), GraphGRU.from_torch),
    "GCRN.from_torch": (lambda: nn.LSTM(F, H), GCRN.from_torch),
    "GCRN.from_gconv_lstm": (lambda: GConvLSTM(F, H, 3, "sym"), GCRN.from_gconv_lstm),
    "GCN.from_gcn_conv": (lambda: GCNConv(F, H), GCN.from_gcn_conv),
    "ChebFilter.from_cheb_conv": (lambda: ChebConv(F, H, 3), ChebFilter.from_cheb_conv),
    "ChildSumTreeLSTM.from_child_sum": (lambda: ChildSum(F, H, True, True, True), ChildSumTreeLSTM.from_child_sum),
    "ChildSumTreeLSTM.from_child_sum without W_f": (
        lambda: ChildSum(F, H, True, True, True, False),
        ChildSumTreeLSTM.from_child_sum,
    ),
}
every = pytest.mark.parametrize(("make", "convert"), CONVERSIONS.values(), ids=CONVERSIONS)


def test_every_conversion_has_a_case():
    kinds = (RNN, GRU, LSTM, GraphRNN, GraphGRU, GCRN, GCN, ChebFilter, ChildSumTreeLSTM)
    own = {f"{kind.__name__}.{name}" for kind in kinds for name in vars(kind) if name.startswith(("from_", "to_"))}
    assert own <= {name.split()[0] for name in CONVERSIONS}


@every
@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_kept(make, convert, training):
    converted = convert(make().train(training))
    assert {module.training for module in converted.modules()} == {training}


@every
@pytest.mark.parametrize("trained", [True, False])
@pytest.mark.parametrize("recording", [True, False])
def test_what_is_frozen_stays_frozen(make, convert, trained, recording):
    module = make().requires_grad_(trained)
    with torch.set_grad_enabled(recording):
        converted = convert(module)
    flags = {name: weight.requires_grad for name, weight in converted.named_parameters()}
    assert flags == dict.fromkeys(flags, trained)
    assert all(weight.is_leaf for weight in converted.parameters())


@every
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_dtype_and_device_are_kept(make, convert, dtype):
    converted = convert(make().to(dtype))
    assert {weight.dtype for weight in converted.parameters()} == {dtype}
    converted = convert(make().to("meta"))
    assert {weight.device.type for weight in converted.parameters()} == {"meta"}


@every
def test_memory_is_its_own(make, convert):
    module = make()
    converted = convert(module)
    before = [weight.clone() for weight in converted.parameters()]
    with torch.no_grad():
        for weight in module.parameters():
            weight.fill_(7.0)
    for left, right in zip(converted.parameters(), before, strict=True):
        assert torch.equal(left, right)


@pytest.mark.parametrize("kind", ["weight_ih_l0", "weight_hh_l0_reverse"])
def test_one_frozen_matrix(kind):
    module = nn.LSTM(F, H, bidirectional=True)
    getattr(module, kind).requires_grad_(False)
    layer = LSTM.from_torch(module)
    assert [name for name, weight in layer.named_parameters() if not weight.requires_grad] == [
        {"weight_ih_l0": "cells.0.weight_ih", "weight_hh_l0_reverse": "cells.1.weight_hh"}[kind]
    ]
    assert [name for name, weight in layer.to_torch().named_parameters() if not weight.requires_grad] == [kind]


def test_one_of_two_biases_frozen():
    """They add up to one that still learns; of a GRU's two the candidate's stand apart."""
    lstm, gru = nn.LSTM(F, H), nn.GRU(F, H)
    for module in (lstm, gru):
        module.bias_hh_l0.requires_grad_(False)
    assert LSTM.from_torch(lstm).cells[0].bias.requires_grad
    with pytest.raises(ValueError, match="one of bias_ih_l0 and bias_hh_l0 frozen, expected both or none"):
        GRU.from_torch(gru)
    layer = GRU(F, H)
    layer.cells[0].bias_hn.requires_grad_(False)
    with pytest.raises(ValueError, match="one of bias and bias_hn is frozen, expected both or none"):
        layer.to_torch()


def frozen(module, name):
    module.get_parameter(name).requires_grad_(False)
    return module


class GCLSTM(nn.Module):
    """The layout of PyG Temporal's module of this name: filters of the state alone."""

    def __init__(self):
        super().__init__()
        for gate in "ifco":
            setattr(self, f"W_{gate}", nn.Parameter(torch.zeros(F, H)))
            setattr(self, f"conv_{gate}", ChebConv(H, H, 3))
            setattr(self, f"b_{gate}", nn.Parameter(torch.zeros(1, H)))


class NaryCell(nn.Module):
    """DGL's N-ary cell of two children, whose outputs stand side by side."""

    def __init__(self):
        super().__init__()
        self.W_iou, self.U_iou = nn.Linear(F, 3 * H, bias=False), nn.Linear(2 * H, 3 * H, bias=False)
        self.b_iou = nn.Parameter(torch.zeros(1, 3 * H))
        self.U_f = nn.Linear(2 * H, 2 * H)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: ChildSumTreeLSTM.from_child_sum(NaryCell()),
            ValueError,
            r"module.U_iou.weight has shape \[12, 8\], expected \[12, 4\]: .* not several side by side as an N-ary one",
        ),
        (
            lambda: ChildSumTreeLSTM.from_child_sum(nn.LSTM(F, H)),
            TypeError,
            "module is a LSTM without linear layers W_iou, U_iou, U_f",
        ),
        (
            lambda: ChildSumTreeLSTM.from_child_sum(frozen(ChildSum(F, H), "W_f.weight")),
            ValueError,
            "W_iou and W_f joins weights of the module of which some are frozen .* expected all or none",
        ),
        (
            lambda: GCRN.from_gconv_lstm(GCLSTM()),
            TypeError,
            "module is a GCLSTM without conv_x_i, conv_h_i, .* expected the layout of PyG Temporal's GConvLSTM",
        ),
        (
            lambda: GCRN.from_gconv_lstm(frozen(GConvLSTM(F, H, 2, "sym"), "conv_h_f.lins.1.weight")),
            ValueError,
            r"some of its lins frozen \(requires_grad=False\), expected all or none",
        ),
        (
            lambda: GCRN.from_gconv_lstm(frozen(GConvLSTM(F, H, 1, "sym"), "conv_h_f.lins.0.weight")),
            ValueError,
            "weight_h joins weights of the module of which some are frozen",
        ),
        (
            lambda: GCRN.from_gconv_lstm(frozen(GConvLSTM(F, H, 1, "sym"), "w_c_o")),
            ValueError,
            "peephole joins weights of the module of which some are frozen",
        ),
    ],
)
def test_what_cannot_be_converted(call, error, message):
    with pytest.raises(error, match=message):
        call()
