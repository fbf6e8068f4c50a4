"""Weights to and from torch's recurrent modules."""

import torch
from torch import Tensor, nn

from gnnseq.layers.cells import Cell, GRUCell


@torch.no_grad()
def load_torch(cells: nn.ModuleList, num_directions: int, module: nn.RNNBase) -> None:
    """Copies the weights of a torch module into cells of the same sizes.

    torch's two bias vectors are added up, but for the second one of a GRU's candidate, which stands apart.
    """
    for number, cell in enumerate(cells):
        suffix = _suffix(number, num_directions)
        cell.weight_ih.copy_(getattr(module, f"weight_ih_{suffix}"))
        cell.weight_hh.copy_(getattr(module, f"weight_hh_{suffix}"))
        if cell.bias is not None:
            _load_bias(
                cell, getattr(module, f"bias_ih_{suffix}"), getattr(module, f"bias_hh_{suffix}")
            )


def _load_bias(cell: Cell, bias_ih: Tensor, bias_hh: Tensor) -> None:
    assert cell.bias is not None
    cell.bias.copy_(bias_ih + bias_hh)
    if isinstance(cell, GRUCell) and cell.bias_hn is not None:
        cell.bias[-cell.out_channels :] = bias_ih[-cell.out_channels :]
        cell.bias_hn.copy_(bias_hh[-cell.out_channels :])


@torch.no_grad()
def store_torch(cells: nn.ModuleList, num_directions: int, module: nn.RNNBase) -> None:
    """The way back: torch's second bias vector becomes zero, but for a GRU's candidate."""
    for number, cell in enumerate(cells):
        suffix = _suffix(number, num_directions)
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        for kind, weight in zip(kinds, cell.fused_weights(), strict=False):
            getattr(module, f"{kind}_{suffix}").copy_(weight)


def _suffix(number: int, num_directions: int) -> str:
    layer, direction = divmod(number, num_directions)
    return f"l{layer}" + ("_reverse" if direction else "")
