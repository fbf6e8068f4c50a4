import networkx as nx
import pytest
import torch

from gnnseq.experiments.tasks.signals import SignalTask


def regressed(task, with_neighbours):
    """Test error of least squares on a node's own last value, or on its neighbours', fitted on training windows."""
    train, test = (
        next(task.batches("signals", 0, split, size, 1)) for split, size in (("train", 3000), ("test", 1000))
    )
    total = count = 0.0
    for node in range(task.nodes):
        used = [node]
        if with_neighbours:
            used = train.edge_index[0][train.edge_index[1] == node].tolist()
        last = [batch.x[:, -1, 0].reshape(-1, task.nodes)[:, used].double() for batch in (train, test)]
        wanted = [batch.y.reshape(-1, task.nodes)[:, node].double() for batch in (train, test)]
        weights = torch.linalg.lstsq(last[0], wanted[0]).solution
        total += float((last[1] @ weights - wanted[1]).pow(2).sum())
        count += len(wanted[1])
    return total / count


def test_who_sees_the_neighbours_errs_by_the_noise():
    task = SignalTask(10, 3000)
    assert task.noise < task.solved < task.chance
    assert regressed(task, True) == pytest.approx(task.noise, rel=0.1)
    assert regressed(task, False) > 1.2 * task.noise


@pytest.mark.parametrize("view", ["path", "dilated", "graph", "space-time"])
def test_required_hops_reach_every_neighbour(view):
    task = SignalTask(7, 200, 3)
    batch = next(task.batches(view, 0, "train", 1, 1))
    signals = next(task.batches("signals", 0, "train", 1, 1))
    asked = (~batch.y.isnan()).nonzero().squeeze(1).tolist()
    last = [node - task.nodes for node in asked]
    place = {float(batch.x[node, 0]): node for node in last}
    answer = {float(batch.y[node]): node for node in asked}
    graph = nx.DiGraph(batch.edge_index.t().tolist())
    distances = [
        nx.shortest_path_length(graph, place[float(signals.x[one, -1, 0])], answer[float(signals.y[other])])
        for one, other in signals.edge_index.t().tolist()
    ]
    assert max(distances) == task.required(view)


def test_a_node_alone_does_not_see_its_neighbours():
    task = SignalTask(7, 200, 3)
    batch = next(task.batches("path per node", 0, "train", 2, 1))
    assert batch.num_graphs == 14
    assert (~batch.y.isnan()).nonzero().squeeze(1).tolist() == (batch.ptr[1:] - 1).tolist()
    assert task.required("path per node") is None


def test_bad_input():
    with pytest.raises(ValueError, match="window is 0, expected an integer >= 1"):
        SignalTask(window=0)
    with pytest.raises(
        ValueError, match=r"length \+ horizon is 30 \+ 1, expected at most the 20 steps of the validation part"
    ):
        SignalTask(8, 200, 30)
    with pytest.raises(ValueError, match="num_nodes is 3"):
        SignalTask(3)


def test_every_seed_has_its_own_graph_where_none_is_given():
    task = SignalTask(7, 200, 3, graph_seed=None)
    first, second = (next(task.batches("signals", seed, "train", 2, 1)) for seed in (0, 1))
    assert not torch.equal(first.edge_index, second.edge_index)
    same = next(SignalTask(7, 200, 3, graph_seed=1).batches("signals", 1, "train", 2, 1))
    assert torch.equal(second.x, same.x)
    assert torch.equal(second.edge_index, same.edge_index)
    whole = [SignalTask(7, 200, 3, graph_seed=seed) for seed in range(8)]
    assert task.chance == pytest.approx(sum(one.chance for one in whole) / 8)
    assert task.required("path") == max(one.required("path") for one in whole)
    assert task.title == "signals on 7 nodes, a graph for each seed"


@pytest.mark.parametrize("rule", ["symmetric", "signed"])
def test_references_frame_what_can_be_reached(rule):
    task = SignalTask(10, 3000, graph_seed=None, rule=rule)
    found = task.references(2)
    assert found["rule"] == pytest.approx(task.references(2)["rule"])
    assert found["rule"] < found["VAR(1)"] < found["mean"]
    assert found["rule"] == pytest.approx(SignalTask(10, 3000, graph_seed=2, rule=rule).noise, rel=0.1)
    assert found["mean"] == pytest.approx(SignalTask(10, 3000, graph_seed=2, rule=rule).chance)
