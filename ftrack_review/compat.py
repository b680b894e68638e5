"""Serve ``import ftrack_api`` in existing scripts with this library.

After :func:`install`, ``ftrack_api`` and every module below it are the modules of ``ftrack_review`` themselves, so that
``isinstance`` checks, ``except`` clauses and references by name hold for both. An installed official client is
never reached: a module that we do not have is an ImportError.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import os
import runpy
import sys
from typing import TYPE_CHECKING, Optional, Sequence

from ftrack_review.exception import ConfigurationError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["install", "run_script", "uninstall"]

_ALIAS = "ftrack_api"
_REAL = "ftrack_review"


class _AliasLoader(importlib.abc.Loader):
    """Loads a module by returning ours."""

    def __init__(self, real: str) -> None:
        self._real = real
        self._spec: Optional[importlib.machinery.ModuleSpec] = None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        try:
            module = importlib.import_module(self._real)
        except ModuleNotFoundError as error:
            if error.name != self._real:
                raise
            raise ModuleNotFoundError(f"{_REAL} has no module for {spec.name!r}", name=spec.name) from None
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has just written the alias into the module, which stays ours.
        module.__spec__ = self._spec


class _AliasFinder(importlib.abc.MetaPathFinder):
    """Finds ``ftrack_api`` and what is below it in this package."""

    def find_spec(
        self,
        fullname: str,
        path: Optional[Sequence[str]] = None,  # noqa: ARG002 - the protocol's.
        target: Optional[ModuleType] = None,  # noqa: ARG002 - the protocol's.
    ) -> Optional[importlib.machinery.ModuleSpec]:
        if fullname != _ALIAS and not fullname.startswith(_ALIAS + "."):
            return None
        loader = _AliasLoader(_REAL + fullname[len(_ALIAS) :])
        return importlib.machinery.ModuleSpec(fullname, loader)


def install() -> None:
    """Make ``import ftrack_api`` give this library from now on. Doing it twice is the same as once.

    Raise :exc:`~ftrack_review.exception.ConfigurationError` when the official client was imported already: call
    this before the first ``import ftrack_api``.

    Example::

        import ftrack_review.compat
        ftrack_review.compat.install()
        import ftrack_api  # ours

    .. versionadded:: 3.1.0
    """
    present = sys.modules.get(_ALIAS)
    if present is not None and present is not sys.modules[_REAL]:
        raise ConfigurationError(
            f"{_ALIAS} was imported already, from {getattr(present, '__file__', 'elsewhere')}. Call "
            "ftrack_review.compat.install() before the first import of it."
        )
    if not any(isinstance(finder, _AliasFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AliasFinder())
    importlib.import_module(_ALIAS)


def uninstall() -> None:
    """Undo :func:`install`: a later ``import ftrack_api`` looks for the official client again.

    .. versionadded:: 3.1.0
    """
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _AliasFinder)]
    for name in [name for name in sys.modules if name == _ALIAS or name.startswith(_ALIAS + ".")]:
        del sys.modules[name]


def run_script(path: str, arguments: Sequence[str] = ()) -> None:
    """Run the script at *path* as the main program with *arguments*, its ``import ftrack_api`` served by us.

    .. versionadded:: 3.1.0
    """
    install()
    sys.argv = [path, *arguments]
    sys.path[0] = os.path.dirname(os.path.abspath(path))
    runpy.run_path(path, run_name="__main__")
