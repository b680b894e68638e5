"""What people see of a version, from its components and what became of encoding them."""

import json

import pytest

from ftrack_review.protocol.presentation import Component, jobs_by_version, present, versions_before

MOVIE = {"ftr_meta": json.dumps({"frameIn": 0, "frameOut": 9, "frameRate": 25, "width": 64, "height": 36})}


def part(name, file_type="", **metadata):
    return Component(f"id of {name}", name, file_type, metadata)


@pytest.mark.parametrize(
    ("held", "kind", "name"),
    [
        ([part("ftrackreview-image", ".jpg"), part("ftrackreview-mp4", ".mp4")], "movie", "ftrackreview-mp4"),
        (
            [part("ftrackreview-mp4-1080", ".mp4"), part("ftrackreview-mp4", ".mp4")],
            "movie",
            "ftrackreview-mp4",
        ),
        ([part("ftrackreview-mp4", ".mp4", ftr_meta="encoding"), part("main", ".JPG")], "image", "main"),
        ([part("thumbnail", ".jpg"), part("main", ".webm")], "movie", "main"),
        ([part("ftrackreview-pdf", ".pdf")], "pdf", "ftrackreview-pdf"),
    ],
)
def test_the_best_component_is_played(held, kind, name):
    seen = present(held, is_listed=True)
    assert (seen.kind, seen.state, seen.message, seen.component.name) == (kind, "ready", None, name)


def test_the_original_is_what_was_not_made_here():
    held = [part("thumbnail", ".jpg"), part("ftrackreview-mp4", ".mp4", **MOVIE), part("main", ".mov")]
    seen = present(held, is_listed=True)
    assert (seen.original.file_name, seen.component.file_name) == ("main.mov", "ftrackreview-mp4.mp4")
    assert (seen.width, seen.height, seen.frames, seen.frame_rate, seen.has_audio) == (64, 36, 10, 25, True)


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"frameIn": "x", "frameOut": 3}', '{"frameIn": 5, "frameOut": 3}']
)
def test_metadata_of_other_tools_tells_nothing(text):
    seen = present([part("ftrackreview-mp4", ".mp4", ftr_meta=text)], is_listed=True)
    assert (seen.state, seen.frames, seen.width) == ("ready", None, None)


def job(status, version_id="v", **data):
    return jobs_by_version([(status, json.dumps({"version_id": version_id, **data}))], {"v"}).get("v")


def test_without_media_it_says_why():
    assert present([]).state == "missing"
    assert present([]).kind == "none"
    assert "does not hold" in present([], is_listed=True).message
    assert present([part("scene", ".ma")], is_listed=True).state == "failed"
    running = present([], job=job("running", progress=40))
    assert (running.state, running.progress) == ("encoding", 0.4)
    assert (
        present([part("ftrackreview-mp4", ".mp4", ftr_meta="encoding")], is_listed=True).state == "encoding"
    )
    failed = present([], job=job("failed", error="It is text."), source=part("cut", ".mov"))
    assert (failed.state, failed.original.file_name) == ("failed", "cut.mov")
    assert failed.message == "The media could not be prepared for the web: It is text."


def test_of_several_jobs_the_latest_counts_and_odd_ones_are_left_out():
    rows = [
        ("failed", json.dumps({"version_id": ["v"]})),
        ("failed", "no json"),
        ("failed", None),
        ("failed", json.dumps({"version_id": "other"})),
        ("running", json.dumps({"version_id": "v", "source_component_id": 7, "progress": "x"})),
        ("failed", json.dumps({"version_id": "v"})),
    ]
    found = jobs_by_version(rows, {"v"})
    assert list(found) == ["v"]
    assert (found["v"].status, found["v"].source_id, found["v"].progress) == ("running", None, 0)


def test_a_version_is_compared_with_the_latest_before_it():
    rows = [{"id": n, "asset_id": "a", "version": n} for n in (1, 2, 4)]
    found = versions_before(rows, [("a", 4), ("a", 1), ("b", 3), (None, 1), ("a", None)])
    assert {pair: row["id"] for pair, row in found.items()} == {("a", 4): 2}


@pytest.mark.parametrize(
    "meta",
    [
        '{"frameIn": 0, "frameOut": 1e99, "width": -3, "height": 0}',
        '{"frameIn": -1e99, "frameOut": 5, "width": 1e30, "height": NaN}',
        '{"frameIn": "x", "frameOut": [], "width": {}, "height": Infinity}',
    ],
)
def test_what_no_media_has_is_not_believed(meta):
    seen = present([part("ftrackreview-mp4", ".mp4", ftr_meta=meta)], is_listed=True)
    assert (seen.state, seen.frames, seen.width, seen.height) == ("ready", None, None, None)
