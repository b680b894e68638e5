"""The media folder."""

import base64
import errno
import hashlib
import os
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_review.server import files
from ftrack_review.server.errors import ServerFault


@pytest.fixture
def folder(tmp_path):
    return files.Files(str(tmp_path / "media"))


def everything(folder):
    return [name for _, _, names in os.walk(folder.folder) for name in names]


def put(folder, key, content, **announced):
    with folder.receive(key, **announced) as incoming:
        incoming.write(content)
        return incoming.finish()


def md5(content):
    return base64.b64encode(hashlib.md5(content).digest()).decode()


class TestReceive:
    def test_keeps_what_was_announced(self, folder):
        assert put(folder, "c001", b"abc", size=3, checksum=md5(b"abc")) == 3
        assert folder.has("c001")
        assert folder.size("c001") == 3

    def test_replaces(self, folder):
        put(folder, "c001", b"abc")
        put(folder, "c001", b"abcd")
        assert folder.size("c001") == 4
        assert len(everything(folder)) == 1

    @pytest.mark.parametrize(
        ("announced", "status"), [({"size": 4}, 400), ({"size": 2}, 413), ({"checksum": md5(b"x")}, 422)]
    )
    def test_keeps_nothing_else(self, folder, announced, status):
        with pytest.raises(ServerFault) as caught:
            put(folder, "c001", b"abc", **announced)
        assert caught.value.status == status
        assert everything(folder) == []

    def test_keeps_the_former_file_when_a_new_one_fails(self, folder):
        put(folder, "c001", b"abc")
        with pytest.raises(ServerFault):
            put(folder, "c001", b"abcd", size=3)
        with open(folder.path("c001"), "rb") as stream:
            assert stream.read() == b"abc"

    def test_one_that_is_left_alone_leaves_nothing(self, folder):
        with pytest.raises(RuntimeError), folder.receive("c001") as incoming:
            incoming.write(b"abc")
            raise RuntimeError
        incoming.discard()
        assert everything(folder) == []

    @pytest.mark.parametrize(("number", "status"), [(errno.ENOSPC, 507), (errno.EIO, 500)])
    def test_a_disk_that_fails_is_told(self, folder, monkeypatch, number, status):
        def fail(*_):
            raise OSError(number, os.strerror(number))

        with pytest.raises(ServerFault) as caught, folder.receive("c001") as incoming:
            incoming.write(b"abc")
            monkeypatch.setattr(os, "fsync", fail)
            incoming.finish()
        assert caught.value.status == status
        assert everything(folder) == []


class TestNames:
    @given(st.text(min_size=1, max_size=300))
    def test_lie_in_the_folder_whatever_the_id(self, tmp_path_factory, key):
        folder = files.Files(str(tmp_path_factory.getbasetemp() / "names"))
        path = folder.path(key)
        assert os.path.dirname(os.path.dirname(path)) == folder.folder
        name = os.path.basename(path)
        assert set(name) <= set(string.ascii_lowercase + string.digits + "-_~")
        assert not name.startswith((".", "-"))

    @given(st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=80))
    def test_differ_as_the_ids_do(self, tmp_path_factory, one, other):
        folder = files.Files(str(tmp_path_factory.getbasetemp() / "names"))
        assert (folder.path(one).lower() == folder.path(other).lower()) == (one == other)

    def test_of_another_id_cannot_be_chosen(self, folder):
        taken = os.path.basename(folder.path("A"))
        for key in (taken, taken.lstrip("~"), "x" + taken):
            assert folder.path(key) != folder.path("A")

    def test_of_uuids_are_the_uuids(self, folder):
        key = "3a372bde-05bc-11e4-8908-20c9d081909b"
        assert os.path.basename(folder.path(key)) == key


class TestOtherwise:
    def test_a_named_file_ends_with_its_block(self, folder):
        put(folder, "c001", b"abc")
        with folder.named("c001", "../../.m/o*v") as path:
            assert path.endswith(".mov")
            assert os.path.commonpath([path, folder.work]) == folder.work
            with open(path, "rb") as stream:
                assert stream.read() == b"abc"
        assert not os.path.exists(path)
        with pytest.raises(FileNotFoundError), folder.named("nothing", ".mov"):
            pass
        assert len(everything(folder)) == 1

    def test_adopts_what_was_made_here(self, folder, tmp_path):
        (tmp_path / "made").write_bytes(b"abc")
        assert folder.adopt("c001", str(tmp_path / "made")) == 3
        assert not (tmp_path / "made").exists()
        assert folder.size("c001") == 3

    def test_removing_is_idempotent(self, folder):
        put(folder, "c001", b"abc")
        with open(folder.thumbnail_path("c001", 300), "wb"):
            pass
        assert [folder.remove("c001"), folder.remove("c001")] == [True, False]
        assert everything(folder) == []

    def test_what_was_interrupted_long_ago_is_swept_at_the_start(self, folder):
        long_ago = time.time() - 3 * 24 * 3600
        for name in ("old", "new"):
            path = os.path.join(folder.folder, ".incoming", name)
            with open(path, "wb"):
                pass
            if name == "old":
                os.utime(path, (long_ago, long_ago))
        files.Files(folder.folder)
        assert everything(folder) == ["new"]

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("a.mov", "video/quicktime"),
            ("a.MP4", "video/mp4"),
            ("a.jpg", "image/jpeg"),
            ("a.exr", "image/x-exr"),
            ("a.pdf", "application/pdf"),
            ("a", "application/octet-stream"),
            ("a.nonsense", "application/octet-stream"),
        ],
    )
    def test_content_type(self, name, kind):
        assert files.content_type(name) == kind
