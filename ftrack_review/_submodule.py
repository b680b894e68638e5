"""Sub-modules that load when they are first asked for, as ``package.module`` after ``import package`` alone."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["loader"]


def loader(package: str, names: tuple[str, ...]) -> Callable[[str], Any]:
    """Return a ``__getattr__`` for *package* that imports those of its sub-modules that are in *names*."""

    def load(name: str) -> Any:
        if name in names:
            return importlib.import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return load
