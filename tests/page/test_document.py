"""The exported page: one file, its policy, its data, and what it says of models that it does not show."""

import json
import re

import pytest
from comparison import make_record, make_records
from page_cases import make_model, make_pair

from gnnseq.page import export_page
from gnnseq.page.document import in_script

EVIL = "</script><script>alert('x')</script><!-- & \u2028"


def read(path):
    """A page's text and its data."""
    text = path.read_text(encoding="utf-8")
    return text, json.loads(re.search(r"<script type='application/json' id='data'>(.*?)</script>", text)[1])


def test_a_page_of_records_and_models(tmp_path):
    text, data = read(export_page(make_records(8, sizes=(5, 20)), tmp_path / "p.html", models=make_pair()))
    assert [task["title"] for task in data["tasks"]] == ["palindromes of length 5", "palindromes of length 20"]
    gcn = next(r for r in data["tasks"][1]["results"] if r["model"].startswith("GCN"))
    assert (gcn["diagnosis"], gcn["required"], gcn["reach"], len(gcn["scores"])) == ("cannot see", 18, 8, 8)
    assert gcn["curve"]["x"][-1] == 30
    assert len(data["tasks"][1]["pairs"]) == 3
    assert [(model["title"], model["look"]) for model in data["models"]] == [
        ("LSTM", {"colour": 0, "variant": 0}),
        ("GCN", {"colour": 2, "variant": 0}),
    ]
    assert "<h2 id='task-1'>" in text
    assert len(text) < 3_000_000


def test_nothing_comes_from_outside_and_no_attribute_is_a_script(tmp_path):
    text, _ = read(export_page(make_records(2), tmp_path / "p.html", models=make_pair()))
    markup = re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.DOTALL)
    assert not re.search(r"\s(on\w+|style|src)\s*=", markup)
    assert set(re.findall(r"https?://[^\s\"')]+", text)) == {"http://www.w3.org/2000/svg"}
    for word in (
        "eval(",
        "new Function",
        "innerHTML",
        "insertAdjacentHTML",
        "document.write",
        "fetch(",
        "XMLHttpRequest",
        "import(",
    ):
        assert word not in text


def test_records_alone_and_models_alone(tmp_path):
    text, data = read(export_page(make_records(1), tmp_path / "p.html"))
    assert data["models"] == []
    assert "these records hold no weights" in text
    text, data = read(export_page([], tmp_path / "p.html", models=[make_model()]))
    assert data["tasks"] == []
    assert "id='comparison'" not in text
    with pytest.raises(ValueError, match="records hold no finished trial"):
        export_page([], tmp_path / "p.html")


def test_models_of_records_are_shown_once_and_faults_are_told(tmp_path):
    records = make_records(2, sizes=(5,))
    for record in records[:4]:
        record["model"] = make_model()
    records[2]["model"] = {"missing": "GatedLinearAttention has no forward pass in the page"}
    text, data = read(export_page(records, tmp_path / "p.html"))
    assert [(m["title"], m["task"], m["note"]) for m in data["models"]] == [
        ("RNN", "palindromes of length 5", "seed 0"),
        ("LSTM", "palindromes of length 5", "seed 0"),
    ]
    assert (
        "GCN, 8 layers on the path on palindromes of length 5, since GatedLinearAttention has no forward pass" in text
    )


def test_what_has_no_room_is_left_out_and_named(tmp_path):
    look = {"step": 1, "weights": make_model()["weights"]}
    many = [make_model(title=f"model {n}", snapshots=[look] * 40) for n in range(30)]
    text, data = read(export_page([], tmp_path / "p.html", models=many))
    assert [model["snapshots"] for model in data["models"]] == [[]] * 30
    wide = [make_model(title=f"model {n}", symbols=["x" * 50_000]) for n in range(50)]
    text, data = read(export_page([], tmp_path / "p.html", models=wide))
    assert 0 < len(data["models"]) < 50
    assert "Left out, since the page would be larger than 3 MB: model 4" in text
    assert len(text) < 3_000_000


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"view": "ring"}, "it has no title, view or weights"),
        ({"weights": "AAAA"}, "its embedding names weights that it does not have"),
        ({"weights": None}, "it has no title, view or weights"),
        ({"symbols": []}, "its symbols are no list of texts"),
        ({"classes": [1]}, "its classes are no list of texts"),
        ({"examples": [EVIL]}, "its examples are none that a page writes"),
        ({"snapshots": [{"step": 1, "weights": "AAAA"}]}, "its looks at training have other sizes"),
        ({"step": float("nan")}, "its hops, step or answer_at are no numbers"),
        ({"encoder": {"kind": "gcrn", "rounds": 10**9}}, "its encoder names weights"),
        ({"head": {"weight": {"at": 0, "shape": [10**9, 10**9]}}}, "its head names weights"),
        ({"head": {"weight": {"at": -1, "shape": [2]}}}, "its head names weights"),
    ],
)
def test_a_model_that_nobody_exported_is_refused(change, named, tmp_path):
    with pytest.raises(ValueError, match=f"models holds one that a page cannot show, since {named}"):
        export_page([], tmp_path / "p.html", models=[make_model() | change])
    text, data = read(export_page([make_record(model=make_model() | change)], tmp_path / "p.html"))
    assert data["models"] == []
    assert named in text


def test_data_cannot_end_their_element():
    text = in_script({EVIL: [EVIL, float("nan"), float("inf"), 1e308, None]})
    assert "<" not in text
    assert text.isascii()
    assert json.loads(text) == {EVIL: [EVIL, None, None, 1e308, None]}


def test_a_page_is_written_whole_and_over_an_old_one(tmp_path):
    for title in ("One", "Two"):
        path = export_page([make_record()], tmp_path / "p.html", title=title)
    assert "<title>Two</title>" in path.read_text()
    assert [file.name for file in tmp_path.iterdir()] == ["p.html"]
