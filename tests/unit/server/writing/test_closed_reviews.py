"""What a closed review shows stays as it is, whatever row it is part of; what only leads away from it goes on."""

import json
import re
import uuid

import pytest

from ftrack_review.protocol import remark, role, succession
from ftrack_review.protocol.schema import Schema
from ftrack_review.server.catalogue import Catalogue
from ftrack_review.server.errors import ServerFault
from ftrack_review.server.rules.closed import PARTS
from ftrack_review.symbol import SERVER_LOCATION_ID
from tests.unit.server.test_catalogue import _all_documents
from tests.unit.server.writing.desk import create, update

PAST, LATER = "2001-01-01T00:00:00", "2100-01-01"

#: What no review shows, by why. A type stands for what derives from it.
OUTSIDE = {
    "work that reviews only refer to": (
        "Appointment Asset AssetVersionLink CalendarEvent CalendarEventResource Context Disk List ListCategory "
        "ListObject Manager ManagerType Scope SplitTaskPart StatusChange Timelog Timer TypedContextLink "
    ),
    "people and what they may do; who has said something cannot be deleted": (
        "ApiKey Collaborator Group Membership Resource SecurityRole User UserApplicationState UserSecurityRole "
        "UserSecurityRoleProject UserSession UserTaskTypeLink UserType UserView BaseUser"
    ),
    "names and settings of the whole site": (
        "Action ActionLog AssetType Automation CustomAttributeGroup CustomAttributeType CustomConfigurationBase "
        "Dashboard DashboardResource DashboardWidget Feed NoteLabel ObjectType Priority ProjectSchema "
        "ProjectSchemaObjectType ProjectSchemaOverride Schema SchemaStatus SchemaType Setting SettingComponent State "
        "Status StatusRule StatusRuleGroup TaskTemplate TaskTemplateItem TaskTypeSchema TaskTypeSchemaType Trigger "
        "Type WorkflowSchema WorkflowSchemaStatus Location"
    ),
    "custom attributes, which no review shows": "CustomAttributeLink CustomAttributeLinkFrom CustomAttributeValue",
    "how reviews are filed and set up": "EntitySetting ReviewSessionFolder",
    "how far the server is with its work": "Job JobComponent",
    "messages between people": "Conversation Message Participant",
}


def names(document):
    return Catalogue(Schema(document)).types


@pytest.mark.parametrize("document", _all_documents().values(), ids=_all_documents())
def test_every_entity_type_is_part_of_reviews_or_known_not_to_be(document):
    outside = {name for listed in OUTSIDE.values() for name in listed.split()}
    catalogue = Catalogue(Schema(document))
    unknown = [
        name
        for name, entity in catalogue.types.items()
        if not {*entity.lineage} & {*PARTS, *outside} and "CustomAttribute" not in name
    ]
    assert unknown == []
    both = [
        name
        for name, entity in catalogue.types.items()
        if set(entity.lineage) & set(PARTS) and name in outside
    ]
    assert both == []


@pytest.mark.parametrize("document", _all_documents().values(), ids=_all_documents())
def test_what_refers_to_a_part_that_is_a_reviews_own_is_one_itself(document):
    """So that nobody forgets a new entity type of the schema."""
    own = {name for name in PARTS if name.startswith(("ReviewSession", "Note"))}
    types = names(document)
    forgotten = {
        name
        for name, entity in types.items()
        for target in entity.foreign_keys.values()
        if target in own and not set(entity.lineage) & set(PARTS)
    }
    assert forgotten == set()


