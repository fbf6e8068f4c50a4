import math

import pytest

from gnnseq.studies.reach.depth import measure_depth


@pytest.mark.parametrize("stack", ["gcn", "graph-conv"])
def test_reach_is_the_number_of_layers(stack):
    record = measure_depth(stack, 3, seeds=2, width=8)
    for profile in [*record.profile, record.theory]:
        assert sum(profile) == pytest.approx(1.0)
        assert all(share > 0 for share in profile[:4])
        assert profile[4:] == [0.0] * len(profile[4:])
        assert len(profile) > 4
    assert all(field <= 3 for field in record.field)


def test_theory_is_the_random_walk_and_the_root_of_a_binomial():
    walk = measure_depth("gcn", 1, seeds=1, width=4)
    assert walk.theory[:2] == pytest.approx([1 / 3, 2 / 3])
    assert walk.profile[0] == pytest.approx(walk.theory)  # one linear layer meets it exactly
    ways = [math.comb(4, k) ** 0.5 for k in range(5)]
    assert measure_depth("graph-conv", 4, seeds=1, width=4).theory[:5] == pytest.approx([w / sum(ways) for w in ways])


def test_measured_follows_theory_for_wide_stacks():
    for stack in ("gcn", "graph-conv"):
        record = measure_depth(stack, 6, seeds=4, width=64)
        mean = sum(record.mean_distance) / 4
        assert mean == pytest.approx(record.expected_distance, rel=0.15)


def test_depth_helps_a_directed_stack_more():
    undirected, directed = (
        [measure_depth(stack, layers, seeds=1) for layers in (4, 12)] for stack in ("gcn", "graph-conv")
    )
    assert undirected[1].expected_distance < 2 * undirected[0].expected_distance
    assert directed[1].expected_distance == pytest.approx(3 * directed[0].expected_distance)


def test_unknown_stack():
    with pytest.raises(ValueError, match="stack is 'gat', expected one of gcn, graph-conv"):
        measure_depth("gat", 2)
