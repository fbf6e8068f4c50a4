"""Records of somebody else: what tables and figures cannot use is named, and never met by them."""

import json

import pytest
from comparison import make_record, make_records
from hypothesis import given
from hypothesis import strategies as st

from gnnseq.plots.comparison.report import verdicts
from gnnseq.results.joined import collect
from gnnseq.results.page import render_page
from gnnseq.results.report import to_markdown, verdicts_csv
from gnnseq.results.schema import OPTIONAL, REQUIRED, checked
from gnnseq.results.table import markdown, to_csv


def paths(record, before=()):
    """Where a record's values are, those inside its dictionaries too."""
    for name, value in record.items():
        yield (*before, name)
        if isinstance(value, dict):
            yield from paths(value, (*before, name))


def changed(record, path, value=None, missing=False):
    """A copy with another value at a path, or none."""
    copy = json.loads(json.dumps(record))
    place = copy
    for name in path[:-1]:
        place = place[name]
    if missing:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copy


PATHS = list(paths(make_record()))
HOSTILE = [
    None, True, False, 0, -1, 7, 0.5, -0.0, 1e-320, 1e300, -1e300, float("nan"), float("inf"), float("-inf"), 10**400,
    "", "nan", "<script>", "|", "a$b_{", "x" * 5_000, "\x00", "\ud800", "\u202e", "../../up", [], [[]], [None], ["a"],
    [1, "a"], [float("nan")], [10**400], {}, {"a": 1}, {"": None}, {"grid": [], "chosen": "x"},
]  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def use(record):
    """All texts of a report about a record and sound ones; why it was refused, or that it does not join them."""
    try:
        found = checked(record)
        records = [*SOUND, found]
        results = collect(records)
    except ValueError as error:
        return str(error)
    compared = verdicts(results)
    for text in (
        render_page("a", results, compared, records, []),
        to_markdown(results, compared),
        to_csv(results),
        verdicts_csv(compared),
    ):
        text.encode()
    return None


SOUND = [make_record("rnn", seed=0), make_record("rnn", seed=1), make_record("lstm", seed=1)]


@pytest.mark.parametrize("path", PATHS, ids=".".join)
def test_a_hostile_value_is_refused_by_name_or_used(path):
    for value in HOSTILE:
        refused = use(changed(make_record(), path, value))
        assert refused is None or refused.startswith((path[0], "a text holds", "task.solved")), (value, refused)


@pytest.mark.parametrize("path", PATHS, ids=".".join)
def test_a_missing_value_is_refused_by_name_or_not_needed(path):
    refused = use(changed(make_record(), path, missing=True))
    name = ".".join(path)
    needed = name in REQUIRED or name in ("status", "tuning.grid", "tuning.chosen")
    assert (refused is not None) is needed
    if needed:
        assert refused.startswith(f"{name} is missing, expected ")


@given(path=st.sampled_from(PATHS), value=VALUES)
def test_any_value_is_refused_by_name_or_used(path, value):
    use(changed(make_record(), path, value))


@given(record=st.dictionaries(st.sampled_from(sorted({path[0] for path in PATHS})), VALUES))
def test_any_record_is_refused_by_name_or_used(record):
    use(record | {"key": "x"})


def test_records_of_a_comparison_are_whole_and_stay_as_they_are():
    for record in make_records(2):
        assert checked(record) is record


def test_a_run_that_failed_before_its_task_was_known_is_told():
    failed = {"key": "x", "status": "failed", "stopped": "RuntimeError: no luck", "attempt": 1}
    assert use(failed) is None
    records = [*SOUND, checked(failed)]
    assert "RuntimeError: no luck" in render_page("a", collect(records), [], records, [])
    assert "| RNN" in markdown(collect(records))


def test_every_field_that_is_known_is_told_apart():
    assert not set(OPTIONAL) & set(REQUIRED) - {"trial"}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_curve_holds_finite_numbers(value):
    with pytest.raises(ValueError, match=r"curve.accuracy is .*, expected a list of finite numbers"):
        checked(make_record(curve={"accuracy": [0.5, value]}))


def test_a_score_of_accuracy_is_a_share():
    with pytest.raises(ValueError, match=r"score is 97.0, expected a share from 0 to 1, as task.metric is accuracy"):
        checked(make_record(score=97.0))


def test_the_host_is_a_dictionary():
    with pytest.raises(ValueError, match="host is 'laptop', expected a dictionary"):
        checked(make_record(host="laptop"))
