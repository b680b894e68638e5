"""Up to when the votes of a person are settled, so that no older answer brings back what was withdrawn since.

A vote that was withdrawn leaves nothing behind that tells when, and files of answers to a review that travelled may be
merged in any order and again. So the metadata of the ReviewSession (of the Project, where reviews have none) says under
:func:`key` for each person, as JSON text, a time by the ids of objects: votes that were given by then count no more
unless they are there.
"""

from __future__ import annotations

import json
import re
from typing import Dict, Mapping, Optional

__all__ = ["PREFIX", "TIME_FORMAT", "decode", "encode", "key", "settle"]

#: What all keys begin with.
PREFIX = "ftrack_review.settled."

#: How times are written, in UTC and for :meth:`datetime.datetime.strftime`, so that they sort as texts.
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def key(invitee_id: str) -> str:
    """Return the key under which it is kept for one person."""
    return f"{PREFIX}{invitee_id}"


def decode(text: Optional[str]) -> Dict[str, str]:
    """Return the times by the ids of objects. What is none is left out, as anyone may edit it."""
    try:
        content = json.loads(text) if text else {}
    except ValueError:
        return {}
    if not isinstance(content, dict):
        return {}
    return {name: time for name, time in content.items() if isinstance(time, str) and _TIME.fullmatch(time)}


def encode(times: Mapping[str, str]) -> str:
    """Return the text to keep."""
    return json.dumps(dict(times), sort_keys=True)


def settle(times: Dict[str, str], object_id: str, time: str) -> bool:
    """Let votes on an object be settled up to *time*. Return whether they were not yet."""
    if times.get(object_id, "") >= time:
        return False
    times[object_id] = time
    return True
