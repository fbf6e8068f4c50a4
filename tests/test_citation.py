"""CITATION.cff: what the Citation File Format 1.2.0 asks for, and what the project says elsewhere."""

import datetime
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[1]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

TEXT = {"type": "string", "minLength": 1}
ENTITY = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
PERSON = {"type": "object", "required": ["family-names"], "not": {"required": ["name"]}}
# The part of the format's schema (github.com/citation-file-format, 1.2.0) that this file uses.
SCHEMA = {
    "type": "object",
    "required": ["authors", "cff-version", "message", "title"],
    "additionalProperties": False,
    "properties": {
        "abstract": TEXT,
        "authors": {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"anyOf": [ENTITY, PERSON]}},
        "cff-version": {"const": "1.2.0"},
        "date-released": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
        "keywords": {"type": "array", "minItems": 1, "uniqueItems": True, "items": TEXT},
        "license": {"enum": ["MIT"]},
        "message": TEXT,
        "title": TEXT,
        "type": {"enum": ["software", "dataset"]},
        "version": TEXT,
    },
}


def problems(citation):
    """What the schema has against a citation; YAML's dates are text to it."""
    plain = {key: str(value) if isinstance(value, datetime.date) else value for key, value in citation.items()}
    return [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(plain)]


def release_date():
    """The date of this version in the changelog, None before it is released."""
    heading = re.search(rf"^## \[{re.escape(PROJECT['version'])}\](?: - (\S+))?$", CHANGELOG, re.MULTILINE)
    assert heading, f"the changelog has no section of version {PROJECT['version']}"
    return heading[1]


def test_it_is_valid():
    assert problems(CITATION) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [("authors", []), ("cff-version", "1.2"), ("licence", "MIT"), ("version", 1.0), ("authors", [{"surname": "Seo"}])],
)
def test_a_mistake_is_found(key, value):
    assert len(problems(CITATION | {key: value})) == 1


def test_it_agrees_with_the_project():
    assert CITATION["version"] == PROJECT["version"]
    assert CITATION["license"] == PROJECT["license"]
    assert [author["name"] for author in CITATION["authors"]] == [author["name"] for author in PROJECT["authors"]]


def test_its_date_is_that_of_the_changelog():
    assert str(CITATION.get("date-released")) == str(release_date())
