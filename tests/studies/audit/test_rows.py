import pytest

from gnnseq.studies.audit.report import as_printed, cells, fill_row, markdown, overview, summary, to_csv, with_interval
from gnnseq.studies.audit.rows import Published, Row, find, value_at

PUBLISHED = Published("Net", 1.5, "A 2020", "from memory")
ROW = Row("here", "RMSE", PUBLISHED, ("a task",), "by_lead.2", "net", "gcrn", ("mean", "ar"), {"zero": 2.0})


def record(family, value, seed=0, title="a task", **more):
    return {
        "task": {"title": title},
        "family": {"name": family, "title": family.upper()},
        "trial": {"seed": seed},
        "status": "done",
        "by_lead": {"2": value},
    } | more


RECORDS = [
    record("net", 1.4),
    record("net", 1.6, 1),
    record("net", 9.0, 2, "another task"),
    record("net", 9.0, 3, purpose="tuning"),
    record("ar", 1.2),
    {"status": "failed", "key": "x"},
]


def test_values_are_those_of_the_task_the_family_and_the_measure():
    found = find(ROW, "net", RECORDS[:-1])
    assert (found.name, found.summary.count, found.summary.mean) == ("NET", 2, 1.5)
    assert find(ROW, "gcrn", RECORDS[:-1]) is None


@pytest.mark.parametrize(
    ("second", "named"),
    [(record("net", 1.6), "seed"), ({**record("net", 1.6), "trial": {"seed": 1, "steps": 9}}, "steps")],
)
def test_two_settings_under_one_name_are_refused(second, named):
    first = {**record("net", 1.4), "trial": {"seed": 0, "steps": 8}}
    with pytest.raises(ValueError, match=f"runs of net for here that are not one setting: see {named}"):
        find(ROW, "net", [first, second])


def test_measures():
    one = {"score": 0.5, "by_length": {"7": [3, 4]}, "bad": "text", "flag": True}
    assert value_at(one, "score") == 0.5
    assert value_at(one, "by_length.7") == 0.75
    assert value_at(one, "by_length.8") is None
    assert value_at(one, "loss.x") is None
    for name in ("bad", "flag"):
        with pytest.raises(ValueError, match=f"{name} is"):
            value_at(one, name)


def test_a_filled_row_has_its_baselines_best_first_and_its_word():
    filled = fill_row(ROW, RECORDS)
    assert [value.name for value in filled.baselines] == ["AR", "zero"]
    assert filled.verdict.word == "beaten by a baseline"
    assert filled.verdict.reproduced is True
    assert cells(filled) == [
        "here", "Net", "1.5 (memory)", "1.5 [1.4, 1.6] (2)", "–", "AR: 1.2", "beaten by a baseline; reproduced"
    ]  # fmt: skip
    assert summary([filled]) == "1 rows: 1 beaten by a baseline."
    assert "| here" in markdown([filled])
    assert "| T       | Net " in overview({"T": [filled]})
    assert "| T       | 1    | 1 of 1 " in overview({"T": [filled]}, by_model=False)
    assert filled.plain["verdict"]["beaten_by"] == ("AR",)
    header, line = to_csv({"t": [filled]}).splitlines()
    assert dict(zip(header.split(","), line.split(","), strict=True))["best_baseline"] == "AR"


def test_a_run_that_diverged_is_told():
    lost = [record("net", float("inf"), 2), record("net", 1.0, 3, status="diverged")]
    filled = fill_row(ROW, [*RECORDS, *lost])
    assert (filled.same.lost, filled.same.summary.count) == (2, 2)
    assert cells(filled)[3] == "1.5 [1.4, 1.6] (2), 2 diverged or failed"
    filled = fill_row(ROW, lost)
    assert cells(filled)[3] == "2 diverged or failed"
    assert (filled.verdict.word, filled.verdict.reproduced) == ("not reproduced", False)


def test_the_word_says_how_far_ours_lies():
    words = [cells(fill_row(ROW, [record("net", value)]))[-1] for value in (1.0, 1.8, 30.0)]
    assert words == ["not reproduced, 33 % better", "not reproduced, 20 % worse", "not reproduced, 20 times the error"]


def test_accuracies_are_shown_in_per_cent():
    row = Row("x", "accuracy", Published("N", 0.9917, "A", "from the source", "B"), ("a task",), "score", "net",
              higher_is_better=True)  # fmt: skip
    assert as_printed(0.9917, True) == "99.17 %"
    filled = fill_row(row, [record("net", 0, score=0.9), record("net", 0, 1, score=1.0)])
    assert with_interval(filled.same, True) == "95.0 % [90.0, 100.0] (2)"


@pytest.mark.parametrize(("mark", "where"), [("from memory", "page 3"), ("from the source", ""), ("seen", "x")])
def test_a_mark_without_its_text_is_refused(mark, where):
    with pytest.raises(ValueError, match=r"mark is|where is"):
        Published("N", 1.0, "A", mark, where)
