"""No note or drawing of a review is about a frame that what it shows does not have."""

import json

import pytest

from ftrack_review.protocol import remark, succession
from ftrack_review.server.errors import ServerFault
from tests.unit.server.writing.desk import create
from tests.unit.server.writing.test_closed_reviews import link, tell


def movie(desk, version, frames):
    """Give a version media of so many frames, or of unknown length."""
    component = desk.create("FileComponent", name="ftrackreview-mp4", file_type=".mp4", version_id=version)
    if frames is not None:
        meta = json.dumps({"frameIn": 0, "frameOut": frames - 1, "frameRate": 24})
        desk.send(tell("FileComponent", component, "ftr_meta", meta))


@pytest.fixture
def review(desk):
    made = desk.review()
    made.version = desk.one("select version_id from ReviewSessionObject")["version_id"]
    return made


def note(review, frame, **data):
    data = {"parent_id": review.object, "parent_type": "ReviewSessionObject", **data}
    return create("Note", content="x", frame_number=frame, **data)


def ways(desk, review, frame):
    """Each way to say something of a frame."""
    written = desk.create("Note", content="x", parent_id=review.object, parent_type="ReviewSessionObject")
    picture = desk.create("FileComponent", name="annotation", file_type=".png")
    on = {"review_session_object_id": review.object}
    return [
        note(review, frame),
        note(review, frame, parent_id=written, parent_type="Note"),
        tell("Note", written, remark.FRAME_KEY, remark.encode_frame(frame)),
        create("ReviewSessionObjectAnnotation", frame_number=frame, data="[]", **on),
        link("ReviewSessionObjectAnnotationComponent", frame_number=str(frame), component_id=picture, **on),
    ]


@pytest.mark.parametrize("number", range(5))
def test_the_last_frame_is_the_last(desk, review, number):
    movie(desk, review.version, 15)
    desk.send(ways(desk, review, 14)[number])
    for frame in (15, 1_000_000_000):
        with pytest.raises(ServerFault, match="15 frames, and the last is 14") as caught:
            desk.send(ways(desk, review, frame)[number])
        assert caught.value.status == 422
    with pytest.raises(ServerFault, match="counted from 0"):
        desk.send(ways(desk, review, -1)[number])


@pytest.mark.parametrize("frames", ["nothing published", None])
def test_where_the_length_is_not_known_any_frame_may_be(desk, review, frames):
    if frames is None:
        movie(desk, review.version, None)
    desk.send(note(review, 100_000))


def test_a_note_that_is_there_stays_and_may_be_changed(desk, review):
    action = note(review, 40)
    desk.send(action)
    movie(desk, review.version, 15)
    desk.update("Note", action["entity_data"]["id"], content="y")


def test_the_longest_of_the_versions_that_were_reviewed_counts(desk, review):
    asset = desk.one("select asset_id from AssetVersion")["asset_id"]
    former = desk.create("AssetVersion", asset_id=asset)
    movie(desk, former, 30)
    movie(desk, review.version, 15)
    history = succession.encode([{"version_id": former, "label": "Version 1", "replaced_at": "2020-01-01"}])
    desk.send(tell("ReviewSession", review.session, succession.key(review.object), history))
    desk.send(note(review, 29))
    with pytest.raises(ServerFault, match="the last is 29"):
        desk.send(note(review, 30))


def test_a_copy_keeps_its_frame(desk, review):
    movie(desk, review.version, 15)
    copied = note(review, 40)
    drawn = create(
        "ReviewSessionObjectAnnotation", review_session_object_id=review.object, frame_number=40, data="[]"
    )
    key = copied["entity_data"]["id"]
    desk.send(
        copied,
        drawn,
        tell("Note", key, remark.COPIED_KEY, "another"),
        tell("Note", key, remark.FRAME_KEY, remark.encode_frame(40)),
        tell("Note", key, remark.ANNOTATION_KEY, drawn["entity_data"]["id"]),
    )


def test_a_note_elsewhere_is_about_what_it_says(desk, review):
    movie(desk, review.version, 15)
    desk.send(note(review, 1001, parent_id=review.version, parent_type="AssetVersion"))
