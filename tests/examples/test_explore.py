"""The example of the page, with tiny arguments."""

import json
import re
import runpy
from pathlib import Path
from types import SimpleNamespace

EXAMPLE = SimpleNamespace(
    **runpy.run_path(str(Path(__file__).parents[2] / "examples" / "explore.py"), run_name="example")
)
TINY = ["--tasks", "palindromes:4", "--steps", "4", "--budget", "1000", "--batch-size", "4"]


def test_it_prints_the_path_of_a_page_with_both_models(tmp_path, capsys):
    assert EXAMPLE.main([*TINY, "--output", str(tmp_path)]) == 0
    path = Path(capsys.readouterr().out.splitlines()[-1])
    text = path.read_text()
    data = json.loads(re.search(r"id='data'>(.*?)</script>", text)[1])
    assert [model["title"] for model in data["models"]] == ["LSTM", "GCN, 8 layers on the path"]
    assert [task["title"] for task in data["tasks"]] == ["palindromes of length 4"]


def test_a_second_run_trains_nothing_again_and_more_models_are_added(tmp_path):
    for models in (["lstm"], ["lstm", "min-gru"]):
        assert EXAMPLE.main([*TINY, "--models", *models, "--output", str(tmp_path)]) == 0
    assert len((tmp_path / "records.jsonl").read_text().splitlines()) == 2
    assert "MinGRU, 2 layers" in (tmp_path / "page.html").read_text()


def test_a_model_without_a_forward_pass_is_named(tmp_path):
    assert (
        EXAMPLE.main([*TINY, "--models", "lstm", "linear-attention", "--budget", "2000", "--output", str(tmp_path)])
        == 0
    )
    assert "GatedLinearAttention has no forward pass in the page" in (tmp_path / "page.html").read_text()
