"""The roles that people have in a review, and what their votes come to: conventions of ours.

ftrack's schema has no role of an invitee. Both of our sides keep it as JSON text, a mapping of invitee ids to
roles, in the metadata of the ReviewSession under :data:`SESSION_KEY`, or, where the schema has no metadata on
review sessions, in that of the Project under :func:`project_key`. Who is not mentioned is a reviewer.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

__all__ = [
    "APPROVED",
    "APPROVER",
    "OBSERVER",
    "REQUIRE_CHANGES",
    "REVIEWER",
    "ROLES",
    "SEEN",
    "SESSION_KEY",
    "STATUSES",
    "decode",
    "encode",
    "overall_status",
    "project_key",
]

REVIEWER = "reviewer"
APPROVER = "approver"
OBSERVER = "observer"

#: All roles. A reviewer votes, the votes of approvers decide, an observer only looks on.
ROLES = (REVIEWER, APPROVER, OBSERVER)

APPROVED = "approved"
REQUIRE_CHANGES = "require_changes"
SEEN = "seen"

#: All votes.
STATUSES = (APPROVED, REQUIRE_CHANGES, SEEN)

#: The key in the metadata of a ReviewSession.
SESSION_KEY = "ftrack_review.roles"


_Vote = Tuple[str, str, Any]


def project_key(review_session_id: str) -> str:
    """Return the key in the metadata of a Project, where review sessions have none. It begins like the other."""
    return f"{SESSION_KEY}.{review_session_id}"


def decode(text: Optional[str]) -> Dict[str, str]:
    """Return the role by invitee id. What is not a mapping or no known role is left out, as anyone may edit it."""
    try:
        content = json.loads(text) if text else {}
    except ValueError:
        return {}
    if not isinstance(content, dict):
        return {}
    return {invitee: role for invitee, role in content.items() if role in ROLES}


def encode(roles: Mapping[str, str]) -> str:
    """Return the text to keep for a mapping of invitee ids to roles; reviewers need no mention.

    Raise :exc:`ValueError` for a role that is not one of :data:`ROLES`.
    """
    for role in roles.values():
        if role not in ROLES:
            raise ValueError(f"A role is one of {', '.join(ROLES)}, not {role!r}.")
    return json.dumps({invitee: role for invitee, role in roles.items() if role != REVIEWER}, sort_keys=True)


def overall_status(votes: Iterable[Tuple[str, Optional[str], Any]]) -> Optional[str]:
    """Return what the votes on one object come to: a vote, or None while nobody has voted.

    *votes* has one item per person who voted: his role, his vote and when it was given. Where approvers have
    decided, the newest of their decisions counts. Otherwise, and only where no approver has voted, one
    ``require_changes`` outweighs everything and ``approved`` needs all votes. Anything else is ``seen``.
    Observers do not decide.
    """
    given: List[_Vote] = [(role, status, created_at) for role, status, created_at in votes if status]
    if not given:
        return None
    approving = [vote for vote in given if vote[0] == APPROVER]
    if approving:
        decisions = [vote for vote in approving if vote[1] in (APPROVED, REQUIRE_CHANGES)]
        return _newest(decisions)[1] if decisions else SEEN
    statuses = [status for role, status, _ in given if role != OBSERVER]
    if REQUIRE_CHANGES in statuses:
        return REQUIRE_CHANGES
    return APPROVED if statuses and all(status == APPROVED for status in statuses) else SEEN


def _newest(votes: List[_Vote]) -> _Vote:
    newest = votes[0]
    for vote in votes[1:]:
        # A vote without a time is older than any; of two at the same time the later one in the list counts.
        if newest[2] is None or (vote[2] is not None and vote[2] >= newest[2]):
            newest = vote
    return newest
