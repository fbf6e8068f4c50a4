import argparse

import pytest

from gnnseq.experiments.command_line import add_settings, check_at_least_one, exit_status, fill_in, given

SETTINGS = (("batch_size", int, "of a step"), ("rate", float, "of Adam"))


def parse(*arguments):
    parser = argparse.ArgumentParser()
    add_settings(parser, SETTINGS, {"batch_size": 128, "rate": None})
    return parser.parse_args(arguments), parser.format_help()


def test_settings_are_options_of_their_type_and_say_their_default():
    options, text = parse("--batch-size", "3")
    assert (options.batch_size, options.rate) == (3, None)
    assert "of a step (128)" in text
    assert "of Adam (each its own)" in text
    assert parse("--rate", "0.5")[0].rate == 0.5


def test_a_preset_fills_in_what_was_not_given():
    options = fill_in(parse("--batch-size", "3")[0], {"batch_size": 9, "rate": 0.25})
    assert (options.batch_size, options.rate) == (3, 0.25)


def test_only_settings_with_a_value_are_given_on():
    assert given(parse("--rate", "0")[0], SETTINGS) == {"rate": 0.0}


def test_numbers_below_one_are_refused():
    options = argparse.Namespace(batch_size=0, seeds=1, rate=None)
    check_at_least_one(options, ["seeds", "rate"])
    with pytest.raises(ValueError, match=r"^--batch-size is 0, expected at least 1$"):
        check_at_least_one(options, ["seeds", "batch_size"])


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (ValueError("no"), 2, "learn: no\n"),
        (FileNotFoundError("gone"), 2, "learn: gone\n"),
        (ArithmeticError("loss is nan"), 2, "learn: loss is nan\n"),
        (KeyboardInterrupt(), 130, "\nStopped. Run the same command to go on from out.\n"),
    ],
)
def test_how_a_command_ends_that_was_broken_off(error, status, told, capsys):
    def run():
        raise error

    assert exit_status("learn", "out", run) == status
    assert capsys.readouterr().err == told


def test_other_endings_are_the_commands_own(capsys):
    assert exit_status("learn", "out", lambda: None) == 0
    assert exit_status("learn", "out", lambda: 1) == 1
    assert capsys.readouterr().err == ""
    with pytest.raises(KeyError):  # a fault of the program, which must not be hidden
        exit_status("learn", "out", lambda: {}["x"])
