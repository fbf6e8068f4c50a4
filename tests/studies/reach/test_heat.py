import pytest
import torch

from gnnseq.experiments import PALINDROME_FAMILIES, PalindromeTask, find_family
from gnnseq.experiments.encoders import GCN_LAYERS
from gnnseq.studies.reach.heat import measure_heat, node_shares
from gnnseq.studies.reach.sight import position_influence

TASK = PalindromeTask(13)


@pytest.mark.parametrize("family", PALINDROME_FAMILIES, ids=lambda family: family.name)
def test_rows_add_up_and_no_output_of_a_one_way_model_sees_the_future(family):
    heat = measure_heat(family, TASK, seeds=1, width=16, sequences=2)
    shares = torch.tensor(heat.shares)
    assert shares.shape == ((2 * 12 - 1 if family.name == "tree-lstm-balanced" else 12), 12)
    assert heat.rows == ("node" if family.name == "tree-lstm-balanced" else "position")
    torch.testing.assert_close(shares.sum(1), torch.ones(len(shares)), rtol=0, atol=2e-3)
    ahead = shares[:12].triu(1)
    assert bool(ahead.any()) is (family.view == "path both ways")


def test_a_gcn_is_a_band():
    shares = torch.tensor(measure_heat(find_family("gcn"), TASK, seeds=1, width=8, sequences=1).shares)
    distance = (torch.arange(12).unsqueeze(1) - torch.arange(12)).abs()
    assert torch.equal(shares > 0, distance <= GCN_LAYERS)


def test_a_trees_root_sees_all_leaves_and_a_leaf_itself():
    shares = torch.tensor(measure_heat(find_family("tree-lstm-balanced"), TASK, seeds=1, width=4, sequences=1).shares)
    assert torch.equal(shares[:12], torch.eye(12))
    assert bool((shares[-1] > 0).all())


@pytest.mark.parametrize("name", ["lstm", "gcrn"])
def test_the_last_row_is_the_influence_on_what_is_read_out(name):
    family = find_family(name)
    torch.manual_seed(0)
    model = family.build(TASK, 5, 4).double()
    model.head = torch.nn.Identity()
    batch = next(TASK.batches(family.view, 0, "train", 3, 1))
    expected = position_influence(model, batch, 12)
    expected = (expected / expected.sum(1, keepdim=True)).mean(0)
    torch.testing.assert_close(node_shares(model, batch, 12)[-1], expected, rtol=1e-10, atol=0.0)


def test_own_initialisation_is_named():
    family = find_family("lstm")
    assert measure_heat(family, TASK, tuned=True, seeds=1, width=4, sequences=1).initialisation == "chrono"
