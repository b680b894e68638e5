"""What clients and scripts in the wild rely on, line by line, as requests over HTTP."""

import uuid

import pytest

WHO = 'User where username is "admin"'


def named(api, entity_type, name):
    return api.query(f'select id from {entity_type} where name is "{name}"')[0]["id"]


def write(api, action, entity_type, key=None, /, **values):
    """Carry out one action and return its data."""
    data = {"__entity_type__": entity_type, **values}
    keys = None if key is None else [key] if isinstance(key, str) else key
    return api.call({"action": action, "entity_type": entity_type, "entity_key": keys, "entity_data": data})[
        0
    ]["data"]


@pytest.fixture(scope="module")
def project(api):
    return api.project()


@pytest.fixture(scope="module")
def shot(api, project):
    return api.create("Shot", name="sh010", parent_id=project)


@pytest.fixture
def version(api, project):
    return api.version(project)


class TestStandardData:
    def test_locations_are_those_of_the_protocol_and_no_others(self, api):
        assert {(row["name"], row["id"]) for row in api.query("select name from Location")} == {
            ("ftrack.origin", "ce9b348f-8809-11e3-821c-20c9d081909b"),
            ("ftrack.unmanaged", "cb268ecc-8809-11e3-a7e2-20c9d081909b"),
            ("ftrack.review", "cd41be70-8809-11e3-b98a-20c9d081909b"),
            ("ftrack.connect", "07b82a97-8cf9-11e3-9383-20c9d081909b"),
            ("ftrack.server", "3a372bde-05bc-11e4-8908-20c9d081909b"),
        }

    def test_the_administrator_can_be_named_without_quotes(self, api):
        assert len(api.query(f"User where username is {api.user}")) == 1

    def test_a_studio_makes_its_own_project_schema_with_ids_of_its_choice(self, api):
        ids = {name: str(uuid.uuid4()) for name in ("workflow", "types", "project", "schema")}
        status, kind = named(api, "Status", "In progress"), named(api, "Type", "Animation")
        api.call(
            *(
                {"action": "create", "entity_type": entity_type, "entity_data": values}
                for entity_type, values in (
                    ("WorkflowSchema", {"id": ids["workflow"], "name": "w"}),
                    ("WorkflowSchemaStatus", {"workflow_schema_id": ids["workflow"], "status_id": status}),
                    ("TaskTypeSchema", {"id": ids["types"], "name": "t"}),
                    ("TaskTypeSchemaType", {"task_type_schema_id": ids["types"], "type_id": kind}),
                    (
                        "ProjectSchema",
                        {
                            "id": ids["project"],
                            "name": "Own",
                            "asset_version_workflow_schema_id": ids["workflow"],
                            "task_workflow_schema_id": ids["workflow"],
                            "task_type_schema_id": ids["types"],
                        },
                    ),
                    (
                        "Schema",
                        {
                            "id": ids["schema"],
                            "project_schema_id": ids["project"],
                            "object_type_id": named(api, "ObjectType", "Shot"),
                        },
                    ),
                    ("SchemaStatus", {"schema_id": ids["schema"], "status_id": status}),
                )
            )
        )
        own = api.create(
            "Project", name=f"own-{uuid.uuid4().hex}", full_name="Own", project_schema_id=ids["project"]
        )
        made = api.create("Shot", name="sh010", parent_id=own)
        task = api.create("Task", name="comp", parent_id=own)
        assert api.query(f'select status_id from Shot where id is "{made}"')[0]["status_id"] == status
        found = api.query(f'select status_id, type_id from Task where id is "{task}"')[0]
        assert (found["status_id"], found["type_id"]) == (status, kind)


class TestSchemas:
    def test_have_what_clients_insist_on(self, api):
        schemas = {entry["id"]: entry for entry in api.call({"action": "query_schemas"})[0]}
        assert schemas["User"]["default_projections"] == ["id"]
        defaults = {name for name, value in schemas["User"]["properties"].items() if "default" in value}
        assert defaults <= {"id", "resource_type"}
        assert schemas["Metadata"]["primary_key"] == ["parent_id", "key"]
        assert "value" in schemas["Metadata"]["default_projections"]
        assert schemas["Job"]["properties"]["type"]["default"] == "api_job"
        containers = {name for name, entry in schemas.items() if "members" in entry["properties"]}
        assert containers == {"ContainerComponent", "SequenceComponent"}


