import pytest
import torch

from gnnseq.experiments.tasks.networks import BlockModelTask, KarateTask


def test_the_two_passes_of_a_recurrent_model():
    """Labels stand in the second pass alone, where the last feature says so."""
    task = BlockModelTask(2, 5, 2)
    batch = next(task.batches("path", 0, "train", 6, 1))
    x, y = batch.x.reshape(6, 2, 10, 13), batch.y.reshape(6, 2, 10)
    assert y[:, 0].eq(-100).all()
    assert torch.equal(x[:, 0, :, :12], x[:, 1, :, :12])
    assert x[:, 0, :, 12].eq(0).all()
    assert x[:, 1, :, 12].eq(1).all()


def test_the_sequence_has_the_edges_of_the_graph():
    """Numbers of edges, known nodes and degrees of every class agree between the two views."""
    task = BlockModelTask(2, 5, 2)
    graph = next(task.batches("graph", 0, "train", 6, 1))
    rows = next(task.batches("path both ways", 0, "train", 6, 1)).x.reshape(6, 10, 13)
    degree = torch.bincount(graph.edge_index[0], minlength=60).reshape(6, 10)
    matrix = rows[:, :, 2:12]
    assert torch.equal(matrix, matrix.transpose(1, 2))
    assert torch.equal((matrix.sum(2) - 1).sort(1).values, degree.float().sort(1).values)
    assert graph.x[:, 2:].eq(0).all()
    assert torch.equal(graph.x[:, :2].reshape(6, 10, 2).sum(1), rows[:, :, :2].sum(1))


def test_a_batch_of_the_karate_club_is_the_club_once():
    task = KarateTask(3)
    batches = list(task.batches("graph", 0, "train", 64, 3))
    assert [batch.num_graphs for batch in batches] == [1, 1, 1]
    assert torch.equal(batches[0].x[:, :34], torch.eye(34))
    assert int((batches[0].y >= 0).sum()) == 6
    rows = next(task.batches("path both ways", 0, "train", 64, 1)).x
    assert torch.equal(rows[:, :34].diagonal(), torch.ones(34))
    assert int(rows[:, :34].sum()) == 2 * 78 + 34


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BlockModelTask(1), "communities is 1"),
        (lambda: BlockModelTask(inside=1.5), "probabilities is .1.5, 0.1., expected two numbers from 0 to 1"),
        (lambda: KarateTask(0), "known is 0, expected an integer from 1 to 11"),
    ],
)
def test_arguments_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make()