class Closed:
    """A review that says everything that a review can say; open until it is closed."""

    def __init__(self, desk):
        self.desk = desk
        made = desk.review()
        self.session, self.object, self.ann, self.project = (
            made.session,
            made.object,
            made.invitee,
            made.project,
        )
        self.version = desk.one(f'select version_id from ReviewSessionObject where id is "{self.object}"')[
            "version_id"
        ]
        self.asset = desk.one(f'select asset_id from AssetVersion where id is "{self.version}"')["asset_id"]
        self.bob = self.invitee("bob@example.com")
        self.other = desk.create("ReviewSession", name="open", project_id=self.project)
        self.other_version = desk.create("AssetVersion", asset_id=self.asset)
        self.other_object = desk.create(
            "ReviewSessionObject", review_session_id=self.other, version_id=self.other_version
        )
        self.vote = desk.create(
            "ReviewSessionObjectStatus",
            review_session_object_id=self.object,
            review_session_invitee_id=self.ann,
            status="seen",
        )
        desk.update("ReviewSessionObjectStatus", self.vote, status="approved")
        self.former_vote = desk.one("Event")["id"]
        self.drawing = desk.create(
            "ReviewSessionObjectAnnotation", review_session_object_id=self.object, frame_number=1, data="[]"
        )
        self.writer = desk.create("User", username="writer")
        self.note = self.add_note(user_id=self.writer)
        self.reply = self.add_note(in_reply_to_id=self.note)
        self.elsewhere = desk.create(
            "Note", content="x", parent_id=self.other_object, parent_type="ReviewSessionObject"
        )
        self.media = self.component("ftrackreview-mp4", ".mp4", version_id=self.version)
        self.location = desk.create(
            "ComponentLocation",
            component_id=self.media,
            location_id=SERVER_LOCATION_ID,
            resource_identifier=self.media,
        )
        self.source = self.component("main", ".exr", version_id=self.version)
        self.thumbnail = self.component("thumbnail", ".jpg")
        desk.update("AssetVersion", self.version, thumbnail_id=self.thumbnail)
        self.loose = self.component("loose", ".png")
        self.picture = self.component("annotation-1", ".png")
        self.link("NoteAnnotationComponent", note_id=self.note, component_id=self.picture, data="[]")
        self.label, self.second_label = (
            desk.create("NoteLabel", name=uuid.uuid4().hex, color="#ffffff") for _ in range(2)
        )
        self.link("NoteLabelLink", note_id=self.note, label_id=self.label)
        self.link(
            "ReviewSessionObjectAnnotationComponent",
            review_session_object_id=self.object,
            component_id=self.picture,
            frame_number="1",
        )
        self.reader = desk.create("User", username="reader")
        self.link("Recipient", note_id=self.note, resource_id=self.reader)
        self.tell("Note", self.note, remark.INVITEE_KEY, self.ann)
        self.tell("Note", self.note, remark.RELEASED_KEY, "2020-01-01T00:00:00Z")
        self.tell("ReviewSession", self.session, role.SESSION_KEY, role.encode({self.ann: "approver"}))
        self.tell("FileComponent", self.media, "ftr_meta", "{}")
        # Another version took the place of one that the review showed before.
        self.former = desk.create("AssetVersion", asset_id=self.asset)
        entry = {"version_id": self.former, "label": "Version 1", "replaced_at": PAST}
        key = succession.key(self.object)
        self.tell("ReviewSession", self.session, key, succession.encode([entry]))
        desk.update("ReviewSession", self.session, start_date=PAST, end_date="2001-01-02")

    def add_note(self, **data):
        return self.desk.create(
            "Note", content="x", parent_id=self.object, parent_type="ReviewSessionObject", **data
        )

    def invitee(self, email, **data):
        return self.desk.create(
            "ReviewSessionInvitee", **{"name": "B", "review_session_id": self.session, "email": email, **data}
        )

    def component(self, name, file_type, **data):
        return self.desk.create("FileComponent", name=name, file_type=file_type, **data)

    def link(self, entity_type, **data):
        self.desk.send(link(entity_type, **data))

    def tell(self, parent_type, parent_id, key, value):
        self.desk.send(tell(parent_type, parent_id, key, value))


def link(entity_type, **data):
    action = create(entity_type, **data)
    del action["entity_data"]["id"]
    return action


def tell(parent_type, parent_id, key, value):
    return link("Metadata", parent_type=parent_type, parent_id=parent_id, key=key, value=value)


def delete(entity_type, *key):
    return {"action": "delete", "entity_type": entity_type, "entity_key": list(key)}


def on(review, **data):
    return create("Note", **{"content": "x", "parent_type": "ReviewSessionObject", **data})


