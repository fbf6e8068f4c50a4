import pytest

from gnnseq.experiments.presets import GRID, KINDS, PRESETS, check, explain, groups, make_settings, make_tasks, parse


def options(*arguments):
    return parse("Compares.", [str(argument) for argument in arguments])


def prepared(*arguments):
    found = options(*arguments)
    check(found)
    return groups(found)


def test_every_kind_makes_its_sizes():
    for kind in KINDS:
        assert len({kind.make(size).size for size in kind.sizes}) == len(kind.sizes)


def test_a_size_of_its_own_stands_before_those_of_all():
    tasks = make_tasks(options("--tasks", "copy:3", "palindromes", "--lengths", 4, 5))
    assert [(task.name, task.size) for task in tasks] == [("copy memory", 3), ("palindromes", 4), ("palindromes", 5)]


@pytest.mark.parametrize("preset", [None, *PRESETS])
def test_the_options_of_a_preset_stand_unless_they_are_given(preset):
    chosen = [] if preset is None else ["--preset", preset]
    assert options(*chosen, "--steps", 7, "--batch-size", 3).steps == 7
    found = options(*chosen)
    check(found)
    for name, value in PRESETS.get(preset, {"steps": 400, "seeds": 3, "tasks": ["palindromes"]}).items():
        assert getattr(found, name) == value
    settings = make_settings(found)
    assert (settings.steps, settings.batch_size, settings.stop_at) == (found.steps, found.batch_size, found.stop_at)
    assert f"at most {found.steps:,} steps" in explain(found)
    for tasks, families in groups(found):
        assert all(any(family.joins(task) for family in families) for task in tasks)


def test_tuning_without_rates_takes_the_grid():
    assert options("--tune").tune == GRID
    assert options().tune is None
    assert "chosen from 0.0003, 0.001" in explain(options("--tune"))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--budget", 0], "--budget is 0, expected at least 1"),
        (["--lengths", 5, 1], "--lengths holds 1, expected integers of at least 2"),
        (["--learning-rate", "nan"], "--learning-rate is nan, expected a positive number"),
        (["--tune", 0.1, 0], "--tune holds 0.0, expected positive numbers"),
        (["--tune", "--learning-rate", 0.1], "--tune and --learning-rate are both given"),
        (["--html", "--reference", "lsmt"], "did you mean 'lstm'"),
        (["--html", "--reference", "rnn", "--models", "lstm", "gru"], "--reference is rnn, expected .*: lstm, gru"),
        (["--preset", "verdicts", "--models", "gru"], "--reference is lstm, expected one of the models: gru"),
        (["--lengths", 4, 4], "--tasks holds 'palindromes of length 4' twice"),
        (["--models", "lstm", "lstm"], "models holds 'lstm' twice"),
    ],
)
def test_what_no_run_could_use_is_named(arguments, named):
    with pytest.raises(ValueError, match=named):
        prepared(*arguments)


def test_default_lengths_are_near_middle_and_far():
    assert KINDS[0].sizes == (5, 20, 60)
    assert [task.size for task in make_tasks(options())] == [5, 20, 60]


def test_a_budget_that_is_given_stands_before_the_width_of_a_preset():
    given = make_settings(options("--preset", "report", "--budget", 700))
    assert (given.budget, given.width) == (700, None)
    assert make_settings(options("--preset", "report")).width == 128
    assert (make_settings(options("--width", 5)).width, make_settings(options()).budget) == (5, 10_000)
