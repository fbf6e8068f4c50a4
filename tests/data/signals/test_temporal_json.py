"""The JSON files of PyTorch Geometric Temporal, and what is refused."""

import json

import pytest

from gnnseq.data.signals.temporal_json import read_temporal_json

GOOD = {"edges": [[0, 1], [1, 2], [0, 1]], "node_ids": {"C": 2, "A": 0, "B": 1}, "FX": [[1, 2, 3], [4, 5.5, 6]]}


def read(tmp_path, data):
    (tmp_path / "data.json").write_text(data if isinstance(data, str) else json.dumps(data))
    return read_temporal_json(tmp_path / "data.json")


@pytest.mark.parametrize("key", ["FX", "X", "block"])
def test_values_edges_and_names(tmp_path, key):
    series, adjacency = read(tmp_path, {"edges": GOOD["edges"], "node_ids": GOOD["node_ids"], key: GOOD["FX"]})
    assert series.values.tolist() == GOOD["FX"]
    assert series.names == ["A", "B", "C"]
    assert series.times is None
    assert adjacency.tolist() == [[0, 2, 0], [0, 0, 1], [0, 0, 0]]


def test_weights_and_nodes_without_names(tmp_path):
    series, adjacency = read(tmp_path, {"edges": [[2, 0]], "weights": [0.5], "X": GOOD["FX"]})
    assert series.names == ["0", "1", "2"]
    assert adjacency[2, 0] == 0.5
    assert adjacency.sum() == 0.5


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{", "data.json is no JSON"),
        ("[1]", "data.json holds a list, expected an object"),
        ({"FX": GOOD["FX"]}, r"has the entries \['FX'\], expected edges and one of FX, X, block"),
        ({"edges": []}, "expected edges and one of FX"),
        (GOOD | {"FX": [[1, 2], [3]]}, "data.json: FX is no table of numbers"),
        (GOOD | {"FX": [1, 2]}, r"FX has shape \[2\], expected 2 dimensions"),
        (GOOD | {"FX": [[1, 2, 1e39]]}, r"FX holds values that are not finite .* \[0, 2\] is inf"),
        (GOOD | {"edges": [[0, 3]]}, "edges are .*, expected pairs of nodes 0 to 2"),
        (GOOD | {"edges": [[0, 0.5]]}, "expected pairs of nodes"),
        (GOOD | {"edges": [[0, 1, 2]]}, "expected pairs of nodes"),
        (GOOD | {"edges": []}, r"edges has shape \[0\], expected 2 dimensions"),
        (GOOD | {"weights": [1]}, "weights has 1 entries, expected 3, one per edge"),
        (GOOD | {"node_ids": {"A": 0, "B": 1, "C": 1}}, "node_ids is .*, expected the numbers 0 to 2 by name"),
        (GOOD | {"node_ids": ["A", "B", "C"]}, "node_ids is"),
    ],
)
def test_what_is_refused(tmp_path, data, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, data)
