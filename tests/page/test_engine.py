"""The page's forward passes against torch: every family that the page offers, on every graph that it draws."""

import pytest
import torch
from javascript import needs_node, run_node
from torch import nn
from torch_geometric.nn import GraphConv

from gnnseq.analysis.influence import influence, time_influence
from gnnseq.experiments import FAMILIES
from gnnseq.experiments.tasks.listops import ListOpsTask
from gnnseq.experiments.tasks.palindromes import PalindromeTask
from gnnseq.graphs import dilated_batch, path_batch
from gnnseq.layers import GRU, LSTM, RNN, GraphTransformer, MinGRU
from gnnseq.models import ConvStack, EdgeEncoder, NodeClassifier, ScalarSymbols, SequenceClassifier, SymbolEmbedding
from gnnseq.page.packer import NoForwardPassError
from gnnseq.page.weights import model_parts

pytestmark = needs_node
OUTPUT, INFLUENCE = 1e-5, 1e-4
WITHOUT = {
    "linear-attention": "GatedLinearAttention",
    "delta-net": "DeltaNet",
    "gat-graph": "GATv2Conv",
    "gps-graph": "GPSConv",
}
SIGNALS = ("gcrn-signals", "lstm-vectors", "linear-vectors")  # of numbers, which nobody types
TASKS = (PalindromeTask(14), ListOpsTask(30))
CASES = [
    pytest.param(family, task, id=f"{family.name}, {task.name}")
    for family in FAMILIES
    for task in TASKS
    if family.joins(task) and family.name not in WITHOUT
]
RUN = """
const model = gnnseq.unpack(given.model);
const answer = gnnseq.run(model, given.text, given.options);
"""


def symbols_of(task):
    return list(task.dataset(0, "train").vocabulary.symbols) if task.name == "listops" else list("0123456789")


def run_page(parts, symbols, view, text, **options):
    model = parts | {"symbols": symbols, "classes": list("0123456789"), "view": view}
    return run_node(RUN, {"model": model, "text": text, "options": options})


def expected_influence(model, batch, view, symbols):
    """Of each symbol that is read, by its place in the text; None for those that have no node."""
    if view == "symbols":
        sizes = time_influence(model, batch)[0]
        return [float(sizes[symbol, step]) for step, symbol in enumerate(symbols)]
    sizes = influence(model, batch)[0].tolist()
    places = batch.position.tolist() if "position" in batch else list(range(len(symbols)))
    return [sizes[places.index(place)] if place in places else None for place in range(len(symbols))]


@pytest.mark.parametrize(("family", "task"), CASES)
def test_outputs_and_influence_are_those_of_torch(family, task):
    torch.manual_seed(0)
    model = family.build(task, 12, 8)
    family.initialise(model, task)
    batch = next(task.batches(family.view, 0, "test", 1, 1))
    flat = next(task.batches("path", 0, "test", 1, 1)).x.tolist()
    names = symbols_of(task)
    found = run_page(model_parts(model), names, family.view, " ".join(names[symbol] for symbol in flat))
    with torch.no_grad():
        wanted = model.double()(batch)[0]
    assert found["logits"] == pytest.approx(wanted.tolist(), abs=OUTPUT)
    assert sum(found["probabilities"]) == pytest.approx(1)
    sizes = expected_influence(model, batch, family.view, flat)
    assert [size is None for size in found["influence"]] == [size is None for size in sizes]
    for place, (one, other) in enumerate(zip(found["influence"], sizes, strict=True)):
        if one is not None:
            assert one == pytest.approx(other, abs=INFLUENCE)
            assert found["seen"][place] or other == 0


@pytest.mark.parametrize("family", [family for family in FAMILIES if family.name in WITHOUT], ids=lambda f: f.name)
def test_a_family_without_a_forward_pass_is_named(family):
    task = next(task for task in TASKS if family.joins(task))
    with pytest.raises(NoForwardPassError, match=f"{WITHOUT[family.name]} has no forward pass in the page"):
        model_parts(family.build(task, 8, 8))


def test_every_family_is_computed_or_named():
    offered = {case.values[0].name for case in CASES}
    assert {family.name for family in FAMILIES} == offered | set(WITHOUT) | set(SIGNALS)


@pytest.mark.parametrize(
    ("encoder", "width"),
    [
        (lambda: EdgeEncoder(RNN(6, 5, num_layers=2, bidirectional=True)), 10),
        (lambda: EdgeEncoder(GRU(6, 5, bias=False)), 5),
        (lambda: EdgeEncoder(LSTM(6, 5, num_layers=3, bias=False)), 5),
        (lambda: EdgeEncoder(MinGRU(6, 5, signed=True)), 5),
        (lambda: EdgeEncoder(GraphTransformer(6, 4, 2, 2, attend="edges")), 4),
        (lambda: EdgeEncoder(GraphTransformer(6, 4, 1, 2, attend="graph", norm_first=False, activation=nn.Tanh())), 4),
        (lambda: ConvStack(GraphConv, 6, 5, 3, nn.Tanh(), True, norm=nn.LayerNorm, project=True), 5),
    ],
)
def test_layers_directions_and_options(encoder, width):
    torch.manual_seed(1)
    model = SequenceClassifier(SymbolEmbedding(10, 6), encoder(), None, nn.Linear(width, 10))
    symbols = [3, 1, 4, 1, 5, 9, 2, 6]
    found = run_page(model_parts(model), list("0123456789"), "path", "31415926")
    batch = path_batch([torch.tensor(symbols)])
    wanted = model.double()(batch)[0].tolist()
    assert found["logits"] == pytest.approx(wanted, abs=OUTPUT)
    assert found["influence"] == pytest.approx(influence(model, batch)[0].tolist(), abs=INFLUENCE)


