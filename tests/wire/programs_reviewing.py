"""Programs that publish media and hold reviews."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from ftrack_review import exception
from tests.wire.programs import program
from tests.wire.site import SITE, known


@program("a component without data")
def _(session, folder):
    version = known(session, "AssetVersion", "version")
    component = version.create_component("/media/shot.0001.exr", {"name": "frame"}, location=None)
    session.commit()
    assert component["file_type"] == ".exr"


@program("a component is uploaded")
def _(session, folder):
    (folder / "movie.mov").write_text("12345")
    location = session.get("Location", SITE["server_location"])
    version = known(session, "AssetVersion", "version")
    component = version.create_component(str(folder / "movie.mov"), {"name": "movie"}, location=location)
    component["metadata"]["ftr_meta"] = json.dumps({"frameRate": 25})
    session.commit()
    assert component["component_locations"][0]["resource_identifier"] == component["id"]


@program("a component is uploaded and read")
def _(session, folder):
    (folder / "notes.txt").write_text("one\ntwo\n")
    location = session.get("Location", SITE["server_location"])
    component = session.create_component(str(folder / "notes.txt"), location=location)
    file = location.accessor.open(location.get_resource_identifier(component))
    assert file.read() == b"one\ntwo\n"
    file.close()


@program("a component is removed from a location")
def _(session, folder):
    (folder / "notes.txt").write_text("one")
    location = session.get("Location", SITE["server_location"])
    component = session.create_component(str(folder / "notes.txt"), location=location)
    location.remove_component(component)
    assert session.get_component_availability(component, [location]) == {SITE["server_location"]: 0.0}


@program("media is encoded")
def _(session, folder):
    job = session.encode_media(known(session, "FileComponent", "component"), version_id=SITE["version"])
    data = json.loads(job["data"])
    assert data["source_component_id"] == SITE["component"]
    assert [output["format"] for output in data["output"]] == ["video/mp4", "image/jpeg"]
    assert job["status"] == "queued"


@program("a review is made")
def _(session, folder):
    review = session.create(
        "ReviewSession", {"name": "Monday", "project": known(session, "Project", "project")}
    )
    version = known(session, "AssetVersion", "version")
    item = session.create(
        "ReviewSessionObject",
        {"name": "comp", "version": "Version 1", "review_session": review, "asset_version": version},
    )
    invitee = session.create(
        "ReviewSessionInvitee", {"name": "Bo", "email": "bo@example.com", "review_session": review}
    )
    session.commit()
    assert (item["sort_order"], invitee["email"]) == (1, "bo@example.com")
    assert list(review["review_session_objects"]) == [item]


@program("an object is taken out of a review")
def _(session, folder):
    review = known(session, "ReviewSession", "review_session")
    objects = review["review_session_objects"]
    objects.remove(objects[0])
    session.commit()
    assert session.query("ReviewSessionObject").all() == []


@program("a vote")
def _(session, folder):
    item, invitee = (
        known(session, "ReviewSessionObject", "object"),
        known(session, "ReviewSessionInvitee", "invitee"),
    )
    for status in ("require_changes", "approved"):
        session.create(
            "ReviewSessionObjectStatus", {"review_session_object": item, "invitee": invitee, "status": status}
        )
        session.commit()
    votes = session.query("select status, invitee.name from ReviewSessionObjectStatus").all()
    assert [(vote["status"], vote["invitee"]["name"]) for vote in votes] == [("approved", "Ada")]


@program("a vote that there is not")
def _(session, folder):
    item, invitee = (
        known(session, "ReviewSessionObject", "object"),
        known(session, "ReviewSessionInvitee", "invitee"),
    )
    session.create(
        "ReviewSessionObjectStatus", {"review_session_object": item, "invitee": invitee, "status": "meh"}
    )
    with pytest.raises(exception.ServerValidationError, match="approved"):
        session.commit()
    session.rollback()


@program("a malformed address")
def _(session, folder):
    review = known(session, "ReviewSession", "review_session")
    session.create("ReviewSessionInvitee", {"name": "Bo", "email": "bo", "review_session": review})
    with pytest.raises(exception.ServerValidationError, match="email"):
        session.commit()
    session.rollback()


@program("invitations to a review")
def _(session, folder):
    invitee = known(session, "ReviewSessionInvitee", "invitee")
    session.send_review_session_invite(invitee)
    session.send_review_session_invites([invitee])
    assert session.query("select last_sent_at from ReviewSessionInvitee").one()["last_sent_at"] is not None


@program("invitations to the server")
def _(session, folder):
    user = known(session, "User", "user")
    session.send_user_invite(user)
    session.send_user_invites([user, user])


@program("an invitee who is not committed")
def _(session, folder):
    review = known(session, "ReviewSession", "review_session")
    invitee = session.create(
        "ReviewSessionInvitee", {"name": "Bo", "email": "b@c.d", "review_session": review}
    )
    with pytest.raises(exception.Error, match="commit"):
        session.send_review_session_invite(invitee)
    session.rollback()


@program("a closed review")
def _(session, folder):
    review = known(session, "ReviewSession", "review_session")
    review["end_date"], review["start_date"] = dt.datetime(2020, 1, 1), dt.date(2019, 1, 1)
    session.commit()
    item = known(session, "ReviewSessionObject", "object", name="comp v1")
    item["name"] = "other"
    with pytest.raises(exception.ServerPermissionDeniedError, match="closed") as caught:
        session.commit()
    assert caught.value.error_code == "review_session_closed"
    session.rollback()
    assert item["name"] == "comp v1"
