"""The lectures: every cell runs, and what is stored is what a run gives."""

import re
from copy import deepcopy
from importlib import import_module

import nbformat
import pytest
from make_lectures import LECTURES, code, differences, lectures, read, run

from gnnseq.results.colours import COLOURS

BOOKS = lectures()
LARGEST = 400_000  # bytes of a stored notebook


def names(path):
    return path.name


def sources(book):
    return "\n".join(cell.source for cell in code(book))


def solutions(book):
    """For each exercise, the cells below it."""
    found = []
    for cell in book.cells:
        if re.match(r"(## Exercises\n+)?\*\*\d\.\*\*", cell.source):
            found.append([cell])
        elif found and "Next:" not in cell.source and "last lecture" not in cell.source:
            found[-1].append(cell)
    return found


def example(*outputs, source="show()", tags=()):
    """A notebook of one cell that has shown some texts."""
    shown = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in outputs]
    cell = nbformat.v4.new_code_cell(source, id="a", outputs=shown, metadata={"tags": list(tags)})
    return nbformat.v4.new_notebook(cells=[cell])


@pytest.mark.parametrize("path", BOOKS, ids=names)
def test_a_run_gives_what_is_stored(path):
    stored = read(path)
    assert differences(stored, run(deepcopy(stored))) == []


def test_there_are_six_in_order_and_on_the_page():
    page = (LECTURES / "README.md").read_text(encoding="utf-8")
    assert [path.name[:2] for path in BOOKS] == [f"{number}_" for number in range(1, 7)]
    assert [path.name for path in BOOKS if f"]({path.name})" not in page or f"\n{path.stem}\n" not in page] == []


@pytest.mark.parametrize("path", BOOKS, ids=names)
def test_they_have_goals_predictions_exercises_and_folded_solutions(path):
    book = read(path)
    assert "**After this lecture you can**" in book.cells[0].source
    text = "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    assert text.count("**Predict") >= 3
    exercises = solutions(book)
    assert 3 <= len(exercises) <= 5
    for first, *below in exercises:
        tags = [cell.metadata.get("tags", []) for cell in below if cell.cell_type == "code"]
        assert "<details><summary>Solution</summary>" in first.source or tags
        assert all("hide-cell" in own for own in tags)


@pytest.mark.parametrize("path", BOOKS, ids=names)
def test_folded_cells_are_folded_on_the_site_and_in_jupyterlab(path):
    for cell in code(read(path)):
        tags, folded = cell.metadata.get("tags", []), cell.metadata.get("jupyter", {})
        assert set(tags) <= {"hide-cell", "hide-output", "varies"}
        assert folded.get("source_hidden", False) is ("hide-cell" in tags)
        assert folded.get("outputs_hidden", False) is bool({"hide-cell", "hide-output"} & set(tags))


@pytest.mark.parametrize("path", BOOKS, ids=names)
def test_they_use_the_public_interface_alone(path):
    text = sources(read(path))
    used = re.findall(r"^\s*from (gnnseq[\w.]*) import (.+)$", text, re.MULTILINE)
    assert used
    assert re.findall(r"^\s*import gnnseq", text, re.MULTILINE) == []
    private = [
        f"{module}.{name}"
        for module, line in used
        for name in line.split(", ")
        if module.count(".") != 1 or name not in import_module(module).__all__
    ]
    assert private == []


@pytest.mark.parametrize("path", BOOKS, ids=names)
def test_stored_files_are_small_and_hold_nothing_of_a_run(path):
    book = read(path)
    assert path.stat().st_size < LARGEST
    assert set(book.metadata) == {"kernelspec", "language_info"}
    assert [cell.id for cell in code(book) if cell.execution_count is not None or "execution" in cell.metadata] == []
    assert any(cell.outputs for cell in code(book))
    outputs = [
        str(output.get("text", output.get("data", {}).get("text/plain"))) for c in code(book) for output in c.outputs
    ]
    assert [text for text in outputs if re.search(r"/home/|/tmp/|/root/|0x[0-9a-f]{6}", text)] == []


@pytest.mark.parametrize("path", BOOKS, ids=names)
def test_colours_are_those_of_all_figures(path):
    assert set(re.findall(r"#[0-9A-Fa-f]{6}", sources(read(path)))) <= set(COLOURS)


@pytest.mark.parametrize("path", BOOKS, ids=names)
def test_records_that_are_read_are_stored(path):
    files = re.findall(r'"(\.\./results/[^"{}]+)"', sources(read(path)))
    assert [file for file in files if not (LECTURES / file).is_file()] == []


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("loss 1.000", "loss 1.001", True),
        ("loss 1.000", "loss 1.100", False),
        ("12 of 64", "13 of 64", False),
        ("1.2e-05", "1.3e-05", True),
        ("1,234.5 and 1.2", "1,234.5 and 1.4", False),
        ("1.2e-05", "3.4e-05", False),
        ("True", "False", False),
        ("| a | 1 |\n|---|---:|", "| a   | 1 |\n|-----|---|", True),
        ("learned", "did not learn", False),
    ],
)
def test_differences_are_found(old, new, same):
    assert (differences(example(old), example(new)) == []) is same


def test_numbers_of_a_cell_that_trains_may_differ_and_its_words_may_not():
    assert differences(example("LSTM: 95%", tags=["varies"]), example("LSTM: 91%", tags=["varies"])) == []
    assert differences(example("LSTM: 95%", tags=["varies"]), example("GRU: 95%", tags=["varies"])) != []


def test_other_cells_and_a_missing_output_are_found():
    assert differences(example("1"), example("1", source="other()")) != []
    assert differences(example("1"), example()) != []
    assert differences(example("1"), nbformat.v4.new_notebook()) != []
