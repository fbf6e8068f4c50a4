from collections import deque

import pytest
import torch

from gnnseq.data.synthetic.network_sequences import adjacency_rows, breadth_first
from gnnseq.data.synthetic.networks import BlockModelDataset


def slow_breadth_first(adjacency: list[list[bool]]) -> list[int]:
    order: list[int] = []
    for start in range(len(adjacency)):
        queue = deque([start] if start not in order else [])
        while queue:
            node = queue.popleft()
            if node in order:
                continue
            order.append(node)
            queue.extend(other for other, joined in enumerate(adjacency[node]) if joined)
    return order


@pytest.mark.parametrize("probability", [0.0, 0.05, 0.2, 0.6, 1.0])
def test_breadth_first_order_is_that_of_a_queue(probability):
    _, adjacency, _ = BlockModelDataset(2, 8, 1, probabilities=(probability, probability))[:20]
    assert breadth_first(adjacency).tolist() == [slow_breadth_first(rows) for rows in adjacency.tolist()]


@pytest.mark.parametrize("passes", [1, 2, 3])
def test_sequences_of_rows_lose_nothing(passes):
    """Features, edges and labels, node by node."""
    features, adjacency, labels = BlockModelDataset(2, 5, 1)[:10]
    sequences, targets = adjacency_rows(features, adjacency, labels, passes)
    order = breadth_first(adjacency)
    assert sequences.shape == (10, passes * 10, 2 + 10 + 1)
    for graph in range(10):
        nodes = order[graph].tolist()
        for place in range(passes * 10):
            row, node, last = sequences[graph, place].tolist(), nodes[place % 10], place >= (passes - 1) * 10
            assert row[:2] == features[graph, node].tolist()
            assert row[2:12] == [float(node == other or adjacency[graph, node, other]) for other in nodes]
            assert row[12] == float(last and passes > 1)
            assert int(targets[graph, place]) == (int(labels[graph, node]) if last else -100)


def test_a_search_that_ends_begins_again_at_the_least_number_left():
    adjacency = torch.zeros(1, 5, 5, dtype=torch.bool)
    for one, other in ((0, 3), (3, 2), (1, 4)):
        adjacency[0, one, other] = adjacency[0, other, one] = True
    assert breadth_first(adjacency).tolist() == [[0, 3, 2, 1, 4]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"adjacency": torch.zeros(1, 2, 2)},
            r"adjacency has shape \[1, 2, 2\] and dtype torch.float32, expected bool",
        ),
        ({"adjacency": torch.zeros(2, 2, dtype=torch.bool)}, r"adjacency has shape \[2, 2\]"),
        ({"adjacency": torch.tensor([[[False, True], [False, False]]])}, "adjacency is not symmetric"),
        ({"features": torch.zeros(1, 3, 1)}, r"features has shape \[1, 3, 1\], expected \[1, 2\]"),
        ({"labels": torch.zeros(1, 2, 1)}, r"labels has shape \[1, 2, 1\], expected \[1, 2\] and 2 dimensions"),
    ],
)
def test_what_is_no_network(change, message):
    whole = {"features": torch.zeros(1, 2, 1), "adjacency": torch.zeros(1, 2, 2, dtype=torch.bool)}
    with pytest.raises(ValueError, match=message):
        adjacency_rows(**(whole | {"labels": torch.zeros(1, 2)} | change))


def test_no_passes():
    with pytest.raises(ValueError, match="passes is 0, expected an integer >= 1"):
        adjacency_rows(torch.zeros(1, 2, 1), torch.zeros(1, 2, 2, dtype=torch.bool), torch.zeros(1, 2), 0)
