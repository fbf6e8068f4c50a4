"""What attacks did, counted."""

import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KINDS = ("harmless", "refused", "unnamed", "lost", "silent")
SHOWN = 5  # bad ones that are described


@dataclass
class Outcome:
    """Counts of one attack.

    - harmless: what was read or written is as it would be without the attack.
    - refused: an error or a warning that names the file or the address.
    - unnamed: any other error.
    - lost: something is gone that was there before, or a part is left behind, without a word.
    - silent: other values than those written, or values that cannot be, without a word.
    """

    counts: Counter[str] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)

    def add(self, kind: str, what: str = "", times: int = 1) -> None:
        self.counts[kind] += times
        if kind not in ("harmless", "refused") and len(self.bad) < SHOWN:
            self.bad.append(f"{kind}: {what}"[:300])

    @property
    def tried(self) -> int:
        return sum(self.counts.values())

    @property
    def good(self) -> bool:
        return not any(self.counts[kind] for kind in ("unnamed", "lost", "silent"))


def judge(outcome: Outcome, read: Callable[[], Any], right: Callable[[Any], bool], name: str, what: str) -> Any:
    """Reads something that was attacked and counts what came of it.

    Args:
        outcome: where it is counted.
        read: reads it.
        right: whether a value is one that may have been read.
        name: what an error has to name.
        what: the attack, for the list of bad ones.

    Returns:
        The value, or None where there is none.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = read()
        except Exception as error:
            named = isinstance(error, ValueError | OSError) and name in str(error)
            outcome.add("refused" if named else "unnamed", f"{what}: {type(error).__name__}: {error}")
            return None
    if any(name in str(warning.message) for warning in caught):
        outcome.add("refused")
    else:
        outcome.add("harmless" if right(value) else "silent", what)
    return value


Attack = Callable[[Path, int, int], Outcome]  # folder, number of tries, seed
