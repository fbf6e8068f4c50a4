"""Whether a prediction rests on what it must not see."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gnnseq.analysis.calls import Model
from gnnseq.analysis.influence import model_reach


@dataclass(frozen=True)
class Causality:
    """Which inputs each output can depend on, and which of them it should not.

    Attributes:
        depends: ``[N_out, N_in]`` (bool).
        leaks: pairs (output, input) that are not allowed ``[P, 2]``.
        sentence: says that the model passes, or names the first leak and how many there are.
    """

    depends: Tensor
    leaks: Tensor
    sentence: str

    @property
    def passes(self) -> bool:
        """Whether there is no leak."""
        return self.leaks.size(0) == 0


def causality(model: Model, data: Data, *, allowed: Tensor | None = None, inputs: nn.Module | None = None) -> Causality:
    """Which positions each prediction of a model can depend on, and whether any is a leak.

    `model_reach` decides, so small and vanishing derivatives count; what a model reads without a derivative, such as an
    argmax or a comparison, does not show.

    Args:
        model: called as in `gnnseq.analysis.influence`; its output has one row per node, or one per graph with
            ``allowed``.
        data: a graph or a batch of graphs.
        allowed: ``[N_out, N_in]`` (bool), what may be seen; by default a node's own graph up to the node itself, so
            everything that comes before it and itself. `reach` gives what the edges allow.
        inputs: the module whose output counts as the input.

    Raises:
        ValueError: for ``allowed`` of another shape, or its default where outputs are not nodes; and as `influence`.
    """
    depends = model_reach(model, data, inputs=inputs)
    if allowed is None:
        allowed = _up_to_itself(data, depends)
    if allowed.shape != depends.shape:
        raise ValueError(f"allowed has shape {list(allowed.shape)}, expected {list(depends.shape)}")
    leaks = (depends & ~allowed).nonzero()
    if len(leaks) == 0:
        return Causality(depends, leaks, "passes: no output depends on an input that it must not see")
    output, source = leaks[0].tolist()
    sentence = f"leaks: output {output} depends on node {source}; {len(leaks)} such pairs"
    return Causality(depends, leaks, sentence)


def _up_to_itself(data: Data, depends: Tensor) -> Tensor:
    if depends.size(0) != depends.size(1):
        raise ValueError(f"model gives {depends.size(0)} rows for {depends.size(1)} nodes, expected allowed=")
    nodes = torch.arange(len(depends))
    graph = torch.zeros_like(nodes) if data.batch is None else data.batch.cpu()
    return (nodes.unsqueeze(1) >= nodes) & (graph.unsqueeze(1) == graph)
