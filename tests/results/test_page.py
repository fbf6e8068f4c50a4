import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from comparison import make_record, make_records

from gnnseq.results.joined import collect
from gnnseq.results.page import Picture, render_page, table
from gnnseq.results.verdict import judge

EVIL = "<script>alert('x')</script> & \"y\""


class Checker(HTMLParser):
    """Collects tags with their attributes, and sees that every tag is closed."""

    VOID = ("meta", "img")

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def make_page(records=None, **changes):
    records = make_records(8, sizes=(20,)) if records is None else records
    results = collect(records)
    given = {"pictures": [Picture("Figure", b"png", "words", "caption")]} | changes
    return render_page("Title", results, judge(results), records, **given)


def test_the_page_is_whole_and_names_what_was_decided():
    page = Checker(make_page())
    assert page.open == []
    words = " ".join(page.words)
    for part in ("No model was found better than LSTM.", "LSTM better", "cannot see", "version of torch", "2.9.0",
                 "chosen on validation data", "at the end of the grid", "smallest p-value possible"):  # fmt: skip
        assert part in words


def test_nothing_comes_from_outside():
    text = make_page()
    page = Checker(text)
    links = [value for _, attrs in page.tags for name, value in attrs.items() if name in ("src", "href", "action")]
    assert links
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in links)
    assert "http:" not in text
    assert "https:" not in text
    assert "@import" not in text


def test_only_the_pages_own_script_may_run():
    text = make_page()
    policy = next(a["content"] for tag, a in Checker(text).tags if tag == "meta" and "http-equiv" in a)
    for tag in ("script", "style"):
        inside = re.search(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert not any(name.startswith("on") or name == "style" for _, a in Checker(text).tags for name in a)


def test_all_text_is_escaped():
    record = make_record(score=0.5, initialisation=EVIL)
    record["family"] = {"name": EVIL, "title": EVIL}
    record["task"] = record["task"] | {"title": EVIL, "metric": EVIL}
    record["trial"] = record["trial"] | {EVIL: EVIL}
    record["versions"] = {EVIL: EVIL}
    failed = record | {"status": "failed", "stopped": EVIL, "label": EVIL, "score": None}
    other = make_record("rnn") | {"task": record["task"]}
    results = collect([record, failed, other])
    text = render_page(EVIL, results, judge(results), [record, failed, other], [Picture(EVIL, b"", EVIL, EVIL)])
    page = Checker(text)
    assert page.open == []
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert "alert('x')" in " ".join(page.words)
    assert next(attrs["alt"] for tag, attrs in page.tags if tag == "img") == EVIL


def test_pictures_are_in_the_page_with_their_words():
    (image,) = [attrs for tag, attrs in Checker(make_page()).tags if tag == "img"]
    assert image == {"src": "data:image/png;base64," + base64.b64encode(b"png").decode(), "alt": "words"}
    assert "<h2 id='figures'>" not in make_page(pictures=[])


def test_cells_carry_the_numbers_by_which_they_are_sorted():
    text = table("Caption", ("model", "hops", "other"), [[("A", None), ("no limit", float("inf")), ("x", 0.5)]])
    page = Checker(text)
    assert [attrs.get("data-sort") for tag, attrs in page.tags if tag == "td"] == ["Infinity", "0.5"]
    assert [attrs.get("scope") for tag, attrs in page.tags if tag == "th"] == ["col"] * 3 + ["row"]
    assert sum(tag == "button" for tag, _ in page.tags) == 3


def test_light_and_dark_and_narrow():
    text = make_page()
    assert "prefers-color-scheme: dark" in text
    assert "width=device-width" in text
    assert text.count('class="scroll" tabindex="0"') == text.count("<table>")


def test_one_model_has_no_verdicts_and_nothing_no_page():
    records = [make_record()]
    text = render_page("Title", collect(records), [], records)
    assert "1 model on 1 task, 1 seed each" in text
    assert "Verdict for each pair" not in text
    with pytest.raises(ValueError, match="results is empty"):
        render_page("Title", [], [], [])
