"""Users, their timers, invitations and API keys."""

from __future__ import annotations

from typing import Optional

import ftrack_review.exception as exception
from ftrack_review.entity.base import Entity

__all__ = ["User"]


class User(Entity):
    """A user."""

    def start_timer(
        self,
        context: Optional[Entity] = None,
        comment: str = "",
        name: Optional[str] = None,
        force: bool = False,
    ) -> Entity:
        """Start a timer of this user and return it. The session is committed.

        *context* is what the user works on, *comment* and *name* describe the work. A user has one timer;
        with *force* one that runs is stopped first and its time kept. Without, raise
        :exc:`~ftrack_review.exception.NotUniqueError` if one runs.
        """
        if force:
            try:
                self.stop_timer()
            except exception.NoResultFoundError:
                # There was none to stop.
                pass
        timer: Entity = self.session.create(
            "Timer", {"user": self, "context": context, "name": name, "comment": comment}
        )
        try:
            self.session.commit()
        except exception.ServerError as error:
            if not isinstance(error, exception.NotUniqueError) and "DuplicateEntryError" not in str(error):
                raise
            # Otherwise every later commit would fail for the same reason.
            self.session.delete(timer)
            raise exception.NotUniqueError(
                f"No timer could be started for the user {self['id']}, as one is probably "
                "running. Stop it first, or pass force=True."
            ) from error
        return timer

    def stop_timer(self) -> Entity:
        """Stop the timer of this user and return the time log made from it. The session is committed.

        Raise :exc:`~ftrack_review.exception.NoResultFoundError` if no timer runs.
        """
        import arrow

        session = self.session
        timer = session.query(f'Timer where user_id = "{self["id"]}"').one()
        start = timer["start"]
        if session.server_information.get("is_timezone_support_enabled", False):
            now = arrow.utcnow()
        else:
            # Such a server tells local times as if they were UTC.
            now = arrow.now().replace(tzinfo="utc")
        timelog: Entity = session.create(
            "Timelog",
            {
                "user_id": timer["user_id"],
                "context_id": timer["context_id"],
                "comment": timer["comment"],
                "start": start,
                "duration": int((now - start).total_seconds()),
                "name": timer["name"],
            },
        )
        session.delete(timer)
        session.commit()
        return timelog

    def send_invite(self) -> None:
        """Send this user an invitation to the server by mail."""
        self.session.send_user_invite(self)

    def reset_api_key(self) -> str:
        """Give this user a new API key and return it. The former one is no longer valid."""
        response = self.session.reset_remote("api_key", entity=self)
        key: str = response["api_key"]
        return key
