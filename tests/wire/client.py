"""A session whose HTTP requests go to a function."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any, Callable

import requests
from requests.adapters import BaseAdapter

from ftrack_review.server.definition.document import ObjectType, standard_document
from ftrack_review.session import Session

ADDRESS = "http://ftrack.test"

#: Called with method, path and query, headers and body; returns status and body.
Handler = Callable[[str, str, Any, bytes], "tuple[int, bytes]"]


def _object_type(key: str, name: str, *uses: str) -> ObjectType:
    words = ("type", "status", "priority", "schedule", "time")
    return ObjectType(key, name, *[word in uses for word in words])


#: The schema that servers begin with. That it is the one of ours is the first thing that is tested of it.
SCHEMA = standard_document(
    [
        _object_type("3c133785-51cb-11e3-980a-20c9d0831e59", "Folder", "priority"),
        _object_type("4be63b64-5010-42fb-bf1f-428af9d638f0", "Asset Build", "type", "status", "priority"),
        _object_type("22139355-61da-4c8f-9db4-3abc870166bc", "Episode", "status", "priority"),
        _object_type("34b122f0-bd5c-11eb-96ea-d6270330280e", "Scene", "status"),
        _object_type("e5139355-61da-4c8f-9db4-3abc870166bc", "Sequence", "priority"),
        _object_type("bad911de-3bd6-47b9-8b46-3476e237cb36", "Shot", "status", "priority"),
        _object_type("01decdd1-51cb-11e3-9d5b-20c9d0831e59", "Milestone", "type", "status", "priority", "schedule"),
        _object_type("11c137c0-ee7e-4f9c-91c5-8c77cec22b2c", "Task", "type", "status", "priority", "schedule", "time"),
        _object_type("4721f72a-bd5c-11eb-a3da-d6270330280e", "Image"),
        _object_type("efb7d34c-bd5b-11eb-86a7-d6270330280e", "Information"),
    ],
    "9661b320-3a0c-11e2-81c1-0800200c9a66",
)  # fmt: skip

#: Its hash, made as real servers make it.
SCHEMA_HASH = hashlib.md5(json.dumps(SCHEMA, sort_keys=True).encode()).hexdigest()

INFORMATION = {
    "version": "dev",
    "schema_hash": None,
    "is_timezone_support_enabled": True,
    "storage_scenario": {"data": {}, "scenario": "ftrack.automatic"},
}


class _Adapter(BaseAdapter):
    def __init__(self, handle: Handler) -> None:
        super().__init__()
        self._handle = handle

    def send(self, request: Any, **_: Any) -> requests.Response:
        body = request.body or b""
        if not isinstance(body, (bytes, str)):
            body = b"".join(body)
        body = body.encode() if isinstance(body, str) else body
        assert request.url.startswith(ADDRESS), request.url
        response = requests.Response()
        response.status_code, content = self._handle(
            request.method, request.url[len(ADDRESS) :], request.headers, body
        )
        response.raw = io.BytesIO(content)
        response.url, response.request = request.url, request
        return response

    def close(self) -> None:
        """Do nothing, as nothing is open."""


class WiredSession(Session):
    """A session of the user ``admin`` with the key ``secret`` whose requests go to *handle*."""

    def __init__(self, handle: Handler, **arguments: Any) -> None:
        self._handle = handle
        arguments = {"api_key": "secret", "api_user": "admin", "schema_cache_path": False, **arguments}
        super().__init__(ADDRESS, **arguments)

    def _connect(self) -> Any:
        transport: Any = super()._connect()
        transport.http.trust_env = False
        transport.http.mount("http://", _Adapter(self._handle))
        return transport
