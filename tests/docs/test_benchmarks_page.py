"""The pages of benchmarks: table and rows are those of the stored records."""

import make_benchmarks
import stored


def test_the_table_is_that_of_the_records():
    page = make_benchmarks.PAGE.read_text(encoding="utf-8")
    assert make_benchmarks.filled(page) == page


def test_all_columns_are_those_of_the_records():
    linear = make_benchmarks.LINEAR.read_text(encoding="utf-8")
    assert stored.fill(linear, "linear", make_benchmarks.linear_rows()) == linear
    assert make_benchmarks.ROWS.read_text(encoding="utf-8") == make_benchmarks.rows()


def test_a_missed_goal_is_bold():
    record = make_benchmarks.records("benchmarks_1")[0]
    assert make_benchmarks.ratio(record | {"goal": 0.0}) == "5.25"
    assert make_benchmarks.ratio(record | {"goal": 99.0}) == "**5.25**"
