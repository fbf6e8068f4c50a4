"""What holds for every example: tiny arguments run, what cannot end is not begun, and how it ends is told in a line."""

import importlib.util
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

FOLDER = Path(__file__).parents[2] / "examples"
EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.py"))


@dataclass(frozen=True)
class Case:
    """An example's arguments.

    Attributes:
        tiny: a quick whole run; BOOK and TREES stand for files that are made.
        bad: options with values that no run could use.
        needs: modules that it imports besides the library's own.
    """

    tiny: str
    bad: tuple[str, ...]
    needs: tuple[str, ...] = field(default=())


CASES = {
    "can_it_compute": Case(
        "--tasks parity --models lstm --steps 2 --lengths 6 --jobs 1",
        ("--tasks parrity", "--models lsmt", "--tasks parity --models gcn-graph", "--tasks parity parity",
         "--seeds 0", "--steps 0",
         "--rates 0", "--rates nan", "--lengths 0", "--jobs 0"),
    ),
    "cluster_sweep": Case(
        "--workers 1 --lengths 3 --rates 0.01 --seeds 1 --steps 2",
        ("--workers 0", "--seeds -1", "--steps 0", "--rates 0.1 -1", "--rates nan", "--lengths 0", "--timeout 0"),
        ("distributed", "joblib"),
    ),
    "compare_optimizers": Case(
        "--steps 3 --seeds 1 --tuning-seeds 1 --rates 0.1 --path-steps 2 --width 4 --length 4 --jobs 1 "
        "--optimizers sgd adam",
        ("--optimizers adm", "--optimizers sgd sgd", "--rates 0", "--rates nan", "--seeds 0", "--tuning-seeds 0",
         "--width 0", "--length 0",
         "--steps 0", "--path-steps 0", "--jobs 0"),
    ),
    "compare_rnn_vs_gnn": Case(
        "--lengths 4 --models lstm gcn --seeds 1 --steps 2 --budget 600 --jobs 1",
        ("--tasks palindrome", "--tasks copy:x", "--lengths 1", "--models lsmt", "--seeds 0", "--steps 0",
         "--budget 0", "--batch-size 0", "--learning-rate nan", "--tune 0", "--tune --tuning-seeds 0", "--jobs 0",
         "--html --reference lsmt", "--html --reference rnn --models lstm gru", "--preset verdicts --models gru",
         "--lengths 4 4", "--tasks palindromes:4 palindromes --lengths 4", "--models lstm lstm"),
    ),
    "explore": Case(
        "--tasks palindromes:4 --models lstm gcn --seeds 1 --steps 2 --budget 1000 --batch-size 4 --jobs 1",
        ("--tasks palindrome:4", "--tasks palindromes:4 palindromes:4", "--models lstm lstm",
         "--tasks palindromes:1", "--models lsmt", "--models gcn-graph", "--seeds 0",
         "--steps 0", "--budget 0", "--batch-size 0", "--learning-rate 0", "--jobs 0"),
    ),
    "gcrn_signals": Case(
        "--steps 2 --seeds 1 --hidden 2 --window 4 --batch-size 2 --nodes 8",
        ("--nodes 3", "--seeds 0", "--steps 0", "--batch-size 0", "--window 0", "--window 999", "--hidden 0", "--K 0",
         "--learning-rate inf", "--series x.csv", "--series x.csv --adjacency y.csv", "--horizon 0", "--horizon 99",
         "--period 0", "--directed --K 2"),
    ),
    "generate_fairy_tales": Case(
        "--path BOOK --width 8 --window 10 --batch-size 4 --every 2 --steps 2",
        ("--path nowhere.txt", "--path BOOK --model lsmt", "--path BOOK --compare --models lsmt", "--steps 0",
         "--path BOOK --compare --budget 20", "--width 0", "--path BOOK --window 9999", "--window 0", "--batch-size 0",
         "--learning-rate 0", "--every 0", "--prompt=", "--path BOOK --prompt \N{SNOWMAN}", "--length 0",
         "--compare --budget 0",
         "--path BOOK --compare --models rnn rnn"),
    ),
    "hop_receptive_field": Case(
        "--steps 10 --models lstm gcn --seeds 1 --width 4 --distances 2 --train-steps 2 --jobs 1",
        ("--steps 1", "--topologies --steps 2", "--models lsmt", "--models gcn gcn", "--seeds 0", "--width 0",
         "--distances 2 0",
         "--train-steps 0", "--jobs 0"),
    ),
    "published_tables": Case(
        "--tables chickenpox --path TREES --steps 2 --seeds 1",
        ("--tables influenca", "--tables trees trees", "--tables trees --seeds 0", "--tables trees --steps 0",
         "--tables trees --jobs 0"),
    ),
    "train_with_fabric": Case(
        "--steps 2 --batch-size 2 --length 4 --every 1",
        ("--devices 0", "--accelerator abacus", "--precision 7-bit", "--accumulate 0", "--steps 0", "--batch-size 0",
         "--length 0", "--every 0", "--max-norm nan"),
        ("lightning_fabric",),
    ),
    "tree_lstm_listops": Case(
        "--rounds 1 --round-steps 2 --batch-size 4 --test-samples 9 --budget 5000 --depth 4 --longest 12 --models lstm",
        ("--models gcn", "--models lstm lstm", "--seeds 0", "--depth 1", "--arguments 10", "--longest 5",
         "--budget 10", "--rounds 0",
         "--round-steps 0", "--batch-size 0", "--learning-rate 0", "--test-samples 0", "--test nowhere.tsv",
         "--test BOOK", "--test LISTS --arguments 2", "--test LISTS --labels root"),
    ),
    "tree_lstm_pairs": Case(
        "--path TREES --longest 2 --steps 2 --batch-size 4 --budget 9000 --models tree-nary lstm",
        ("--path nowhere", "--path TREES --longest 0", "--path TREES --longest 12", "--path TREES --models gcn",
         "--path TREES --seeds 0", "--path TREES --steps 0", "--path TREES --batch-size 0",
         "--path TREES --longest 2 --budget 10", "--path TREES --learning-rate 0", "--path TREES --look-every 0",
         "--path TREES --weight-decay -1", "--path TREES --task relatedness"),
    ),
    "tree_lstm_sentiment": Case(
        "--path TREES --epochs 1 --budget 20000 --features 6 --batch-size 4 --models tree bag",
        ("--path nowhere", "--path TREES --vectors nowhere.txt", "--models gcn", "--seeds 0", "--epochs 0",
         "--budget 10 --path TREES", "--features 0", "--batch-size 0", "--phrases -1",
         "--path TREES --learning-rate nan",
         "--path TREES --word-rate -1", "--path TREES --weight-decay -1", "--path TREES --dropout 2",
         "--path TREES --word-dropout 1", "--path TREES --feature-dropout -1"),
    ),
    "vanishing_gradients": Case(
        "--steps 5 --radii 0.5 --width 4 --seeds 1 --train-steps 2",
        ("--steps 1", "--radii 0", "--radii 1 1.0", "--width 0", "--input-scale nan", "--max-norm 0", "--seeds 0",
         "--train-steps -1",
         "--learning-rate inf"),
    ),
}  # fmt: skip
IN_WORKERS = {"cluster_sweep"}  # where another process trains
BAD = [(name, arguments) for name, case in CASES.items() for arguments in case.bad]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A book and a treebank."""
    folder, draw = tmp_path_factory.mktemp("files"), random.Random(0)
    (folder / "book.txt").write_text("Once there was a king, and Sleeping beauty is his child.\n" * 40)
    for part in ("train", "dev"):
        lines = [f"({draw.randrange(5)} (2 {draw.choice('abc')}) (3 {draw.choice('abc')}))" for _ in range(12)]
        (folder / f"{part}.txt").write_text("\n".join(lines) + "\n")
    (folder / "lists.tsv").write_text("2\t( ( ( ( [MIN 4 ) 2 ) 3 ) ] )\n")
    weeks = {
        "edges": [[i, (i + 1) % 9] for i in range(9)],
        "FX": [[draw.random() for _ in range(9)] for _ in range(60)],
    }
    (folder / "chickenpox.json").write_text(json.dumps(weeks))
    for length in range(1, 13):
        lines = [f"{draw.choice('#<=>^v|')}\t( not {draw.choice('ab')} )\t{draw.choice('ab')}" for _ in range(12)]
        for part in ("train", "test"):
            (folder / f"{part}{length}").write_text("\n".join(lines) + "\n")
    return {"LISTS": str(folder / "lists.tsv"), "BOOK": str(folder / "book.txt"), "TREES": str(folder)}


def words(arguments, files):
    return [files.get(word, word) for word in arguments.split()]


def call(name, *arguments):
    """The example's status in this process."""
    for module in CASES[name].needs:
        pytest.importorskip(module)
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main(list(arguments))


