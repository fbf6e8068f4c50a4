"""A model in a comparison: its constructor, its view and its reach."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol, TypeVar

from torch import nn

from gnnseq.experiments.tasks.base import Collate, Task, find_view
from gnnseq.results.verdict import beyond_reach

Hops = TypeVar("Hops", bound=int | None)


@dataclass(frozen=True)
class Sight:
    """The reach of a model, and the reach that the task requires.

    Attributes:
        required: hops (for a GCRN over time: steps) from the answer to the output; None where there is no such number.
        reach: how many the model covers; None where there is no limit.
    """

    required: int | None
    reach: int | None

    @property
    def sees(self) -> bool:
        """Whether the answer can influence the output at all, as far as hops tell."""
        return not beyond_reach(self.reach, self.required)


def _nothing(model: nn.Module, task: Task) -> object:
    return model


@dataclass(frozen=True)
class Initialisation:
    """What is done to a model's weights after its constructor has drawn them.

    Attributes:
        name: in tables.
        apply: changes the weights of a model for a task.
    """

    name: str
    apply: Callable[[nn.Module, Task], object]

    def __call__(self, model: nn.Module, task: Task) -> None:
        """Changes the model's weights."""
        self.apply(model, task)


DEFAULT = Initialisation("default", _nothing)


def _no_limit(task: Task) -> None:
    """The reach of a recurrence, and of a model without a stated reach."""
    return


def fixed_reach(hops: Hops, task: Task) -> Hops:
    """The reach of a model that covers so many hops, whatever the task."""
    return hops


def one_state(task: Task, width: int) -> int:
    """The state size of a model with one vector for each element."""
    return width


def whole(model: nn.Module) -> nn.Module:
    """All of a model."""
    return model


@dataclass(frozen=True)
class Family:
    """A kind of model, which becomes a model for a task and a width.

    Your own model takes three lines::

        mine = Family("mine", view="path", build=lambda task, width, embedding:
                      Mine(task.num_symbols, width, task.num_outputs))
        records = run_comparison([PalindromeTask(20)], [mine, *SEQUENCE_FAMILIES], store=Store("runs/mine.jsonl"))

    Attributes:
        name: short; together with the view and the initialisation it identifies the model in a trial's key. So a model
            that is changed needs another name.
        view: which of a task's graphs is the model's input.
        build: makes a model from task, width and embedding width; ``model(batch)`` gives ``[B, C]`` outputs, or
            ``[N, C]`` for a task with targets at nodes. The width is solved for the budget.
        title: in tables and figures; the name by default.
        initialise: what is done to the weights; named in every table, fixed before any comparison.
        learning_rate: with Adam, where no other is given.
        reach: hops that the model covers for a task; None means no limit.
        state_size: numbers that the model holds for one element of its input (a symbol, a node, a step) and hands on
            to the next: H for a vanilla RNN, 2H for an LSTM, and for a GCRN over symbols 2H for each of the S nodes.
        counted: the part of a model whose weights the budget counts; all of it by default.
        order_free: whether the model ignores order and edges: a baseline.
        width_multiple: of which the width is one, such as a number of heads.
        by_hops: whether the depth follows the hops that a task requires: only tasks that require some have the model.
    """

    name: str
    view: str
    build: Callable[[Task, int, int], nn.Module]
    title: str = ""
    initialise: Initialisation = DEFAULT
    learning_rate: float = 3e-3
    reach: Callable[[Task], int | None] = _no_limit
    state_size: Callable[[Task, int], int] = one_state
    order_free: bool = False
    counted: Callable[[nn.Module], nn.Module] = whole
    width_multiple: int = 1
    by_hops: bool = False

    def __post_init__(self) -> None:
        if not self.title:
            object.__setattr__(self, "title", self.name)
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate is {self.learning_rate}, expected a positive number")

    @property
    def initialisation(self) -> str:
        """The name of what is done to the weights."""
        return self.initialise.name

    def joins(self, task: Task) -> bool:
        """Whether the task has the model's view, and a number of hops where the model needs one."""
        return self.view in task.views and not (self.by_hops and task.required(self.view) is None)

    def collate(self, task: Task) -> Collate:
        """The function that makes batches of the model's view.

        Raises:
            ValueError: if the task has no such view.
        """
        return find_view(task, self.view)

    def sight(self, task: Task) -> Sight:
        """How far the model must see and does."""
        return Sight(0 if self.order_free else task.required(self.view), self.reach(task))


class _Named(Protocol):
    """Anything with a name."""

    @property
    def name(self) -> str:
        """Its name."""


N = TypeVar("N", bound=_Named)


def check_apart(name: str, values: Iterable[Hashable]) -> None:
    """Refuses a value that is given twice.

    Raises:
        ValueError: if one is, with it.
    """
    twice = next((value for value, count in Counter(values).items() if count > 1), None)
    if twice is not None:
        raise ValueError(f"{name} holds {twice!r} twice, expected each once")


def find_all(names: Sequence[str], known: Iterable[N], what: str) -> list[N]:
    """`find_named` of several names.

    Raises:
        ValueError: for an unknown name, or one that is given twice.
    """
    known = list(known)
    found = [find_named(name, known, what) for name in names]
    check_apart(f"{what}s", names)
    return found


def find_named(name: str, known: Iterable[N], what: str) -> N:
    """The one of a name.

    Args:
        name: as a user typed it.
        known: all there are.
        what: the word for one of them in the error.

    Raises:
        ValueError: for an unknown name, with the nearest known one.
    """
    by_name = {each.name: each for each in known}
    if name in by_name:
        return by_name[name]
    near = get_close_matches(name, by_name, n=1, cutoff=0.0)[0]
    raise ValueError(f"{what} is {name!r}, expected one of {', '.join(by_name)}; did you mean {near!r}?")
