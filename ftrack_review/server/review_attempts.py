"""Attempts to get in, counted in the database, and how long who guesses has to wait.

A few attempts are free. After that each one costs twice the wait of the one before, up to a quarter of an hour. They
are counted twice: by link and address, and, more patiently, by the review session, so that many addresses together do
not get further than one. What is counted is forgotten an hour after the last attempt, and by who gets in.

Called by ``review_entry``.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, Dict, Optional

from ftrack_review.server import ledger
from ftrack_review.server.access import hash_secret
from ftrack_review.server.errors import ServerFault

__all__ = ["Attempts"]

#: How many attempts are free, by link and address, and by review session.
FREE = 5
FREE_OF_ALL = 50

#: The first wait and the longest, in seconds.
FIRST_WAIT_S = 10
LONGEST_WAIT_S = 900

_PURPOSE = "attempts"
_KEPT_S = 3600
_TIME = "%Y-%m-%dT%H:%M:%S"


class Attempts:
    """The attempts of one visitor, within one transaction."""

    def __init__(self, connection: Any, session_id: str, who: str, *, now: str, free: int = FREE) -> None:
        """Initialise for *who* at *session_id*. *now* is the time as the database keeps it."""
        self._connection = connection
        self._now = now
        self._free = free
        kind = who.partition(" ")[0] if " " in who else ""
        self._keys = (
            (hash_secret(f"{_PURPOSE}:{session_id}:{who}"), free),
            (hash_secret(f"{_PURPOSE}:{session_id}:all {kind}"), max(free, FREE_OF_ALL)),
        )
        # Not the session itself, whose links can be revoked.
        self._subject = f"{_PURPOSE} {session_id}"

    def check(self) -> None:
        """Raise the fault for who has to wait. Its hint is the wait in seconds."""
        wait_s = max(self._wait_s(self._find(key)) for key, _ in self._keys)
        if wait_s > 0:
            raise ServerFault(
                "PermissionError",
                f"There were too many attempts. Wait {wait_s} seconds and try again.",
                429,
                error_code="too_many_attempts",
                hint=str(wait_s),
            )

    def count(self) -> None:
        """Note one more attempt."""
        ledger.drop_tokens(self._connection, purpose=_PURPOSE, before=self._now)
        for key, free in self._keys:
            found = self._find(key)
            number = found["count"] + 1
            wait_s = 0 if number < free else min(FIRST_WAIT_S * 2 ** min(number - free, 20), LONGEST_WAIT_S)
            ledger.keep_token(
                self._connection,
                hash=key,
                purpose=_PURPOSE,
                subject=self._subject,
                now=self._now,
                expires_at=self._later(_KEPT_S),
                data=json.dumps({"count": number, "until": self._later(wait_s)}),
            )

    def count_and_check(self) -> None:
        """Note one more attempt, unless there were too many already."""
        self.check()
        self.count()

    def forget(self) -> None:
        """Forget the attempts of who got in."""
        ledger.drop_tokens(self._connection, purpose=_PURPOSE, hash=self._keys[0][0])

    def _find(self, key: str) -> Dict[str, Any]:
        found: Optional[Dict[str, Any]] = ledger.find_token(
            self._connection, hash=key, purpose=_PURPOSE, now=self._now
        )
        return json.loads(found["data"]) if found else {"count": 0, "until": self._now}

    def _wait_s(self, found: Dict[str, Any]) -> int:
        seconds = dt.datetime.fromisoformat(found["until"]) - dt.datetime.fromisoformat(self._now)
        return max(0, int(seconds.total_seconds()))

    def _later(self, seconds: int) -> str:
        return (dt.datetime.fromisoformat(self._now) + dt.timedelta(seconds=seconds)).strftime(_TIME)