class TestAnswers:
    def test_hold_what_was_sent_and_nothing_else(self, api, project):
        sent = {"name": "sh020", "parent_id": project, "description": "wide"}
        key = str(uuid.uuid4())
        made = write(api, "create", "Shot", id=key, **sent)
        assert made == {"__entity_type__": "Shot", "id": key, **sent}
        changed = write(api, "update", "TypedContext", key, description="close")
        assert changed == {"__entity_type__": "TypedContext", "id": key, "description": "close"}

    def test_echo_times_as_they_were_sent_and_keep_utc_seconds(self, api, shot):
        time = {"__type__": "datetime", "value": "2024-05-01T12:30:45.123456+02:00"}
        key = str(uuid.uuid4())
        made = write(api, "create", "Task", id=key, name="timed", parent_id=shot, start_date=time)
        assert made["start_date"] == time
        stored = api.query(f'select start_date from Task where id is "{key}"')[0]["start_date"]
        assert stored == {"__type__": "datetime", "value": "2024-05-01T10:30:45"}
        for form in ("2024-05-01T12:30:45+02:00", "2024-05-01T10:30:45.999", "2024-05-01 10:30:45"):
            assert [
                row["id"] for row in api.query(f'Task where id is "{key}" and start_date is "{form}"')
            ] == [key]

    def test_take_a_reference_and_its_id_together_and_into_the_same_batch(self, api, project):
        asset, version = str(uuid.uuid4()), str(uuid.uuid4())
        reference = {"__entity_type__": "Asset", "id": asset}
        api.call(
            {
                "action": "create",
                "entity_type": "Asset",
                "entity_data": {"id": asset, "name": "a", "context_id": project, "type_id": None},
            },
            {
                "action": "create",
                "entity_type": "AssetVersion",
                "entity_data": {"id": version, "asset": reference, "asset_id": asset},
            },
        )
        found = api.query(
            f'select version, is_latest_version, link from AssetVersion where id is "{version}"'
        )[0]
        assert (found["version"], found["is_latest_version"]) == (1, True)
        assert [(entry["type"], entry["id"]) for entry in found["link"]] == [
            ("Project", project),
            ("AssetVersion", version),
        ]

    def test_a_required_attribute_may_come_later_in_the_batch(self, api, version):
        key = str(uuid.uuid4())
        project_id = api.query(f'select asset.context_id from AssetVersion where id is "{version}"')[0][
            "asset"
        ]["context_id"]
        api.call(
            {"action": "create", "entity_type": "ReviewSession", "entity_data": {"id": key, "name": "late"}},
            {
                "action": "update",
                "entity_type": "ReviewSession",
                "entity_key": [key],
                "entity_data": {"project": {"__entity_type__": "Project", "id": project_id}},
            },
        )
        assert api.query(f'select is_open from ReviewSession where id is "{key}"')[0]["is_open"] is True

    def test_deleting_what_is_gone_is_no_error(self, api):
        assert write(api, "delete", "Task", str(uuid.uuid4())) is True

    def test_a_version_without_asset_is_refused(self, api):
        assert api.refused({"action": "create", "entity_type": "AssetVersion", "entity_data": {}})[0] == 422

    def test_assets_may_share_a_name(self, api, project):
        api.create("Asset", name="twin", context_id=project)
        api.create("Asset", name="twin", context_id=project)

    def test_an_unknown_name_gives_the_nearest(self, api):
        for expression, word in (
            ("select nme from Task", "name"),
            ("Version", "AssetVersion"),
            ("select status.type.name from Task", "state"),
            ("select asset_version_id from ReviewSessionObject", "version_id"),
        ):
            status, answer = api.refused({"action": "query", "expression": expression})
            assert (status, word in answer["content"]) == (422, True), answer
            assert not set("{}") & set(answer["content"])
        assert api.query('Task where name is "nobody has this"') == []


