"""Trees of operations against their values, one node at a time; and their datasets."""

from collections import Counter

import pytest
import torch
from torch.utils.data import DataLoader

from gnnseq.data import FormulaTrees
from gnnseq.data.synthetic.formulas import boolean, modular_sums

OPERATORS = {"AND": lambda a, b: a & b, "OR": lambda a, b: a | b, "XOR": lambda a, b: a ^ b}


def value(tree, node, operators):
    children = sorted((n for n, parent in enumerate(tree.parents) if parent == node), key=lambda n: tree.slots[n])
    if not children:
        return int(tree.words[node])
    return operators[tree.words[node]](*(value(tree, child, operators) for child in children))


@pytest.mark.parametrize("deep", [False, True])
def test_every_node_has_the_value_of_its_formula(deep):
    for algebra, operators in (
        (boolean(), OPERATORS),
        (modular_sums(5), {"SUM": lambda a, b: (a + b) % 5}),
    ):
        dataset = FormulaTrees(algebra, 15, seed=2, deep=deep)
        for tree in dataset[:30]:
            assert [int(label) for label in tree.labels] == [value(tree, n, operators) for n in range(len(tree))]
            assert all(parent > node for node, parent in enumerate(tree.parents[:-1]))  # postfix order
            assert tree.parents[-1] == -1


def test_all_shapes_of_a_size_come_equally_often():
    corpus = FormulaTrees(boolean(), 7, 7)[:5000]
    shapes = Counter(tuple(corpus.parents[a:b]) for a, b in zip(corpus.ptr[:-1], corpus.ptr[1:], strict=True))
    assert len(shapes) == 5  # Catalan number of 3 inner nodes
    assert min(shapes.values()) > 880


def test_deep_formulas_have_the_value_of_the_deepest_leaf():
    for tree in FormulaTrees(boolean(), 61, 61, seed=1, deep=True)[:50]:
        depth = tree.depths()
        ends = {tree.labels[node] for node in range(len(tree)) if depth[node] == depth.max()}
        assert tree.labels[-1] in ends
    plain = FormulaTrees(modular_sums(5), 21, seed=1)[:20]
    assert (FormulaTrees(modular_sums(5), 21, seed=1, deep=True)[:20].labels == plain.labels).all()


def test_sizes_and_shares():
    corpus = FormulaTrees(boolean(), 9, 5)[:4000]
    sizes = Counter((corpus.ptr[1:] - corpus.ptr[:-1]).tolist())
    assert set(sizes) == {5, 7, 9}
    assert min(sizes.values()) > 1200
    assert abs(corpus.labels.mean() - 0.5) < 0.02


def test_a_sample_depends_on_its_number_and_the_seed_alone():
    dataset = FormulaTrees(boolean(), 20, seed=4)
    assert dataset[7] == dataset[5:9][2] == FormulaTrees(boolean(), 20, seed=4)[7]
    assert [str(tree) for tree in dataset[:9]] != [str(t) for t in FormulaTrees(boolean(), 20, seed=5)[:9]]
    loader = DataLoader(FormulaTrees(boolean(), 20, num_samples=6), batch_size=3, collate_fn=lambda corpus: corpus)
    assert [len(corpus) for corpus in loader] == [3, 3]
    assert torch.equal(
        torch.from_numpy(next(iter(loader)).labels), torch.from_numpy(FormulaTrees(boolean(), 20)[:3].labels)
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FormulaTrees(boolean(), 0), "longest is 0, expected an integer >= 1"),
        (lambda: FormulaTrees(boolean(), 4, 5), "shortest is 5, expected"),
        (lambda: modular_sums(1), "modulus is 1, expected an integer >= 2"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
