"""Tree-NeighborsMatch by depth: the table of the authors' repository."""

from pathlib import Path

from gnnseq.experiments.settings import Settings
from gnnseq.experiments.trial import Trial
from gnnseq.studies.audit.neighbours import MATCH_FAMILIES, FiniteMatchTask
from gnnseq.studies.audit.rows import Published, Row, Table

TREES = {2: 96, 3: 6_400, 4: 12_800, 5: 25_600, 6: 25_600, 7: 25_600, 8: 25_600}  # four fifths of the authors' sets
STEPS = {2: 1_000, 3: 8_000}  # of the depths that are run
RATE = 2e-3
_GGNN = (1.0, 1.0, 1.0, 0.60, 0.38, 0.21, 0.16)
_GCN = (1.0, 1.0, 0.70, 0.19, 0.14, 0.09, 0.08)


def trials(folder: Path, seeds: int) -> list[Trial]:
    """Both networks at depths 2 and 3."""
    made = []
    for depth, steps in STEPS.items():
        settings = Settings(width=32, embedding=32, steps=steps, batch_size=64, test_samples=TREES[depth])
        task = FiniteMatchTask(depth, TREES[depth])
        made += [Trial(task, family, seed, RATE, settings) for family in MATCH_FAMILIES for seed in range(seeds)]
    return made


def _row(depth: int, model: str, value: float, same: str) -> Row:
    return Row(
        f"depth {depth}",
        "training accuracy",
        Published(model, value, "Alon and Yahav 2021", "from the source", "README of tech-srl/bottleneck"),
        (FiniteMatchTask(depth, TREES[depth]).title,),
        same=same,
        constants={"a constant answer": 1 / 2**depth},
        higher_is_better=True,
    )


TEXT = """Accuracy on the training trees: can a model fit them? As in the paper: width 32, depth + 1 layers with
residual connections and layer normalisation, edges to the root. Differences: trees are random, where the authors
combine 1,000 permutations with all keys (the number of trees is that of their training part); at most
1,000 and 8,000 steps of 64 trees at depths 2 and 3, where they train for up to 50,000 epochs; depths 4 to 8 are not
run. GCN layers add a self-loop; GGNN layers keep a node's own state in their GRU cell."""

TABLE = Table(
    "neighbours",
    "Tree-NeighborsMatch",
    TEXT,
    tuple(
        _row(depth, model, value, same)
        for model, values, same in (("GGNN", _GGNN, "ggnn-up"), ("GCN", _GCN, "gcn-up"))
        for depth, value in zip(TREES, values, strict=True)
    ),
    trials,
)
