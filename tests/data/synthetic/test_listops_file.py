import numpy as np
import pytest
import torch
from real_data import real_file

from gnnseq.data.synthetic.listops import ListOpsBinaryTrees, ListOpsSequences, ListOpsTrees
from gnnseq.data.synthetic.listops_file import Expression, levels_of, read_listops

FORMS = (ListOpsTrees, ListOpsBinaryTrees, ListOpsSequences)


def nested(tree):
    """A tree of ListOpsTrees as an expression."""
    made = []
    for word, below in zip(tree.words, tree.children(), strict=True):
        symbol = ListOpsTrees.vocabulary.symbols.index(word)
        made.append(Expression(symbol, tuple(made[child] for child in below)))
    return made[-1]


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n")
    return path


def test_random_expressions_come_back_in_every_form(tmp_path):
    trees = ListOpsTrees(depth=5, arguments=4)[:30]
    sequences = ListOpsSequences(depth=5, arguments=4)[:30][0]
    rows = [" ".join(ListOpsTrees.vocabulary.lookup(sequence)) for sequence in sequences]
    lines = [f"{value}\t( {row} )" for value, row in zip(trees.root_labels, rows, strict=True)]
    expressions = read_listops(write(tmp_path / "lists.tsv", *lines))
    assert expressions == [nested(tree) for tree in trees]
    for form in FORMS:
        given, drawn = form.from_expressions(expressions), form(depth=5, arguments=4)
        assert len(given) == 30
        left, right = given[4:30], drawn[4:30]
        if form is ListOpsSequences:
            assert all(torch.equal(*pair) for pair in zip(left[0], right[0], strict=True))
            assert torch.equal(left[1], right[1])
        else:
            assert list(left) == list(right)
    assert len(levels_of([Expression(3)])) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("5\t[MIN 4 5 ]", "expected the value 4, got 5"),
        ("x\t4", "expected a digit, a tab and an expression, got 'x"),
        ("4", "expected a digit, a tab and an expression"),
        ("4\t[ABS 4 ]", "symbol 1 is '.ABS', expected one of 0 1"),
        ("4\t[MIN ]", "symbol 2 is '.', expected an operator and an argument before it"),
        ("4\t4 ]", "the expression ends with symbol 1 of 2, expected one expression"),
        ("4\t[MIN 4", "1 lists are open at the end, expected one whole expression"),
        ("4\t( )", "0 lists are open at the end, expected one whole expression"),
    ],
)
def test_malformed_lines_are_named(tmp_path, line, message):
    with pytest.raises(ValueError, match=rf"lists.tsv, line 2: {message}"):
        read_listops(write(tmp_path / "lists.tsv", "1\t1", line))


def test_the_published_test_part():
    corpus = ListOpsTrees.from_expressions(read_listops(real_file("listops/test_d20s.tsv")))[:10_000]
    assert len(corpus) == 10_000
    assert np.bincount(corpus.root_labels).max() < 2_500
