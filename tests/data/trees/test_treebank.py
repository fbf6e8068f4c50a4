import time
from dataclasses import dataclass, field

import conllu
import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_data import real_file
from tree_strategies import BRACKETS, heads

from gnnseq.data.trees.heads import HeadError
from gnnseq.data.trees.treebank import read_brackets, read_conllu, trees_from_doc

ROW = "{}\t{}\t_\t_\t_\t_\t{}\t{}\t_\t_"
GOOD = "\n".join([ROW.format(1, "Go", 0, "root"), ROW.format(2, "home", 1, "advmod")])


@given(st.lists(BRACKETS, min_size=1, max_size=5))
def test_bracket_files(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("bank") / "trees"
    path.write_text("\n".join(texts), encoding="utf-8")
    bank = read_brackets(path)
    assert [str(tree) for tree in bank.trees] == texts
    assert bank.skipped == 0
    path.write_text("\n\n".join(text.replace(" (", "\n  (") for text in texts) + "\n", encoding="utf-8")
    assert read_brackets(path).trees == bank.trees


BAD_BRACKETS = """(1 a)
(2 (2 b)
(3 c)

(4 d))
  (5
    (6 e) f)
(7 g)
(8 h
"""


def test_malformed_trees_stop_or_are_skipped(tmp_path):
    path = tmp_path / "trees"
    path.write_text(BAD_BRACKETS)
    expected = r"trees, line 2, column 9: expected '\)' for the bracket of line 2, column 1, got the end$"
    with pytest.raises(ValueError, match=expected):
        read_brackets(path)
    bank = read_brackets(path, on_error="skip")
    assert [str(tree) for tree in bank.trees] == ["(1 a)", "(3 c)", "(7 g)"]
    assert bank.skipped == len(bank.errors) == 4
    assert [error.removeprefix(f"{path}, ") for error in bank.errors[1:]] == [
        "line 5, column 6: expected the end of the tree, got ')'",
        "line 7, column 11: expected a label of 'f'",
        "line 9, column 5: expected ')' for the bracket of line 9, column 1, got the end",
    ]
    assert read_brackets(path, on_error="skip", require_labels=False).skipped == 3


@pytest.mark.parametrize("read", [read_brackets, read_conllu])
def test_files_that_hold_nothing(tmp_path, read):
    path = tmp_path / "bank"
    for content in ("", "\n \n"):
        path.write_text(content)
        with pytest.raises(ValueError, match="bank is empty, expected at least one tree"):
            read(path)
    path.write_bytes(b"(2 \xff)")
    with pytest.raises(ValueError, match="bank: byte 0xff at offset 3"):
        read(path, on_error="skip")
    with pytest.raises(ValueError, match="on_error is 'ignore', expected 'raise' or 'skip'"):
        read(path, on_error="ignore")


@given(st.lists(heads(), min_size=1, max_size=4))
def test_conllu_files(tmp_path_factory, sentences):
    path = tmp_path_factory.mktemp("bank") / "trees.conllu"
    rows = [
        "\n".join(ROW.format(n + 1, f"w{n}", head + 1, f"r{n}") for n, head in enumerate(sentence)) + "\n"
        for sentence in sentences
    ]
    path.write_text("\n".join(rows))
    trees = read_conllu(path).trees
    assert len(trees) == len(sentences)
    for tree, sentence in zip(trees, sentences, strict=True):
        assert tree.sentence() == [f"w{n}" for n in range(len(sentence))]
        found = {int(tree.places[n]): int(tree.places[p]) if p >= 0 else -1 for n, p in enumerate(tree.parents)}
        assert [found[n] for n in range(len(sentence))] == sentence


def test_conllu_ranges_empty_nodes_and_comments(tmp_path):
    path = tmp_path / "trees"
    lines = [
        "# text = don't stop",
        ROW.format("1-2", "don't", "_", "_"),
        ROW.format(1, "do", 3, "aux"),
        ROW.format(2, "n't", 3, "advmod"),
        ROW.format("2.1", "x", "_", "_"),
        ROW.format(3, "stop it", 0, "root"),
        "",
        "# only a comment",
        "",
    ]
    path.write_text("\r\n".join(lines))
    (tree,) = read_conllu(path).trees
    assert tree.sentence() == ["do", "n't", "stop it"]
    assert str(tree) == "(root stop it (aux do) (advmod n't))"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["1\tGo\t_"], "line 5: expected 10 columns with tabs between them, got 3"),
        (["1 Go _ _ _ _ 0 root _ _"], "line 5: expected 10 columns with tabs between them, got 1"),
        ([ROW.format(2, "Go", 0, "root")], "line 5: expected word 1, got '2'"),
        ([ROW.format("x", "Go", 0, "root")], "line 5: expected word 1, got 'x'"),
        ([ROW.format(1, "Go", "_", "root")], "line 5: expected a number as head, got '_'"),
        ([ROW.format(1, "Go", "-1", "root")], "line 5: expected a number as head, got '-1'"),
        ([ROW.format(1, "a", 0, "x"), ROW.format(2, "b", 0, "x")], "line 6: words 1 and 2 are both the root"),
        ([ROW.format(1, "a", 0, "x"), ROW.format(2, "b", 7, "x")], "line 6: word 2 has head 7 of 2 words"),
        ([ROW.format(1, "a", 2, "x"), ROW.format(2, "b", 1, "x")], "line 5: no word is the root"),
        (
            [ROW.format(1, "a", 0, "x"), ROW.format(2, "b", 3, "x"), ROW.format(3, "c", 2, "x")],
            "line 6: words 2 -> 3 -> 2 form a cycle, expected a tree",
        ),
        ([ROW.format("1-2", "a", "_", "_")], "line 5: expected at least one word"),
        ([ROW.format(1, "", 0, "root")], r"line 5: expected a form in column 2, got ''"),
        ([ROW.format(1, "Go", 0, "")], r"line 5: expected a relation in column 8, got ''"),
        (
            [ROW.format(1, "Go", 0, "root"), ROW.format(2, " ", 1, "x")],
            r"line 6: expected a form in column 2, got ' '",
        ),
        ([ROW.format("x-y", "Go", 0, "root")], "line 5: expected word 1, got 'x-y'"),
        (["9-8\tGo" + "\t_" * 8, ROW.format(1, "Go", 0, "root")], "line 5: expected a range from word 1 on, got '9-8'"),
        (["1-0\tGo" + "\t_" * 8, ROW.format(1, "Go", 0, "root")], "line 5: expected a range from word 1 on, got '1-0'"),
        (["1-2\tGo" + "\t_" * 8, ROW.format(1, "Go", 0, "root")], "line 6: expected word 2, which a range has"),
        (
            ["1-2\tGo" + "\t_" * 8, ROW.format(1, "Go", 0, "root"), "2-3\tGo" + "\t_" * 8],
            "line 7: expected a range from word 3 on, got '2-3'",
        ),
        ([ROW.format("", "Go", 0, "root")], "line 5: expected word 1, got ''"),
        ([ROW.format(1, "Go", "9" * 5000, "root")], "line 5: expected a number as head, got '999"),
        ([ROW.format(1, "Go", "\u0660", "root")], "line 5: expected a number as head, got '\u0660'"),
    ],
)
def test_malformed_sentences(tmp_path, rows, message):
    path = tmp_path / "trees"
    path.write_text("\n".join([GOOD, "", "# bad", *rows, "", GOOD]))
    with pytest.raises(ValueError, match=f"^{path}, {message}"):
        read_conllu(path)
    bank = read_conllu(path, on_error="skip")
    assert len(bank.trees) == 2
    assert bank.skipped == 1
    assert bank.errors[0].startswith(f"{path}, {message}")


