"""What clients are told of a committed batch: the event ``ftrack.update``."""

import json
import shutil
from types import SimpleNamespace

import pytest

from ftrack_review.protocol import packet
from ftrack_review.server.announcement import Batch, describe
from ftrack_review.server.errors import ServerFault
from ftrack_review.server.standard_data import ADMINISTRATOR_ID
from tests.unit.server.writing.desk import Desk, create, update


class Newsroom(Desk):
    """A desk whose batches are told."""

    def __init__(self, database):
        super().__init__(database)
        self.batches = []

    def announce(self, context):
        changes = tuple(context.changes)
        self.batches.append(Batch(changes, context.catalogue, context.caller, context.options))

    def told(self):
        """Return the event for the last batch."""
        with self.store.read() as connection:
            return describe(self.batches[-1], connection)

    def entities(self):
        """Return what the last event says, by the id of the entity."""
        return {entity["entityId"]: entity for entity in self.told()["data"]["entities"]}


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    path = tmp_path_factory.mktemp("prepared") / "ftrack.sqlite"
    Desk(path).store.close()
    return path


@pytest.fixture
def room(database, tmp_path):
    shutil.copy(database, tmp_path / "ftrack.sqlite")
    opened = Newsroom(tmp_path / "ftrack.sqlite")
    yield opened
    opened.store.close()


@pytest.fixture
def site(room):
    """A project with a folder, a shot in it and a task in that."""
    project = room.project()
    folder = room.create("Folder", name="reel", parent_id=project)
    shot = room.create("Shot", name="sh010", parent_id=folder)
    task = room.create("Task", name="comp", parent_id=shot)
    return SimpleNamespace(project=project, folder=folder, shot=shot, task=task)


class TestEnvelope:
    def test_says_who_did_it(self, room):
        room.project()
        event = room.told()
        assert (event["topic"], event["target"], event["sent"]) == ("ftrack.update", "", None)
        assert event["source"]["applicationId"] == "ftrack.api"
        assert event["source"]["user"] == {"id": ADMINISTRATOR_ID, "username": "admin"}
        assert event["source"]["id"]
        assert event["data"]["user"] == {"userid": ADMINISTRATOR_ID, "name": "Administrator"}
        assert len(event["id"]) == 32

    def test_echoes_the_tokens_of_the_caller(self, room):
        room.send(create("Job", type="api_job"), client_token="c1", push_token="p1")
        event = room.told()
        assert (event["data"]["clientToken"], event["data"]["pushToken"]) == ("c1", "p1")
        assert event["source"]["id"] == "c1"
        room.send(create("Job", type="api_job"))
        event = room.told()
        assert (event["data"]["clientToken"], event["data"]["pushToken"]) == (None, None)

    def test_holds_the_whole_batch(self, room):
        one, two = create("Job", type="api_job"), create("Job", type="api_job")
        room.send(one, two)
        assert len(room.batches) == 1
        assert list(room.entities()) == [one["entity_data"]["id"], two["entity_data"]["id"]]

    def test_has_the_shape_of_the_wire(self, room):
        room.project()
        payload = json.loads(packet.encode_event(room.told()))
        (event,) = payload["args"]
        assert set(event) == {"id", "topic", "data", "sent", "source", "target", "inReplyToEvent"}

    def test_a_failed_batch_is_not_told(self, room):
        before = len(room.batches)
        with pytest.raises(ServerFault):
            room.send(create("Job", type="api_job"), create("Job", nonsense=1))
        with pytest.raises(ServerFault):
            room.send(create("Shot", name="orphan"))
        assert len(room.batches) == before

    def test_a_batch_that_changes_nothing_is_not_told(self, room):
        job = room.create("Job", type="api_job", status="done")
        room.update("Job", job, status="done")
        assert room.told() is None
        before = len(room.batches)
        room.query("Job")
        assert len(room.batches) == before


class TestAdding:
    def test_tells_every_column_by_the_name_of_the_server(self, room, site):
        room.create("Task", name="light", parent_id=site.shot, description="x")
        (entity,) = room.entities().values()
        assert (entity["action"], entity["entityType"], entity["entity_type"]) == ("add", "task", "Task")
        # Recorded from a real server, but for those that the schema no longer has.
        expected = {
            "typeid", "showid", "enddate", "name", "startdate", "context_type", "created_at", "priorityid",
            "created_by", "id", "statusid", "object_typeid", "parent_id", "taskid", "bid", "description",
        }  # fmt: skip
        assert expected <= set(entity["keys"])
        assert entity["keys"] == list(entity["changes"])
        assert all(change["old"] is None for change in entity["changes"].values())
        assert entity["changes"]["name"]["new"] == "light"
        assert entity["changes"]["taskid"]["new"] == entity["entityId"]
        assert entity["changes"]["showid"]["new"] == site.project
        assert entity["parentId"] == site.shot

    def test_tells_the_object_type(self, room, site):
        room.create("Shot", name="sh020", parent_id=site.folder)
        (entity,) = room.entities().values()
        name = room.one(f"select name from ObjectType where id is {entity['objectTypeId']}")["name"]
        assert (name, entity["entityType"], entity["entity_type"]) == ("Shot", "task", "Shot")

    @pytest.mark.parametrize(
        ("entity_type", "table"),
        [("Project", "show"), ("Asset", "asset"), ("AssetVersion", "assetversion"), ("Job", "job")],
    )
    def test_names_entity_types_like_tables(self, room, entity_type, table):
        room.version()
        room.send(
            create("Job", type="api_job"),
            *(create("Asset", name="b", context_id=room.project()) for _ in range(1)),
        )
        found = {}
        for batch in room.batches:
            with room.store.read() as connection:
                entities = describe(batch, connection)["data"]["entities"]
            found.update((entity["entity_type"], entity["entityType"]) for entity in entities)
        assert found[entity_type] == table

    def test_components_of_every_kind_are_components(self, room):
        version = room.version()
        room.send(
            create("FileComponent", name="a", version_id=version),
            create("SequenceComponent", name="b", version_id=version),
        )
        entities = room.entities().values()
        assert {entity["entityType"] for entity in entities} == {"component"}
        assert {entity["entity_type"] for entity in entities} == {"FileComponent", "SequenceComponent"}
        assert {entity["parentId"] for entity in entities} == {version}


