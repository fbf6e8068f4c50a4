"""The size of gradients at each step of a recurrence, and the effect of clipping."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import torch
from torch import nn

from gnnseq.analysis import gradient_flow, vanishing
from gnnseq.experiments.encoders import predictor
from gnnseq.experiments.families import CHRONO
from gnnseq.experiments.family import Family, Initialisation
from gnnseq.experiments.optimizers import SGD
from gnnseq.experiments.run import build
from gnnseq.experiments.settings import Settings
from gnnseq.experiments.tasks.base import Task
from gnnseq.experiments.trial import Trial
from gnnseq.layers import LSTM, RNN, orthogonal_
from gnnseq.models import EdgeEncoder

SETTINGS = Settings(width=32, steps=200, optimizer=SGD, max_norm=None, stop_at=None, test_samples=1_000)


def recurrence(radius: float | None = None, chrono: bool = False, input_scale: float = 0.1) -> Family:
    """A vanilla RNN or an LSTM, and its initialisation.

    Args:
        radius: spectral radius of an RNN's recurrent matrix, a multiple of an orthogonal one, so that all its singular
            values equal the radius; None for an LSTM.
        chrono: whether an LSTM gets chrono initialisation.
        input_scale: factor on the embedding; small inputs keep tanh nearly linear.
    """

    def encoder(task: Task, features: int, width: int) -> nn.Module:
        return EdgeEncoder(LSTM(features, width) if radius is None else RNN(features, width))

    def apply(model: nn.Module, task: Task) -> None:
        with torch.no_grad():
            model.embedding.weight.mul_(input_scale)  # type: ignore[operator, union-attr]
        if radius is not None:
            orthogonal_(model, gain=radius)
        elif chrono:
            CHRONO(model, task)

    kind = "chrono" if chrono else "default"
    title = f"LSTM, {kind} initialisation" if radius is None else f"RNN, spectral radius {radius:g}"
    initialise = Initialisation(f"{kind if radius is None else f'radius {radius:g}'}, inputs x {input_scale:g}", apply)
    return Family("lstm" if radius is None else "rnn", "path", predictor(encoder), title, initialise, 0.1)


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


def measure_flow(family: Family, task: Task, settings: Settings, max_norm: float, seeds: int) -> FlowRecord:
    """The norm of the gradient at every step, in float64, over seeds of weights and sequences.

    Args:
        family: of `recurrence`.
        task: repeat the first of T symbols.
        settings: with a width and a batch size.
        max_norm: to which gradients are clipped.
        seeds: number of initialisations and batches.
    """
    flows, radius, bound = [], None, None
    for seed in range(seeds):
        model = build(Trial(task, family, seed, settings=settings))[0].double()
        batch = next(task.batches(family.view, seed, "train", settings.batch_size, 1))
        flow = gradient_flow(model, batch, max_norm=max_norm)
        flows.append((next(iter(flow.layers.values())), flow))
        if family.name == "rnn":
            weight = next(p for name, p in model.named_parameters() if name.endswith("weight_hh"))
            radius = vanishing(weight).sigma
            bound = [radius ** (task.size - 1 - step) for step in range(task.size)]
    return FlowRecord(
        family.title,
        radius,
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
