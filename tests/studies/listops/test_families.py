import pytest
import torch

from gnnseq.data.synthetic.listops import ListOpsTrees
from gnnseq.studies.listops.families import LISTOPS_FAMILIES

every_family = pytest.mark.parametrize("family", LISTOPS_FAMILIES, ids=lambda family: family.name)
OPTIONS = {"depth": 5, "arguments": 4, "lengths": (6, 30)}


@every_family
def test_the_answers_are_those_of_the_same_samples(family):
    rows = range(3, 9)
    batch = family.batch(family.data(**OPTIONS), rows, "root")
    expected = torch.from_numpy(ListOpsTrees(**OPTIONS)[rows].root_labels)
    labelled = batch.y[batch.y >= 0]
    assert torch.equal(labelled, expected)
    if not family.bag:
        assert torch.equal(batch.y[batch.ptr[1:] - 1], expected)


@every_family
def test_all_labels_are_the_values_of_the_same_lists(family):
    rows = range(3, 9)
    batch = family.batch(family.data(**OPTIONS), rows, "all")
    corpus = ListOpsTrees(**OPTIONS)[rows]
    expected = corpus.root_labels if family.bag else corpus.labels
    assert sorted(batch.y[batch.y >= 0].tolist()) == sorted(expected.tolist())


@every_family
def test_logits_do_not_depend_on_batch_mates(family):
    data = family.data(**OPTIONS)
    model = family.build(4, 6, 5).double()
    whole = model(family.batch(data, range(4), "all"))
    alone = torch.cat([model(family.batch(data, range(row, row + 1), "all")) for row in range(4)])
    torch.testing.assert_close(whole, alone)
    assert whole.size(-1) == 10
