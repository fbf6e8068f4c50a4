"""The size of every block of a Jacobian, by the fastest method for the model and its batch."""

import torch
from torch import Tensor
from torch_geometric.data import Data

from gnnseq.analysis.jacobian.forward.forward_jacobian import Entries, ForwardJacobian, Norm
from gnnseq.analysis.jacobian.linear import Linearised, random_numbers
from gnnseq.analysis.jacobian.products.block_jacobian import BlockJacobian, Sizes, edges_between_nodes
from gnnseq.analysis.jacobian.products.seeds import Layout, halves


def measured(
    linear: Linearised, data: Data, norm: Norm, hops: int | None = None, chunk_size: int | None = None
) -> Sizes | Entries:
    """The size of every block.

    If each graph has one output: one backward pass per channel. Otherwise: forward in blocks if all operations have a
    rule, else products with vectors.

    Args:
        linear: the model at a batch.
        data: the batch.
        norm: of a block ``[..., C, F]``.
        hops: known reach along the edges.
        chunk_size: derivatives computed at once.

    Raises:
        ValueError: for negative ``hops``, or if an influence beyond them is found.
    """
    if hops is not None and hops < 0:
        raise ValueError(f"hops is {hops}, expected an integer >= 0")
    few = one_output_each(linear, norm, chunk_size)
    if few is not None:
        return few
    forward = ForwardJacobian.of(linear)
    entries = None if forward is None else forward.sizes(norm, chunk_size)
    if entries is None:
        return BlockJacobian.of(linear, data).sizes(norm, hops, chunk_size)
    edges = edges_between_nodes(linear, data)
    if hops is not None and edges is not None and entries.reaches_beyond(hops, edges):
        raise ValueError(f"hops is {hops}, but the model reaches further along edge_index")
    return entries


def one_output_each(linear: Linearised, norm: Norm, chunk_size: int | None) -> Sizes | None:
    """From one vector per channel, shared by all graphs; None for more outputs, or if one graph influences another.

    Further vectors, random at half of the graphs and zero at the others, test whether one graph influences another.
    """
    (inputs, features), (rows, channels) = linear.in_size, linear.out_size
    layout = Layout(linear.out_graph, linear.in_graph)
    if layout.num_positions > 1 or channels > inputs * features:
        return None
    number, direction = random_numbers(linear.dtype, rows, channels)
    sides, own = halves(layout)
    each = torch.eye(channels, dtype=linear.dtype).unsqueeze(1).expand(-1, rows, -1)
    vectors = torch.cat([each, (number * sides).unsqueeze(-1) * direction])
    found: Tensor = torch.cat([linear.pull(part) for part in vectors.split(linear.chunk(chunk_size))])
    if bool(((found[channels:] != 0).any(-1) & ~own).any()):
        return None
    return Sizes(norm(found[:channels].transpose(0, 1)).unsqueeze(0), layout, False, True)
