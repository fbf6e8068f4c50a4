"""Why a model scores as it does: the words of the diagnosis and their rules."""

CANNOT_SEE = "cannot see"
CANNOT_COMPUTE = "cannot compute"
SEES_TOO_WEAKLY = "sees too weakly"
DID_NOT_LEARN = "did not learn"
LEARNED_IN_PART = "learned in part"
LEARNED = "learned"
BEYOND_REACH = "scores beyond its reach"
FAILED = "failed"

WEAK = 1e-2  # of the average input's influence
PART = 0.1  # of the way from chance to the threshold, below which a model counts as not having learned

WHEN = {
    CANNOT_SEE: "the answer is outside the reach, and the score came less than a tenth of the way from chance to the "
    "threshold",
    BEYOND_REACH: "the answer is outside the reach, but the score came at least a tenth of the way: the task leaks its "
    "answer, or the stated reach is wrong",
    CANNOT_COMPUTE: "a theorem says that no weights are right at every length, and the score is below the threshold",
    SEES_TOO_WEAKLY: "the model did not learn, and before training the answer's influence on the output was below "
    f"{100 * WEAK:g} % of the average input's",
    DID_NOT_LEARN: "the score came less than a tenth of the way from chance to the threshold, and no cause above "
    "applies",
    LEARNED_IN_PART: "the score came at least a tenth of the way from chance to the threshold, but did not reach it",
    LEARNED: "the mean over the seeds reaches the threshold",
    FAILED: "every run ended in an error",
}


def diagnose(gain: float, *, sees: bool = True, computes: str | None = None, influence: float | None = None) -> str:
    """One of the words, by the first rule that fits.

    Args:
        gain: how far the score lies on the way from chance, 0, to the task's threshold, 1.
        sees: whether the answer lies within the model's reach.
        computes: "can", "cannot" or "not known", as `gnnseq.studies.compute.predict.can_compute` says; None where
            nobody asked.
        influence: of the answer before training, relative to the average input; None where it was not measured.
    """
    if not sees:
        return CANNOT_SEE if gain < PART else BEYOND_REACH
    if gain >= 1:
        return LEARNED
    if computes == "cannot":
        return CANNOT_COMPUTE
    if gain >= PART:
        return LEARNED_IN_PART
    return SEES_TOO_WEAKLY if influence is not None and influence < WEAK else DID_NOT_LEARN
