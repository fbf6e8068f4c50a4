import numpy as np

from gnnseq.ops.carry import carry_positions


def test_edges_to_the_next_level_read_the_level_itself():
    source, target = np.array([0, 1, 2]), np.array([2, 2, 3])
    step, local, size = np.array([0, 0, 1, 2]), np.array([0, 1, 0, 0]), np.array([2, 1, 1])
    found = carry_positions(source, target, step, local, size)
    assert found.child.tolist() == [0, 1, 0]
    assert all(len(kept) == 0 for kept in (*found.keep, *found.park))


def test_a_node_that_waits_for_one_late_reader_is_parked_and_a_short_wait_is_carried():
    depth = 200
    chain = np.arange(depth - 1)
    source, target = np.append(chain, 0), np.append(chain + 1, depth - 1)
    order = np.argsort(target, kind="stable")
    step, local, size = np.arange(depth), np.zeros(depth, np.int64), np.ones(depth, np.int64)
    far = carry_positions(source[order], target[order], step, local, size)
    assert sum(map(len, far.park)) == 1
    near = carry_positions(
        np.array([0, 1, 0]), np.array([1, 2, 2]), np.arange(3), np.zeros(3, np.int64), np.ones(3, int)
    )
    assert sum(map(len, near.park)) == 0
    assert sum(map(len, near.keep)) == 1
