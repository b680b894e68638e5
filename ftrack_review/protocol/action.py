"""The actions of a request, one constructor each, and the object that a server answers with on failure.

A request is a list of actions, a *batch*; its answer is a list of the same length, or one error object. The
dictionaries are ready for :func:`~ftrack_review.protocol.wire.dumps`; values in *entity_data* may still be
live, the caller encodes them.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, TypedDict

__all__ = [
    "Action",
    "ErrorObject",
    "MultipartUpload",
    "QueryResponse",
    "UploadMetadata",
    "complete_multipart_upload",
    "create",
    "delayed_job",
    "delete",
    "encode_media",
    "error",
    "generate_signed_url",
    "get_upload_metadata",
    "get_widget_url",
    "is_error",
    "query",
    "query_schemas",
    "query_server_information",
    "reset_remote",
    "search",
    "send_review_session_invite",
    "send_user_invite",
    "update",
]

#: One dictionary of a request. Its key ``action`` names what to do.
Action = Dict[str, Any]

#: Reads cannot change anything, so that a lost answer may be asked for again.
READS = frozenset({"query", "query_schemas", "query_server_information", "search"})


class _Error(TypedDict):
    exception: str
    content: str
    error_code: Optional[str]


class ErrorObject(_Error, total=False):
    """What a server answers instead of a list: *exception* is its name for the kind of error.

    *attribute* and *hint* are ours: the attribute at fault, and what to do about it.
    """

    attribute: str
    hint: str


class QueryResponse(TypedDict):
    """The answer to a query or search. ``metadata["next"]["offset"]`` is None when nothing is left."""

    action: str
    data: List[Dict[str, Any]]
    metadata: Dict[str, Any]


class UploadMetadata(TypedDict):
    """Where and with which headers to send the content of a component."""

    component_id: str
    url: str
    headers: Dict[str, str]


class MultipartUpload(TypedDict):
    """Where to send the parts of the content of a component."""

    component_id: str
    upload_id: str
    urls: List[Dict[str, Any]]


def query(expression: str) -> Action:
    """Return the action that runs a query."""
    return {"action": "query", "expression": expression}


def search(
    entity_type: str,
    terms: Sequence[str],
    *,
    expression: str,
    context_id: Optional[str] = None,
    object_type_ids: Optional[Sequence[str]] = None,
) -> Action:
    """Return the action that finds entities of *expression* by *terms* in their names.

    *context_id* limits the search to what lies below a context, *object_type_ids* to those types.
    """
    return {
        "action": "search",
        "entity_type": entity_type,
        "terms": list(terms),
        "expression": expression,
        "context_id": context_id,
        "object_type_ids": None if object_type_ids is None else list(object_type_ids),
    }


def create(entity_type: str, entity_key: Sequence[Any], entity_data: Mapping[str, Any]) -> Action:
    """Return the action that creates an entity. The type is put beside *entity_data*, as servers want it."""
    return {
        "action": "create",
        "entity_type": entity_type,
        "entity_key": list(entity_key),
        "entity_data": {**entity_data, "__entity_type__": entity_type},
    }


def update(entity_type: str, entity_key: Sequence[Any], entity_data: Mapping[str, Any]) -> Action:
    """Return the action that gives the attributes in *entity_data* new values."""
    return {
        "action": "update",
        "entity_type": entity_type,
        "entity_key": list(entity_key),
        "entity_data": {**entity_data, "__entity_type__": entity_type},
    }


def delete(entity_type: str, entity_key: Sequence[Any]) -> Action:
    """Return the action that deletes an entity."""
    return {"action": "delete", "entity_type": entity_type, "entity_key": list(entity_key)}


def query_schemas() -> Action:
    """Return the action that asks for the schema document. Its answer is the list of types itself."""
    return {"action": "query_schemas"}


def query_server_information(values: Optional[Sequence[str]] = None) -> Action:
    """Return the action that asks for facts about the server, with *values* for more than the usual."""
    if values is None:
        return {"action": "query_server_information"}
    return {"action": "query_server_information", "values": list(values)}


def reset_remote(
    reset_type: str, *, entity_type: Optional[str] = None, entity_key: Optional[str] = None
) -> Action:
    """Return the action that makes the server renew a value, such as the ``api_key`` of a User."""
    action: Action = {"action": "reset_remote", "reset_type": reset_type}
    if entity_type is not None:
        action["entity_type"] = entity_type
        action["entity_key"] = entity_key
    return action


def get_widget_url(
    name: str,
    *,
    theme: Optional[str] = None,
    entity_type: Optional[str] = None,
    entity_key: Optional[Sequence[Any]] = None,
) -> Action:
    """Return the action that asks for the address of the web page *name*."""
    action: Action = {"action": "get_widget_url", "name": name, "theme": theme}
    if entity_type is not None:
        action["entity_type"] = entity_type
        action["entity_key"] = list(entity_key or ())
    return action


def encode_media(
    component_id: str, *, version_id: Optional[str] = None, keep_original: bool = True
) -> Action:
    """Return the action that makes a component playable in a browser."""
    return {
        "action": "encode_media",
        "component_id": component_id,
        "version_id": version_id,
        "keep_original": keep_original,
    }


def get_upload_metadata(
    component_id: str,
    *,
    file_name: str,
    file_size: int,
    checksum: Optional[str] = None,
    parts: Optional[int] = None,
) -> Action:
    """Return the action that asks where to upload a file of *file_size* bytes.

    *checksum* is the MD5 in base 64. *parts* asks for an upload in that many parts.
    """
    action: Action = {
        "action": "get_upload_metadata",
        "component_id": component_id,
        "file_name": file_name,
        "file_size": file_size,
        "checksum": checksum,
    }
    if parts is not None:
        action["parts"] = parts
    return action


def complete_multipart_upload(
    component_id: str, *, upload_id: str, parts: Sequence[Mapping[str, Any]]
) -> Action:
    """Return the action that joins the *parts*, each with ``part_number`` and ``e_tag``."""
    return {
        "action": "complete_multipart_upload",
        "component_id": component_id,
        "upload_id": upload_id,
        "parts": [dict(part) for part in parts],
    }


def generate_signed_url(component_id: str, *, operation: str) -> Action:
    """Return the action that asks for an address to ``get`` or ``put`` the content of a component."""
    return {"action": "generate_signed_url", "component_id": component_id, "operation": operation}


def send_user_invite(user_id: str) -> Action:
    """Return the action that mails a user his invitation."""
    return {"action": "send_user_invite", "user_id": user_id}


def send_review_session_invite(invitee_id: str) -> Action:
    """Return the action that mails an invitee the personal link to his review session."""
    return {"action": "send_review_session_invite", "review_session_invitee_id": invitee_id}


def delayed_job(job_type: str, data: Optional[Mapping[str, Any]] = None) -> Action:
    """Return the action that starts a job on the server."""
    action: Action = {"action": "delayed_job", "job_type": job_type}
    if data is not None:
        action["data"] = dict(data)
    return action


def error(exception_class: str, content: str, error_code: Optional[str] = None) -> ErrorObject:
    """Return the object that a server answers with when a batch fails.

    Braces in *content* become parentheses, because the official client formats the text.
    """
    content = content.replace("{", "(").replace("}", ")")
    return {"exception": exception_class, "content": content, "error_code": error_code}


def is_error(result: Any) -> bool:
    """Return whether the decoded answer *result* is an error object and not a list of results."""
    return isinstance(result, Mapping) and "exception" in result
