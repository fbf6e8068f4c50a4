import pickle

import pytest
import torch
from torch import nn

from gnnseq.training import CheckpointError
from gnnseq.training.checkpoints.file import FORMAT, MARK, load_weights, read_checkpoint, write_checkpoint


class Evil:
    def __reduce__(self):
        return (print, ("this must not run",))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "checkpoint.pt"
    write_checkpoint(path, "training", {"value": torch.ones(3), "step": 2})
    return path


def test_what_was_written_is_read(path):
    state = read_checkpoint(path, "training")
    assert state["value"].tolist() == [1, 1, 1]
    assert state["step"] == 2
    assert state["library"]


def test_it_takes_no_harm_where_it_is_cut_or_changed(path):
    whole = path.read_bytes()
    for damaged in (b"", b"hello", whole[:-1], whole[: len(whole) // 2], whole[100:]):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="is no checkpoint of a training, or is damaged"):
            read_checkpoint(path, "training")
        assert path.read_bytes() == damaged


@pytest.mark.parametrize("content", [[1, 2], {"model": {}}, {MARK: "x"}, torch.ones(2)])
def test_files_of_others_are_refused(path, content):
    torch.save(content, path)
    with pytest.raises(CheckpointError, match="but something else"):
        read_checkpoint(path, "training")


def test_no_code_in_a_file_is_run(path, capsys):
    torch.save({MARK: FORMAT, "kind": "training", "value": Evil()}, path)
    with pytest.raises(CheckpointError, match="UnpicklingError"):
        read_checkpoint(path, "training")
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(CheckpointError, match="is damaged"):
        read_checkpoint(path, "training")
    assert capsys.readouterr().out == ""


def test_another_kind_and_a_newer_format_are_named(path):
    with pytest.raises(CheckpointError, match="no checkpoint of a text run, but of a training"):
        read_checkpoint(path, "text run")
    torch.save({MARK: FORMAT + 1, "library": "9.9"}, path)
    with pytest.raises(CheckpointError, match=r"format 2, written by gnnseq 9.9; .* formats up to 1: update it"):
        read_checkpoint(path, "training")


def test_a_file_that_is_not_there_or_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_checkpoint(tmp_path / "none.pt", "training")
    with pytest.raises(IsADirectoryError):
        read_checkpoint(tmp_path, "training")


def test_weights_of_another_architecture_are_named(path):
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    other = nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 1, bias=False), nn.Linear(1, 1, bias=False))
    with pytest.raises(CheckpointError) as error:
        load_weights(path, model, other.state_dict())
    words = "1.bias is missing, 2.weight is not in the model, 1.weight is [1, 4], not [1, 3]"
    assert str(error.value) == f"{path} is of another architecture: {words}"
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    many = nn.Sequential(*(nn.Linear(1, 1) for _ in range(8)))
    with pytest.raises(CheckpointError, match=r"and \d+ more$"):
        load_weights(path, model, many.state_dict())


def test_a_tensor_that_is_marked_as_a_folder_is_damage(tmp_path):
    """A flipped bit in the archive's directory: torch then leaves the tensor's memory as it is, without an error."""
    path = tmp_path / "a.pt"
    write_checkpoint(path, "training", {"weights": torch.ones(9)})
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    while b"data/0" not in data[entry + 46 : entry + 46 + data[entry + 28]]:
        entry = data.index(b"PK\x01\x02", entry + 1)
    data[entry + 38] ^= 0x10
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"a\.pt is no checkpoint of a training, or is damaged"):
        read_checkpoint(path, "training")
