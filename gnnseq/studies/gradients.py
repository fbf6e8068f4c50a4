"""How gradients fare on their way back through a recurrence, step by step, and what clipping does about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

import torch
from torch import nn
from torch_geometric.data import Batch

from gnnseq.analysis import gradient_flow, vanishing
from gnnseq.graphs import path_batch
from gnnseq.layers import LSTM, RNN, chrono_, orthogonal_
from gnnseq.models import EdgeEncoder, SequenceClassifier, SymbolEmbedding
from gnnseq.training import Step, fit

BASE = 10  # symbols
EMBEDDING = 16  # features of one


@dataclass(frozen=True)
class Setting:
    """A recurrence and how it begins.

    Attributes:
        radius: spectral radius of an RNN's recurrent matrix, a multiple of an orthogonal one, so that all its singular
            values equal the radius; None for an LSTM.
        chrono: whether an LSTM gets chrono initialisation.
    """

    radius: float | None = None
    chrono: bool = False

    @property
    def title(self) -> str:
        """Name in figures."""
        if self.radius is not None:
            return f"RNN, spectral radius {self.radius:g}"
        return "LSTM, chrono initialisation" if self.chrono else "LSTM, default initialisation"


@dataclass(frozen=True)
class Task:
    """Repeat the first of T random symbols.

    Attributes:
        steps: symbols of a sequence, T.
        width: features of a state.
        batch_size: sequences in a batch.
        input_scale: factor on the embedding; small inputs keep tanh where it is straight.
    """

    steps: int = 50
    width: int = 32
    batch_size: int = 64
    input_scale: float = 0.1


@dataclass(frozen=True)
class FlowRecord:
    """The gradient at each step, before training.

    Attributes:
        title: of the setting.
        radius: of the setting.
        hidden: for each seed, the norm of dL/dh_t for each step.
        weight: for each seed, the norm of each step's share in dL/dW_hh.
        norm: for each seed, the norm of all gradients together.
        clip_factor: for each seed, by what clipping multiplies every gradient.
        max_norm: to which gradients are clipped.
        bound: Pascanu's bound on the gradient at each step, relative to the last; None for an LSTM.
    """

    title: str
    radius: float | None
    hidden: list[list[float]]
    weight: list[list[float]]
    norm: list[float]
    clip_factor: list[float]
    max_norm: float
    bound: list[float] | None


@dataclass(frozen=True)
class TrainingRecord:
    """Training with or without clipping.

    Attributes:
        title: of the setting.
        max_norm: to which gradients were clipped; None for no clipping.
        seed: of weights and samples.
        loss: of each batch.
        grad_norm: before clipping, of each batch.
        stopped: why it ended early; None where it did not.
    """

    title: str
    max_norm: float | None
    seed: int
    loss: list[float]
    grad_norm: list[float]
    stopped: str | None


def build(setting: Setting, task: Task, seed: int) -> SequenceClassifier:
    """A model before training."""
    torch.manual_seed(seed)
    layer = LSTM(EMBEDDING, task.width) if setting.radius is None else RNN(EMBEDDING, task.width)
    model = SequenceClassifier(SymbolEmbedding(BASE, EMBEDDING), EdgeEncoder(layer), None, nn.Linear(task.width, BASE))
    with torch.no_grad():
        model.embedding.weight.mul_(task.input_scale)  # type: ignore[operator]
    if setting.radius is not None:
        orthogonal_(model, gain=setting.radius)
    elif setting.chrono:
        chrono_(model, max(3, task.steps))
    return model


def batches(task: Task, seed: int, count: int) -> Iterator[Batch]:
    """Random sequences on paths, whose target is their first symbol."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(count):
        symbols = torch.randint(0, BASE, (task.batch_size, task.steps), generator=generator)
        yield path_batch(symbols, y=symbols[:, 0])


def measure_flow(setting: Setting, task: Task, max_norm: float, seeds: int) -> FlowRecord:
    """The norm of the gradient at every step, in float64, over seeds of weights and sequences."""
    flows, bound = [], None
    for seed in range(seeds):
        model = build(setting, task, seed).double()
        flow = gradient_flow(model, next(batches(task, seed, 1)), max_norm=max_norm)
        flows.append((next(iter(flow.layers.values())), flow))
        if setting.radius is not None:
            weight = next(p for name, p in model.named_parameters() if name.endswith("weight_hh"))
            sigma = vanishing(weight).sigma
            bound = [sigma ** (task.steps - 1 - step) for step in range(task.steps)]
    return FlowRecord(
        setting.title,
        setting.radius,
        [layer.hidden.tolist() for layer, _ in flows],
        [layer.weight.tolist() for layer, _ in flows],
        [flow.norm for _, flow in flows],
        [flow.clip_factor for _, flow in flows],
        max_norm,
        bound,
    )


def flow_markdown(records: Sequence[FlowRecord]) -> str:
    """A Markdown table, a row for each setting; means over the seeds."""
    lines = [
        "| model | gradient at the last step | at the first step | first / last | all gradients together "
        "| clipping multiplies by |",
        "|---|---|---|---|---|---|",
    ]
    for record in records:
        last, first = (fmean(own[step] for own in record.hidden) for step in (-1, 0))
        norm, factor = fmean(record.norm), fmean(record.clip_factor)
        lines.append(f"| {record.title} | {last:.1e} | {first:.1e} | {first / last:.1e} | {norm:.2g} | {factor:.2g} |")
    return "\n".join(lines) + "\n"


def train(
    setting: Setting, task: Task, max_norm: float | None, seed: int, num_batches: int, learning_rate: float
) -> TrainingRecord:
    """Plain gradient descent, where a step is as long as its gradient."""
    model = build(setting, task, seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    history = fit(model, batches(task, seed, num_batches), optimizer, step=Step(max_norm=max_norm))
    loss, norms = ([float(f"{v:.5g}") for v in values] for values in (history.loss, history.grad_norm))
    return TrainingRecord(setting.title, max_norm, seed, loss, norms, history.stopped)
