"""Find and load plugins: Python files that define ``register(session)``."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["discover", "load_source"]

_logger = logging.getLogger(__name__)


def load_source(modname: str, filename: str) -> ModuleType:
    """Return the module in the file *filename*, loaded under the name *modname*.

    Raise what the module raises, and :exc:`ImportError` if the file cannot be a module.
    """
    # Every session comes by here, and most have no plugins.
    import importlib.util

    specification = importlib.util.spec_from_file_location(modname, filename)
    if specification is None or specification.loader is None:
        raise ImportError(f"{filename} is not a Python file.")
    module = importlib.util.module_from_spec(specification)
    sys.modules[modname] = module
    try:
        specification.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(modname, None)
        raise
    return module


def discover(
    paths: Iterable[str],
    positional_arguments: Optional[Sequence[Any]] = None,
    keyword_arguments: Optional[Mapping[str, Any]] = None,
) -> None:
    """Load every Python file below *paths* and call the function ``register`` in each.

    It is called with *positional_arguments* and those of *keyword_arguments* that it accepts. A plugin that
    cannot be loaded or fails is logged and does not keep others from loading.
    """
    logger = _logger
    for path in paths:
        if not path or not os.path.isdir(path):
            continue
        for base, folders, files in os.walk(path):
            folders[:] = sorted(folder for folder in folders if folder != "__pycache__")
            for name in sorted(files):
                if os.path.splitext(name)[1] not in (".py", ".pyc"):
                    continue
                _load(
                    os.path.join(base, name),
                    list(positional_arguments or ()),
                    keyword_arguments or {},
                    logger,
                )


def _load(path: str, positional: List[Any], keywords: Mapping[str, Any], logger: logging.Logger) -> None:
    import uuid

    try:
        module = load_source(uuid.uuid4().hex, path)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's file raises.
        logger.warning('Failed to load plugin from "%s": %s', path, error)
        return
    register = getattr(module, "register", None)
    if register is None:
        logger.warning('The plugin %s was not loaded, as it has no function "register"', path)
        return
    try:
        arguments, named = _reduce(register, positional, keywords)
        register(*arguments, **named)
    except Exception:
        logger.exception('The plugin "%s" failed to register.', path)


def _reduce(
    function: Callable[..., Any], positional: List[Any], keywords: Mapping[str, Any]
) -> Tuple[List[Any], Dict[str, Any]]:
    """Return those of the arguments that *function* accepts, so that old plugins go on working."""
    import inspect

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return positional, dict(keywords)
    kinds = [parameter.kind for parameter in parameters]
    if inspect.Parameter.VAR_POSITIONAL not in kinds:
        places = [
            p
            for p in parameters
            if p.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        ]
        taken = {p.name for p in places[: len(positional)]}
        positional = positional[: len(places)]
    else:
        taken = set()
    if inspect.Parameter.VAR_KEYWORD in kinds:
        return positional, {name: value for name, value in keywords.items() if name not in taken}
    accepted = {
        p.name
        for p in parameters
        if p.kind in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    }
    return positional, {n: v for n, v in keywords.items() if n in accepted and n not in taken}
