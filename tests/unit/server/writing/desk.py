"""A caller who acts on a real database through ``dispatch``, and actions to send."""

import copy
import uuid
from types import SimpleNamespace

from ftrack_review.server.context import Options
from ftrack_review.server.dispatch import dispatch
from ftrack_review.server.standard_data import ADMINISTRATOR_ID
from ftrack_review.server.store import Store


class Desk:
    """Sends actions to a server without HTTP, and makes the usual things."""

    def __init__(self, database):
        if isinstance(database, Store):
            # Used before, and reset since.
            self.store = database
            self.store._generation = None
        else:
            self.store = Store(database, is_durable=False)
            self.store.prepare()
        self.caller = SimpleNamespace(user_id=ADMINISTRATOR_ID, username="admin", key_id=None)
        self.files = None
        self.changes = []

    # What dispatch needs of a server.

    @property
    def catalogue(self):
        return self.store.catalogue

    def base_url(self):
        return "http://localhost"

    def component_url(self, component_id):
        return f"http://localhost/component/{component_id}"

    def thumbnail_url(self, component_id):
        return f"http://localhost/thumbnail/{component_id}"

    def committed(self, changes):
        self.changes = changes

    # What tests say.

    def send(self, *actions, **options):
        return dispatch(self, copy.deepcopy(list(actions)), self.caller, Options(**options))

    def query(self, expression):
        return self.send({"action": "query", "expression": expression})[0]["data"]

    def one(self, expression):
        (row,) = self.query(expression)
        return row

    def create(self, entity_type, /, **data):
        """Create an entity and return its id."""
        action = create(entity_type, **data)
        self.send(action)
        return action["entity_data"]["id"]

    def update(self, entity_type, key, /, **data):
        return self.send(update(entity_type, key, **data))[0]["data"]

    def delete(self, entity_type, *key):
        return self.send({"action": "delete", "entity_type": entity_type, "entity_key": list(key)})[0]["data"]

    def project(self, **data):
        schema = self.one('select id from ProjectSchema where name is "VFX"')["id"]
        return self.create("Project", **{"name": "project", "project_schema_id": schema, **data})

    def version(self, project_id=None):
        """Create an asset with a version below a project and return the id of the version."""
        asset = create("Asset", name="asset", context_id=project_id or self.project())
        version = create("AssetVersion", asset_id=asset["entity_data"]["id"])
        self.send(asset, version)
        return version["entity_data"]["id"]

    def review(self, **data):
        """Create a session with one object and one invitee, and return the three ids."""
        project_id = self.project()
        session = create("ReviewSession", name="review", project_id=project_id, **data)
        session_id = session["entity_data"]["id"]
        item = create(
            "ReviewSessionObject", review_session_id=session_id, version_id=self.version(project_id)
        )
        invitee = create(
            "ReviewSessionInvitee", name="Ann Lee", email="ann@example.com", review_session_id=session_id
        )
        self.send(session, item, invitee)
        return SimpleNamespace(
            project=project_id,
            session=session_id,
            object=item["entity_data"]["id"],
            invitee=invitee["entity_data"]["id"],
        )


def create(entity_type, /, **data):
    data.setdefault("id", str(uuid.uuid4()))
    return {
        "action": "create",
        "entity_type": entity_type,
        "entity_data": {"__entity_type__": entity_type, **data},
    }


def update(entity_type, key, /, **data):
    return {
        "action": "update",
        "entity_type": entity_type,
        "entity_key": key if isinstance(key, list) else [key],
        "entity_data": {"__entity_type__": entity_type, **data},
    }
