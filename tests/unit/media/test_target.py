"""A target is whole or absent."""

from __future__ import annotations

import pytest

from ftrack_review import exception
from ftrack_review.media.target import replacing


def test_the_target_appears_when_it_is_whole(tmp_path):
    target = tmp_path / "a.mp4"
    with replacing(target) as temporary:
        assert temporary.endswith("a.mp4")
        with open(temporary, "wb") as file:
            file.write(b"new")
        assert not target.exists()
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_an_error_leaves_the_former_target_and_nothing_else(tmp_path):
    target = tmp_path / "a.mp4"
    target.write_bytes(b"former")
    with pytest.raises(KeyError), replacing(target) as temporary:
        with open(temporary, "wb") as file:
            file.write(b"half")
        raise KeyError
    assert target.read_bytes() == b"former"
    assert list(tmp_path.iterdir()) == [target]


def test_a_writer_that_wrote_nothing_is_an_error(tmp_path):
    with pytest.raises(exception.MediaError, match="cannot be written"), replacing(tmp_path / "a.mp4"):
        pass
