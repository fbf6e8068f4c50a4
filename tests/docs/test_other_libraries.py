"""The page on other libraries: its code runs where a library is installed, and what it says that fails does."""

import ast
import re
import sys
from pathlib import Path
from textwrap import dedent

import pytest
import torch
from torch_geometric.loader import DataLoader

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "other_libraries.md"
HEAD, *PARTS = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
PARTS = {part.partition("\n")[0]: part for part in PARTS}
OURS = {"gnnseq", "torch", "torch_geometric", *sys.stdlib_module_names}
pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries' own


def blocks(text):
    return [dedent(block) for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL)]


def packages(code):
    """What a block imports that is not there always."""
    nodes = list(ast.walk(ast.parse(code)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names} - OURS


def begun():
    """The names of the first block."""
    torch.manual_seed(0)
    names = {"__name__": "page"}
    exec(blocks(HEAD)[0], names)
    return names


def test_every_part_is_of_one_library():
    assert packages(blocks(HEAD)[0]) == set()
    for title, part in PARTS.items():
        (block,) = blocks(part) or [""]
        assert len(packages(block)) == (title != "What fails")
        assert len(block.splitlines()) <= 25


@pytest.mark.parametrize("title", [title for title, part in PARTS.items() if blocks(part)])
def test_code_runs(title, tmp_path, monkeypatch):
    (block,) = blocks(PARTS[title])
    for package in packages(block):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    names = begun()
    exec(compile(block, title, "exec"), names)
    found = CHECKS[title](names)
    assert found is None or found


CHECKS = {
    "accelerate": lambda names: torch.isfinite(names["loss"]),
    "skorch": lambda names: names["scores"].shape == (64, 4),
    "Optuna": lambda names: len(names["study"].trials) == 5,
    "torchmetrics": lambda names: set(names["found"]) == {"MulticlassAccuracy", "MulticlassF1Score"},
    "captum": lambda names: names["attributed"].abs().sum() > 0 and names["of_symbols"].shape == (8, 6),
    "Weights & Biases": lambda names: list(Path("wandb").glob("offline-run-*")),
}


def test_captum_attributes_all_of_the_difference():
    """Its completeness: attributions add up to the output less that of the baseline, of zero features."""
    pytest.importorskip("captum")
    names = begun()
    exec(blocks(PARTS["captum"])[0], names)
    answer, features = names["answer"], names["features"]
    torch.testing.assert_close(
        names["attributed"].sum(), (answer(features) - answer(0 * features)).squeeze(), atol=0.01, rtol=0.01
    )


def test_skorch_searches_a_grid():
    pytest.importorskip("skorch")
    from sklearn.model_selection import GridSearchCV

    names = begun()
    exec(blocks(PARTS["skorch"])[0], names)
    search = GridSearchCV(names["net"], {"module__channels": [4, 8]}, cv=2).fit(names["digits"], names["digits"][:, 0])
    assert search.best_params_["module__channels"] in (4, 8)


def test_accelerate_cannot_dispatch_batches_of_graphs():
    accelerate = pytest.importorskip("accelerate")
    how = accelerate.utils.DataLoaderConfiguration(dispatch_batches=True)
    loader = accelerate.Accelerator(cpu=True, dataloader_config=how).prepare(DataLoader(begun()["graphs"], 16))
    with pytest.raises(TypeError, match="Can only find the batch size of tensors"):
        list(loader)


def test_torchinfo_cannot_read_a_batch_of_graphs():
    torchinfo = pytest.importorskip("torchinfo")
    names = begun()
    batch = next(iter(DataLoader(names["graphs"], 16)))
    with pytest.raises(RuntimeError, match="Failed to run torchinfo"):
        torchinfo.summary(names["build"](), input_data=batch, verbose=0)
    assert torchinfo.summary(names["build"](), verbose=0).total_params > 0
