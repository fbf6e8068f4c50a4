"""The command `gnnseq`: its list, its version, its scripts, and their help and errors."""

import json
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import gnnseq
from gnnseq.__main__ import COMMANDS, listing, main, script

ROOT = Path(__file__).parents[1]
SCRIPTS = {name: file for name, (file, _) in COMMANDS.items()}
ON_YOUR_OWN_MACHINES = {"cluster_sweep", "train_with_fabric"}  # start processes of their own; examples alone
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def fresh(*arguments):
    """The command in a fresh interpreter."""
    command = [sys.executable, "-m", "gnnseq", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"]])
def test_it_lists_a_line_of_at_most_80_characters_for_every_command(arguments, capsys):
    assert main(arguments) == 0
    assert capsys.readouterr().out == listing()
    assert re.findall(r"^  (\w+)  +\S", listing(), re.MULTILINE) == list(COMMANDS)
    assert max(map(len, listing().splitlines())) <= 80


def test_it_says_its_version():
    done = fresh("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"gnnseq {gnnseq.__version__}\n", "")


def test_the_list_and_the_version_import_neither_torch_nor_numpy():
    code = (
        "import sys; from gnnseq.__main__ import main; main([]); main(['--version']); "
        "print(sorted({'torch', 'numpy', 'matplotlib', 'gnnseq.experiments'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", ["reech", "--verbose", "Reach", "examples/explore.py"])
def test_a_name_that_is_no_command_is_refused_with_the_choices(name, capsys):
    assert main([name, "--steps", "3"]) == 2
    output, errors = capsys.readouterr()
    assert (output, errors) == ("", f"gnnseq: COMMAND is {name!r}, expected one of: {', '.join(COMMANDS)}\n")


def test_every_example_is_a_command_and_installed_but_those_that_start_processes():
    examples = {f"examples/{path.name}" for path in (ROOT / "examples").glob("*.py")}
    assert {file for file in SCRIPTS.values() if file.startswith("examples/")} == examples - {
        f"examples/{name}.py" for name in ON_YOUR_OWN_MACHINES
    }
    tool = PROJECT["tool"]["setuptools"]
    assert {name.replace(".", "/") + ".py" for name in tool["py-modules"]} == {
        f"gnnseq/{file}" for file in SCRIPTS.values() if file.startswith("examples/")
    }
    assert tool["package-dir"] == {"gnnseq.examples": "examples"}
    assert PROJECT["project"]["scripts"] == {"gnnseq": "gnnseq.__main__:main"}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_what_the_user_typed(name, capsys):
    before = list(sys.argv)
    with pytest.raises(SystemExit, match="0"):
        main([name, "--help"])
    text = capsys.readouterr().out
    assert text.startswith(f"usage: gnnseq {name} [-h]")
    assert "python examples/" not in text
    assert name == "plots" or f"\n    gnnseq {name}" in text
    assert sys.argv == before


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"plots"}))
def test_an_example_s_help_names_the_example(name, capsys):
    file = SCRIPTS[name]
    with pytest.raises(SystemExit, match="0"):
        runpy.run_path(str(ROOT / file))["main"](["--help"])
    text = capsys.readouterr().out
    assert text.startswith(f"usage: {Path(file).name} [-h]")
    assert f"\n    python {file}" in text


def test_an_error_begins_with_what_the_user_typed(tmp_path, capsys):
    assert main(["reach", "--steps", "1", "--output", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == "gnnseq reach: --steps is 1, expected at least 2\n"
    assert main(["plots", str(tmp_path / "none.jsonl"), "--output", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("gnnseq plots: records is ")


def test_the_command_and_its_example_write_the_same_records(tmp_path):
    tiny = ["--lengths", "4", "--models", "lstm", "gcn", "--seeds", "1", "--steps", "2", "--budget", "600"]
    example = [sys.executable, script("compare"), *tiny, "--jobs", "2", "--output", tmp_path / "a"]
    subprocess.run(example, cwd=ROOT, capture_output=True, check=True)
    done = fresh("compare", *tiny, "--jobs", "2", "--output", str(tmp_path / "b"))
    assert done.returncode == 0, done.stderr
    keys = [
        sorted(json.loads(line)["key"] for line in (tmp_path / folder / "records.jsonl").read_text().splitlines())
        for folder in ("a", "b")
    ]
    assert keys[0] == keys[1]
    assert len(keys[0]) == 2


def test_a_script_is_found_in_the_installed_package_first(tmp_path, monkeypatch):
    monkeypatch.setattr("gnnseq.__main__._PACKAGE", tmp_path / "gnnseq")
    for folder in (tmp_path / "examples", tmp_path / "gnnseq" / "examples"):
        folder.mkdir(parents=True)
        (folder / "explore.py").touch()
        assert script("page") == folder / "explore.py"