@dataclass
class Token:
    i: int
    text: str
    dep_: str
    head: "Token | None" = field(default=None, repr=False)


def make_tokens(given_heads, first=0):
    tokens = [Token(first + n, f"w{n}", f"r{n}") for n in range(len(given_heads))]
    for token, head in zip(tokens, given_heads, strict=True):
        token.head = token if head < 0 else tokens[head]
    return tokens


class Doc(list):
    @property
    def sents(self):
        return iter([self[:2], self[2:]])


@given(heads())
def test_documents_without_sentences(given_heads):
    (tree,) = trees_from_doc(make_tokens(given_heads))
    assert tree.sentence() == [f"w{n}" for n in range(len(given_heads))]
    assert tree.words[-1] == f"w{given_heads.index(-1)}"


def test_documents_with_sentences():
    doc = Doc([*make_tokens([1, -1]), *make_tokens([-1, 0, 1], first=2)])
    assert [str(tree) for tree in trees_from_doc(doc)] == ["(r1 w1 (r0 w0))", "(r0 w0 (r1 w1 (r2 w2)))"]
    with pytest.raises(HeadError, match="words 2 and 3 are both the root"):
        trees_from_doc(list(doc))


def test_the_real_sentiment_treebank():
    path = real_file("sst/train.txt")
    bank = read_brackets(path)
    assert (len(bank.trees), bank.skipped) == (8544, 0)
    lines = path.read_text(encoding="utf-8").split("\n")
    assert [str(tree) for tree in bank.trees] == lines[:8544]
    leaves = sum(len(tree.sentence()) for tree in bank.trees)
    assert leaves / 8544 == pytest.approx(19.14, abs=0.01)


