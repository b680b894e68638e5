"""Jobs: work that goes on elsewhere, as people see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional

from ftrack_review.entity.base import Entity

if TYPE_CHECKING:
    from ftrack_review.session import Session

__all__ = ["Job"]

# Jobs of other types are made by the server only.
_JOB_TYPE = "api_job"


class Job(Entity):
    """A job that people see in their list of jobs."""

    def __init__(
        self, session: Session, data: Optional[Mapping[str, Any]] = None, reconstructing: bool = False
    ) -> None:
        """Initialise a job of the only type that can be made, ``api_job``, with *data*.

        To describe the job, set its ``data`` to JSON text with a ``description`` in it. Raise ValueError
        for any other type.
        """
        values = dict(data or {})
        if not reconstructing and values.get("type", _JOB_TYPE) != _JOB_TYPE:
            raise ValueError(f'Invalid job type "{values["type"]}". Must be "{_JOB_TYPE}"')
        super().__init__(session, data=values, reconstructing=reconstructing)
