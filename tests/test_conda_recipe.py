""".ci/conda/recipe.yaml: valid for rattler-build, and in agreement with pyproject.toml."""

import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / ".ci" / "conda" / "recipe.yaml").read_text(encoding="utf-8")
RECIPE = yaml.safe_load(TEXT)
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
CONDA = {"torch": "pytorch", "torch-geometric": "pytorch_geometric", "matplotlib": "matplotlib-base"}  # names there


def conda(requirement):
    """A requirement as conda-forge spells it."""
    name, bound = requirement.split(">=")
    return f"{CONDA.get(name, name)} >={bound}"


def test_rattler_build_renders_it_for_this_version():
    rattler_build = pytest.importorskip("rattler_build")
    (variant,) = rattler_build.Stage0Recipe.from_yaml(TEXT).render(rattler_build.VariantConfig())
    package = variant.recipe.to_dict()["package"]
    assert package == {"name": "gnnseq", "version": PROJECT["version"]}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [("summary:", "summery:"), ("license: MIT", "license: MITT"), ("noarch: python", "noarch: snake")],
)
def test_rattler_build_finds_a_mistake(text, wrong):
    rattler_build = pytest.importorskip("rattler_build")
    assert text in TEXT
    with pytest.raises(rattler_build.RecipeParseError):
        rattler_build.Stage0Recipe.from_yaml(TEXT.replace(text, wrong))


def test_its_requirements_are_the_project_s():
    least = PROJECT["requires-python"]
    assert RECIPE["context"] == {"version": PROJECT["version"], "python_min": least.removeprefix(">=")}
    run = [
        requirement.replace("${{ python_min }}", least.removeprefix(">="))
        for requirement in RECIPE["requirements"]["run"]
    ]
    assert run == [f"python {least}", *map(conda, PROJECT["dependencies"])]
    assert [conda(each) for each in PYPROJECT["build-system"]["requires"]] == RECIPE["requirements"]["host"][2:]


def test_it_says_what_the_project_says():
    about = RECIPE["about"]
    assert (about["summary"], about["license"]) == (PROJECT["description"], PROJECT["license"])
    assert [about["license_file"]] == PROJECT["license-files"]
    points = [f"{name} = {target}" for name, target in PROJECT["scripts"].items()]
    assert RECIPE["build"]["python"]["entry_points"] == points
    assert (ROOT / ".ci" / "conda" / RECIPE["source"]["path"]).resolve() == ROOT
