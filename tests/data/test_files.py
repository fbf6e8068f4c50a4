import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnnseq.data.files import read_chunks, read_text, write_atomically

TEXT = st.text(st.characters(exclude_characters="\r\ufeff", exclude_categories=["Cs"]))


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "new" / "file.bin"
    with write_atomically(path) as file:
        file.write(b"whole")
        file.flush()
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_interrupted_write_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")

    def interrupt():
        with write_atomically(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        interrupt()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@given(text=TEXT, size=st.integers(1, 9), mark=st.booleans())
def test_pieces_make_the_text(tmp_path_factory, text, size, mark):
    path = tmp_path_factory.mktemp("pieces") / "text"
    path.write_bytes(text.encode("utf-8-sig" if mark else "utf-8"))
    assert "".join(read_chunks(path, size)) == text
    assert read_text(path) == text


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_line_ends_become_one_kind(tmp_path, size):
    path = tmp_path / "text"
    path.write_bytes(b"a\r\nb\rc\n\r\n")
    assert "".join(read_chunks(path, size)) == "a\nb\nc\n\n"


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 100])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("start", ["", "a", "aéa", "日本語 text"])
def test_undecodable_bytes_are_named_with_their_offset(tmp_path, size, mark, start):
    path = tmp_path / "text"
    good = mark + start.encode()
    path.write_bytes(good + b"\xff rest")
    with pytest.raises(ValueError, match=f"text: byte 0xff at offset {len(good)} is not UTF-8"):
        list(read_chunks(path, size))


@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_character_that_breaks_off(tmp_path, size):
    path = tmp_path / "text"
    path.write_bytes(b"abc\xe6\x97")
    with pytest.raises(ValueError, match="byte 0xe6 at offset 3 is not UTF-8"):
        list(read_chunks(path, size))
