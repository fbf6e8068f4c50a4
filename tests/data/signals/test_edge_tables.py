"""Graphs from lists of edges, tables of weights and distances; names that join them to a series."""

import math

import pytest
import torch
from torch.testing import assert_close

from gnnseq.data.signals.edge_tables import gaussian_kernel, read_adjacency, read_edges

NAMES = ["a", "b", "10"]
WEIGHTS = [[0, 0.5, 0], [0, 0, 2], [1, 0, 0]]


def written(tmp_path, text):
    (tmp_path / "roads.csv").write_text(text)
    return tmp_path / "roads.csv"


@pytest.mark.parametrize("heading", ["", "from,to,weight\n"])
def test_edges_with_weights(tmp_path, heading):
    path = written(tmp_path, heading + "a,b,0.5\nb,10,2\n10,a,1\n")
    assert read_edges(path, NAMES).tolist() == WEIGHTS
    far = read_edges(path, NAMES, missing=math.inf)
    assert far[0, 1] == 0.5
    assert far[0, 0] == math.inf


@pytest.mark.parametrize("heading", ["", "from,to\n", "Source node,target_node_id\n"])
def test_edges_without_weights(tmp_path, heading):
    path = written(tmp_path, heading + "a,b\nb,10\n10,a\n")
    assert torch.equal(read_edges(path, NAMES), (torch.tensor(WEIGHTS) > 0).double())


@pytest.mark.parametrize("heading", ["", "from,to,cost\n"])
def test_other_nodes_are_ignored_where_that_is_asked(tmp_path, heading):
    path = written(tmp_path, heading + "7,8,1\na,b,0.5\nb,7,3\n7,a,4\nb,10,2\n10,a,1\n7,8,1\n")
    assert read_edges(path, NAMES, others="ignore").tolist() == WEIGHTS
    with pytest.raises(ValueError, match="node '7' is not in the series"):
        read_edges(path, NAMES)
    with pytest.raises(ValueError, match=r"roads.csv: node 'c' of the series is in no edge"):
        read_edges(path, [*NAMES, "c"], others="ignore")
    with pytest.raises(ValueError, match="others is 'skip', expected 'raise' or 'ignore'"):
        read_edges(path, NAMES, others="skip")


@pytest.mark.parametrize(
    "text",
    [
        "0,0.5,0\n0,0,2\n1,0,0\n",
        "a,b,10\n0,0.5,0\n0,0,2\n1,0,0\n",
        "10,b,a\n0,0,1\n2,0,0\n0,0.5,0\n",
        ",10,b,a\n10,0,0,1\nb,2,0,0\na,0,0.5,0\n",
    ],
)
def test_tables_of_weights_in_any_order(tmp_path, text):
    assert read_adjacency(written(tmp_path, text), NAMES).tolist() == WEIGHTS


def test_gaussian_kernel():
    d = torch.tensor([[0, 1, math.inf], [2, 0, 4], [math.inf, 4, 0]], dtype=torch.float64)
    finite = torch.tensor([0, 1, 2, 0, 4, 4, 0], dtype=torch.float64)
    sigma = finite.std(correction=0)
    expected = torch.exp(-((d / sigma) ** 2))
    assert expected[1, 2] < 0.1 < expected[1, 0]
    assert_close(gaussian_kernel(d), torch.where(expected < 0.1, 0.0, expected))
    assert gaussian_kernel(d, threshold=0.0)[1, 2] == expected[1, 2]
    assert_close(gaussian_kernel(d, sigma=4.0)[1, 2], torch.tensor(math.exp(-1), dtype=torch.float64))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "roads.csv holds no edges"),
        ("from,to\n", "roads.csv holds no edges"),
        ("a,b\nb,10\n10,c\n", r"line 3, column 2: node 'c' is not in the series, expected \['a', 'b', '10'\]"),
        ("c,a,1\n", "line 1, column 1: node 'c' is not in the series"),
        ("c,d\na,b\nb,10\n", "line 1, column 1: node 'c' is not in the series"),
        ("node 1,node 2\na,b\nb,10\n", "line 1, column 1: node 'node 1' is not in the series"),
        ("a,b\nb,a\n", "roads.csv: node '10' of the series is in no edge; leave its column out"),
        ("a,b\nb,10\na,b\n", "line 3: the edge from 'a' to 'b' comes twice, first in line 1"),
        ("a,b,1\nb,10\n", "line 2: 2 cells, expected 3"),
        ("a,b,1,2\n", "line 1: 4 cells, expected 3"),
        ("a,b,near\nb,10,1\n", "line 1, column 3: 'near' is no number"),
    ],
)
def test_bad_edges(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_edges(written(tmp_path, text), NAMES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "roads.csv has 0 rows, expected 3"),
        ("0,1,0\n1,0,1\n", "roads.csv has 2 rows, expected 3, one per node"),
        ("0,1,0\n1,0\n0,1,0\n", "line 2: 2 cells, expected 3"),
        ("0,0,0\n0,1,0\n0,0,0\n", "roads.csv has no edge between two nodes"),
        ("0,0,0\n0,1,far\n0,0,0\n", "line 2, column 3: 'far' is no number"),
        ("a,b,c\n0,1,0\n1,0,1\n0,1,0\n", "line 1: node 'c' is not in the series"),
        ("a,b\n0,1\n1,0\n", "line 1: node '10' of the series stands 0 times, expected once"),
        (",a,b,10\na,0,1,0\n10,1,0,1\nb,0,1,0\n", "line 3: '10', expected 'b' as in the first row"),
    ],
)
def test_bad_tables(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_adjacency(written(tmp_path, text), NAMES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.ones(2, 3),), r"distances has shape \[2, 3\], expected \[N, N\]"),
        ((torch.tensor([[0, -1.0], [1, 0]]),), r"distances\[0, 1\] is -1, expected >= 0"),
        ((torch.tensor([[0, torch.nan], [1, 0]]),), r"distances\[0, 1\] is nan, expected >= 0"),
        ((torch.ones(2, 2),), "sigma is 0, expected a positive number"),
        ((torch.ones(2, 2), 2.0), "threshold is 2.0, expected 0 to 1"),
        ((torch.tensor([[0, 9.0], [9, 0]]), 0.5, 1.0), "threshold is 0.5, which leaves no edge .* with sigma 1"),
        ((torch.full((2, 2), math.inf), 0.1, 1.0), "threshold is 0.1, which leaves no edge"),
    ],
)
def test_bad_distances(arguments, message):
    with pytest.raises(ValueError, match=message):
        gaussian_kernel(*arguments)


@pytest.mark.parametrize("first", ["01,02", "7,8"])
def test_a_first_row_of_numbers_is_no_heading(tmp_path, first):
    path = tmp_path / "edges.csv"
    path.write_text(f"{first}\n1,3\n")
    with pytest.raises(ValueError, match=r"node '0?[17]' is not in the series"):
        read_edges(path, ["1", "2", "3"])
