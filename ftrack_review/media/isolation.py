"""Run a media function in a process of its own, so that a reader that crashes or hangs takes nothing along.

Damaged files have crashed every reader of pictures and movies there is. The child is told what to do by one line of
JSON and answers with lines of JSON: ``{"ready": true}``, ``{"progress": [3, 10]}``, ``{"result": ...}`` or
``{"error": ...}``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import inspect
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from fractions import Fraction
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional

from ftrack_review import exception
from ftrack_review.media.sequence import Sequence
from ftrack_review.media.source import MediaInfo
from ftrack_review.media.target import replacing

__all__ = ["find_python", "isolated", "serve"]

#: The functions that may run apart: their module, and how many seconds they get unless the caller says.
_FUNCTIONS = {
    "probe": ("ftrack_review.media.probing", 120.0),
    "encode_movie": ("ftrack_review.media.movie", 6 * 3600.0),
    "encode_sequence": ("ftrack_review.media.movie", 6 * 3600.0),
    "make_still": ("ftrack_review.media.still", 300.0),
    "thumbnail": ("ftrack_review.media.still", 300.0),
}

#: How long a child may be silent before it is taken for hung, in seconds.
_SILENCE_S = 600.0
# How long it may take to end, in seconds.
_END_S = 5.0

#: Names of Python interpreters, without version and ``.exe``, those of DCCs included.
_INTERPRETERS = ("python", "pypy", "mayapy", "hython")

_BOOTSTRAP = (
    "import json, sys; request = json.loads(sys.stdin.readline()); "
    "mine, yours = sys.path[:], request['path']; first, last = (yours, mine) if request['first'] else (mine, yours); "
    "sys.path[:] = list(dict.fromkeys(first + last)); "
    "from ftrack_review.media.isolation import serve; serve(request)"
)

_ERRORS = {
    "MediaError": exception.MediaError,
    "MissingDependencyError": exception.MissingDependencyError,
}

_logger = logging.getLogger(__name__)


class _ChildNotUsableError(Exception):
    """The interpreter that was found cannot run our code."""


def isolated(
    function_name: str,
    kwargs: Mapping[str, Any],
    *,
    progress: Optional[Callable[[int, int], None]] = None,
    timeout_s: Optional[float] = None,
) -> MediaInfo:
    """Return what the function of this package called *function_name* returns for *kwargs*, run in a child process.

    *function_name* is ``probe``, ``encode_movie``, ``encode_sequence``, ``make_still`` or ``thumbnail``. *progress* is
    called in this process. After *timeout_s* seconds in all, or ten minutes without a sign of life, the child is ended.
    Where no Python interpreter can be started, as inside some DCCs, the function runs in this process, and the limit is
    looked at between frames.

    Raise what the function raises, and :exc:`~ftrack_review.exception.MediaError` with the name of the file if the
    child crashes or does not end; a target is whole or absent.

    Example::

        >>> isolated("probe", {"path": "shot.mov"}).fps
        Fraction(24000, 1001)

    """
    if function_name not in _FUNCTIONS:
        raise ValueError(f"{function_name!r} is not one of {', '.join(_FUNCTIONS)}.")
    inspect.signature(_resolve(function_name)).bind(**kwargs)
    limit_s = _FUNCTIONS[function_name][1] if timeout_s is None else timeout_s
    deadline = time.monotonic() + limit_s
    with _own_target(kwargs) as arguments:
        python = find_python()
        if python is not None:
            try:
                return _run_child(python, function_name, arguments, progress, deadline, limit_s)
            except _ChildNotUsableError as error:
                _logger.warning(
                    "%s cannot run the media functions, which run in this process: %s", python, error
                )
        return _run_here(function_name, arguments, progress, deadline, limit_s)


def find_python() -> Optional[str]:
    """Return the path of a Python interpreter that fits this process, or None.

    Inside a DCC ``sys.executable`` may be the DCC itself, which must not be started again; its own interpreter lies
    beside it or in the prefix.
    """
    if getattr(sys, "frozen", False):
        return None
    if sys.executable and _is_interpreter(sys.executable):
        return sys.executable
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    names = (f"python{version}", "python3", "python", "mayapy", "hython")
    folders = [os.path.dirname(sys.executable or "")]
    for prefix in dict.fromkeys((sys.prefix, sys.exec_prefix, sys.base_prefix)):
        folders += [os.path.join(prefix, "bin"), prefix]
    ending = ".exe" if os.name == "nt" else ""
    for folder in folders:
        for name in names:
            path = os.path.join(folder, name + ending)
            if folder and os.access(path, os.X_OK) and not os.path.isdir(path):
                return path
    return None


def _is_interpreter(path: str) -> bool:
    name = os.path.basename(path).lower().removesuffix(".exe")
    return name.rstrip("0123456789.tdw-") in _INTERPRETERS


def _resolve(function_name: str) -> Callable[..., MediaInfo]:
    function: Callable[..., MediaInfo] = getattr(
        importlib.import_module(_FUNCTIONS[function_name][0]), function_name
    )
    return function


@contextlib.contextmanager
def _own_target(kwargs: Mapping[str, Any]) -> Iterator[Dict[str, Any]]:
    """Give *kwargs* with a target that vanishes with us, as an ended child cannot tidy up."""
    arguments = dict(kwargs)
    target = arguments.get("target")
    if target is None:
        yield arguments
        return
    with replacing(target) as temporary:
        arguments["target"] = temporary
        try:
            yield arguments
        except exception.MissingFramesError:
            raise
        except exception.MediaError as error:
            if temporary not in str(error):
                raise
            raise exception.MediaError(str(error).replace(temporary, os.fspath(target))) from error


def _run_here(
    function_name: str,
    arguments: Dict[str, Any],
    progress: Optional[Callable[[int, int], None]],
    deadline: float,
    limit_s: float,
) -> MediaInfo:
    def watch(done: int, total: int) -> None:
        if time.monotonic() > deadline:
            raise exception.MediaError(_too_long(_subject(arguments), limit_s))
        if progress is not None:
            progress(done, total)

    function = _resolve(function_name)
    if "progress" in inspect.signature(function).parameters:
        return function(**arguments, progress=watch)
    return function(**arguments)


def _run_child(
    python: str,
    function_name: str,
    arguments: Dict[str, Any],
    progress: Optional[Callable[[int, int], None]],
    deadline: float,
    limit_s: float,
) -> MediaInfo:
    request = {
        "function": function_name,
        "arguments": {name: _pack(value) for name, value in arguments.items()},
        "path": _import_path(),
        # Our own interpreter has to find the very modules that we have; another one its own standard library.
        "first": python == sys.executable,
    }
    with tempfile.TemporaryFile() as remarks:
        try:
            child = subprocess.Popen(  # noqa: S603 - our own interpreter and code
                [python, "-I", "-c", _BOOTSTRAP],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=remarks,
                encoding="utf-8",
                # A child must not hold our console's window open, nor die of a Ctrl-C that we handle.
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise _ChildNotUsableError(str(error)) from error
        try:
            answer = _converse(child, request, progress, deadline, _subject(arguments), limit_s)
        finally:
            _end(child)
            remarks.seek(0)
            _logger.debug(
                "Remarks of the media process: %s", remarks.read()[-2000:].decode("utf-8", "replace")
            )
    if answer is None:
        raise exception.MediaError(_crashed(_subject(arguments), child.returncode))
    return _unpack_answer(answer, python)


def _converse(
    child: subprocess.Popen[str],
    request: Dict[str, Any],
    progress: Optional[Callable[[int, int], None]],
    deadline: float,
    subject: str,
    limit_s: float,
) -> Optional[Dict[str, Any]]:
    """Return the last answer of *child*, None if it went without one."""
    lines: queue.Queue[Optional[str]] = queue.Queue()

    def listen() -> None:
        assert child.stdout is not None
        for line in child.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=listen, name="media-answers", daemon=True).start()
    assert child.stdin is not None
    with contextlib.suppress(OSError):
        child.stdin.write(json.dumps(request) + "\n")
        child.stdin.flush()
    ready = False
    while True:
        wait_s = min(deadline - time.monotonic(), _SILENCE_S)
        try:
            line = lines.get(timeout=max(wait_s, 0.0))
        except queue.Empty:
            silent = wait_s >= _SILENCE_S
            raise exception.MediaError(_too_long(subject, _SILENCE_S if silent else limit_s)) from None
        if line is None:
            if not ready:
                raise _ChildNotUsableError("it ended before it was ready")
            return None
        try:
            message: Dict[str, Any] = json.loads(line)
        except ValueError:
            continue  # The beginning of an answer that it did not live to finish.
        ready = ready or "ready" in message
        if "progress" in message:
            if progress is not None:
                progress(*message["progress"])
        elif "ready" not in message:
            return message


def _end(child: subprocess.Popen[str]) -> None:
    if child.stdin is not None:
        with contextlib.suppress(OSError):
            child.stdin.close()
    try:
        # After its answer it has nothing left to do; one that was interrupted is not waited for.
        child.wait(timeout=0.0 if child.poll() is None and sys.exc_info()[0] else _END_S)
    except subprocess.TimeoutExpired:
        child.kill()
        try:
            child.wait(timeout=_END_S)
        except subprocess.TimeoutExpired:
            # The system itself holds it, as it does who reads from a share that hangs. It ends when it can.
            return
    if child.stdout is not None:
        # The listening thread has come to the end of it, as nobody writes any more.
        child.stdout.close()


def _unpack_answer(answer: Dict[str, Any], python: str) -> MediaInfo:
    if "result" in answer:
        return MediaInfo.from_dict(answer["result"])
    error = answer["error"]
    if error["class"] == "MissingFramesError":
        raise exception.MissingFramesError(error["message"], frames=error["frames"])
    if error["class"] == "MissingDependencyError" and python != sys.executable:
        # Another interpreter than ours may lack what we have.
        raise _ChildNotUsableError(error["message"])
    raise _ERRORS[error["class"]](error["message"])


def _subject(arguments: Mapping[str, Any]) -> str:
    for name in ("source", "path", "sequence"):
        value = arguments.get(name)
        if value is not None:
            return str(value)
    return "The media"


def _crashed(subject: str, returncode: Optional[int]) -> str:
    how = f"status {returncode}"
    if returncode is not None and returncode < 0:
        with contextlib.suppress(ValueError):
            how = signal.Signals(-returncode).name
    return f"{subject} is damaged: the program that read it crashed on it ({how})."


def _too_long(subject: str, limit_s: float) -> str:
    return f"{subject} was given up on after {limit_s:g} seconds: it is damaged, or too long for this limit."


def _import_path() -> List[str]:
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    known = [os.path.abspath(path) for path in sys.path]
    return known if here in known else [here, *known]


def _pack(value: Any) -> Any:
    if isinstance(value, Sequence):
        return {"sequence": dataclasses.asdict(value)}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return [_pack(entry) for entry in value]


def _unpack(value: Any) -> Any:
    if isinstance(value, dict):
        fields = value["sequence"]
        return Sequence(**{**fields, "frames": tuple(fields["frames"]), "missing": tuple(fields["missing"])})
    return value


def serve(request: Dict[str, Any]) -> None:
    """Do what *request* says and answer on the standard output. The child's side of :func:`isolated`."""
    # Readers print what they like: they get the error output, and the answers a descriptor of their own.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(message: Dict[str, Any]) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    last_said = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last_said
        if done >= total or time.monotonic() - last_said > 0.05:
            last_said = time.monotonic()
            say({"progress": [done, total]})

    function = _resolve(request["function"])
    arguments = {name: _unpack(value) for name, value in request["arguments"].items()}
    if "progress" in inspect.signature(function).parameters:
        arguments["progress"] = report
    say({"ready": True})
    try:
        say({"result": function(**arguments).to_dict()})
    except exception.MissingFramesError as error:
        say({"error": {"class": "MissingFramesError", "message": str(error), "frames": list(error.frames)}})
    except exception.MissingDependencyError as error:
        say({"error": {"class": "MissingDependencyError", "message": str(error)}})
    except exception.MediaError as error:
        say({"error": {"class": "MediaError", "message": str(error)}})
    except Exception as error:
        # Whatever a reader does not foresee is the file's fault as far as the caller can tell.
        _logger.exception("A media function failed.")
        message = f"{_subject(arguments)} cannot be used: {type(error).__name__}: {error}"
        say({"error": {"class": "MediaError", "message": message}})