class TestUpdating:
    def test_tells_old_and_new(self, room, site):
        before = room.one(f"select status_id from Task where id is {site.task}")["status_id"]
        status = next(row["id"] for row in room.query("Status") if row["id"] != before)
        room.update("Task", site.task, status_id=status)
        (entity,) = room.entities().values()
        assert entity["action"] == "update"
        assert entity["keys"] == ["statusid"]
        assert entity["changes"] == {"statusid": {"old": before, "new": status}}

    def test_several_updates_are_told_as_one(self, room, site):
        room.send(update("Task", site.task, name="a"), update("Task", site.task, name="b", bid=3600))
        (entity,) = room.entities().values()
        assert entity["changes"]["name"] == {"old": "comp", "new": "b"}
        assert set(entity["keys"]) == {"name", "bid"}

    def test_times_are_iso_text(self, room, site):
        room.update(
            "Task", site.task, start_date={"__type__": "datetime", "value": "2024-02-29T12:00:00+02:00"}
        )
        (entity,) = room.entities().values()
        assert entity["changes"]["startdate"] == {"old": None, "new": "2024-02-29T10:00:00"}

    def test_another_parent_is_a_move(self, room, site):
        room.update("Shot", site.shot, parent_id=site.project)
        (entity,) = room.entities().values()
        assert entity["action"] == "move"
        assert entity["changes"]["parent_id"] == {"old": site.folder, "new": site.project}
        assert entity["parentId"] == site.project


class TestRemoving:
    def test_tells_what_went_with_it_and_where_it_was(self, room, site):
        room.delete("Shot", site.shot)
        entities = room.entities()
        assert set(entities) == {site.shot, site.task}
        task = entities[site.task]
        assert (task["action"], task["keys"], task["changes"]) == ("remove", [], None)
        chain = [link["entityId"] for link in task["parents"]]
        assert chain == [site.task, site.shot, site.folder, site.project]

    def test_what_came_and_went_in_a_batch_is_not_told(self, room):
        job = create("Job", type="api_job")
        key = job["entity_data"]["id"]
        room.send(job, {"action": "delete", "entity_type": "Job", "entity_key": [key]})
        assert room.told() is None


class TestParents:
    def test_go_up_to_the_project(self, room, site):
        room.update("Task", site.task, description="x")
        event = room.told()
        (entity,) = event["data"]["entities"]
        assert entity["parents"] == [
            {"entityId": site.task, "entityType": "task", "entity_type": "Task", "parentId": site.shot},
            {"entityId": site.shot, "entityType": "task", "entity_type": "Shot", "parentId": site.folder},
            {
                "entityId": site.folder,
                "entityType": "task",
                "entity_type": "Folder",
                "parentId": site.project,
            },
            {"entityId": site.project, "entityType": "show", "entity_type": "Project", "parentId": None},
        ]
        assert set(event["data"]["parents"]) == {site.task, site.shot, site.folder, site.project}

    def test_of_versions_and_components(self, room, site):
        version = room.version(site.shot)
        room.create("FileComponent", name="main", version_id=version)
        (entity,) = room.entities().values()
        kinds = [link["entity_type"] for link in entity["parents"]]
        assert kinds == ["FileComponent", "AssetVersion", "Asset", "Shot", "Folder", "Project"]

    def test_of_notes_are_what_they_are_about(self, room, site):
        note = room.create("Note", content="Nice", parent_id=site.shot, parent_type="task")
        entity = room.entities()[note]
        assert entity["entityType"] == "note"
        assert "text" in entity["keys"]
        assert entity["changes"]["text"]["new"] == "Nice"
        assert entity["changes"]["userid"]["new"] == ADMINISTRATOR_ID
        assert [link["entity_type"] for link in entity["parents"]] == ["Note", "Shot", "Folder", "Project"]

    def test_of_reviews_are_the_session_and_its_project(self, room):
        review = room.review()
        vote = create(
            "ReviewSessionObjectStatus",
            status="approved",
            review_session_object_id=review.object,
            review_session_invitee_id=review.invitee,
        )
        room.send(vote)
        entity = room.entities()[vote["entity_data"]["id"]]
        assert entity["entityType"] == "reviewsessionobjectstatus"
        assert [(link["entityType"], link["entityId"]) for link in entity["parents"][1:]] == [
            ("reviewsessionobject", review.object),
            ("reviewsession", review.session),
            ("show", review.project),
        ]

    def test_a_job_has_none(self, room):
        room.create("Job", type="api_job")
        (entity,) = room.entities().values()
        assert (entity["parentId"], len(entity["parents"])) == (None, 1)

    def test_cost_a_statement_for_each_level_and_not_for_each_entity(self, room, site):
        counts = []
        for number in (2, 60):
            room.send(
                *(create("Task", name=f"{number} {n}", parent_id=site.shot) for n in range(number)),
                *(
                    create("Note", content="x", parent_id=site.task, parent_type="task")
                    for _ in range(number)
                ),
            )
            before = room.store.statements_run
            assert len(room.entities()) >= 2 * number
            counts.append(room.store.statements_run - before)
        assert counts[0] == counts[1] <= 6


