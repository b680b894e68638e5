"""The errors of :mod:`ftrack_review.exception` under the module name that many guides use."""

from __future__ import annotations

from ftrack_review.exception import *  # noqa: F403 - every public name, on purpose.
from ftrack_review.exception import __all__ as __all__  # noqa: PLC0414 - exported as it is.
