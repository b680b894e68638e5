"""The accessor for files: what it finds, makes, removes and refuses."""

from __future__ import annotations

import os

import pytest

from ftrack_review import exception
from ftrack_review.accessor.disk import DiskAccessor


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pre" / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "pre" / "f.txt").write_bytes(b"hello")
    (tmp_path / "pre" / "sub" / "s.0001.exr").write_bytes(b"x")
    (tmp_path / "pre" / "empty").mkdir()
    (tmp_path / "prefix2").mkdir()
    return tmp_path


@pytest.fixture
def accessor(folder):
    return DiskAccessor(str(folder / "pre"))


def test_the_prefix_is_made_whole(folder, monkeypatch):
    monkeypatch.setenv("STORAGE", str(folder / "pre"))
    assert DiskAccessor("$STORAGE").prefix == str(folder / "pre")
    assert DiskAccessor(str(folder / "pre" / "sub" / "..")).prefix == str(folder / "pre")
    assert DiskAccessor(str(folder / "pre") + os.sep).prefix == str(folder / "pre")
    assert DiskAccessor("~").prefix == os.path.expanduser("~")
    assert not DiskAccessor("").prefix
    assert not DiskAccessor(None).prefix


def test_paths_are_below_the_prefix(accessor, folder):
    pre = folder / "pre"
    for given, path in (
        ("f.txt", pre / "f.txt"),
        ("./sub/../f.txt", pre / "f.txt"),
        ("", pre),
        (".", pre),
        (str(pre / "f.txt"), pre / "f.txt"),
        ("sub/s.%04d.exr", pre / "sub" / "s.%04d.exr"),
    ):
        assert accessor.get_filesystem_path(given) == str(path)


@pytest.mark.parametrize("given", ["../out.txt", "/etc/passwd", "sub/../../prefix2/x", "../prefix2"])
def test_paths_outside_of_the_prefix_are_refused(accessor, given):
    for method in ("get_filesystem_path", "exists", "list", "open", "remove", "make_container"):
        with pytest.raises(exception.AccessorFilesystemPathError) as caught:
            getattr(accessor, method)(given)
        assert given in str(caught.value)


def test_without_a_prefix_every_path_is_taken_as_it_is(folder):
    accessor = DiskAccessor("")
    assert accessor.get_filesystem_path("rel/x.mov") == "rel/x.mov"
    assert accessor.get_filesystem_path("/abs/x.mov") == "/abs/x.mov"
    assert accessor.exists(str(folder / "pre" / "f.txt"))
    assert accessor.get_container("/a/b.mov") == "/a"
    assert accessor.get_container("b.mov") == ""


def test_what_is_there(accessor):
    assert accessor.exists("f.txt")
    assert accessor.exists("sub")
    assert not accessor.exists("missing")
    assert accessor.is_file("f.txt")
    assert not accessor.is_file("sub")
    assert accessor.is_container("sub")
    assert not accessor.is_container("f.txt")
    assert sorted(accessor.list("sub")) == [os.path.join("sub", "deep"), os.path.join("sub", "s.0001.exr")]
    assert sorted(accessor.list("")) == ["empty", "f.txt", "sub"]
    with pytest.raises(exception.AccessorUnsupportedOperationError):
        accessor.is_sequence("sub")
    with pytest.raises(exception.AccessorUnsupportedOperationError):
        accessor.get_url("f.txt")


@pytest.mark.parametrize(
    ("method", "given", "error_class"),
    [
        ("list", "missing", exception.AccessorResourceNotFoundError),
        ("list", "f.txt", exception.AccessorResourceInvalidError),
        ("open", "missing", exception.AccessorResourceNotFoundError),
        ("open", "sub", exception.AccessorResourceInvalidError),
        ("remove", "missing", exception.AccessorResourceNotFoundError),
        ("remove", "sub", exception.AccessorContainerNotEmptyError),
        ("remove_container", "sub", exception.AccessorContainerNotEmptyError),
        ("make_container", "f.txt", exception.AccessorResourceInvalidError),
        ("make_container", "f.txt/x", exception.AccessorResourceInvalidError),
        ("get_container", "", exception.AccessorParentResourceNotFoundError),
    ],
)
def test_errors_name_the_kind_and_the_resource(accessor, method, given, error_class):
    with pytest.raises(error_class) as caught:
        getattr(accessor, method)(given)
    assert given in str(caught.value)
    assert caught.value.details["resource_identifier"] == given


def test_writing_reading_and_removing(accessor, folder):
    with pytest.raises(exception.AccessorResourceNotFoundError):
        accessor.open("new/x.txt", "wb")
    accessor.make_container("new")
    file = accessor.open("new/x.txt", "wb")
    file.write(b"abc")
    file.close()
    assert (folder / "pre" / "new" / "x.txt").read_bytes() == b"abc"
    file = accessor.open("new/x.txt")
    assert file.read(2) == b"ab"
    file.close()
    accessor.remove("new/x.txt")
    accessor.remove_container("new")
    assert not accessor.exists("new")


def test_containers(accessor):
    accessor.make_container("a/b/c")
    accessor.make_container("a/b/c")
    assert accessor.is_container("a/b/c")
    with pytest.raises(exception.AccessorParentResourceNotFoundError):
        accessor.make_container("q/r", recursive=False)
    accessor.make_container("q", recursive=False)
    assert accessor.get_container("a/b/c") == os.path.join("a", "b")
    assert accessor.get_container("a") == ""


def test_a_link_to_a_folder_is_removed_as_a_link(accessor, folder):
    os.symlink(folder / "pre" / "sub", folder / "pre" / "link")
    accessor.remove("link")
    assert (folder / "pre" / "sub" / "s.0001.exr").exists()
    assert not (folder / "pre" / "link").exists()


def test_what_is_not_allowed_is_told_apart(accessor, folder, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "remove", refuse)
    with pytest.raises(exception.AccessorPermissionDeniedError, match=r"f\.txt"):
        accessor.remove("f.txt")


def test_another_failure_of_the_system_is_an_operation_that_failed(accessor, monkeypatch):
    def fail(path):
        raise OSError(28, "No space left on device {x}", path)

    monkeypatch.setattr(os, "makedirs", fail)
    with pytest.raises(exception.AccessorOperationFailedError, match=r"No space left on device \{x\}"):
        accessor.make_container("a/b")
