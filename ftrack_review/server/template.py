"""The templates of pages and mails, with everything escaped that stands in HTML.

Called by ``pages`` and ``mail``.
"""

from __future__ import annotations

import functools
import os
from typing import Any, Mapping

import jinja2

__all__ = ["render"]


@functools.lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=jinja2.select_autoescape(("html",)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def render(name: str, values: Mapping[str, Any]) -> str:
    """Return the template *name* filled with *values*. A value that is not given is an error."""
    return _environment().get_template(name).render(**values)
