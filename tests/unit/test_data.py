"""Content that is read and written like a file."""

import io

import pytest

from ftrack_review.data import Data, File, FileWrapper, String


def test_text_comes_back_as_text():
    data = String("grün")
    assert data.read() == "grün"
    data.write(" und blau")
    data.seek(0)
    assert data.read() == "grün und blau"
    data.close()


def test_bytes_come_back_as_bytes():
    data = String(b"\xff\x00")
    assert data.read(1) == b"\xff"
    assert data.tell() == 1
    assert data.read() == b"\x00"
    data.close()


def test_without_content_what_is_written_decides():
    data = String()
    assert data.read() == b""
    data.write("a")
    data.seek(0)
    assert data.read() == "a"
    data.close()


def test_writing_after_reading_goes_on_where_reading_stopped(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"hello world")
    data = File(str(path), "rb+")
    assert data.read(2) == b"he"
    data.write(b"XX")
    assert data.read() == b"o world"
    data.close()
    data.close()
    assert data.closed
    assert path.read_bytes() == b"heXXo world"


def test_a_file_is_closed_with_its_wrapper():
    wrapped = io.BytesIO(b"abc")
    data = FileWrapper(wrapped)
    assert data.read() == b"abc"
    data.close()
    assert wrapped.closed
    with pytest.raises(ValueError, match="closed"):
        data.read()


def test_a_minimal_kind_of_data():
    class Nothing(Data):
        def read(self, limit=None):
            return b""

        def write(self, content):
            pass

    data = Nothing()
    assert not data.closed
    for call in (lambda: data.seek(0), data.tell):
        with pytest.raises(NotImplementedError):
            call()
    data.close()
    assert data.closed
    with pytest.raises(TypeError):
        Data()
