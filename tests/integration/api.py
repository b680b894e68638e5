"""A plain HTTP client for tests of the server, which shares no code with the real ones."""

import base64
import hashlib
import threading
import time
import uuid

import requests

SERVER_LOCATION_ID = "3a372bde-05bc-11e4-8908-20c9d081909b"


def wait_for(condition, timeout_s=20.0):
    """Return the first true value of *condition*, or fail after *timeout_s*."""
    deadline, pause = time.monotonic() + timeout_s, threading.Event()
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, "waited in vain"
        pause.wait(0.02)


class Api:
    """Sends actions to a server as one of its users."""

    def __init__(self, url, user, key):
        self.url, self.user, self.key = url, user, key
        self.http = requests.Session()
        self.http.trust_env = False

    @property
    def headers(self):
        return {"ftrack-user": self.user, "ftrack-api-key": self.key, "ftrack-strict-api": "true"}

    def post(self, body, **headers):
        return self.http.post(self.url + "/api", data=body, headers={**self.headers, **headers}, timeout=30)

    def call(self, *actions):
        response = self.http.post(self.url + "/api", json=list(actions), headers=self.headers, timeout=30)
        assert response.status_code == 200, response.text
        return response.json()

    def refused(self, *actions):
        """Return the status and the error object of a batch that must be refused."""
        response = self.http.post(self.url + "/api", json=list(actions), headers=self.headers, timeout=30)
        assert response.status_code >= 400, response.text
        return response.status_code, response.json()

    def query(self, expression):
        return self.call({"action": "query", "expression": expression})[0]["data"]

    def create(self, entity_type, /, **values):
        values.setdefault("id", str(uuid.uuid4()))
        data = {"__entity_type__": entity_type, **values}
        self.call({"action": "create", "entity_type": entity_type, "entity_data": data})
        return values["id"]

    def metadata(self, entity_type, parent_id, key, value):
        """Write one entry of the metadata of an entity."""
        data = {"__entity_type__": "Metadata", "parent_id": parent_id, "parent_type": entity_type}
        data.update(key=key, value=value)
        self.call({"action": "create", "entity_type": "Metadata", "entity_data": data})

    def update(self, entity_type, key, /, **values):
        data = {"__entity_type__": entity_type, **values}
        self.call({"action": "update", "entity_type": entity_type, "entity_key": [key], "entity_data": data})

    def delete(self, entity_type, key):
        self.call({"action": "delete", "entity_type": entity_type, "entity_key": [key]})

    def project(self):
        schema = self.query('select id from ProjectSchema where name is "VFX"')[0]["id"]
        return self.create(
            "Project", name=f"film-{uuid.uuid4().hex}", full_name="Film", project_schema_id=schema
        )

    def version(self, project_id):
        kind = self.query('select id from AssetType where name is "Upload"')[0]["id"]
        asset = self.create("Asset", name="comp", context_id=project_id, type_id=kind)
        return self.create("AssetVersion", asset_id=asset)

    def upload_metadata(self, content, component_id=None, name="shot.mov", **values):
        action = {
            "action": "get_upload_metadata",
            "component_id": component_id or str(uuid.uuid4()),
            "file_name": name,
            "file_size": len(content),
            "checksum": base64.b64encode(hashlib.md5(content).digest()).decode(),
            **values,
        }
        return self.call(action)[0]

    def put(self, metadata, content, **headers):
        return self.http.put(
            metadata["url"], data=content, headers={**metadata["headers"], **headers}, timeout=30
        )

    def component(self, content, *, name="shot", file_type=".mov", version_id=None):
        """Return the id of a new component with *content* in ftrack.server."""
        component_id = self.create(
            "FileComponent", name=name, file_type=file_type, size=len(content), version_id=version_id
        )
        response = self.put(self.upload_metadata(content, component_id, name + file_type), content)
        assert response.status_code == 200, response.text
        self.create(
            "ComponentLocation",
            component_id=component_id,
            location_id=SERVER_LOCATION_ID,
            resource_identifier=component_id,
        )
        return component_id

    def get(self, component_id, route="get", headers=None, **query):
        credentials = {"username": self.user, "apiKey": self.key}
        return self.http.get(
            f"{self.url}/component/{route}",
            params={"id": component_id, **credentials, **query},
            headers=headers,
            timeout=60,
        )

    def encode(self, component_id, version_id=None, keep_original=True):
        """Return the finished Job that encodes a component."""
        action = {"action": "encode_media", "component_id": component_id, "version_id": version_id}
        job_id = self.call({**action, "keep_original": keep_original})[0]["job_id"]

        def finished():
            job = self.query(f'select status, data, finished_at from Job where id is "{job_id}"')[0]
            return job if job["status"] in ("done", "failed") else None

        return wait_for(finished, 60)

    def review(self, **values):
        """Return the ids of a new review session and of an object in it."""
        project_id = self.project()
        version_id = self.version(project_id)
        session_id = self.create("ReviewSession", **{"name": "Dailies", "project_id": project_id, **values})
        object_id = self.create(
            "ReviewSessionObject", name="shot", review_session_id=session_id, version_id=version_id
        )
        return session_id, object_id

    def invitee(self, session_id, name="Ada", email="ada@example.com"):
        return self.create("ReviewSessionInvitee", name=name, email=email, review_session_id=session_id)

    def link(self, invitee_id):
        response = self.http.post(
            self.url + "/review/link", json={"invitee_id": invitee_id}, headers=self.headers, timeout=30
        )
        assert response.status_code == 200, response.text
        return response.json()["url"]

    def visit(self, invitee_id):
        """Return an HTTP session that came by the invitee's link, and the address where it is now."""
        visitor = requests.Session()
        visitor.trust_env = False
        response = visitor.get(self.link(invitee_id), timeout=30)
        assert response.status_code == 200, response.text
        return visitor, response.url