def test_the_real_dependency_treebank():
    path = real_file("ud_ewt/*.conllu")
    trees = read_conllu(path).trees
    assert (len(trees), sum(map(len, trees))) == (2001, 25147)
    for tree, sentence in zip(trees, conllu.parse(path.read_text(encoding="utf-8")), strict=True):
        rows = [row for row in sentence if isinstance(row["id"], int)]
        assert tree.sentence() == [row["form"] for row in rows]
        for node, parent in enumerate(tree.parents.tolist()):
            row = rows[tree.places[node]]
            assert row["head"] == (0 if parent < 0 else tree.places[parent] + 1)
            assert row["deprel"] == tree.labels[node]


@pytest.mark.parametrize(
    ("text", "kept", "errors"),
    [
        # A bracket too much: what stands before it is a piece.
        ("(3 (2 a))\n  (2 b))\n(1 c)", ["(1 c)"], ["line 2, column 8: expected the end of the tree, got ')'"]),
        ("(3 (2 a))\n)\n(1 c)", ["(1 c)"], ["line 2, column 1: expected '(', got ')'"]),
        # A bracket too much: what stands behind it is a piece.
        (
            "(3 (2 a)))\n  (2 b)\n  (2 d)\n(1 c)",
            ["(1 c)"],
            ["line 1, column 10: expected the end of the tree, got ')'"],
        ),
        ("(1 c)\n(3 (2 a)))\n\n  (2 b)\n", ["(1 c)"], ["line 2, column 10: expected the end of the tree, got ')'"]),
        # A bracket too few.
        ("(3 (2 a)\n  (2 b)\n(1 c)", ["(1 c)"], ["line 2, column 8: expected ')' for the bracket of line 1, column 1"]),
        # Trees on the line of a broken one.
        ("(1 c)\n(1 a) (2 b (2 d)\n(1 e)", ["(1 c)", "(1 e)"], ["line 2, column 10: expected a label of 'b'"]),
        # Files whose trees are all indented, and lines that are no trees.
        (" (1 a)\n (2)\n (1 c)", ["(1 a)", "(1 c)"], ["line 2, column 4: expected a word or a tree before ')'"]),
        ("(1 a)\nword\n(1 c)", ["(1 a)", "(1 c)"], ["line 2, column 1: expected '(', got 'word'"]),
    ],
)
def test_no_piece_of_a_broken_tree_is_a_tree(tmp_path, text, kept, errors):
    path = tmp_path / "trees"
    path.write_text(text)
    bank = read_brackets(path, on_error="skip")
    assert [str(tree) for tree in bank.trees] == kept
    assert len(bank.errors) == len(errors)
    assert all(found.startswith(f"{path}, {error}") for found, error in zip(bank.errors, errors, strict=True))
    with pytest.raises(ValueError, match=f"^{path}, line"):
        read_brackets(path)


