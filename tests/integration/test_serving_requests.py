"""The endpoint ``/api`` over HTTP: credentials, malformed bodies, status, compression, CORS."""

import gzip
import json
import logging

import pytest

from ftrack_review.protocol.schema import hash_document

INFORMATION = {"action": "query_server_information"}


class TestCredentials:
    @pytest.mark.parametrize(
        ("user", "key"),
        [("admin", "wrong"), ("nobody", None), (None, None), ("", ""), ("admin", "'; drop table user; --")],
    )
    def test_wrong_ones_are_refused_alike(self, api, user, key):
        headers = {"ftrack-user": user, "ftrack-api-key": api.key if user == "nobody" else key}
        response = api.http.post(
            api.url + "/api",
            json=[INFORMATION],
            headers={name: value for name, value in headers.items() if value is not None}
            | {"ftrack-strict-api": "true"},
        )
        assert response.status_code == 401
        assert response.json()["exception"] == "InvalidCredentialsError"
        assert response.json()["error_code"] == "api_credentials_invalid"

    def test_lenient_callers_get_the_error_with_status_200(self, api):
        response = api.post(
            json.dumps([INFORMATION]), **{"ftrack-api-key": "x", "ftrack-strict-api": "false"}
        )
        assert response.status_code == 200
        assert response.json()["exception"] == "InvalidCredentialsError"

    def test_a_key_that_was_replaced_is_refused(self, api):
        user_id = api.create("User", username="replaced", is_active=True)
        reset = {
            "action": "reset_remote",
            "reset_type": "api_key",
            "entity_type": "User",
            "entity_key": user_id,
        }
        first, second = (api.call(reset)[0]["data"]["api_key"] for _ in range(2))
        post = [
            api.post(json.dumps([INFORMATION]), **{"ftrack-user": "replaced", "ftrack-api-key": key})
            for key in (first, second)
        ]
        assert [response.status_code for response in post] == [401, 200]

    def test_the_key_of_a_deleted_user_is_refused(self, api):
        user_id = api.create("User", username="gone", is_active=True)
        reset = {
            "action": "reset_remote",
            "reset_type": "api_key",
            "entity_type": "User",
            "entity_key": user_id,
        }
        key = api.call(reset)[0]["data"]["api_key"]
        api.delete("User", user_id)
        response = api.post(json.dumps([INFORMATION]), **{"ftrack-user": "gone", "ftrack-api-key": key})
        assert response.status_code == 401

    def test_a_user_name_may_be_of_any_script(self, api):
        user_id = api.create("User", username="jürgen", is_active=True)
        reset = {
            "action": "reset_remote",
            "reset_type": "api_key",
            "entity_type": "User",
            "entity_key": user_id,
        }
        key = api.call(reset)[0]["data"]["api_key"]
        for name in ("jürgen".encode(), "jürgen".encode("latin-1")):
            response = api.post(json.dumps([INFORMATION]), **{"ftrack-user": name, "ftrack-api-key": key})
            assert response.status_code == 200

    def test_keys_are_nowhere_in_the_database(self, api, listening):
        with listening.store.read() as connection:
            for table in listening.catalogue.metadata.tables.values():
                assert api.key not in str(connection.run(table.select()))
        if listening.store.path is None:
            return
        for ending in ("", "-wal"):
            with open(listening.store.path + ending, "rb") as stream:
                assert api.key.encode() not in stream.read()


class TestBodies:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[",
            b'{"action":',
            b"null",
            b"{}",
            b"12",
            b'"text"',
            b"\xff\xfe\x00",
            b'["\xc3\x28"]',
            b"[NaN]",
            b'[{"action":"query","expression":"\\ud800"}]',
            b"[" * 200_000,
            b'[{"a":' * 100_000,
            "[ÄÖ]".encode("latin-1"),
        ],
    )
    def test_what_is_no_request_gets_one_json_error(self, api, body):
        for strict in ("true", "false"):
            response = api.post(body, **{"ftrack-strict-api": strict})
            assert response.status_code == 400
            answer = response.json()
            assert answer["exception"] == "ValidationError"
            assert "{" not in answer["content"]
            assert len(answer["content"]) < 300

    @pytest.mark.parametrize("actions", [[None], [[]], ["query"], [{"action": 3}], [{}], [{"action": "no"}]])
    def test_what_is_no_action_is_refused(self, api, actions):
        status, error = api.refused(*actions)
        assert status == 422
        assert error["exception"] == "ValidationError"

    def test_an_unknown_action_is_named_as_clients_expect_it(self, api):
        assert "Invalid action u'dance'" in api.refused({"action": "dance"})[1]["content"]

    def test_an_empty_batch_has_an_empty_answer(self, api):
        assert api.call() == []

    def test_a_body_beyond_the_limit_is_refused_whether_announced_or_not(self, api, monkeypatch):
        monkeypatch.setattr("ftrack_review.server.application.MAXIMUM_BODY_BYTES", 1000)
        body = json.dumps([INFORMATION]).encode() + b" " * 3_000_000
        announced = api.post(body)
        chunked = api.post(iter([body[:1_000_000], body[1_000_000:]]))
        assert [announced.status_code, chunked.status_code] == [413, 413]
        assert announced.json()["exception"] == "ValidationError"

    def test_a_compressed_body_is_refused(self, api):
        response = api.post(gzip.compress(b"[]"), **{"content-encoding": "gzip"})
        assert (response.status_code, response.json()["exception"]) == (415, "ValidationError")

    def test_an_inner_failure_is_told_without_its_details(self, api, listening, monkeypatch, caplog):
        def fail(*_):
            raise RuntimeError("secret detail")

        monkeypatch.setattr(listening, "dispatch", fail)
        with caplog.at_level(logging.CRITICAL):
            status, error = api.refused(INFORMATION)
        assert (status, error["exception"]) == (500, "ServerError")
        assert "secret" not in error["content"]