#: Each way to change what a closed review shows, by entity type and what is done.
WRITES = {
    "AssetVersion: delete what is shown": lambda r: delete("AssetVersion", r.version),
    "AssetVersion: delete what was shown before": lambda r: delete("AssetVersion", r.former),
    "AssetVersion: delete the asset": lambda r: delete("Asset", r.asset),
    "AssetVersion: another thumbnail": lambda r: update("AssetVersion", r.version, thumbnail_id=r.loose),
    "Component: delete the media": lambda r: delete("FileComponent", r.media),
    "Component: delete the thumbnail": lambda r: delete("Component", r.thumbnail),
    "Component: delete the picture of a note": lambda r: delete("FileComponent", r.picture),
    "Component: rename the media": lambda r: update("FileComponent", r.media, name="x"),
    "Component: move the media away": lambda r: update("FileComponent", r.media, version_id=r.other_version),
    "Component: other media": lambda r: create(
        "FileComponent", name="ftrackreview-webm", file_type=".webm", version_id=r.version
    ),
    "Component: media of another version": lambda r: update("FileComponent", r.loose, version_id=r.version),
    "Component: rename an attachment": lambda r: update("FileComponent", r.picture, name="x"),
    "ComponentLocation: delete the server's": lambda r: delete("ComponentLocation", r.location),
    "ComponentLocation: change the server's": lambda r: update(
        "ComponentLocation", r.location, resource_identifier="x"
    ),
    "Event: delete a former vote": lambda r: delete("Event", r.former_vote),
    "Event: change a former vote": lambda r: update("Event", r.former_vote, data="{}"),
    "Metadata: another author": lambda r: update("Metadata", [r.note, remark.INVITEE_KEY], value=r.bob),
    "Metadata: no author": lambda r: delete("Metadata", r.note, remark.INVITEE_KEY),
    "Metadata: another frame": lambda r: tell("Note", r.note, remark.FRAME_KEY, '{"number": 5}'),
    "Metadata: hold what was released": lambda r: delete("Metadata", r.note, remark.RELEASED_KEY),
    "Metadata: empty a release": lambda r: update("Metadata", [r.note, remark.RELEASED_KEY], value=""),
    "Metadata: other roles": lambda r: update("Metadata", [r.session, role.SESSION_KEY], value="{}"),
    "Metadata: forget the roles": lambda r: delete("Metadata", r.session, role.SESSION_KEY),
    "Metadata: another history": lambda r: update(
        "Metadata", [r.session, succession.key(r.object)], value="[]"
    ),
    "Metadata: a history of an older server": lambda r: tell(
        "Project", r.project, succession.key(r.object), "[]"
    ),
    "Metadata: how media plays": lambda r: update("Metadata", [r.media, "ftr_meta"], value='{"frameIn": 0}'),
    "Metadata: another first frame": lambda r: tell(
        "AssetVersion", r.version, remark.FIRST_FRAME_KEY, "1001"
    ),
    "Note: new": lambda r: on(r, parent_id=r.object),
    "Note: an answer": lambda r: on(r, in_reply_to_id=r.note, parent_id=r.other_object),
    "Note: an answer to an answer": lambda r: on(r, parent_id=r.reply, parent_type="Note"),
    "Note: another text": lambda r: update("Note", r.note, content="y"),
    "Note: done": lambda r: update("Note", r.note, is_todo=True),
    "Note: another date": lambda r: update("Note", r.note, date=PAST),
    "Note: moved away": lambda r: update("Note", r.note, parent_id=r.other_object),
    "Note: moved here": lambda r: update("Note", r.elsewhere, parent_id=r.object),
    "Note: delete": lambda r: delete("Note", r.note),
    "Note: let go of all": lambda r: update("ReviewSessionObject", r.object, notes=[]),
    "Note: delete who wrote it": lambda r: delete("User", r.writer),
    "NoteComponent: attach": lambda r: link("NoteComponent", note_id=r.reply, component_id=r.loose),
    "NoteComponent: delete": lambda r: delete("NoteComponent", r.picture, r.note),
    "NoteLabelLink: label": lambda r: link("NoteLabelLink", note_id=r.note, label_id=r.second_label),
    "NoteLabelLink: take the label away": lambda r: delete("NoteLabelLink", r.note, r.label),
    "NoteLabelLink: delete the label": lambda r: delete("NoteLabel", r.label),
    "Recipient: add": lambda r: link("Recipient", note_id=r.reply, resource_id=r.reader),
    "Recipient: delete": lambda r: delete("Recipient", r.note, r.reader),
    "Recipient: set all": lambda r: update("Note", r.note, recipients=[]),
    "ReviewSession: rename": lambda r: update("ReviewSession", r.session, name="x"),
    "ReviewSession: hold what guests wrote": lambda r: update("ReviewSession", r.session, is_moderated=True),
    "ReviewSessionInvitee: rename": lambda r: update("ReviewSessionInvitee", r.ann, name="Somebody Else"),
    "ReviewSessionInvitee: another address": lambda r: update(
        "ReviewSessionInvitee", r.ann, email="x@example.com"
    ),
    "ReviewSessionInvitee: move away": lambda r: update(
        "ReviewSessionInvitee", r.bob, review_session_id=r.other
    ),
    "ReviewSessionInvitee: invite": lambda r: create(
        "ReviewSessionInvitee", name="Z", email="z@example.com", review_session_id=r.session
    ),
    "ReviewSessionInvitee: delete who voted": lambda r: delete("ReviewSessionInvitee", r.ann),
    "ReviewSessionObject: add": lambda r: create(
        "ReviewSessionObject", review_session_id=r.session, version_id=r.other_version
    ),
    "ReviewSessionObject: move here": lambda r: update(
        "ReviewSessionObject", r.other_object, review_session_id=r.session
    ),
    "ReviewSessionObject: another version": lambda r: update(
        "ReviewSessionObject", r.object, version_id=r.other_version
    ),
    "ReviewSessionObject: another order": lambda r: update("ReviewSessionObject", r.object, sort_order=9),
    "ReviewSessionObject: delete": lambda r: delete("ReviewSessionObject", r.object),
    "ReviewSessionObject: let go of all": lambda r: update(
        "ReviewSession", r.session, review_session_objects=[]
    ),
    "ReviewSessionObjectAnnotation: draw": lambda r: create(
        "ReviewSessionObjectAnnotation", review_session_object_id=r.object, frame_number=2, data="[]"
    ),
    "ReviewSessionObjectAnnotation: change": lambda r: update(
        "ReviewSessionObjectAnnotation", r.drawing, data="[1]"
    ),
    "ReviewSessionObjectAnnotation: delete": lambda r: delete("ReviewSessionObjectAnnotation", r.drawing),
    "ReviewSessionObjectAnnotationComponent: add": lambda r: link(
        "ReviewSessionObjectAnnotationComponent",
        review_session_object_id=r.object,
        component_id=r.loose,
        frame_number="2",
    ),
    "ReviewSessionObjectStatus: vote": lambda r: create(
        "ReviewSessionObjectStatus",
        review_session_object_id=r.object,
        review_session_invitee_id=r.bob,
        status="approved",
    ),
    "ReviewSessionObjectStatus: change": lambda r: update(
        "ReviewSessionObjectStatus", r.vote, status="require_changes"
    ),
    "ReviewSessionObjectStatus: delete": lambda r: delete("ReviewSessionObjectStatus", r.vote),
}


