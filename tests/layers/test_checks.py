import numpy as np
import pytest
import torch

from gnnseq.layers.checks import check_dropout, check_dtype, check_nodes, check_sizes, check_states

CPU = torch.device("cpu")


def test_sizes_from_one_on():
    check_sizes(in_channels=1, out_channels=7)
    with pytest.raises(ValueError, match="out_channels is 0, expected at least 1"):
        check_sizes(in_channels=1, out_channels=0, K=-1)


@pytest.mark.parametrize("size", [2.0, 2.5, float("nan"), float("inf"), True, "2", None])
def test_sizes_that_are_no_integers(size):
    check_sizes(in_channels=np.int64(2))
    with pytest.raises(ValueError, match=f"out_channels is {size!r}, expected an integer"):
        check_sizes(in_channels=1, out_channels=size)


@pytest.mark.parametrize("dropout", [0.0, 0.999])
def test_dropout_below_one(dropout):
    check_dropout(dropout)


@pytest.mark.parametrize("dropout", [-0.1, 1.0, float("nan")])
def test_dropout_out_of_range(dropout):
    with pytest.raises(ValueError, match=f"dropout is {dropout}, expected 0 <= dropout < 1"):
        check_dropout(dropout)


def test_nodes_are_counted():
    assert check_nodes(torch.zeros(5, 3), 3) == 5


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((5, 2), r"x has shape \[5, 2\], expected \[N, 3\]"),
        ((5,), r"x has shape \[5\], expected \[N, 3\]"),
        ((1, 5, 3), r"x has shape \[1, 5, 3\], expected \[N, 3\]"),
        ((0, 3), "x has no nodes, expected at least one"),
    ],
)
def test_features_that_do_not_fit(shape, message):
    with pytest.raises(ValueError, match=message):
        check_nodes(torch.zeros(shape), 3)


def test_states_by_number_shape_and_device():
    h = torch.zeros(2, 3)
    check_states((h, h), 2, [2, 3], CPU)
    with pytest.raises(ValueError, match=r"state has shapes \[\[2, 3\]\], expected 2 of \[2, 3\]"):
        check_states((h,), 2, [2, 3], CPU)
    with pytest.raises(ValueError, match=r"state has shapes \[\[2, 3\], \[3, 2\]\], expected 2 of \[2, 3\]"):
        check_states((h, h.t()), 2, [2, 3], CPU)
    with pytest.raises(ValueError, match="state is on meta, expected cpu"):
        check_states((h.to("meta"),), 1, [2, 3], CPU)


def test_states_that_are_no_tensors():
    h = torch.zeros(2, 3)
    with pytest.raises(ValueError, match=r"state has shapes \['tuple'\], expected 1 of \[2, 3\]"):
        check_states(((h, h),), 1, [2, 3], CPU)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_layer_s_dtype_passes(dtype):
    check_dtype(torch.ones(2, dtype=dtype), torch.ones(1, dtype=dtype))


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("dtype", [torch.float64, torch.int64, torch.uint8, torch.bool, torch.complex64])
def test_another_dtype_is_refused(dtype, autocast):
    message = f"features has dtype {dtype}, expected torch.float32 as the layer: use features.to\\(torch.float32\\)"
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast), pytest.raises(ValueError, match=message):
        check_dtype(torch.ones(2).to(dtype), torch.ones(1), "features")


def test_autocast_mixes_short_floats():
    x, weight = torch.ones(2, dtype=torch.bfloat16), torch.ones(1)
    with torch.autocast("cpu", torch.bfloat16):
        check_dtype(x, weight)
        check_dtype(weight, x)
    with pytest.raises(ValueError, match=r"x has dtype torch.bfloat16, expected torch.float32"):
        check_dtype(x, weight)
