import networkx as nx
import numpy as np
import pytest
import torch
from torch_geometric.data import Data
from torch_geometric.utils import from_networkx, to_undirected

from gnnseq.data import dependency_tree, read_brackets
from gnnseq.experiments import (
    FAMILIES,
    OwnTask,
    Settings,
    Store,
    Trial,
    collect,
    find_family,
    markdown,
    run_comparison,
    run_trial,
)

TEXTS = ["abba", "abc", "ca", "cab", "bbbb", "acacac", "b", "cc", "abab", "bca"] * 4
LABELS = ["even" if len(text) % 2 == 0 else "odd" for text in TEXTS]
SMALL = Settings(budget=1_000, steps=3, batch_size=8, test_samples=100)
TREE = dependency_tree(["she", "reads", "books"], [1, -1, 1], ["a", "b", "a"])


EDGES = torch.tensor([[0, 1], [1, 2]])


def sequences(*arguments, **options):
    return OwnTask.from_sequences("x", *arguments, **options)


def graphs(directed=False, count=20):
    """Cycles and paths: which of the two is the label."""
    made = []
    for number in range(count):
        nodes = 4 + number % 3
        graph = nx.cycle_graph(nodes) if number % 2 else nx.path_graph(nodes)
        edges = torch.tensor(sorted(graph.edges)).t().contiguous()
        x = torch.arange(nodes) % 3
        edges = edges if directed else to_undirected(edges)
        made.append(Data(x=x, edge_index=edges, y=torch.tensor([number % 2])))
    return made


def test_text_enters_the_comparison_in_five_lines(tmp_path):
    task = OwnTask.from_sequences("parities", TEXTS, LABELS)
    families = [
        family for family in FAMILIES if family.name in ("lstm", "gcn", "dilated", "tree-lstm-balanced", "gcrn")
    ]
    records = run_comparison(
        [task], families, store=Store(tmp_path / "r.jsonl"), seeds=2, settings=SMALL, progress=False
    )
    assert [record["status"] for record in records] == ["done"] * 10
    assert "Parities. Score: accuracy on fresh data" in markdown(collect(records))
    assert (task.classes, task.num_symbols, task.size, task.chance) == (("even", "odd"), 3, 6, 0.6)
    assert records[0]["test_samples"] == 6  # 15 % of 40
    assert records[0]["trial"]["task"]["digest"] == task.digest


def test_the_data_are_in_the_key_and_order_does_not_hide_a_change():
    task = OwnTask.from_sequences("x", TEXTS, LABELS)
    key = Trial(task, find_family("lstm")).key
    assert Trial(OwnTask.from_sequences("x", list(TEXTS), list(LABELS)), find_family("lstm")).key == key
    others = [
        OwnTask.from_sequences("x", [*TEXTS[:-1], "bcb"], LABELS),
        OwnTask.from_sequences("x", TEXTS, ["odd", *LABELS[1:]]),
        OwnTask.from_sequences("x", [*TEXTS[1:], TEXTS[0]], [*LABELS[1:], LABELS[0]]),
        OwnTask.from_sequences("x", TEXTS, LABELS, splits=["train", "validation", "test", "train"] * 10),
        OwnTask.from_sequences("y", TEXTS, LABELS),
    ]
    assert len({key, *(Trial(other, find_family("lstm")).key for other in others)}) == 6


def test_parts_are_disjoint_whole_and_differ_by_seed():
    task = OwnTask.from_sequences("x", [[number] for number in range(100)], [0, 1] * 50)
    parts = {}
    for seed in (0, 1):
        for split, count in (("train", 70), ("validation", 15), ("test", 15)):
            batches = task.batches("path", seed, split, 10, 7)
            parts[seed, split] = torch.cat([batch.x for batch in batches]).tolist()
            assert len(set(parts[seed, split])) == len(parts[seed, split]) == count
        assert sorted(n for split in ("train", "validation", "test") for n in parts[seed, split]) == list(range(100))
    assert parts[0, "test"] != parts[1, "test"]


def test_training_goes_through_epochs_in_orders_of_their_own_and_resumes_anywhere():
    task = OwnTask.from_sequences("x", [[number] for number in range(20)], [0, 1] * 10)
    seen = [batch.x.tolist() for batch in task.batches("path", 0, "train", 4, 7)]
    flat = [number for batch in seen for number in batch]
    assert sorted(flat[:14]) == sorted(flat[14:])
    assert flat[:14] != flat[14:]
    assert [batch.x.tolist() for batch in task.batches("path", 0, "train", 4, 2, first=5)] == seen[5:]


def test_fixed_parts():
    splits = ["train"] * 30 + ["validation"] * 5 + ["test"] * 5
    task = OwnTask.from_sequences("x", [[number] for number in range(40)], [0, 1] * 20, splits=splits)
    for seed in (0, 1):
        assert next(task.batches("path", seed, "test", 9, 1)).x.tolist() == list(range(35, 40))


