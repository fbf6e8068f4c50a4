"""Text from a language model, symbol by symbol."""

from collections.abc import Callable, Sequence
from collections.abc import Generator as Steps
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Generator, Tensor
from torch_geometric.data import Batch

from gnnseq.layers.checks import check_sizes
from gnnseq.models.language_model import CharLanguageModel
from gnnseq.models.modes import evaluating

ToBatch: TypeAlias = Callable[[Any], Batch]
Pick: TypeAlias = Callable[[Tensor, Generator | None], Tensor]

_ROUNDING = 1e-6  # relative, of a sum of probabilities; logits are of float32 or coarser


def greedy(logits: Tensor, generator: Generator | None = None) -> Tensor:
    """The likeliest symbols ``[B]`` of logits ``[B, S]``; of equal ones the first."""
    return logits.argmax(-1)


@dataclass(frozen=True)
class Sampling:
    r"""Draws symbols from :math:`\mathrm{softmax}(y / \tau)`, or from its largest entries.

    A small temperature comes close to `greedy`, a large one to a uniform draw. Cuts are made in the
    order ``top_k``, ``top_p``.

    Args:
        temperature: :math:`\tau`, above 0.
        top_k: only so many of the likeliest symbols, at least 1; None for all.
        top_p: only the fewest symbols that together are at least so likely, above 0 and at most 1; None for all.
            (Holtzman et al. 2020, https://arxiv.org/abs/1904.09751)

    Raises:
        ValueError: if an argument is out of range; in use, for logits of another shape.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.temperature < float("inf"):
            raise ValueError(f"temperature is {self.temperature}, expected a positive number (or pick=greedy)")
        if self.top_k is not None:
            check_sizes(top_k=self.top_k)
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ValueError(f"top_p is {self.top_p}, expected 0 < top_p <= 1 or None")

    def __call__(self, logits: Tensor, generator: Generator | None = None) -> Tensor:
        """Symbols ``[B]`` for logits ``[B, S]``, drawn on the generator's device."""
        device = logits.device if generator is None else generator.device
        drawn = torch.multinomial(self.probabilities(logits).to(device), 1, generator=generator)
        return drawn.squeeze(1).to(logits.device)

    def probabilities(self, logits: Tensor) -> Tensor:
        """What is drawn from ``[B, S]``; every row adds up to 1."""
        if logits.dim() != 2:
            raise ValueError(f"logits has shape {list(logits.shape)}, expected [B, S]")
        ordered, symbol = logits.double().sort(dim=-1, descending=True, stable=True)
        p = ((ordered - ordered[:, :1]) / self.temperature).softmax(-1)
        if self.top_k is not None:
            p[:, self.top_k :] = 0
            p = p / p.sum(-1, keepdim=True)
        if self.top_p is not None and self.top_p < 1:
            before = p.cumsum(-1) - p
            p = p.masked_fill(before >= self.top_p * (1 - _ROUNDING), 0)
            p = p / p.sum(-1, keepdim=True)
        return torch.zeros_like(p).scatter(1, symbol, p)


def generate(
    model: CharLanguageModel,
    prompt: Tensor | Sequence[Tensor],
    length: int,
    to_batch: ToBatch,
    pick: Pick = greedy,
    generator: Generator | None = None,
) -> Tensor:
    """Continues texts.

    A model with a state processes every symbol once, so the cost of a symbol does not grow with the text. Any
    other model processes the last ``reach + 1`` symbols again for each new one.

    Args:
        model: a causal language model; dropout is off meanwhile.
        prompt: beginnings of texts ``[B, T]`` (int64), or a list of ``[T]`` tensors whose lengths may differ.
        length: symbols to add to each text.
        to_batch: makes a batch of paths of texts ``[B, T]``, or of a list of ``[T]`` tensors, as in training.
        pick: symbols ``[B]`` from logits ``[B, S]`` and the generator: `greedy`, a `Sampling`, or your own.
        generator: of random numbers; torch's own if None.

    Returns:
        The symbols that follow the prompts ``[B, length]``, int64.

    Raises:
        TypeError: if a prompt is no tensor.
        ValueError: if there is no prompt, one is empty, a prompt or ``pick`` has a symbol outside of the vocabulary or
            another dtype or shape, ``length`` is no integer of at least 1, or logits are not finite.
    """
    check_sizes(length=length)
    texts = _check_prompt(prompt, model.num_symbols)
    with evaluating(model), torch.no_grad():
        steps = (_carried if model.carries_state else _read_again)(model, texts, to_batch)
        picked = [_pick(pick, next(steps), generator)]
        while len(picked) < length:
            picked.append(_pick(pick, steps.send(picked[-1]), generator))
    return torch.stack(picked, dim=1)


def _carried(model: CharLanguageModel, texts: list[Tensor], to_batch: ToBatch) -> Steps[Tensor, Tensor, None]:
    """Logits ``[B, S]`` after the texts, then after each symbol that is sent; only that symbol is processed."""
    logits, state = model.advance(to_batch(texts))
    ends = torch.tensor([len(text) for text in texts], device=logits.device).cumsum(0) - 1
    logits = logits[ends]
    while True:
        picked = yield logits
        logits, state = model.advance(to_batch(picked.unsqueeze(1)), state)


def _read_again(model: CharLanguageModel, texts: list[Tensor], to_batch: ToBatch) -> Steps[Tensor, Tensor, None]:
    """The same from a window of the last symbols, which is processed again for each."""
    while True:
        if model.reach is not None:
            texts = [text[-model.reach - 1 :] for text in texts]
        batch = to_batch(texts)
        picked = yield model(batch)[batch.ptr[1:] - 1]
        texts = [torch.cat([text, symbol.view(1)]) for text, symbol in zip(texts, picked, strict=True)]


def _pick(pick: Pick, logits: Tensor, generator: Generator | None) -> Tensor:
    if not bool(logits.isfinite().all()):
        raise ValueError("logits are not finite, expected a model whose weights are")
    picked: object = pick(logits, generator)
    rows, num_symbols = logits.shape
    if not isinstance(picked, Tensor) or picked.dtype != torch.long or picked.shape != (rows,):
        raise ValueError(f"pick gave {_kind(picked)}, expected torch.int64 [{rows}]")
    outside = picked[(picked < 0) | (picked >= num_symbols)]
    if len(outside):
        raise ValueError(f"pick gave symbol {int(outside[0])}, expected 0 to {num_symbols - 1}")
    return picked


def _kind(value: object) -> str:
    return f"{value.dtype} {list(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"


def _check_prompt(prompt: Tensor | Sequence[Tensor], num_symbols: int) -> list[Tensor]:
    texts = list(prompt)
    if not texts:
        raise ValueError("prompt has no texts, expected at least one")
    for number, text in enumerate(texts):
        if not isinstance(text, Tensor) or text.dim() != 1 or text.dtype != torch.long:
            error = ValueError if isinstance(text, Tensor) else TypeError
            raise error(f"prompt {number} is {_kind(text)}, expected torch.int64 [T]")
        if not len(text):
            raise ValueError(f"prompt {number} is empty, expected at least one symbol")
        unknown = ((text < 0) | (text >= num_symbols)).nonzero().flatten().tolist()
        if unknown:
            place = unknown[0]
            raise ValueError(
                f"prompt {number} has symbol {int(text[place])} at position {place}, expected 0 to {num_symbols - 1}"
            )
    return texts