def test_every_part_is_tried():
    assert {name.partition(":")[0] for name in WRITES} == set(PARTS)


@pytest.fixture
def closed(desk):
    return Closed(desk)


def everything(desk):
    """Return all that is stored of the parts of reviews."""
    found = {}
    for name in PARTS:
        entity = desk.catalogue.types[name]
        rows = desk.query(f"select {', '.join(entity.columns)} from {name}")
        found[name] = sorted(json.dumps(row, sort_keys=True) for row in rows)
    return found


def answer_of(desk, action):
    """Return what an action is answered: None where it is accepted, else what matters of the fault."""
    try:
        desk.send(action)
    except ServerFault as fault:
        said = re.search(r"'review' is closed", fault.content), re.search("Reopen it first", fault.hint or "")
        return (*(found and found[0] for found in said), fault.status, fault.error_code)
    return None


def test_nothing_that_a_closed_review_shows_is_written(desk, closed):
    before = everything(desk)
    answers = {name: answer_of(desk, make(closed)) for name, make in WRITES.items()}
    expected = ("'review' is closed", "Reopen it first", 403, "review_session_closed")
    assert {name: answer for name, answer in answers.items() if answer != expected} == {}
    assert everything(desk) == before


@pytest.mark.parametrize("name", {name.partition(":")[0]: name for name in WRITES}.values())
def test_all_of_it_is_written_once_the_review_is_open_again(desk, closed, name):
    desk.update("ReviewSession", closed.session, end_date=LATER)
    desk.send(WRITES[name](closed))


