import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnnseq.data.files import read_chunks, read_text

TEXT = st.text(st.characters(exclude_characters="\r\ufeff", exclude_categories=["Cs"]))


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
