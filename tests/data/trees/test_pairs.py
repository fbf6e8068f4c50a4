import pytest
from real_data import real_file

from gnnseq.data.trees.binary import balanced_tree, parse_binary
from gnnseq.data.trees.pairs import read_logic, read_sick

HEADER = "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\n"


def sick(path):
    return read_sick(path, lambda text: balanced_tree(text.split()))


def test_formulas(tmp_path):
    path = tmp_path / "train1"
    path.write_text("#\t( not d )\t( not b )\n<\tb\t( c ( or f ) )\n")
    pairs = read_logic(path)
    assert pairs.labels == ["#", "<"]
    assert pairs.left == [parse_binary("( not d )"), parse_binary("b")]
    assert pairs.right[1] == parse_binary("( c ( or f ) )")
    assert pairs.scores == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("#\ta", "line 2: expected one of # < = > \\^ v \\| and two formulas"),
        ("#\ta\tb\tc", "line 2: expected one of"),
        ("?\ta\tb", "line 2: expected one of"),
        ("#\t( a\tb", "line 2: expected one tree with balanced brackets"),
    ],
)
def test_malformed_formulas_name_file_and_line(tmp_path, line, message):
    (tmp_path / "train1").write_text(f"#\ta\tb\n{line}\n")
    with pytest.raises(ValueError, match=f"train1, {message}"):
        read_logic(tmp_path / "train1")


def test_sentences(tmp_path):
    path = tmp_path / "SICK_train.txt"
    path.write_text(HEADER + "1\tA dog runs\tA cat\t4.5\tNEUTRAL\n2\tA\tB\t1\tENTAILMENT\n")
    pairs = sick(path)
    assert pairs.left[0].sentence() == ["A", "dog", "runs"]
    assert pairs.right[0].sentence() == ["A", "cat"]
    assert pairs.labels == ["NEUTRAL", "ENTAILMENT"]
    assert pairs.scores == [4.5, 1.0]
    path.write_text("sentence_B\tentailment_label\tsentence_A\trelatedness_score\nb\tNEUTRAL\ta\t2\n")
    assert sick(path).left[0].sentence() == ["a"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1\ta\tb\t3", "line 2: expected 5 columns as in line 1, got 4"),
        ("1\ta\tb\t3\tMAYBE", "line 2: expected one of NEUTRAL, ENTAILMENT, CONTRADICTION, got 'MAYBE'"),
        ("1\ta\tb\t5.5\tNEUTRAL", "line 2: expected a score from 1 to 5, got '5.5'"),
        ("1\ta\tb\tx\tNEUTRAL", "line 2: "),
        ("1\t\tb\t3\tNEUTRAL", "line 2: words is \\[\\], expected at least one word"),
    ],
)
def test_malformed_sentences_name_file_and_line(tmp_path, line, message):
    path = tmp_path / "SICK_train.txt"
    path.write_text(f"{HEADER}{line}\n")
    with pytest.raises(ValueError, match=f"SICK_train.txt, {message}"):
        sick(path)


def test_a_missing_column_is_named(tmp_path):
    path = tmp_path / "SICK_train.txt"
    path.write_text("pair_ID\tsentence_A\tsentence_B\tentailment_judgment\n")
    with pytest.raises(ValueError, match=r"SICK_train.txt, line 1: expected a column relatedness_score"):
        sick(path)
    for content, fault in (
        ("\n", "is empty"),
        (HEADER, "has headings alone"),
        (HEADER + "\n \n", "has headings alone"),
    ):
        path.write_text(content)
        with pytest.raises(ValueError, match=f"SICK_train.txt {fault}, expected at least one pair"):
            sick(path)


def test_real_formulas():
    pairs = read_logic(real_file("logic/test9"))
    assert len(pairs.left) == len(pairs.right) == len(pairs.labels) == 2230
