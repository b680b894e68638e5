"""Reviews on a server like those of 2021: no resource of invitees, no frames, no annotations, no inheritance told."""

import pytest

import ftrack_review
from ftrack_review.server import standard_data
from ftrack_review.server.definition.document import standard_document
from ftrack_review.server.store import Store

GONE_TYPES = {
    "BaseUser",
    "Collaborator",
    "NoteAnnotationComponent",
    "ReviewSessionFolder",
    "ReviewSessionObjectAnnotation",
    "ReviewSessionObjectAnnotationComponent",
}
GONE_ATTRIBUTES = {
    "Note": {"frame_number", "project", "project_id"},
    "ReviewSession": {"metadata", "review_session_folder", "review_session_folder_id"},
    "ReviewSessionInvitee": {"resource", "resource_id"},
    "ReviewSessionObject": {"annotations"},
    "ReviewSessionObjectStatus": {"resource", "resource_id"},
}


def old_document():
    document = []
    for present in standard_document(standard_data.OBJECT_TYPES, standard_data.NO_PRIORITY_ID):
        if present["id"] in GONE_TYPES:
            continue
        entry = {key: value for key, value in present.items() if key != "$mixin"}
        gone = GONE_ATTRIBUTES.get(entry["id"], set())
        properties = {}
        for name, attribute in entry["properties"].items():
            target = attribute.get("$ref") or attribute.get("items", {}).get("$ref")
            if name in gone or (target in GONE_TYPES and target != "BaseUser"):
                continue
            is_author = attribute.get("$ref") == "BaseUser"
            properties[name] = {**attribute, "$ref": "User"} if is_author else attribute
        entry["properties"] = properties
        for key in ("default_projections", "system_projections", "required", "immutable", "computed"):
            if key in entry:
                entry[key] = [name for name in entry[key] if name in properties]
        document.append(entry)
    return document


@pytest.fixture
def old_session(tmp_path):
    store = Store(str(tmp_path / "ftrack.sqlite"))
    store.prepare(old_document())
    store.close()
    with ftrack_review.Session(f"embedded://{tmp_path}") as session:
        assert "resource" not in session.schema["ReviewSessionInvitee"].attributes
        assert not any("$mixin" in entry for entry in session.schemas)
        yield session


@pytest.fixture
def review(old_session):
    schema = old_session.query("ProjectSchema").first()
    project = old_session.create("Project", {"name": "film", "full_name": "Film", "project_schema": schema})
    made = old_session.create("ReviewSession", {"name": "Weekly", "project": project, "is_public": True})
    old_session.commit()
    return made


@pytest.fixture
def user(old_session):
    made = old_session.create(
        "User", {"username": "grace", "email": "grace@example.com", "first_name": "Grace"}
    )
    old_session.commit()
    return made


def test_a_user_is_invited_by_address(old_session, review, user):
    invitee = old_session.create("ReviewSessionInvitee", {"review_session": review, "user": user})
    other = review.invite("Ada", "ada@example.com")
    old_session.commit()
    assert (invitee["name"], invitee["email"]) == ("Grace", "grace@example.com")
    assert invitee["user"] is user
    assert other["user"] is None
    for query in (
        "ReviewSessionInvitee where user.username is grace",
        f"ReviewSessionInvitee where user is {user['id']}",
        "ReviewSessionInvitee where user has (first_name is Grace)",
        'ReviewSessionInvitee where user.username in ("grace", "nobody")',
    ):
        assert old_session.query(query).all() == [invitee], query


def test_roles_are_kept_on_the_project(old_session, review):
    review.invite(
        [("Ada", "ada@example.com"), {"name": "Bob", "email": "bob@example.com", "role": "approver"}]
    )
    old_session.commit()
    found = old_session.query("ReviewSessionInvitee where role is approver").one()
    assert found["name"] == "Bob"
    assert [key for key in review["project"]["metadata"] if review["id"] in key]


def test_feedback_keeps_frames_in_the_metadata_of_notes(old_session, review):
    kind = old_session.query("AssetType").first()
    asset = old_session.create("Asset", {"name": "comp", "parent": review["project"], "type": kind})
    version = old_session.create("AssetVersion", {"asset": asset})
    ada = review.invite("Ada", "ada@example.com", role="approver")
    old_session.commit()
    item = review.add(version)
    note = item.comment("Too bright.", frame=12, invitee=ada)
    item.reply(note, "Will do.")
    item.vote("require_changes", ada)
    old_session.commit()
    found = review.feedback().objects[0]
    assert found.status == "require_changes"
    assert [(comment.author, comment.frame, comment.text) for comment in found.comments] == [
        ("Ada", 12, "Too bright.")
    ]
    assert [reply.text for reply in found.comments[0].replies] == ["Will do."]
    assert found.annotations == ()
    review.close()
    assert old_session.query("ReviewSession where status is closed").one() is review
