"""paper.md and paper.bib: the form of the Journal of Open Source Software, and numbers that stand on our pages."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
_, HEAD, BODY = (ROOT / "paper.md").read_text(encoding="utf-8").split("---\n", 2)
META = yaml.safe_load(HEAD)
BIB = (ROOT / "paper.bib").read_text(encoding="utf-8")
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
SECTIONS = [
    "Summary",
    "Statement of need",
    "State of the field",
    "Software design",
    "Research impact statement",
    "AI usage disclosure",
    "Acknowledgements",
    "References",
]
ENTRY = re.compile(r"((?:^%[^\n]*\n)*)^@(\w+)\{([\w:-]+),\n(.*?)^\}", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
TEXT = re.sub(r"^!\[.*$", "", BODY, flags=re.MULTILINE)


def entries(bib):
    """The comment, kind and fields of every entry of a bibliography, by key."""
    found = {}
    for comment, kind, key, fields in ENTRY.findall(bib):
        found[key] = (comment, kind, dict(re.findall(r"^  (\w+) = \{(.*)\},?$", fields, re.MULTILINE)))
    return found


def cited(text):
    return set(re.findall(r"@([\w:-]+\d{4}\w+)", text))


def unsupported(text, root=ROOT):
    """Numbers of paragraphs that stand on none of the pages named after them, with the paragraph's beginning."""
    missing, paragraphs = [], re.split(r"\n\n+", re.sub(r"\[@[^\]]*\]", "", text).strip())
    for paragraph, after in zip(paragraphs, [*paragraphs[1:], ""], strict=True):
        numbers = [] if paragraph.startswith("<!--") else [found.rstrip(",") for found in NUMBER.findall(paragraph)]
        named = re.fullmatch(r"<!-- from: (.*) -->", after.strip())
        pages = [(root / name).read_text(encoding="utf-8") for name in named[1].split()] if named else []
        known = {found.rstrip(",") for page in pages for found in NUMBER.findall(page)}
        missing += [(paragraph[:20], number) for number in numbers if number not in known]
    return missing


def test_it_has_the_sections_in_order():
    assert re.findall(r"^# (.*)$", BODY, re.MULTILINE) == SECTIONS


def test_every_section_but_the_references_has_text():
    parts = re.split(r"^# .*$", BODY, flags=re.MULTILINE)[1:-1]
    assert [name for name, part in zip(SECTIONS, parts, strict=False) if len(part.split()) < 8] == []


def test_it_has_750_to_1750_words():
    words = re.sub(r"<!--.*?-->|\[@[^\]]*\]", "", TEXT, flags=re.DOTALL).split()
    assert 750 <= len(words) <= 1750, len(words)


def test_its_head_names_the_authors_of_the_citation():
    assert [author["name"] for author in META["authors"]] == [author["name"] for author in CITATION["authors"]]
    indices = {str(place["index"]) for place in META["affiliations"]}
    assert {str(author["affiliation"]) for author in META["authors"]} <= indices
    assert (ROOT / META["bibliography"]).is_file()
    assert re.fullmatch(r"\d{1,2} \w+ \d{4}", str(META["date"]))
    assert "`" not in META["title"]


def test_every_key_that_is_cited_is_in_the_bibliography_and_the_other_way_round():
    assert cited(BODY) == set(entries(BIB))
    assert BIB.count("\n@") == len(entries(BIB))


@pytest.mark.parametrize("key", entries(BIB))
def test_an_entry_is_complete_and_says_where_it_was_checked(key):
    comment, kind, fields = entries(BIB)[key]
    assert "% checked: " in comment
    assert {"title", "author", "year"} <= set(fields)
    assert {"doi", "url"} & set(fields)
    assert {"article": "journal", "inproceedings": "booktitle"}.get(kind, "url") in fields
    assert fields["year"] in key


def test_its_numbers_stand_on_the_pages_that_it_names():
    assert unsupported(TEXT) == []


def test_a_number_that_stands_nowhere_is_found(tmp_path):
    (tmp_path / "page.md").write_text("10.0 of 1,000, and 12")
    text = "Ten: 10.0 of 1,000, not 10 or 2.\n\n<!-- from: page.md -->\n\nTwelve: 12 [@other1999]."
    assert [number for _, number in unsupported(text, tmp_path)] == ["10", "2", "12"]


def test_a_key_without_an_entry_is_found():
    assert cited("[@seo2018structured; @none1999nothing]") - set(entries(BIB)) == {"none1999nothing"}