#: What leads away from a closed review, and what keeps it at hand.
ALLOWED = {
    "another status": lambda r: update(
        "AssetVersion",
        r.version,
        status_id=r.desk.query("select id from Status")[0]["id"],
        comment="Delivered.",
    ),
    "another version of the asset": lambda r: create("AssetVersion", asset_id=r.asset),
    "deleting a version that it does not show": lambda r: delete("AssetVersion", r.other_version),
    "a file of a version that it does not show": lambda r: create(
        "FileComponent", name="delivery", file_type=".exr", version_id=r.version
    ),
    "deleting one": lambda r: delete("FileComponent", r.source),
    "a second place of the media": lambda r: create(
        "ComponentLocation",
        component_id=r.media,
        location_id=r.desk.one('select id from Location where name is "ftrack.unmanaged"')["id"],
        resource_identifier="/x",
    ),
    "a note on the version": lambda r: on(r, parent_id=r.version, parent_type="AssetVersion"),
    "a release": lambda r: tell("Note", r.reply, remark.RELEASED_KEY, "2020-01-01T00:00:00Z"),
    "a studio's own metadata": lambda r: tell("Note", r.note, "pipeline.synchronised", "yes"),
    "when an invitation was sent": lambda r: update("ReviewSessionInvitee", r.ann, last_sent_at=PAST),
    "removing who has not voted": lambda r: delete("ReviewSessionInvitee", r.bob),
    "a shared link": lambda r: update("ReviewSession", r.session, shareable_url_enabled=True),
    "an end at another time": lambda r: update("ReviewSession", r.session, end_date="2002-01-01"),
    "a name and opening it": lambda r: update("ReviewSession", r.session, name="x", end_date=LATER),
    "the name of an account": lambda r: update("User", r.writer, first_name="Kim"),
    "who is made inactive": lambda r: update("User", r.writer, is_active=False),
    "another review of the version": lambda r: create(
        "ReviewSessionObject", review_session_id=r.other, version_id=r.version
    ),
    "deleting the review": lambda r: delete("ReviewSession", r.session),
    "deleting the project": lambda r: delete("Project", r.project),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_a_closed_review_is_not_in_the_way_of(desk, closed, name):
    desk.send(ALLOWED[name](closed))


def test_deleting_a_version_names_the_review_and_the_way_out(desk, closed):
    with pytest.raises(ServerFault) as caught:
        desk.send(delete("AssetVersion", closed.version))
    assert f"AssetVersion {closed.version} cannot be deleted" in caught.value.content
    assert "'review' is closed and shows" in caught.value.content
    assert "delete the review session" in caught.value.hint
    with pytest.raises(ServerFault, match="is_active = False"):
        desk.send(delete("User", closed.writer))


def test_a_review_of_another_project_is_kept_where_its_versions_lie(desk, closed):
    project = desk.project(name="other")
    version = desk.version(project)
    desk.update("ReviewSession", closed.session, end_date=LATER)
    desk.create("ReviewSessionObject", review_session_id=closed.session, version_id=version)
    desk.update("ReviewSession", closed.session, end_date="2001-01-02")
    with pytest.raises(ServerFault, match="'review' is closed"):
        desk.delete("Project", project)
    desk.send(delete("ReviewSession", closed.session), delete("Project", project))


def test_media_and_the_end_may_come_together(desk, closed):
    desk.update("ReviewSession", closed.session, end_date=LATER)
    thumbnail = update("AssetVersion", closed.version, thumbnail_id=closed.loose)
    desk.send(update("ReviewSession", closed.session, end_date="2001-01-02"), thumbnail)
    with pytest.raises(ServerFault, match="is closed"):
        desk.update("AssetVersion", closed.version, thumbnail_id=closed.thumbnail)


def test_a_review_that_has_not_begun_can_be_prepared(desk, closed):
    desk.update("ReviewSession", closed.session, start_date=LATER, end_date="2101-01-01")
    desk.update("ReviewSession", closed.session, name="Tomorrow")
    closed.invitee("z@example.com")
    desk.update("AssetVersion", closed.version, thumbnail_id=closed.loose)
    with pytest.raises(ServerFault, match="has not begun"):
        closed.add_note()