class TestAnswers:
    def test_the_schema_has_the_announced_hash(self, api):
        schemas, information = api.call({"action": "query_schemas"}, INFORMATION)
        assert hash_document(schemas) == information["schema_hash"]

    def test_large_answers_are_compressed_for_those_who_read_it(self, api):
        action = json.dumps([{"action": "query_schemas"}])
        compressed = api.post(action, **{"accept-encoding": "gzip"})
        plain = api.post(action, **{"accept-encoding": "identity"})
        assert compressed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert compressed.json() == plain.json()
        assert int(compressed.headers["content-length"]) < int(plain.headers["content-length"]) / 5

    def test_unknown_addresses_answer_in_json(self, api):
        missing = api.http.get(api.url + "/nothing")
        wrong = api.http.get(api.url + "/api")
        assert (missing.status_code, wrong.status_code) == (404, 405)
        assert {missing.json()["exception"], wrong.json()["exception"]} == {"NotFound"}

    def test_health(self, api):
        response = api.http.get(api.url + "/healthz")
        checks = {"database": "ok", "media": "ok"}
        assert (response.status_code, response.json()) == (200, {"status": "ok", "checks": checks})


class TestOtherOrigins:
    def test_a_browser_is_told_what_it_may_send(self, api):
        wanted = "ftrack-user,ftrack-api-key,ftrack-strict-api,ftrack-clienttoken,ftrack-pushtoken,ftrack-api-options"
        response = api.http.options(
            api.url + "/api",
            headers={
                "origin": "https://studio.example",
                "access-control-request-method": "POST",
                "access-control-request-headers": wanted + ",content-md5,content-disposition",
            },
        )
        assert response.status_code == 204
        assert response.headers["access-control-allow-origin"] == "https://studio.example"
        assert response.headers["access-control-allow-credentials"] == "true"
        assert set(wanted.split(",")) <= set(response.headers["access-control-allow-headers"].split(", "))
        assert "PUT" in response.headers["access-control-allow-methods"]

    def test_answers_and_errors_can_be_read(self, api):
        good = api.post(json.dumps([INFORMATION]), origin="https://studio.example")
        bad = api.post(b"[", origin="https://studio.example")
        for response in (good, bad):
            assert response.headers["access-control-allow-origin"] == "https://studio.example"
            assert "ETag" in response.headers["access-control-expose-headers"]

    def test_the_review_page_is_for_no_other_page(self, api):
        response = api.http.get(api.url + "/review/" + "x" * 43, headers={"origin": "https://studio.example"})
        assert "access-control-allow-origin" not in response.headers


def test_the_log_holds_no_credentials(api, caplog):
    session_id, _ = api.review()
    link = api.link(api.invitee(session_id))
    with caplog.at_level(logging.DEBUG):
        api.get("some-component")
        api.http.get(link)
        api.post(json.dumps([INFORMATION]))
    ours = "\n".join(
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith(("urllib3", "requests"))
    )
    assert "GET /component/get 404" in ours
    assert api.key not in ours
    assert link.rpartition("/")[2] not in ours


def test_the_storage_scenario_is_what_the_setting_says(api):
    def told():
        return api.call({"action": "query_server_information"})[0]["storage_scenario"]

    assert told() == {"scenario": "ftrack.automatic", "data": {}}
    key = ["storage_scenario", "STORAGE"]

    def set_value(value):
        data = {"__entity_type__": "Setting", "value": value}
        api.call({"action": "update", "entity_type": "Setting", "entity_key": key, "entity_data": data})

    former = api.query('select value from Setting where name is "storage_scenario"')[0]["value"]
    data = {"location_id": "a", "location_name": "studio", "accessor": {"mount_points": {"linux": "/mnt"}}}
    set_value(json.dumps({"scenario": "ftrack.centralized-storage", "data": data}))
    assert told() == {"scenario": "ftrack.centralized-storage", "data": data}
    for odd in ("", "{", "[]", '{"scenario": 1}'):
        set_value(odd)
        assert told() == {"scenario": "ftrack.automatic", "data": {}}
    set_value(former)
