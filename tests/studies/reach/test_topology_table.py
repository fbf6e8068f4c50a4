import csv
import math

import pytest

from gnnseq.studies.reach.topology_table import topology_csv, topology_markdown, topology_rows


def record(title="path", accuracy=0.5, sees=True, status="done", strength=0.1):
    return {
        "title": title, "hops": 4, "layers": 4, "weights": 1234, "sees": sees, "chance": 0.1, "status": status,
        "accuracy": accuracy, "strength": strength, "steps": 10,
    }  # fmt: skip


def test_means_intervals_and_verdicts():
    rows = topology_rows(
        [record(accuracy=a, strength=s) for a, s in ((0.4, 0.1), (0.5, 1.0), (0.6, 10.0))]
        + [record("star", 0.99), record("star", 1.0), record("window", 0.11), record("cut", 0.1, sees=False)]
        + [record("path", 0.0, status="failed")]
    )
    path, star, window, cut = rows
    assert (path.accuracy, path.seeds) == (pytest.approx(0.5), 3)
    assert path.strength == pytest.approx(1.0)  # the geometric mean
    assert path.high - path.accuracy == pytest.approx(4.303 * 0.1 / 3**0.5, rel=1e-3)  # Student's t, 2 degrees
    assert star.high == 1.0
    assert math.isnan(window.low)
    assert [row.verdict for row in rows] == ["learned in part", "learned", "did not learn", "cannot see"]
    assert cut.seeds == 1


def test_tables():
    rows = topology_rows([record(accuracy=0.4), record(accuracy=0.6), record("star", 0.3)])
    lines = topology_markdown(rows).splitlines()
    assert len(lines) == 4
    assert "| 50.0 % (0.0 to 100.0) |" in lines[2]
    assert "| 30.0 % |" in lines[3]
    assert len({line.count("|") for line in lines}) == 1
    read = list(csv.DictReader(topology_csv(rows).splitlines()))
    assert [row["graph"] for row in read] == ["path", "star"]
    assert float(read[0]["accuracy"]) == 0.5