@pytest.fixture
def no_work(monkeypatch):
    """Fails where a model is trained."""

    def fail(*_, **__):
        raise AssertionError("work has begun")

    monkeypatch.setattr(torch.Tensor, "backward", fail)


def test_every_example_has_a_case():
    assert sorted(CASES) == EXAMPLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_tiny_arguments_run_where_the_terminal_knows_ascii_alone(name, files, tmp_path):
    for module in CASES[name].needs:
        pytest.importorskip(module)
    command = [sys.executable, str(FOLDER / f"{name}.py"), *words(CASES[name].tiny, files), "--output", str(tmp_path)]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONIOENCODING": "ascii"}, capture_output=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert str(tmp_path) in done.stdout.decode("ascii") or name == "train_with_fabric"
    assert b"Traceback" not in done.stderr
    assert any(tmp_path.iterdir())


@pytest.mark.parametrize("name", EXAMPLES)
def test_help_is_written_in_ascii(name, capsys):
    with pytest.raises(SystemExit, match="0"):
        call(name, "--help")
    assert capsys.readouterr().out.isascii()


@pytest.mark.parametrize("place", ["file", "file/below", "/dev/null/runs"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_folder_that_cannot_be_is_refused_in_a_line_before_any_work(name, place, files, tmp_path, capsys, no_work):
    (tmp_path / "file").write_text("mine")
    assert call(name, *words(CASES[name].tiny, files), "--output", str(tmp_path / place)) == 2
    output, errors = capsys.readouterr()
    assert [line for line in output.splitlines() if "test.txt" not in line] == []
    (line,) = [line for line in errors.splitlines() if not line.startswith("note: ")]
    assert line.startswith(f"{name}: --output is {tmp_path / place}, expected a folder that can be written")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(("name", "arguments"), BAD)
def test_values_that_no_run_could_use_are_refused_in_a_line_before_any_work(
    name, arguments, files, tmp_path, capsys, no_work
):
    assert call(name, *words(arguments, files), "--output", str(tmp_path / "out")) == 2
    output, errors = capsys.readouterr()
    assert [line for line in output.splitlines() if "test.txt" not in line] == []
    (line,) = [line for line in errors.splitlines() if not line.startswith("note: ")]
    assert line.startswith(f"{name}: ")
    assert not (tmp_path / "out").exists()


UNUSED = [
    ("compare_rnn_vs_gnn", "--budget 600 --width 4", "argument --width: not allowed with argument --budget"),
    ("compare_rnn_vs_gnn", "--tuning-seeds 2", "--tuning-seeds has no effect without --tune"),
    ("compare_rnn_vs_gnn", "--reference lstm", "--reference has no effect without --html"),
    ("generate_fairy_tales", "--models lstm", "--models has no effect without --compare"),
    ("generate_fairy_tales", "--budget 9000", "--budget has no effect without --compare"),
    ("generate_fairy_tales", "--compare --width 8", "--width has no effect with --compare"),
    ("generate_fairy_tales", "--compare --model gru", "--model has no effect with --compare"),
    ("generate_fairy_tales", "--compare --preset report", "--preset has no effect with --compare"),
    ("hop_receptive_field", "--show reach --models lstm", "--models has no effect without --show sight or heat"),
    ("hop_receptive_field", "--show heat --distances 2", "--distances has no effect without --show reach"),
    ("hop_receptive_field", "--topologies --show heat", "--show has no effect with --topologies"),
]


@pytest.mark.parametrize(("name", "arguments", "named"), UNUSED)
def test_an_option_that_would_have_no_effect_is_refused(name, arguments, named, tmp_path, capsys, no_work):
    with pytest.raises(SystemExit, match="2"):
        call(name, *arguments.split(), "--output", str(tmp_path / "out"))
    assert named in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@contextmanager
def files_of_at_most(size):
    """Writes beyond so many bytes of a file raise OSError, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - IN_WORKERS))
def test_a_full_disk_is_told_in_a_line_and_leaves_the_records(name, files, tmp_path, capsys):
    arguments = [*words(CASES[name].tiny, files), "--output", str(tmp_path)]
    with files_of_at_most(8_000):  # no room for a figure, or a checkpoint
        assert call(name, *arguments) == 2
    errors = capsys.readouterr().err
    assert "Traceback" not in errors
    (line,) = [line for line in errors.splitlines() if line.startswith(f"{name}: ")]
    assert "File too large" in line
    assert not list(tmp_path.glob("*.part"))
    before = {path: path.read_bytes() for path in tmp_path.glob("*.jsonl")}
    assert call(name, *arguments) == 0
    assert all(path.read_bytes().startswith(data) for path, data in before.items())


def at_first_gradient(monkeypatch, do):
    backward, done = torch.Tensor.backward, []

    def wrapped(*arguments, **settings):
        if not done:
            done.append(None)
            do()
        return backward(*arguments, **settings)

    monkeypatch.setattr(torch.Tensor, "backward", wrapped)
    return done


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - IN_WORKERS))
def test_a_folder_that_is_deleted_meanwhile_is_told_in_a_line_or_made_again(name, files, tmp_path, capsys, monkeypatch):
    folder = tmp_path / "out"
    done = at_first_gradient(monkeypatch, lambda: shutil.rmtree(folder))
    status = call(name, *words(CASES[name].tiny, files), "--output", str(folder))
    errors = capsys.readouterr().err
    assert done
    assert "Traceback" not in errors
    lines = [line for line in errors.splitlines() if line.startswith(f"{name}: ")]
    assert (status, len(lines)) in ((0, 0), (2, 1))
    assert all("No such file or directory" in line for line in lines)


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - IN_WORKERS))
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_told_in_a_line(name, number, files, tmp_path, capsys, monkeypatch):
    done = at_first_gradient(monkeypatch, lambda: os.kill(os.getpid(), number))
    assert call(name, *words(CASES[name].tiny, files), "--output", str(tmp_path)) == 128 + number
    assert done
    errors = capsys.readouterr().err
    assert "Traceback" not in errors
    assert errors.endswith(f"\nStopped. Run the same command to go on from {tmp_path}.\n")


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - IN_WORKERS))
def test_a_model_that_diverges_is_a_result(name, files, tmp_path, capsys, monkeypatch):
    def spoilt(optimizer, closure=None):
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                torch.nn.init.constant_(parameter, float("nan"))

    for kind in (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD, torch.optim.Adagrad, torch.optim.RMSprop):
        monkeypatch.setattr(kind, "step", spoilt)
    assert call(name, *words(CASES[name].tiny, files), "--output", str(tmp_path)) in (0, 1)
    output, errors = capsys.readouterr()
    assert "Traceback" not in errors
    assert "loss is nan at step 2" in output + errors + "".join(p.read_text() for p in tmp_path.glob("*.jsonl"))
    assert f"Results: {tmp_path}" in output or name in ("gcrn_signals", "train_with_fabric")
