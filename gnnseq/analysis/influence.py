"""How strongly each input of a model moves each of its outputs."""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gnnseq.analysis.calls import Model, ModelCall, in_double
from gnnseq.analysis.jacobian.forward.forward_jacobian import Norm
from gnnseq.analysis.jacobian.linear import Linearised
from gnnseq.analysis.jacobian.measured import measured
from gnnseq.analysis.jacobian.pattern import existence
from gnnseq.analysis.jacobian.products.block_jacobian import BlockJacobian
from gnnseq.models.modes import evaluating


def l1(block: Tensor) -> Tensor:
    r"""The sum of absolute derivatives, :math:`\sum_{ij} |\partial h_{v,i} / \partial x_{u,j}|`.

    Args:
        block: ``[..., C, F]``; the result is ``[...]``.
    """
    return block.abs().sum((-2, -1))


def frobenius(block: Tensor) -> Tensor:
    """Root of the sum of squared derivatives; ``[..., C, F]`` to ``[...]``."""
    return block.square().sum((-2, -1)).sqrt()


def spectral(block: Tensor) -> Tensor:
    """Largest singular value, by which the input can be stretched at most (L2); ``[..., C, F]`` to ``[...]``."""
    size: Tensor = torch.linalg.matrix_norm(block, ord=2)
    return size


def influence(
    model: Model,
    data: Data,
    *,
    norm: Norm = l1,
    inputs: nn.Module | None = None,
    hops: int | None = None,
    chunk_size: int | None = None,
) -> Tensor:
    r"""The influence of every input node on every output: the size of each block of the Jacobian.

    .. math:: I(v, u) = \sum_{ij} \left| \partial h_{v,i} / \partial x_{u,j} \right|

    (Xu et al. 2018, https://arxiv.org/abs/1806.03536). It equals the dense Jacobian of automatic differentiation; an
    influence that cannot exist is exactly zero. The opposite does not hold: a unit may be shut at this batch, and a
    product of many small slopes may be smaller than any number. `model_reach` shows which influences are possible.

    Any model runs unchanged that PyG could call, in evaluation mode (dropout off, running batch statistics) and in
    float64. A module that fails in float64 is measured in its own dtype, with a warning; any other function is called
    with the data as they are.

    Where each graph has one output, a backward pass starts from each channel. Where every recorded operation is known
    (matrix products, functions of each number, sums along edges, moves of rows), derivatives go forward in blocks, for
    those pairs alone that the operations join, and one backward pass checks them. Other models are multiplied by
    vectors; where outputs depend on nearby nodes only, inputs further apart share one: the distance is read from three
    nodes of each graph and checked on all, and where the check fails every node has its own.

    Args:
        model: ``model(data)``, or ``model(x, edge_index, ...)`` with parameters named like attributes of the data; of a
            tuple the first entry is taken. Its output has one row per node or one per graph.
        data: a graph, or a batch of graphs.
        norm: of a block ``[..., C, F]``: `l1`, `frobenius`, `spectral` or any function of that shape.
        inputs: the module whose output counts as the input. By default ``data.x`` if it holds floats, else the model's
            attribute ``embedding`` or the first `torch.nn.Embedding` that it calls.
        hops: the number of hops that the model is known to reach along ``data.edge_index``, which is checked.
        chunk_size: derivatives computed at once; by default as many as are fast and take less than 1 GiB.

    Returns:
        ``[N_out, N_in]`` (float64): one row per node or graph of the output, one column per node. For a batch the
        blocks of its graphs lie on the diagonal.

    Raises:
        ValueError: for integers without an embedding, outputs that are neither per node nor per graph, not finite or
            random, or a model that reaches further than ``hops``.
    """
    with _recorded(model, data, inputs) as linear:
        return measured(linear, data, norm, hops, chunk_size).dense()


def influence_blocks(
    model: Model,
    data: Data,
    *,
    norm: Norm = l1,
    inputs: nn.Module | None = None,
    hops: int | None = None,
    chunk_size: int | None = None,
) -> list[Tensor]:
    """`influence` of each graph of a batch by itself, each ``[n_out, n_in]``.

    Raises:
        ValueError: as `influence`, and where the model lets one graph of the batch influence another.
    """
    with _recorded(model, data, inputs) as linear:
        sizes = measured(linear, data, norm, hops, chunk_size)
        if not sizes.separate:
            raise ValueError(
                "model lets one graph of the batch influence another, expected influence() for all together"
            )
        return sizes.blocks()


def time_influence(
    model: Model,
    data: Data,
    *,
    norm: Norm = l1,
    inputs: nn.Module | None = None,
    chunk_size: int | None = None,
) -> Tensor:
    """`influence` of each node at each time step, for features ``[N, T, F]``: ``[N_out, N_in, T]``."""
    with _recorded(model, data, inputs, by_step=True) as linear:
        sizes = measured(linear, data, norm, None, chunk_size).dense()
    return sizes.reshape(sizes.size(0), -1, linear.per_node)


def dependencies(model: Model, data: Data, *, inputs: nn.Module | None = None) -> Tensor:
    """Whether each output depends on each input node at this batch: where its derivative is not zero, however small.

    One backward pass for each position of an output in its graph. It multiplies by random numbers, whose terms cancel
    with probability zero.

    Returns:
        ``[N_out, N_in]`` (bool).
    """
    with _recorded(model, data, inputs) as linear, existence(linear.recorded[1]):
        return BlockJacobian.backward(linear).presence().dense() > 0


def model_reach(model: Model, data: Data, *, inputs: nn.Module | None = None, by_step: bool = False) -> Tensor:
    """The inputs that a model's operations can pass to each output: `reach`, computed from the model itself.

    A statement about the graph of its operations, not about numbers: a derivative counts that is smaller than any
    number, one through a unit that is shut or saturated at this batch, and one through weights that are all zero before
    training. An edge of weight zero carries nothing. Operations without a derivative, such as an argmax or a
    comparison, does not show.

    Args:
        model: called as in `influence`.
        data: a graph, or a batch of graphs.
        inputs: the module whose output counts as the input.
        by_step: whether each time step of features ``[N, T, F]`` counts as a separate input.

    Returns:
        ``[N_out, N_in]`` (bool), or ``[N_out, N_in * T]`` by step.
    """
    recorded = _recorded(model, data, inputs, by_step, any_weights=True)
    with recorded as linear, existence(linear.recorded[1], opened=True):
        return BlockJacobian.backward(linear).presence().dense() > 0


@contextmanager
def _recorded(
    model: Model, data: Data, inputs: nn.Module | None, by_step: bool = False, any_weights: bool = False
) -> Iterator[Linearised]:
    """A model at a batch, in float64 if it can be."""
    with ExitStack() as stack:
        try:
            with ExitStack() as attempt:
                attempt.enter_context(in_double(model, any_weights))
                linear = Linearised(ModelCall(model, data, inputs), by_step)
                stack.push(attempt.pop_all())
        except (RuntimeError, TypeError) as error:
            stack.enter_context(evaluating(model))
            linear = Linearised(ModelCall(model, data, inputs), by_step)
            warnings.warn(f"measured in {linear.dtype}, since model fails in float64: {error}", stacklevel=4)
        yield linear