def test_an_answer_in_a_known_place_gives_hops_and_influence():
    symbols = torch.randint(0, 5, (60, 12))
    task = OwnTask.from_sequences("first", list(symbols), symbols[:, 0], answer=0)
    record = run_trial(Trial(task, find_family("gcn"), settings=SMALL))
    assert (record["hops_required"], record["hops_reach"], record["influence"]) == (11, 8, 0.0)
    assert task.required("dilated") == 3
    fifth = OwnTask.from_sequences("fifth", list(symbols[:, :5]), symbols[:, 0], answer=4)
    assert (fifth.required("balanced tree"), fifth.required("path")) == (2, 0)
    with pytest.raises(ValueError, match="answer is 12, expected a position below 12"):
        OwnTask.from_sequences("first", list(symbols), symbols[:, 0], answer=12)


def test_features_and_numbers_are_a_regression():
    series = [torch.rand(4 + number % 3, 2) for number in range(40)]
    task = OwnTask.from_sequences("sums", series, [float(part.sum()) for part in series])
    assert (task.num_features, task.num_outputs, task.metric_name) == (2, 1, "mean squared error")
    sums = np.array([float(part.sum()) for part in series])
    assert task.chance == pytest.approx(sums.var(), rel=1e-6)
    record = run_trial(Trial(task, find_family("gru"), settings=SMALL))
    assert record["status"] == "done"
    assert record["score"] > 0


def test_a_label_at_every_position():
    words = [["a", "cat", "sat"], ["sat", "cat"]] * 10
    tags = [["D", "N", "V"], ["V", "N"]] * 10
    task = OwnTask.from_sequences("tags", words, tags)
    assert (task.level, task.classes, task.views.keys() & {"symbols", "balanced tree"}) == (
        "node",
        ("D", "N", "V"),
        set(),
    )
    assert run_trial(Trial(task, find_family("lstm"), settings=SMALL))["status"] == "done"


def test_trees_with_their_own_labels_and_with_given_ones(tmp_path):
    (tmp_path / "trees.txt").write_text("(1 (0 bad) (2 film))\n(2 (2 good) (2 film))\n" * 10)
    trees = read_brackets(tmp_path / "trees.txt").trees
    own, given = OwnTask.from_trees("all", trees), OwnTask.from_trees("roots", trees, ["no", "yes"] * 10)
    assert (own.level, given.level, own.classes, given.classes) == ("node", "graph", ("0", "1", "2"), ("no", "yes"))
    for task in (own, given):
        for name in ("tree-lstm-tree", "gcn-graph"):
            assert run_trial(Trial(task, find_family(name), settings=SMALL))["status"] == "done"
    parse = OwnTask.from_trees("parses", [TREE] * 10)
    assert parse.num_symbols == 3


def test_undirected_graphs_are_read_by_their_mean_and_directed_ones_at_their_root():
    plain, acyclic = OwnTask.from_graphs("rings", graphs()), OwnTask.from_graphs("rings", graphs(directed=True))
    assert (set(plain.views), plain.rooted) == ({"graph"}, False)
    assert (set(acyclic.views), acyclic.rooted) == ({"graph", "tree"}, True)
    for task, name in ((plain, "conv-graph"), (plain, "gcn-graph"), (acyclic, "tree-lstm-tree")):
        assert run_trial(Trial(task, find_family(name), settings=SMALL))["status"] == "done"
    family, batch = find_family("conv-graph"), next(plain.batches("graph", 0, "train", 4, 1))
    model = family.build(plain, 8, 4)
    model.embedding.weight.data[:3] = torch.randn(3, 4)
    out = model(batch)
    first = batch[0].clone()
    order = torch.tensor([3, 2, 1, 0, *range(4, int(first.num_nodes))])
    renumbered = Data(x=first.x[order.argsort()], edge_index=order[first.edge_index], y=first.y)
    from torch_geometric.data import Batch

    torch.testing.assert_close(model(Batch.from_data_list([renumbered]))[0], out[0])


def test_graphs_of_pyg_without_features_and_with_a_label_for_each_node():
    made = [from_networkx(nx.star_graph(3 + number % 2)) for number in range(20)]
    for graph in made:
        graph.x = None
        graph.y = (torch.arange(graph.num_nodes) == 0).long()
    task = OwnTask.from_graphs("hubs", made)
    assert (task.level, task.num_features, task.classes) == ("node", 1, (0, 1))
    assert run_trial(Trial(task, find_family("conv-graph"), settings=SMALL))["status"] == "done"


def test_other_processes_run_it_with_the_same_result(tmp_path):
    pytest.importorskip("joblib")
    task, families = OwnTask.from_sequences("x", TEXTS, LABELS), [find_family("lstm")]
    scores = []
    for jobs in (1, 2):
        store = Store(tmp_path / f"{jobs}.jsonl")
        made = run_comparison([task], families, store=store, seeds=2, settings=SMALL, jobs=jobs, progress=False)
        scores.append([(record["key"], record["score"], record["loss"]) for record in made])
    assert scores[0] == scores[1]


def test_the_threshold_is_better_than_chance():
    assert sequences(TEXTS, LABELS).solved == 0.95
    rare = sequences(["ab"] * 200, [1] * 4 + [0] * 196)
    assert rare.chance < rare.solved < 1
    for labels in (["a"] * 40, [1.5] * 40):
        with pytest.raises(ValueError, match="labels are all the same, expected at least two different ones"):
            sequences(TEXTS, labels)