def test_a_model_with_an_output_at_each_node_is_asked_at_one():
    torch.manual_seed(2)
    model = NodeClassifier(ScalarSymbols(), EdgeEncoder(RNN(1, 5)), nn.Linear(5, 10))
    batch = path_batch([torch.tensor([3, 1, 4, 1, 5])])
    wanted = model(batch)
    for options, node in (({}, 4), ({"asked": 2}, 2)):
        found = run_page(model_parts(model), list("0123456789"), "path", "31415", **options)
        assert found["logits"] == pytest.approx(wanted[node].tolist(), abs=OUTPUT)
        assert found["answers"] == wanted.argmax(-1).tolist()
        assert found["seen"] == [place <= node for place in range(5)]


def test_added_edges_and_fewer_layers_change_what_is_seen():
    torch.manual_seed(3)
    model = SequenceClassifier(SymbolEmbedding(10, 6), ConvStack(GraphConv, 6, 5, 3), None, nn.Linear(5, 10))
    given = (model_parts(model), list("0123456789"), "path", "31415926")
    assert sum(run_page(*given)["seen"]) == 4
    assert sum(run_page(*given, layers=1)["seen"]) == 2
    found = run_page(*given, edges=[[0, 7]])
    assert found["seen"][0]
    batch = path_batch([torch.tensor([3, 1, 4, 1, 5, 9, 2, 6])])
    batch.edge_index = torch.cat([batch.edge_index, torch.tensor([[0], [7]])], dim=1)
    assert found["logits"] == pytest.approx(model(batch)[0].tolist(), abs=OUTPUT)


@pytest.mark.parametrize(
    ("view", "text", "named"),
    [
        ("path", "", "the input is empty"),
        ("tree", "[MAX 2 3", "the bracket at symbol 1 is not closed"),
        ("tree", "2 ] 3", "symbol 2 is ] without an opening bracket"),
        ("tree", "[MAX 2 ] [MIN 3 ]", "there are 2 expressions side by side"),
        ("tree", "[MAX ]", "the list that ends at symbol 2 is empty"),
    ],
)
def test_what_cannot_be_read_is_said(view, text, named):
    task = ListOpsTask(30)
    parts = model_parts(SequenceClassifier(SymbolEmbedding(15, 6), EdgeEncoder(RNN(6, 5)), None, nn.Linear(5, 10)))
    model = parts | {"symbols": symbols_of(task), "classes": list("0123456789"), "view": view}
    code = """
    let answer = null;
    try { gnnseq.run(gnnseq.unpack(given.model), given.text); } catch (error) {
      if (!(error instanceof gnnseq.InputError)) throw error;
      answer = error.message;
    }
    """
    assert named in run_node(code, {"model": model, "text": text})


def test_symbols_outside_the_alphabet_are_kept_as_empty_ones():
    torch.manual_seed(4)
    model = SequenceClassifier(SymbolEmbedding(10, 6), EdgeEncoder(LSTM(6, 5)), None, nn.Linear(5, 10))
    found = run_page(model_parts(model), list("0123456789"), "path", "3x\N{GRINNING FACE}5")
    assert [token["text"] for token in found["tokens"]] == ["3", "x", "\N{GRINNING FACE}", "5"]
    assert [token["id"] for token in found["tokens"]] == [3, None, None, 5]
    wanted = model(path_batch([torch.tensor([3, 10, 10, 5])]))[0].tolist()
    assert found["logits"] == pytest.approx(wanted, abs=OUTPUT)


def test_brackets_without_operators_are_trees_with_empty_inner_nodes():
    torch.manual_seed(5)
    model = SequenceClassifier(SymbolEmbedding(10, 6), EdgeEncoder(LSTM(6, 5)), None, nn.Linear(5, 10))
    found = run_page(model_parts(model), list("0123456789"), "tree", "((3 1) 4)")
    assert found["graph"]["tokens"] == [2, 3, -1, 5, -1]
    assert [(edge["from"], edge["to"]) for edge in found["graph"]["edges"]] == [(0, 2), (1, 2), (2, 4), (3, 4)]
    assert found["influence"][0] is None
    assert found["hops"][2] == 2


def test_fixed_hops_do_not_grow_with_the_text():
    torch.manual_seed(6)
    model = NodeClassifier(SymbolEmbedding(10, 6), ConvStack(GraphConv, 6, 5, 2), nn.Linear(5, 10))
    given = (model_parts(model) | {"hops": [1, 4]}, list("0123456789"), "dilated", "314159265358")
    found = run_page(*given)
    batch = dilated_batch([torch.tensor([int(digit) for digit in given[3]])], hops=(1, 4))
    assert found["logits"] == pytest.approx(model(batch)[-1].tolist(), abs=OUTPUT)


def test_influence_may_come_later_and_what_is_seen_comes_at_once():
    torch.manual_seed(7)
    model = SequenceClassifier(SymbolEmbedding(10, 6), ConvStack(GraphConv, 6, 5, 2), None, nn.Linear(5, 10))
    code = """
    const run = gnnseq.run(gnnseq.unpack(given), "31415", { influence: false });
    const answer = [run.influence.map(value => value === undefined), run.seen, run.measure()];
    """
    parts = model_parts(model) | {"symbols": list("0123456789"), "classes": list("0123456789"), "view": "path"}
    before, seen, later = run_node(code, parts)
    assert before == [True] * 5
    assert seen == later["seen"] == [False, False, True, True, True]
    assert [size > 0 for size in later["influence"]] == seen