class TestDependents:
    def test_go_with_what_they_depend_on(self, api):
        project = api.project()
        shot = api.create("Shot", name="sh010", parent_id=project)
        version = api.version(shot)
        task = api.create("Task", name="comp", parent_id=shot)
        user = api.create("User", username=f"u{uuid.uuid4().hex[:8]}", email="u@example.com")
        notes = [
            api.create("Note", content="n", parent_id=parent, parent_type=kind)
            for parent, kind in ((shot, "Shot"), (version, "AssetVersion"), (task, "Task"))
        ]
        timer = api.create("Timer", user_id=user, context_id=task, name="t")
        log = api.create("Timelog", user_id=user, context_id=task, duration=10)
        session = api.create("ReviewSession", name="r", project_id=project)
        item = api.create("ReviewSessionObject", name="o", review_session_id=session, version_id=version)
        kept = api.create("Note", content="n", parent_id=item, parent_type="ReviewSessionObject")

        def left(entity_type, *ids):
            return len(api.query(f"{entity_type} where id in ({','.join(ids)})"))

        write(api, "delete", "User", user)
        assert (left("Timer", timer), left("Timelog", log), left("Note", *notes)) == (0, 0, 3)
        write(api, "delete", "ReviewSessionObject", item)
        assert left("Note", kept) == 1
        write(api, "delete", "Project", project)
        assert (
            left("Shot", shot),
            left("AssetVersion", version),
            left("Task", task),
            left("Note", *notes),
        ) == (0,) * 4

    def test_the_caller_stays_among_recipients(self, api, version):
        note = api.create("Note", content="n", parent_id=version, parent_type="AssetVersion")
        me = api.query(WHO)[0]["id"]
        other = api.create("User", username=f"u{uuid.uuid4().hex[:8]}", email="u@example.com")
        write(api, "create", "Recipient", note_id=note, resource_id=other)
        write(
            api,
            "update",
            "Note",
            note,
            recipients=[{"__entity_type__": "Recipient", "note_id": note, "resource_id": other}],
        )
        found = api.query(f'select recipients.resource_id from Note where id is "{note}"')[0]["recipients"]
        assert {row["resource_id"] for row in found} == {me, other}

    def test_a_label_is_a_category(self, api, version):
        note = api.create("Note", content="n", parent_id=version, parent_type="AssetVersion")
        label = api.query("select id from NoteLabel")[0]["id"]
        write(api, "create", "NoteLabelLink", note_id=note, label_id=label)
        assert api.query(f'NoteCategory where id is "{label}"')

    def test_one_timer_runs_for_each_user(self, api, shot):
        user = api.create("User", username=f"u{uuid.uuid4().hex[:8]}", email="u@example.com")
        api.create("Timer", user_id=user, context_id=shot, name="t")
        values = {"user_id": user, "context_id": shot, "name": "t"}
        status, answer = api.refused({"action": "create", "entity_type": "Timer", "entity_data": values})
        assert (status, "DuplicateEntryError" in answer["content"]) == (409, True)