class TestCustomAttributes:
    @pytest.mark.parametrize(
        ("kind", "sent", "default", "told"),
        [
            ("text", "hello", "", "hello"),
            ("text", None, "", None),
            ("number", 25, "0", "25"),
            ("number", 2.5, "0", "2.5"),
            ("boolean", True, "0", "1"),
            ("date", "2024-01-01", None, "2024-01-01T00:00:00"),
            ("dynamic enumerator", ["a", "b"], "", "a,b"),
        ],
    )
    def test_are_told_as_text_under_their_key(self, room, site, kind, sent, default, told):
        type_id = room.one(f'select id from CustomAttributeType where name is "{kind}"')["id"]
        configuration = room.create(
            "CustomAttributeConfiguration", key="extra", entity_type="show", type_id=type_id
        )
        room.update("ContextCustomAttributeValue", [configuration, site.project], value=sent)
        (entity,) = room.entities().values()
        assert (entity["entityId"], entity["entityType"], entity["action"]) == (
            site.project,
            "show",
            "update",
        )
        assert entity["keys"] == ["extra"]
        assert entity["changes"] == {"extra": {"old": default, "new": told}}

    def test_tell_their_old_value_and_join_other_changes(self, room, site):
        type_id = room.one('select id from CustomAttributeType where name is "number"')["id"]
        configuration = room.create(
            "CustomAttributeConfiguration",
            key="extra",
            entity_type="show",
            type_id=type_id,
            default=1,
        )
        key = [configuration, site.project]
        room.update("ContextCustomAttributeValue", key, value=2)
        first = room.entities()[site.project]
        room.send(
            update("Project", site.project, full_name="Film"),
            update("ContextCustomAttributeValue", key, value=3),
        )
        (entity,) = room.entities().values()
        assert first["changes"]["extra"] == {"old": "1", "new": "2"}
        assert entity["keys"] == ["fullname", "extra"]
        assert entity["changes"]["extra"] == {"old": "2", "new": "3"}

    def test_go_with_their_entity(self, room, site):
        type_id = room.one('select id from CustomAttributeType where name is "text"')["id"]
        configuration = room.create(
            "CustomAttributeConfiguration", key="extra", entity_type="show", type_id=type_id
        )
        room.update("ContextCustomAttributeValue", [configuration, site.project], value="x")
        room.delete("Project", site.project)
        assert room.entities()[site.project]["changes"] is None


class TestSecrets:
    def test_passphrases_are_not_told(self, room):
        review = room.review(passphrase="open sesame", passphrase_enabled=True)
        assert review.session in room.entities()
        assert "open sesame" not in json.dumps(room.told())
        room.update("ReviewSession", review.session, passphrase="another", name="x")
        assert room.entities()[review.session]["keys"] == ["name"]

    def test_keys_are_not_told(self, room):
        room.send(
            {
                "action": "reset_remote",
                "entity_type": "User",
                "entity_key": ADMINISTRATOR_ID,
                "reset_type": "api_key",
            }
        )
        event = room.told()
        assert event is None or not event["data"]["entities"]

    def test_what_the_server_notes_for_itself_is_not_told(self, room, site):
        before = room.one(f"select status_id from Task where id is {site.task}")["status_id"]
        status = next(row["id"] for row in room.query("Status") if row["id"] != before)
        room.update("Task", site.task, status_id=status)
        names = {change.entity_type for change in room.batches[-1].changes}
        assert {entity["entity_type"] for entity in room.entities().values()} == {"Task"}
        assert names >= {"Task"}

    def test_values_of_settings_are_not_told(self, room):
        data = {"__entity_type__": "Setting", "name": "smtp", "group": "MAIL", "value": "hunter2"}
        room.send({"action": "create", "entity_type": "Setting", "entity_data": data})
        assert "hunter2" not in json.dumps(room.told())
