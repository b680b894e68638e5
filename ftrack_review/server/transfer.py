"""Uploads and downloads as actions: the addresses that take and give files, and putting parts together.

An address carries a token that says what it is for, so that it takes or gives one file without credentials and nothing
is kept of those that are never used. The bytes are moved by ``endpoint`` and kept by ``files``.

Called by ``dispatch``, and by ``application`` for addresses within answers.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import uuid
from typing import Any, Dict, Iterable, Mapping, Optional
from urllib.parse import urlencode

from ftrack_review.server.access import Caller, token_fault
from ftrack_review.server.errors import ServerFault, describe, validation_error
from ftrack_review.server.files import content_type, upload_fault, upload_name
from ftrack_review.server.rules import closed

__all__ = [
    "check_put_token",
    "check_replaceable",
    "download_url",
    "handle_complete_multipart_upload",
    "handle_generate_signed_url",
    "handle_get_upload_metadata",
    "prepare",
]

#: For how long an address for an upload is good, in seconds: a large file on a slow line takes a while.
UPLOAD_LIFETIME_S = 24 * 3600

#: For how long an address for a download is good at least, in seconds.
DOWNLOAD_LIFETIME_S = 24 * 3600

#: The most parts that an upload may have, as of object stores.
MAXIMUM_PARTS = 10_000

_LONGEST_ID = 255


def handle_get_upload_metadata(context: Any, action: Mapping[str, Any]) -> Dict[str, Any]:
    """Answer with the address that takes the file of a component, whether the component exists or not.

    The address takes one PUT without credentials; its token holds the size and MD5 that will be checked.
    With *parts* there is one address for each part.
    """
    component_id = _read_id(action)
    size = action.get("file_size")
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise validation_error(f"file_size must be a number of bytes, not {describe(size)}.", "file_size")
    name = action.get("file_name")
    if not isinstance(name, str) or not name.strip():
        raise validation_error(f"file_name must be a name, not {describe(name)}.", "file_name")
    closed.refuse_media(context, "Component", component_id)
    parts = action.get("parts")
    if parts is None:
        return _single_upload(context.server, component_id, name, size, _read_checksum(action))
    if isinstance(parts, bool) or not isinstance(parts, int) or not 1 <= parts <= MAXIMUM_PARTS:
        raise validation_error(
            f"parts must be a number from 1 to {MAXIMUM_PARTS}, not {describe(parts)}.", "parts"
        )
    return _upload_in_parts(context.server, component_id, size, parts, _read_checksum(action))


def _single_upload(
    server: Any, component_id: str, name: str, size: int, checksum: Optional[str]
) -> Dict[str, Any]:
    headers = {"Content-Type": content_type(name), "Content-Length": str(size)}
    if checksum is not None:
        headers["Content-MD5"] = checksum
    url = upload_url(server, component_id, size=size, md5=checksum)
    return {"component_id": component_id, "url": url, "headers": headers}


def _upload_in_parts(
    server: Any, component_id: str, size: int, parts: int, checksum: Optional[str]
) -> Dict[str, Any]:
    name = uuid.uuid4().hex
    # The id says what was announced, so that nothing has to be kept of an upload that may never begin.
    kept: Dict[str, Any] = {"upload": name, "size": size, "parts": parts}
    if checksum is not None:
        kept["md5"] = checksum
    upload_id = server.signer.sign("parts", component_id, lifetime_s=2 * UPLOAD_LIFETIME_S, **kept)
    urls = [
        {
            "part_number": number,
            "signed_url": upload_url(server, component_id, upload=name, part=number, most=size),
        }
        for number in range(1, parts + 1)
    ]
    return {"component_id": component_id, "upload_id": upload_id, "urls": urls}


def handle_complete_multipart_upload(context: Any, action: Mapping[str, Any]) -> Dict[str, Any]:
    """Answer with the address of a component whose parts have been put together.

    The work was done by :func:`prepare` before the transaction began.
    """
    component_id = _read_id(action)
    if not context.server.files.has(component_id):
        raise validation_error("None of the parts of this upload has arrived.", "upload_id")
    return {
        "action": "complete_multipart_upload",
        "component_id": component_id,
        "url": context.server.component_url(component_id),
    }


def prepare(server: Any, actions: Iterable[Any]) -> None:
    """Put together the parts of the uploads that *actions* complete.

    It happens before their transaction, as copying gigabytes must not keep other writers waiting.
    """
    for action in actions:
        if isinstance(action, dict) and action.get("action") == "complete_multipart_upload":
            _put_together(server, action)


def _put_together(server: Any, action: Mapping[str, Any]) -> None:
    component_id = _read_id(action)
    upload_id = action.get("upload_id")
    try:
        claims = server.signer.verify(
            upload_id if isinstance(upload_id, str) else None, "parts", component_id
        )
    except ServerFault:
        raise validation_error(
            "There is no such upload of this component, or its time is over. Begin it again.", "upload_id"
        ) from None
    parts = action.get("parts")
    if not isinstance(parts, list):
        raise validation_error(f"parts must be the list of all parts, not {describe(parts)}.", "parts")
    numbers = []
    for part in parts:
        number = part.get("part_number") if isinstance(part, dict) else None
        if isinstance(number, bool) or not isinstance(number, int):
            raise validation_error(f"{describe(part)} is no part of an upload.", "parts")
        part.setdefault("e_tag", "")
        numbers.append(number)
    if sorted(numbers) != list(range(1, claims["parts"] + 1)):
        raise validation_error(
            f"The upload has the parts 1 to {claims['parts']}, each once, and {len(numbers)} were named.",
            "parts",
        )
    check_replaceable(server, component_id)
    server.files.assemble(
        component_id, claims["upload"], parts, size=claims["size"], checksum=claims.get("md5")
    )


def handle_generate_signed_url(context: Any, action: Mapping[str, Any]) -> Dict[str, Any]:
    """Answer with an address that needs no credentials to get or put the file of a component."""
    component_id = _read_id(action)
    operation = action.get("operation", "get")
    if operation == "get":
        return {"signed_url": context.server.component_url(component_id)}
    if operation == "put":
        closed.refuse_media(context, "Component", component_id)
        return {"signed_url": upload_url(context.server, component_id)}
    raise validation_error(f'operation must be "get" or "put", not {describe(operation)}.', "operation")


def upload_url(server: Any, component_id: str, **claims: Any) -> str:
    """Return the address that takes the file of *component_id*, bound to the *claims* that are not None."""
    kept = {name: value for name, value in claims.items() if value is not None}
    token = server.signer.sign("put", component_id, lifetime_s=UPLOAD_LIFETIME_S, **kept)
    return f"{server.base_url()}/upload/{upload_name(component_id)}?{urlencode({'token': token})}"


def download_url(server: Any, component_id: str, *, route: str = "get", size: Optional[int] = None) -> str:
    """Return the address where the file of *component_id* can be read, or with *route* thumbnail its picture."""
    token = server.signer.sign("get", component_id, lifetime_s=DOWNLOAD_LIFETIME_S, is_steady=True)
    query: Dict[str, Any] = {"id": component_id}
    if size is not None:
        query["size"] = size
    return f"{server.base_url()}/component/{route}?{urlencode({**query, 'token': token})}"


def check_replaceable(server: Any, component_id: str) -> None:
    """Raise a fault if the server has the file of a component, and a closed review shows it.

    An upload that began while the review was open ends as well, where there was no file before.
    """
    from ftrack_review.server import dispatch

    if server.files.has(component_id):
        with dispatch.look(server, Caller("", "")) as context:
            closed.refuse_media(context, "Component", component_id)


def _read_id(action: Mapping[str, Any]) -> str:
    component_id = action.get("component_id")
    if not isinstance(component_id, str) or not component_id.strip() or len(component_id) > _LONGEST_ID:
        raise validation_error(
            f"component_id must be the id of a component, not {describe(component_id)}.", "component_id"
        )
    return component_id


def _read_checksum(action: Mapping[str, Any]) -> Optional[str]:
    checksum = action.get("checksum")
    if checksum is None:
        return None
    try:
        if len(base64.b64decode(checksum, validate=True)) == hashlib.md5(usedforsecurity=False).digest_size:
            return str(checksum)
    except (binascii.Error, ValueError, TypeError):
        pass
    raise validation_error(f"checksum must be an MD5 in base64, not {describe(checksum)}.", "checksum")


def check_put_token(claims: Mapping[str, Any], length: Optional[int]) -> None:
    """Raise a fault if a body of *length* bytes cannot be what the token's *claims* were made for."""
    announced = claims.get("size")
    if announced is not None and length is not None and length != announced:
        raise upload_fault(
            f"The upload has {length} bytes, but {announced} were announced.",
            status=413 if length > announced else 400,
        )
    most = claims.get("most")
    if most is not None and length is not None and length > most:
        raise upload_fault(f"A part of {length} bytes cannot belong to a file of {most}.", status=413)
    if (claims.get("part") is None) != (claims.get("upload") is None):
        raise token_fault()