@given(st.lists(BRACKETS, min_size=1, max_size=5), st.sampled_from([" ", "", "\t", "\n  "]))
def test_several_trees_on_one_line(tmp_path_factory, texts, between):
    path = tmp_path_factory.mktemp("bank") / "trees"
    path.write_text(between.join(texts), encoding="utf-8")
    for on_error in ("raise", "skip"):
        bank = read_brackets(path, on_error=on_error)
        assert [str(tree) for tree in bank.trees] == texts
        assert bank.skipped == 0


def test_a_tree_without_a_label_around_it_among_others(tmp_path):
    path = tmp_path / "trees"
    path.write_text("( (S (A a)) ) ((B b))(1 c)")
    assert [str(tree) for tree in read_brackets(path).trees] == ["(S (A a))", "(B b)", "(1 c)"]


def test_sentences_across_documents_and_none(tmp_path):
    tokens = [*make_tokens([1, -1]), *make_tokens([-1, 0, 1], first=2)]
    tokens[2].head = tokens[1]  # the word before the sentence, which is no root
    with pytest.raises(HeadError, match=r"word 1 \('w0'\) has head 'w1', expected a word of the same sentence"):
        trees_from_doc(Doc(tokens))
    with pytest.raises(ValueError, match=r"^doc is empty, expected at least one token"):
        trees_from_doc([])
    with pytest.raises(ValueError, match=r"^sentence 2 of doc is empty, expected at least one token"):
        trees_from_doc(Doc(make_tokens([1, -1])))
    some = make_tokens([1, -1, 1])
    assert str(trees_from_doc([some[1], some[2]])[0]) == "(r1 w1 (r2 w2))"  # numbers need not begin at the first


def test_a_long_cycle_is_named_in_short_and_at_once(tmp_path):
    path = tmp_path / "trees"
    size = 16_000
    rows = [ROW.format(1, "a", 0, "root")]
    rows += [ROW.format(n, "b", n + 1 if n < size else 2, "dep") for n in range(2, size + 1)]
    path.write_text("\n".join(rows))
    start = time.process_time()
    with pytest.raises(
        ValueError, match=r"line 2: words 2 -> 3 .* -> \.\.\. -> .* \(15999 of them\) form a cycle"
    ) as caught:
        read_conllu(path)
    assert time.process_time() - start < 2
    assert len(str(caught.value)) < len(str(path)) + 200


@pytest.mark.parametrize("doc", [None, "She reads."])
def test_what_is_no_document(doc):
    with pytest.raises(TypeError, match=f"doc is a {type(doc).__name__}, expected a parsed document"):
        trees_from_doc(doc)


def test_columns_and_comments_are_kept(tmp_path):
    path = tmp_path / "bank.conllu"
    path.write_text(
        "# sent_id = s1\n1\tDogs\tdog\tNOUN\tNNS\tNumber=Plur\t2\tnsubj\t2:nsubj\t_\n"
        "2\tbark\tbark\tVERB\tVBP\t_\t0\troot\t0:root\tSpaceAfter=No\n"
    )
    (tree,) = read_conllu(path).trees
    assert tree.sentence_id == "s1"
    names = ("form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
    rows = [line.split("\t")[1:] for line in path.read_text().splitlines()[1:]]
    assert [list(row) for row in zip(*(tree.column(name) for name in names), strict=True)] == rows
