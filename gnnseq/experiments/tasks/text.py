"""The next character of a text, as a task."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from gnnseq.data.files import read_text
from gnnseq.data.streams import Split, check_split
from gnnseq.data.text.encode import IdArray, split_ids
from gnnseq.data.text.grimm import normalise
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.text.windows import TextWindows
from gnnseq.experiments.tasks.base import Collate, Level
from gnnseq.experiments.tasks.kinds import Classification, SequenceTask


@dataclass(frozen=True)
class TextTask(SequenceTask, Classification):
    """At every character of a window, the character that follows.

    The first 80 % of the text are trained on, the next 10 % are validation, the last 10 % the test. Windows start
    anywhere in their part. Only graphs with forward edges are offered: on others the answer could be an input.

    The distance of the answer is not known, and no text can be predicted completely, so ``required``
    is None, and ``solved`` is 1, which no model reaches.

    Attributes:
        length: characters of a window.
        path: a text file; None for the English help texts of the installed Python version.
        digest: of the text, SHA-256; found where it is empty. So a trial's settings identify the text.

    Raises:
        ValueError: if the text has another digest, or a part of it is shorter than ``length + 1``.
        OSError: if the file cannot be read.
    """

    length: int = 30
    path: str | None = None
    digest: str = ""

    name: ClassVar[str] = "text"
    level: ClassVar[Level] = "node"
    num_features: ClassVar[None] = None
    solved: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", _read(self.path, self.digest)[1])
        for part in self._parts[1]:
            TextWindows(part, self.length)  # raises for what does not fit

    @property
    def title(self) -> str:
        """Name in tables."""
        return f"characters of {Path(self.path).name if self.path else 'help texts'}, windows of {self.length}"

    @property
    def vocabulary(self) -> Vocabulary:
        """The characters of the whole text."""
        return self._parts[0]

    @property
    def _parts(self) -> tuple[Vocabulary, tuple[IdArray, ...]]:
        return _parts_of(self.path, self.digest)

    @property
    def num_symbols(self) -> int:
        """Number of characters."""
        return len(self.vocabulary)

    @property
    def num_outputs(self) -> int:
        """Number of characters."""
        return len(self.vocabulary)

    @property
    def chance(self) -> float:
        """Share of the text's commonest character: accuracy of the best constant, chosen in training, on the test."""
        train, _, test = self._parts[1]
        return float((test == np.bincount(train).argmax()).mean())

    @property
    def memoryless(self) -> float:
        """Accuracy, on the test, of the character that most often followed the current one in training."""
        train, _, test = self._parts[1]
        counts = np.bincount(train[:-1] * self.num_symbols + train[1:], minlength=self.num_symbols**2)
        follower = counts.reshape(self.num_symbols, -1).argmax(1)
        return float((follower[test[:-1]] == test[1:]).mean())

    @property
    def views(self) -> Mapping[str, Collate]:
        """The graphs whose nodes are the characters and whose edges go forward."""
        forward = super().views
        return {name: forward[name] for name in ("path", "dilated")}

    def dataset(self, seed: int, split: Split) -> TextWindows:
        """The windows of a split; see `Sampled`."""
        part = self._parts[1][("train", "validation", "test").index(check_split(split))]
        return TextWindows(part, self.length, seed=seed)


def _read(path: str | None, digest: str) -> tuple[str, str]:
    """The text that is there now, and its digest, which is the given one unless that is empty."""
    text = _topics() if path is None else normalise(read_text(path))
    found = hashlib.sha256(text.encode()).hexdigest()
    if digest not in ("", found):
        raise ValueError(f"digest is {digest!r}, but the text of {path or 'Python'} has {found!r}")
    return text, found


@cache
def _topics() -> str:
    from pydoc_data.topics import topics

    return normalise("\n\n".join(topics[name] for name in sorted(topics)))


@cache
def _parts_of(path: str | None, digest: str) -> tuple[Vocabulary, tuple[IdArray, ...]]:
    text = _read(path, digest)[0]
    vocabulary = Vocabulary.from_characters([text])
    return vocabulary, split_ids(vocabulary.encode(text))