class TestReviews:
    def test_the_current_vote_takes_the_place_of_the_former(self, api):
        session, item = api.review()
        invitee = api.invitee(session)
        pair = {"review_session_object_id": item, "review_session_invitee_id": invitee}
        for status in ("seen", "require_changes", "approved"):
            last = api.create("ReviewSessionObjectStatus", status=status, **pair)
        votes = api.query(
            f'select id, status from ReviewSessionObjectStatus where review_session_object_id is "{item}"'
        )
        assert [(vote["id"], vote["status"]) for vote in votes] == [(last, "approved")]
        odd = {
            "action": "create",
            "entity_type": "ReviewSessionObjectStatus",
            "entity_data": {**pair, "status": "great"},
        }
        status, answer = api.refused(odd)
        assert status == 422
        assert all(word in answer["content"] for word in ("approved", "require_changes", "seen"))

    @pytest.mark.parametrize("how", [{"availability": "closed"}, {"end_date": "2001-01-01"}])
    def test_a_closed_one_takes_nothing_of_anybody(self, api, how):
        session, item = api.review()
        invitee = api.invitee(session)
        if "end_date" in how:
            how = {"start_date": "2000-01-01", **how}
        write(api, "update", "ReviewSession", session, **how)
        about = {"parent_id": item, "parent_type": "ReviewSessionObject", "content": "n"}
        vote = {"review_session_object_id": item, "review_session_invitee_id": invitee, "status": "approved"}
        drawing = {"review_session_object_id": item, "frame_number": 1, "data": "[]"}
        for entity_type, values in (
            ("Note", about),
            ("ReviewSessionObjectStatus", vote),
            ("ReviewSessionObjectAnnotation", drawing),
        ):
            assert api.refused({"action": "create", "entity_type": entity_type, "entity_data": values})[
                0
            ] in (403, 422)
        write(api, "update", "ReviewSession", session, availability="always_open")
        write(api, "create", "Note", **about)

    def test_sort_order_and_invitations(self, api):
        session, item = api.review()
        version = api.query(f'select version_id from ReviewSessionObject where id is "{item}"')[0][
            "version_id"
        ]
        api.create("ReviewSessionObject", name="b", review_session_id=session, version_id=version)
        rows = api.query(
            f'select sort_order from ReviewSessionObject where review_session_id is "{session}" order by sort_order'
        )
        first, second = (row["sort_order"] for row in rows)
        assert second == first + 1
        invitee = api.invitee(session)
        api.call({"action": "send_review_session_invite", "review_session_invitee_id": invitee})
        assert api.query(f'select last_sent_at from ReviewSessionInvitee where id is "{invitee}"')[0][
            "last_sent_at"
        ]
        values = {"name": "x", "email": "no address", "review_session_id": session}
        assert (
            api.refused({"action": "create", "entity_type": "ReviewSessionInvitee", "entity_data": values})[0]
            == 422
        )


class TestActions:
    def test_a_widget_is_there(self, api):
        for name in ("info", "tasks", "tasks_browser"):
            url = api.call({"action": "get_widget_url", "name": name, "theme": None})[0]["widget_url"]
            assert api.http.get(url, timeout=20).status_code == 200

    def test_an_upload_comes_before_its_component(self, api):
        metadata = api.upload_metadata(b"early", name="early.txt")
        assert set(metadata) >= {"url", "headers", "component_id"}
        assert all(isinstance(value, str) for value in metadata["headers"].values())
        assert api.put(metadata, b"early").status_code == 200
        assert api.get(metadata["component_id"]).content == b"early"
        assert api.get(metadata["component_id"], "remove").status_code == 200
        assert api.get(metadata["component_id"]).status_code >= 400

    def test_a_signed_address_needs_no_credentials(self, api):
        component = api.component(b"signed", file_type=".txt")
        url = api.call({"action": "generate_signed_url", "component_id": component, "operation": "get"})[0][
            "signed_url"
        ]
        assert api.http.get(url, timeout=20).content == b"signed"
        put = api.call({"action": "generate_signed_url", "component_id": component, "operation": "put"})[0][
            "signed_url"
        ]
        assert api.http.put(put, data=b"again", timeout=20).status_code == 200
        assert api.get(component).content == b"again"

    @pytest.mark.parametrize("name", ["password", "everything", None])
    def test_only_keys_are_reset(self, api, name):
        user = api.query(WHO)[0]["id"]
        action = {"action": "reset_remote", "reset_type": name, "entity_type": "User", "entity_key": user}
        assert api.refused(action)[0] == 422

    @pytest.mark.parametrize(
        "name", ["assume_user", "configure_otp", "storage_usage", "add_user_security_role", "x"]
    )
    def test_what_is_not_there_is_an_invalid_action(self, api, name):
        assert f"Invalid action u'{name}'" in api.refused({"action": name})[1]["content"]

    @pytest.mark.parametrize("name", ["permissions", "compute_rollups"])
    def test_what_nobody_has_published_is_empty(self, api, name):
        assert api.call({"action": name})[0]["data"] == []
