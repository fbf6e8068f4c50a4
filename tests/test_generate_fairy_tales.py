"""The example that writes fairy tales, as a user runs it, with tiny arguments."""

import importlib.util
import json
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest
import torch
from matplotlib.image import imread

from gnnseq.files import read_json
from gnnseq.studies.text.families import CAUSAL_FAMILIES
from gnnseq.training import Checkpoint

EXAMPLE = Path(__file__).parents[1] / "examples" / "generate_fairy_tales.py"
SMALL = ["--window", 10, "--batch-size", 4, "--every", 3]
TINY = ["--width", 8, *SMALL]
TALE = "There was once a king who had a daughter. Sleeping beauty is what they called her.\n"


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("".join(f"{number}. {TALE}" for number in range(60)), encoding="utf-8")
    return path


def spoil(optimizer, closure=None):
    """A step after which no loss is finite."""
    with torch.no_grad():
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.fill_(float("nan"))


def call(capsys, *arguments):
    """Exit status, output and errors."""
    spec = importlib.util.spec_from_file_location("generate_fairy_tales", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        status = module.main([str(argument) for argument in arguments])
    return status, *capsys.readouterr()


def test_it_trains_writes_and_draws(book, tmp_path, capsys):
    folder = tmp_path / "out"
    status, output, errors = call(capsys, "--path", book, *TINY, "--steps", 7, "--output", folder)
    assert status == 0, errors
    assert "Adam at 0.004, gradients clipped at norm 5, 7 steps of 4 windows of 10 characters" in output
    assert "torch's initialisation" in output
    assert output.count("bits per character") == 4  # steps 3, 6, 7, and with the state carried
    for shown in ("While it learned", "Temperature 0.5", "Temperature 1.0", "Temperature 2.0", "step      6  "):
        assert shown in output
    assert "note: " in errors
    samples = (folder / "samples.txt").read_text(encoding="utf-8")
    completed = next(line for line in samples.splitlines() if line.startswith("  likeliest"))
    assert len(completed.split(maxsplit=1)[1].replace("\\'", "'")) == len("'Sleeping beauty is'") + 64
    assert imread(folder / "curves.png").std() > 0.01
    assert sorted(path.name for path in folder.iterdir()) == [
        "checkpoint.best.pt", "checkpoint.pt", "curves.png", "measurements.json", "samples.txt",
    ]  # fmt: skip
    results = read_json(folder / "measurements.json")
    assert [row["step"] for row in results["measurements"]] == [3, 6, 7]
    assert f"held out loss {results['measurements'][-1]['loss']:.3f}, accuracy" in samples
    assert f"held out, read in order with its state: loss {results['carried_loss']:.3f}" in samples
    assert repr(results["completions"]["likeliest"]).replace("\\n", "⏎") in samples


def test_a_second_run_writes_the_same_without_training(book, tmp_path, capsys):
    arguments = ["--path", book, *TINY, "--steps", 4, "--output", tmp_path / "out"]
    call(capsys, *arguments)
    before = [(tmp_path / "out" / name).read_bytes() for name in ("samples.txt", "checkpoint.pt")]
    status, output, _ = call(capsys, *arguments)
    assert status == 0
    assert "Goes on from step 4" in output
    assert [(tmp_path / "out" / name).read_bytes() for name in ("samples.txt", "checkpoint.pt")] == before


def command(*arguments):
    """The example in a process of its own, where no other test has changed how torch computes."""
    words = [sys.executable, str(EXAMPLE), *map(str, arguments)]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_killed_it_goes_on_bit_by_bit(book, tmp_path):
    """All three runs are processes alike; how far the first gets before it is killed does not matter."""
    arguments, killed = ["--path", book, *TINY, "--seed", 3], tmp_path / "killed"
    process = command(*arguments, "--steps", 1_000_000, "--output", killed)
    try:
        while not (killed / "checkpoint.pt").exists():
            assert process.poll() is None, "the example ended by itself"
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    steps = torch.load(killed / "checkpoint.pt", weights_only=True)["step"]
    last = 3 * (steps // 3 + 4)
    both = [command(*arguments, "--steps", last, "--output", folder) for folder in (killed, tmp_path / "whole")]
    assert [process.wait() for process in both] == [0, 0]
    one, two = (torch.load(f / "checkpoint.pt", weights_only=True) for f in (killed, tmp_path / "whole"))
    assert 0 < steps < one["step"] == two["step"] == last
    assert one["callbacks"] == two["callbacks"]
    assert len(one["callbacks"][0]["samples"]) == last // 3
    assert one["history"]["loss"] == two["history"]["loss"]
    assert torch.equal(one["random"][0]["torch"], two["random"][0]["torch"])
    assert all(torch.equal(one["model"][name], two["model"][name]) for name in two["model"])
    moments = [[s[name] for s in c["optimizer"]["state"].values() for name in s] for c in (one, two)]
    assert all(torch.equal(left, right) for left, right in zip(*moments, strict=True))
    assert (killed / "samples.txt").read_bytes() == (tmp_path / "whole" / "samples.txt").read_bytes()


@pytest.mark.parametrize("model", ["gcrn", "dilated-conv"])
def test_graph_models_write_too(model, book, tmp_path, capsys):
    arguments = ["--path", book, *TINY, "--steps", 2, "--model", model, "--output", tmp_path / "out"]
    status, output, errors = call(capsys, *arguments)
    assert status == 0, errors
    assert "completed by 64 characters" in output


def test_compare_tabulates_every_family_and_repeats_nothing(book, tmp_path, capsys):
    arguments = ["--compare", "--path", book, *SMALL, "--budget", 3000, "--steps", 3, "--output", tmp_path / "out"]
    status, output, errors = call(capsys, *arguments)
    assert status == 0, errors
    rows = [line for line in output.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == len(CAUSAL_FAMILIES)
    assert all(2700 < int(row.split("|")[2].replace(",", "")) < 3100 for row in rows)
    scores = [float(row.split("|")[4]) for row in rows]
    assert scores == sorted(scores)
    assert max(scores) < 8
    assert (tmp_path / "out" / "compare.md").read_text() in output
    assert imread(tmp_path / "out" / "curves.png").std() > 0.01
    records = (tmp_path / "out" / "compare.jsonl").read_bytes()
    status, again, _ = call(capsys, *arguments)
    assert status == 0
    assert [line for line in again.splitlines() if line.startswith("|")][2:] == rows
    assert (tmp_path / "out" / "compare.jsonl").read_bytes() == records


def test_a_stopped_comparison_goes_on_within_a_training(book, tmp_path, capsys, monkeypatch):
    arguments = ["--compare", "--models", "gru", "--path", book, *SMALL, "--budget", 3000, "--steps", 7]
    assert call(capsys, *arguments, "--output", tmp_path / "whole")[0] == 0
    save, stops = Checkpoint._save, [None, KeyboardInterrupt]

    def save_and_stop(self, history):
        save(self, history)
        if stops and stops.pop():
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "_save", save_and_stop)
        assert call(capsys, *arguments, "--output", tmp_path / "stopped")[0] == 130
    assert len(list((tmp_path / "stopped").glob("*.pt"))) == 2
    assert call(capsys, *arguments, "--output", tmp_path / "stopped")[0] == 0
    whole, again = (json.loads((tmp_path / name / "compare.jsonl").read_text()) for name in ("whole", "stopped"))
    for name in ("key", "loss", "score", "looks", "carried", "curve"):
        assert whole[name] == again[name]
    assert list((tmp_path / "stopped").glob("*.pt")) == []


def test_a_comparison_does_not_depend_on_the_number_of_processes(book, tmp_path, capsys):
    pytest.importorskip("joblib")
    arguments = ["--compare", "--models", "rnn", "path-conv", "--path", book, *SMALL, "--budget", 3000, "--steps", 3]
    found = []
    for jobs in (1, 2):
        assert call(capsys, *arguments, "--jobs", jobs, "--output", tmp_path / str(jobs))[0] == 0
        lines = (tmp_path / str(jobs) / "compare.jsonl").read_text().splitlines()
        found.append({record["key"]: record["curve"] for record in map(json.loads, lines)})
    assert found[0] == found[1]


def test_without_a_book_it_says_so_loudly(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    arguments = ["--no-download", *TINY, "--steps", 1, "--prompt", "The", "--output", tmp_path / "out"]
    status, output, errors = call(capsys, *arguments)
    assert status == 0, errors
    assert "*** THESE ARE NOT THE FAIRY TALES" in output
    assert "note: THESE ARE NOT THE FAIRY TALES" in errors
    assert "Text: python topics" in (tmp_path / "out" / "samples.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("characters", [63, 400, 4581])  # with windows of 30; of the last 459 are held out
def test_a_small_book_is_enough(characters, tmp_path, capsys):
    (tmp_path / "book.txt").write_text((TALE * 60)[: characters - 1] + "\n", encoding="utf-8")
    arguments = ["--path", tmp_path / "book.txt", "--batch-size", 2, "--steps", 2]
    status, output, errors = call(capsys, *arguments, "--width", 4, "--output", tmp_path / "one")
    assert status == 0, errors
    assert "held out, read in order with its state" in output
    assert (tmp_path / "one" / "samples.txt").exists()
    status, output, errors = call(capsys, *arguments, "--compare", "--budget", 2000, "--output", tmp_path / "all")
    assert status == 0, errors
    assert len((tmp_path / "all" / "compare.jsonl").read_text().splitlines()) == len(CAUSAL_FAMILIES)


def test_a_book_without_the_letters_of_the_default_prompt_brings_its_own(tmp_path, capsys):
    tale = "Жили-были старик да бабка около самого синего моря.\n"
    (tmp_path / "book.txt").write_text(tale * 40, encoding="utf-8")
    arguments = ["--path", tmp_path / "book.txt", *TINY, "--steps", 1]
    status, output, errors = call(capsys, *arguments, "--output", tmp_path / "out")
    assert status == 0, errors
    assert "'Жили-были старик да ', completed by 64 characters" in output
    status, output, errors = call(capsys, *arguments, "--prompt", "Once", "--output", tmp_path / "no")
    assert status == 2
    assert "'O' at position 0" in errors
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("compare", [[], ["--compare"]])
def test_a_book_without_two_windows_is_refused_before_a_step(compare, tmp_path, capsys):
    (tmp_path / "book.txt").write_text(TALE[:60] + "\n", encoding="utf-8")
    status, output, errors = call(capsys, "--path", tmp_path / "book.txt", *compare, "--output", tmp_path / "out")
    assert status == 2
    assert "text has 61 characters, expected at least 31 to train on and as many to hold out" in errors
    assert output == ""
    assert not (tmp_path / "out").exists()


def test_a_run_that_diverges_is_a_result(book, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(torch.optim.Adam, "step", spoil)
    arguments = ["--path", book, *SMALL, "--steps", 4]
    status, output, errors = call(capsys, *arguments, "--width", 8, "--output", tmp_path / "one")
    assert status == 1, errors
    assert "Diverged: loss is nan at step 2." in output
    assert "Diverged: loss is nan at step 2." in (tmp_path / "one" / "samples.txt").read_text(encoding="utf-8")
    arguments += ["--compare", "--models", "rnn", "gru", "--budget", 2000, "--output", tmp_path / "all"]
    status, output, errors = call(capsys, *arguments)
    assert status == 1, errors
    assert output.count("| diverged: loss is nan at step 2 | ") == 2
    assert call(capsys, *arguments)[1].splitlines()[-12:] == output.splitlines()[-12:]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--prompt", "Dornröschen"], "'ö' at position 5"),
        (["--prompt", ""], "--prompt is empty"),
        (["--steps", "0"], "--steps is 0, expected at least 1"),
        (["--compare", "--jobs", "0"], "--jobs is 0, expected at least 1"),
        (["--batch-size", "-4"], "--batch-size is -4"),
        (["--learning-rate", "nan"], "--learning-rate is nan"),
        (["--model", "lsmt"], "model is 'lsmt', expected one of rnn"),
        (["--compare", "--budget", "20"], "budget is 20 weights"),
        (["--path", "nowhere.txt"], "nowhere.txt"),
        (["--window", "100000"], "expected at least 100001"),
    ],
)
def test_it_names_what_is_wrong(arguments, named, book, tmp_path, capsys):
    status, _, errors = call(capsys, "--path", book, "--output", tmp_path / "out", *SMALL, *arguments)
    assert status == 2
    assert named in errors
    assert not list(tmp_path.glob("out/*.png"))


def test_other_settings_do_not_overwrite_a_run(book, tmp_path, capsys):
    arguments = ["--path", book, *TINY, "--steps", 1, "--output", tmp_path / "out"]
    call(capsys, *arguments)
    before = (tmp_path / "out" / "checkpoint.pt").read_bytes()
    status, _, errors = call(capsys, *arguments, "--seed", 1)
    assert status == 2
    assert "other settings: seed is 0, not 1" in errors
    assert (tmp_path / "out" / "checkpoint.pt").read_bytes() == before


def test_the_reports_preset(monkeypatch):
    spec = importlib.util.spec_from_file_location("generate_fairy_tales", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    options = module.parse(["--preset", "report"])
    task = module.BookTask.of("a text of some windows. " * 20, options.window)
    trial = module.trial_of(options, task, options.model, width=options.width, embedding=64)
    assert (task.length, trial.rate) == (30, 2e-3)
    assert (trial.settings.width, trial.settings.batch_size, trial.settings.max_norm) == (128, 64, 5.0)
    assert options.steps == 20_000
    assert module.parse(["--preset", "report", "--steps", "5"]).steps == 5
