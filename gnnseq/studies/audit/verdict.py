"""The rule for the label of a row of the audit."""

from dataclasses import dataclass
from typing import Literal

Word = Literal["reproduced", "not reproduced", "beaten by a baseline", "not comparable", "not run yet"]
CLOSE = 0.05  # of the published number, for errors; absolute, for accuracies
CLEAR = 0.01  # likewise: by so much a baseline has to be better


@dataclass(frozen=True)
class Verdict:
    """The label of a published number and its reasons.

    Attributes:
        word: the label, one of five.
        difference: our mean of the same model minus the published number, as a share of it (of accuracies: absolute);
            None without a run.
        reproduced: whether the difference is within `CLOSE`, on either side; None without a run.
        better: whether our mean is better; None without a run.
        beaten_by: baselines that are clearly better than the published number, the best first.
    """

    word: Word
    difference: float | None
    reproduced: bool | None
    better: bool | None
    beaten_by: tuple[str, ...]


def judge(
    published: float,
    same: float | None,
    baselines: dict[str, float],
    *,
    higher_is_better: bool = False,
    comparable: bool = True,
) -> Verdict:
    """The rule, in this order.

    1. "not comparable" if the split, the metric or the data cannot be made equal.
    2. "beaten by a baseline" if a baseline is better than the published number by more than `CLEAR`: 1 % of it for
       an error, 1 point for an accuracy.
    3. "not run yet" if there is no run of the published model here.
    4. "reproduced" if our mean lies within `CLOSE` of the published number: 5 % of it for an error, 5 points for an
       accuracy. Otherwise "not reproduced"; ``better`` gives the side.

    A published number that a baseline beats may be reproduced as well: see ``reproduced``.

    Args:
        published: the number; positive.
        same: our mean of the published model over seeds, if it was run.
        baselines: values by name.
        higher_is_better: True for accuracies, which are shares; False for errors.
        comparable: whether split, metric and data are the same.

    Raises:
        ValueError: for an error that is not positive, or an accuracy outside 0 to 1.
    """
    if not published > 0 or (higher_is_better and published > 1):
        kind = "an accuracy from 0 to 1" if higher_is_better else "a positive error"
        raise ValueError(f"published is {published}, expected {kind}")
    unit = 1.0 if higher_is_better else published
    sign = 1 if higher_is_better else -1
    gains = {name: sign * (value - published) / unit for name, value in baselines.items()}
    beaten = tuple(sorted((name for name in gains if gains[name] > CLEAR), key=lambda name: -gains[name]))
    difference = None if same is None else (same - published) / unit
    if not comparable:
        return Verdict("not comparable", difference, None, None, ())
    reproduced = None if difference is None else abs(difference) <= CLOSE
    better = None if difference is None else sign * difference > 0
    if beaten:
        return Verdict("beaten by a baseline", difference, reproduced, better, beaten)
    if reproduced is None:
        return Verdict("not run yet", None, None, None, ())
    return Verdict("reproduced" if reproduced else "not reproduced", difference, reproduced, better, ())
