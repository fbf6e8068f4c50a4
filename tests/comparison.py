"""Records of a comparison that was never run, in the form in which a store holds them."""

import numpy as np

FAMILIES = {"rnn": "RNN", "lstm": "LSTM", "gcn": "GCN, 8 layers on the path"}
CHANCE, SOLVED = 0.1, 0.95


def make_record(family="lstm", size=10, seed=0, score=0.5, *, steps=30, name="palindromes", **changes):
    """One record; ``changes`` replace values of it."""
    noise = np.random.default_rng(seed)
    accuracy = np.clip(np.linspace(CHANCE, score, steps) + noise.normal(0, 0.02, steps), 0, 1).round(4)
    reached = steps if score >= SOLVED else None
    record = {
        "key": f"{name}-{size}-{family}-{seed}",
        "label": f"{family}, {name} {size}, lr 0.003, seed {seed}",
        "status": "done",
        "stopped": None,
        "trial": {"family": family, "seed": seed, "learning_rate": 3e-3, "steps": steps, "batch_size": 64},
        "task": {
            "name": name,
            "title": f"{name} of length {size}",
            "size": size,
            "level": "graph",
            "metric": "accuracy",
            "higher_is_better": True,
            "chance": CHANCE,
            "solved": SOLVED,
            "view": "path",
        },
        "family": {"name": family, "title": FAMILIES.get(family, family)},
        "initialisation": "default",
        "width": 20,
        "state_size": 40,
        "weights": 10_000 + len(family),
        "budget_note": "",
        "hops_required": size - 2,
        "hops_reach": 8 if family == "gcn" else None,
        "influence": 10.0**-size,
        "score": score,
        "loss": 1.0 - score,
        "test_samples": 2000,
        "validation_score": score,
        "best_50": score,
        "train_score": score,
        "steps": steps,
        "steps_to_threshold": reached,
        "samples_to_threshold": None if reached is None else 64 * reached,
        "ms_per_step": 2.0 + len(family),
        "seconds": 0.1,
        "peak_memory_mb": 50.0 + len(family),
        "curve": {
            "loss": (1 - accuracy).round(4).tolist(),
            "accuracy": accuracy.tolist(),
            "grad_norm": np.linspace(2.0, 0.5, steps).round(4).tolist(),
        },
        "threads": 1,
        "versions": {"torch": "2.9.0", "torch-geometric": "2.7.0", "gnnseq": "0.1.0"},
        "finished": "2026-01-01T00:00:00Z",
        "tuning": {"grid": [1e-3, 3e-3], "chosen": 3e-3, "scores": {"0.001": 0.4, "0.003": 0.5}},
    }
    return record | changes


def make_records(seeds=8, sizes=(5, 10, 20), name="palindromes"):
    """A comparison in which the LSTM learns, the RNN learns short ones, and the GCN does not see the longest."""
    scores = {
        "lstm": dict.fromkeys(sizes, 0.99),
        "rnn": {size: 0.99 if size < 8 else 0.4 for size in sizes},
        "gcn": {size: 0.97 if size - 2 <= 8 else CHANCE for size in sizes},
    }
    noise = np.random.default_rng(0)
    return [
        make_record(family, size, seed, round(scores[family][size] + noise.uniform(-0.009, 0.009), 4), name=name)
        for seed in range(seeds)
        for size in sizes
        for family in FAMILIES
    ]


def make_regression(seeds=3):
    """An adding task, on which a smaller score is better."""
    noise = np.random.default_rng(1)
    records = []
    for seed in range(seeds):
        for family, score in (("lstm", 0.002), ("rnn", 0.16)):
            record = make_record(family, 50, seed, round(score + noise.uniform(0, 0.001), 5), name="adding")
            task = record["task"] | {"metric": "mean squared error", "higher_is_better": False}
            records.append(record | {"task": task | {"chance": 1 / 6, "solved": 0.01}, "best_50": None})
    return records
