import numpy as np
import pytest

from gnnseq.data.trees.enhanced import read_enhanced

ROW = "{}\t{}\t{}\tX\t_\t_\t{}\t{}\t{}\t_"


def written(tmp_path, *rows):
    path = tmp_path / "bank.conllu"
    path.write_text("# sent_id = s1\n" + "\n".join(ROW.format(*row) for row in rows) + "\n")
    return path


GAP = [  # I drink tea and you [drink] coffee
    ("1", "I", "I", "2", "nsubj", "2:nsubj"),
    ("2", "drink", "drink", "0", "root", "0:root"),
    ("3", "tea", "tea", "2", "obj", "2:obj"),
    ("4", "you", "you", "2", "conj", "4.1:nsubj"),
    ("4.1", "drink", "drink", "_", "_", "2:conj"),
    ("5", "coffee", "coffee", "4", "orphan", "4.1:obj|2:dep"),
]
LIVED = [  # the boy who lived
    ("1", "boy", "boy", "0", "root", "0:root|3:nsubj"),
    ("2", "who", "who", "3", "nsubj", "1:ref"),
    ("3", "lived", "live", "1", "acl", "1:acl"),
]


def named(graph):
    return {(graph.ids[s], graph.ids[t], r) for (s, t), r in zip(graph.edges.T.tolist(), graph.relations, strict=True)}


def test_several_heads_and_empty_nodes(tmp_path):
    (graph,) = read_enhanced(written(tmp_path, *GAP)).graphs
    assert named(graph) == {
        ("1", "2", "nsubj"),
        ("3", "2", "obj"),
        ("4", "4.1", "nsubj"),
        ("4.1", "2", "conj"),
        ("5", "4.1", "obj"),
        ("5", "2", "dep"),
    }
    assert (graph.edges[0] < graph.edges[1]).all()
    assert [graph.ids[node] for node in np.argsort(graph.places)] == ["1", "2", "3", "4", "4.1", "5"]
    assert graph.ids[-1] == "2"
    assert dict(zip(graph.ids, graph.columns["lemma"], strict=True))["4.1"] == "drink"
    assert graph.comments == ("# sent_id = s1",)


def test_a_cycle_is_named_or_broken_and_the_basic_tree_stays(tmp_path):
    path = written(tmp_path, *LIVED)
    with pytest.raises(ValueError, match=r"bank.conllu, line [24]: words (1 -> 3 -> 1|3 -> 1 -> 3) form a cycle"):
        read_enhanced(path)
    assert read_enhanced(path, on_error="skip").errors
    (graph,) = read_enhanced(path, break_cycles=True).graphs
    assert named(graph) == {("2", "1", "ref"), ("3", "1", "acl")}


@pytest.mark.parametrize("deps", ["_", "7:obj", "2", "2:", ":obj", "x:obj"])
def test_heads_that_are_none_are_named_with_their_line(tmp_path, deps):
    rows = [(*GAP[1][:5], "0:root"), ("2", "tea", "tea", "1", "obj", deps)]
    rows[0] = ("1", *rows[0][1:])
    with pytest.raises(
        ValueError, match=r"bank.conllu, line 3: expected enhanced heads as 4:nsubj\|6:obj, each once, of 2 nodes"
    ):
        read_enhanced(written(tmp_path, *rows))


@pytest.mark.parametrize("deps", ["2:obj|2:obj", "2:obj|0:root|2:obj", "0:root|0:root"])
def test_a_head_with_the_same_relation_twice(tmp_path, deps):
    rows = [("1", "tea", "tea", "2", "obj", deps), ("2", "drink", "drink", "0", "root", "0:root")]
    with pytest.raises(ValueError, match=r"bank.conllu, line 2: expected enhanced heads as 4:nsubj\|6:obj, each once"):
        read_enhanced(written(tmp_path, *rows))


@pytest.mark.parametrize(
    ("number", "place", "message"),
    [
        ("4.1", 5, "line 7: expected empty node 4.2, got '4.1'"),
        ("4.3", 5, "line 7: expected empty node 4.2, got '4.3'"),
        ("9.1", 1, "line 3: expected empty node 1.1, got '9.1'"),
        ("1.1", 0, "line 2: expected empty node 0.1, got '1.1'"),
        ("01.1", 1, "line 3: expected empty node 1.1, got '01.1'"),
    ],
)
def test_empty_nodes_out_of_order(tmp_path, number, place, message):
    rows = [*GAP[:place], (number, "x", "x", "_", "_", "2:dep"), *GAP[place:]]
    with pytest.raises(ValueError, match=f"bank.conllu, {message}"):
        read_enhanced(written(tmp_path, *rows))


def test_empty_nodes_are_counted_after_each_word(tmp_path):
    more = [("0.1", "so", "so", "_", "_", "2:dep"), *GAP[:5], ("4.2", "up", "up", "_", "_", "4.1:dep"), GAP[5]]
    (graph,) = read_enhanced(written(tmp_path, *more)).graphs
    assert {("0.1", "2", "dep"), ("4.2", "4.1", "dep")} <= named(graph)
