"""RNN, GRU and LSTM on batches of paths against torch's own modules."""

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence

from benchmarks.row import Row, Side, backward, gradients
from gnnseq.graphs import path_batch
from gnnseq.layers import GRU, LSTM, RNN
from gnnseq.layers.recurrent import Recurrent

BATCH, UNITS = 128, 128
LAYERS: dict[str, type[Recurrent]] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}


def pair(name: str) -> tuple[Recurrent, nn.RNNBase]:
    """Our layer and torch's module, with the same weights."""
    module = LAYERS[name].torch_type(UNITS, UNITS, batch_first=True)  # type: ignore[arg-type]
    return LAYERS[name].from_torch(module), module


def _shared(found: dict[str, Tensor]) -> dict[str, Tensor]:
    """The output and the gradients of the weights that both sides have, under torch's names."""
    names = {"cells.0.weight_ih": "weight_ih_l0", "cells.0.weight_hh": "weight_hh_l0", "cells.0.bias": "bias_ih_l0"}
    named = {names.get(name, name): value for name, value in found.items()}
    return {name: named[name] for name in ("output", *names.values())}


def equal(name: str, steps: int) -> tuple[Side, Side]:
    """Paths of one length against the module on the dense tensor; the schedule is part of our work."""
    layer, module = pair(name)
    x = torch.randn(BATCH, steps, UNITS)
    batch = path_batch(x)
    grad = torch.randn(BATCH * steps, UNITS)

    def ours() -> Tensor:
        return backward(layer, layer(batch.x, batch.edge_index)[0], grad)

    def theirs() -> Tensor:
        return backward(module, module(x)[0], grad.view(BATCH, steps, UNITS))

    ours_side, theirs_side = _sides(layer, ours, module, theirs)

    def nodes() -> dict[str, Tensor]:
        found = dict(theirs_side.results())
        return {**found, "output": found["output"].reshape(-1, UNITS)}

    return ours_side, Side(theirs, nodes)


def unequal(name: str, shortest: int, longest: int) -> tuple[Side, Side]:
    """Paths of so many nodes against a PackedSequence, from a list of sequences."""
    layer, module = pair(name)
    lengths = torch.randint(shortest, longest + 1, (BATCH,))
    lengths[0] = longest
    sequences = [torch.randn(int(length), UNITS) for length in lengths]
    grad = torch.randn(int(lengths.sum()), UNITS)
    inside = torch.arange(longest) < lengths.unsqueeze(1)
    padded_grad = torch.zeros(BATCH, longest, UNITS)
    padded_grad[inside] = grad

    def ours() -> Tensor:
        batch = path_batch(sequences)
        return backward(layer, layer(batch.x, batch.edge_index)[0], grad)

    def theirs() -> Tensor:
        with torch.device("cpu"):  # where torch wants the lengths, whatever the default device
            packed = pack_sequence(sequences, enforce_sorted=False)
        out, _ = module(packed)
        return backward(module, pad_packed_sequence(out, batch_first=True)[0], padded_grad)

    ours_side, theirs_side = _sides(layer, ours, module, theirs)

    def nodes() -> dict[str, Tensor]:
        found = dict(theirs_side.results())
        return {**found, "output": found["output"][inside]}

    return ours_side, Side(theirs, nodes)


def _sides(layer: nn.Module, ours: object, module: nn.Module, theirs: object) -> tuple[Side, Side]:
    runs = ((layer, ours), (module, theirs))
    first, second = (Side(run, partial(_results, run, net)) for net, run in runs)  # type: ignore[arg-type]
    return first, second


def _results(run: object, net: nn.Module) -> dict[str, Tensor]:
    return _shared(gradients(run, dict(net.named_parameters())))  # type: ignore[arg-type]


def _flops(name: str, steps: int) -> float:
    """Forward, and twice as much backward; the input needs no gradient."""
    gates = {"rnn": 1, "gru": 3, "lstm": 4}[name]
    product = 2.0 * BATCH * steps * gates * UNITS * UNITS
    return 5 * product


def rows() -> list[Row]:
    """Three lengths of each layer, and unequal lengths."""
    found = []
    for name, kind in LAYERS.items():
        torch_name = kind.torch_type.__name__
        bound = 1 / (1.06 if name == "rnn" else 1.03)
        for steps in (10, 60, 200):
            work = f"{torch_name}, batch of {BATCH} paths of {steps}, {UNITS} in and out"
            make, flops = partial(equal, name, steps), _flops(name, steps)
            row = f"{name}-{steps}"
            found.append(Row(row, work, f"torch.nn.{torch_name}", {1: bound, 2: bound}, make, flops=flops))
    for name, kind in LAYERS.items():
        for shortest, longest, goal in ((1, 60, 2.4), (1, 200, 30.0), (180, 200, 30.0)):
            work = f"{kind.torch_type.__name__}, {BATCH} sequences of {shortest} to {longest}, {UNITS} in and out"
            row = f"unequal-{name}-{longest}" + ("-long" if shortest > 1 else "")
            make = partial(unequal, name, shortest, longest)
            found.append(Row(row, work, "PackedSequence", {1: goal, 2: goal}, make))
    return found
