import pytest

from gnnseq.training.files import write_atomically


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "a" / "b"
    for content in (b"first", b"second"):
        with write_atomically(path) as file:
            file.write(content)
        assert path.read_bytes() == content
    with pytest.raises(ZeroDivisionError), write_atomically(path) as file:
        file.write(b"third" * (1 // 0))
    assert path.read_bytes() == b"second"
    assert [file.name for file in path.parent.iterdir()] == ["b"]
