"""The page in a real browser: typing, keyboard, state in the address, hostile records, accessibility."""

import pytest
from chromium import browse, needs_browser
from comparison import make_record, make_records
from page_cases import make_model, make_pair, make_text_model
from torch import nn

from gnnseq.layers import LSTM
from gnnseq.models import EdgeEncoder, NodeClassifier, SymbolEmbedding
from gnnseq.page import export_page, page_model

pytestmark = needs_browser
EVIL = "<img src=x onerror=alert(1)><script>alert('x')</script> & \"y\" </script>"
SEEN = "return await page.locator('.model').allInnerTexts();"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page with both parts."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    return export_page(make_records(3, sizes=(5, 20)), path, models=make_pair())


def test_it_loads_says_who_cannot_see_and_why(page):
    first, second = browse(page, SEEN)
    assert "Can see all 8 symbols" in first
    assert "Cannot see 4 of 8 symbols (1 to 4)" in second
    assert "3 layers reach 3 hops" in second
    assert "this model can only guess" in second


def test_typing_changes_the_answer_within_50_ms(page):
    before, after, times = browse(page, """
        const shares = () => page.locator(".model .share").allInnerTexts();
        const before = await shares(), times = [];
        await page.locator("#text").fill("");
        for (const key of "27182818284590452353") {
          await page.locator("#text").press(key);
          times.push(Number(await page.locator("#time").getAttribute("data-ms")));
        }
        return [before, await shares(), times];
    """)  # fmt: skip
    assert before != after
    assert sorted(times)[len(times) // 2] < 50


def test_the_keyboard_reaches_everything(page):
    stops, told = browse(page, """
        const stops = [];
        for (let k = 0; k < 80; k++) {
          await page.keyboard.press("Tab");
          stops.push(await page.evaluate("document.activeElement.id || document.activeElement.ariaLabel || ''"));
        }
        const handle = page.getByRole("slider", { name: "Symbols of model B" });
        await handle.focus();
        await page.keyboard.press("Home");
        return [stops, [await handle.getAttribute("aria-valuetext"), await page.locator(".tip").innerText()]];
    """)  # fmt: skip
    for name in ("model-a", "model-b", "text", "length", "layers-1", "Symbols of model A", "Nodes of model B", "task",
                 "metric", "reference", "sort", "show-0"):  # fmt: skip
        assert name in stops
    assert any("accuracy" in stop and "answer 3 hops away" in stop for stop in stops)
    for words in told:
        assert "symbol 1: 3" in words
        assert "cannot be seen: influence exactly 0" in words


def test_the_state_is_in_the_address(page):
    address = browse(page, """
        await page.locator("#task").selectOption("1");
        await page.locator("#metric").selectOption("weights");
        await page.locator("#show-1").uncheck();
        await page.locator("#text").fill("777");
        await page.locator("#model-b").selectOption("-1");
        return page.url();
    """)  # fmt: skip
    fragment = "#" + address.partition("#")[2]
    found = browse(page, """
        const value = id => page.locator(id).inputValue();
        return [await value("#task"), await value("#metric"), await page.locator("#show-1").isChecked(),
          await value("#text"), await page.locator(".model:visible").count(), await page.locator(".result").count()];
    """, fragment)  # fmt: skip
    assert found == ["1", "weights", False, "777", 1, 2]


def test_a_reference_a_sort_and_sizes(page):
    rows, labels, charts = browse(page, """
        await page.locator("#task").selectOption("1");
        await page.locator("#reference").selectOption("RNN");
        await page.locator("#sort").selectOption("name");
        const rows = await page.locator(".result .name").allTextContents();
        const labels = await page.locator(".result").evaluateAll(all => all.map(each => each.ariaLabel));
        return [rows, labels, await page.getByRole("slider", { name: /Learning curves|Score against size/ }).count()];
    """)  # fmt: skip
    assert [row.split(",")[0] for row in rows] == ["GCN", "LSTM", "RNN"]
    assert "undecided against RNN" in labels[1]
    assert "the reference" in labels[2]
    assert charts == 2


def test_layers_length_edges_and_strange_symbols(page):
    found = browse(page, """
        const second = () => page.locator(".model").nth(1).innerText(), set = (id, value) =>
          page.locator(id).evaluate((each, to) => { each.value = to; each.dispatchEvent(new Event("input")); }, value);
        const words = [];
        await set("#layers-1", "1");
        words.push(await second());
        await set("#layers-1", "3");
        await page.locator("#from").fill("1");
        await page.locator("#to").fill("8");
        await page.getByRole("button", { name: "Add edge" }).click();
        words.push(await second());
        await set("#length", "12");
        words.push(await page.locator("#text").inputValue());
        await page.locator("#text").fill("31x4");
        words.push(await second());
        await page.locator("#text").fill("");
        words.push(await page.locator(".said").innerText());
        await page.locator("#text").fill("5".repeat(130));
        words.push(await second());
        return words;
    """)  # fmt: skip
    assert "Cannot see 6 of 8 symbols" in found[0]
    assert "first 1 of 3 trained layers" in found[0]
    assert "Cannot see 1 of 8 symbols" in found[1]
    assert len(found[2]) == 12
    assert "Not in the alphabet" in found[3]
    assert "x at 3" in found[3]
    assert "the input is empty" in found[4]
    assert "130 symbols are more than are drawn well (100)" in found[5]
    assert "Answer:" in found[5]


def test_a_model_of_text_writes_on_at_a_temperature(tmp_path):
    path = export_page([], tmp_path / "page.html", models=[make_text_model()])
    first, hot, text, blind = browse(path, """
        const shares = () => page.locator(".model .share").allInnerTexts();
        await page.locator("#text").fill("ab ab");
        const first = await shares();
        const cool = each => { each.value = 0.1; each.dispatchEvent(new Event("input")); };
        await page.locator("#temperature").evaluate(cool);
        const hot = await shares();
        for (let k = 0; k < 5; k++) await page.getByRole("button", { name: "Write one symbol on" }).click();
        const text = await page.locator("#text").inputValue();
        return [first, hot, text, await page.locator(".model:visible").innerText()];
    """)  # fmt: skip
    assert float(hot[0].split()[0]) > float(first[0].split()[0])
    assert len(text) == 10
    assert set(text) <= set("ab ")
    assert "3 layers with hops of 1, 2, 4 reach 7 symbols back" in blind
    assert "Cannot see 2 of 10 symbols (1 to 2)" in blind


def test_a_model_with_an_answer_at_each_node_shows_them_and_writes_nothing(tmp_path):
    symbols = [*"0123456789", "[MIN", "]"]
    model = NodeClassifier(SymbolEmbedding(12, 4), EdgeEncoder(LSTM(4, 6)), nn.Linear(6, 10))
    shown = page_model(model, title="T", view="tree", symbols=symbols, classes=symbols[:10])
    path = export_page([], tmp_path / "page.html", models=[shown])
    rows, temperature, message = browse(path, """
        await page.locator("#text").fill("[MIN 4 [MIN 2 3 ] ]");
        const rows = await page.locator(".model svg[aria-label^=Gates] .symbol").allTextContents();
        const sliders = await page.locator("#temperature").count();
        await page.locator("#text").fill("[MIN 4 [MIN 2 3 ]");
        return [rows, sliders, await page.locator(".said").innerText()];
    """)  # fmt: skip
    assert rows[::2] == ["4", "2", "3", "[MIN", "[MIN"]
    assert set(rows[1::2]) <= set("0123456789")
    assert temperature == 0
    assert message == "Input: the bracket at symbol 1 is not closed."


def hostile_records():
    """Scripts in texts, huge numbers, NaN, missing keys."""
    records = make_records(2, sizes=(5,))
    for record in records:
        record["task"] = record["task"] | {"title": EVIL, "metric": EVIL, "name": EVIL}
        record["family"] = {"title": record["family"]["title"] + EVIL}
        record["label"] = record["initialisation"] = EVIL
        record["influence"], record["ms_per_step"] = float("nan"), float("inf")
        record["hops_required"] = 10**15
        record["curve"] = {"accuracy": [1e15, -1e15, 0.5]}
        del record["weights"]
    records[0]["score"] = 1e15
    records[1]["model"] = make_model() | {"weights": "!!", "title": EVIL}
    records[2]["model"] = make_model(title=EVIL, examples=[{"text": EVIL, "answer": EVIL}], family=EVIL)
    records[3]["model"] = make_model() | {"encoder": {"kind": EVIL}}
    records[4]["model"] = make_model() | {"encoder": make_model()["encoder"] | {"cell": "__proto__"}}
    return records


def test_a_hostile_record_is_text(tmp_path):
    path = export_page(hostile_records(), tmp_path / "page.html", title=EVIL)
    texts, scripts = browse(path, """
        for (const value of await page.locator("#metric option").evaluateAll(all => all.map(each => each.value)))
          await page.locator("#metric").selectOption(value);
        for (const k of await page.locator("#model-a option").evaluateAll(all => all.map(each => each.value)))
          await page.locator("#model-a").selectOption(k);
        for (const mark of await page.locator(".result").all()) await mark.hover();
        return [await page.locator("body").innerText(), await page.locator("script, img").count()];
    """)  # fmt: skip
    assert "alert('x')" in texts
    assert scripts == 2  # its own, and its data


def test_a_foreign_address_is_harmless(page):
    strange = (
        "#task=-1&metric=__proto__&hide=%3Cscript%3E&a=99&b=x&text=%3Cscript%3Ealert(1)%3C/script%3E&temperature=NaN"
    )
    assert browse(page, "return await page.locator('#text').inputValue();", strange) == "<script>alert(1)</script>"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing(page, scheme, width):
    violations, wide = browse(page, """
        await page.evaluate(readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
        const found = await page.evaluate("axe.run()");
        const wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
        return [found.violations.map(each => [each.id, each.nodes.map(node => node.html.slice(0, 160))]), wide];
    """, colorScheme=scheme, viewport={"width": width, "height": 800})  # fmt: skip
    assert violations == []
    assert wide <= 0


def test_without_weights_only_the_comparison_is_shown(tmp_path):
    path = export_page([make_record(), make_record("rnn")], tmp_path / "page.html")
    text, parts = browse(
        path, "return [await page.locator('body').innerText(), await page.locator('#explorer').count()];"
    )
    assert "these records hold no weights" in text
    assert parts == 0
