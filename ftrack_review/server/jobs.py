"""Encoding in the background: a Job row at once, the work after the commit.

``encode_media`` only writes a queued Job, whose ``data`` names what will come of it. After the commit a
worker takes the source from the media folder, converts it in a child process, puts the results into the media
folder and writes everything that tells of them in one short transaction. No transaction is open while
something is encoded. The jobs of ``delayed`` are done in the same way. A job that the end of the server interrupts is
taken up at the next start.

Called by ``dispatch`` for the action, and by ``application`` to start and stop.
"""

from __future__ import annotations

import collections
import json
import logging
import os
import shutil
import threading
import time
import uuid
from typing import Any, Deque, Dict, List, Mapping, Optional

from ftrack_review.exception import Error, MediaError, MissingDependencyError
from ftrack_review.protocol.remark import HAS_AUDIO_KEY
from ftrack_review.server import delayed, ledger
from ftrack_review.server.context import utc_now
from ftrack_review.server.errors import describe, not_found, validation_error
from ftrack_review.server.files import content_type
from ftrack_review.server.locking import take_lock
from ftrack_review.server.rules import closed
from ftrack_review.symbol import SERVER_LOCATION_ID

__all__ = ["Jobs", "handle_encode_media"]

#: The longest that one step of an encoding may take, in seconds.
ENCODE_TIMEOUT_S = 6 * 3600.0

#: How many pixels the longer side of a thumbnail has.
THUMBNAIL_SIZE = 600

# How long a worker waits for work before it ends, in seconds.
_IDLE_S = 60.0

# How often a running job tells how far it is, in seconds.
_REPORT_EVERY_S = 1.0

_logger = logging.getLogger(__name__)


def handle_encode_media(context: Any, action: Mapping[str, Any]) -> Dict[str, Any]:
    """Write the Job that makes a component ready for the web, and start it after the commit."""
    component = _find(context, "Component", action.get("component_id"), "component_id")
    version_id = action.get("version_id")
    keeps_original = bool(action.get("keep_original", True))
    if version_id is not None:
        _find(context, "AssetVersion", version_id, "version_id")
        closed.refuse_media(context, "AssetVersion", version_id)
    if not keeps_original:
        closed.refuse_media(context, "Component", component.key[0])
    is_picture = content_type(f"x{component.get('file_type') or ''}").startswith("image/")
    formats = ("image/jpeg" if is_picture else "video/mp4", "image/jpeg")
    data = {
        "output": [{"format": name, "component_id": str(uuid.uuid4())} for name in formats],
        "source_component_id": component.key[0],
        "version_id": version_id,
        "keep_original": keeps_original,
        "description": f"Encoding {component.get('name')}{component.get('file_type') or ''}",
        "progress": 0,
    }
    return {"job_id": delayed.queue(context, data)["id"]}


def _find(context: Any, entity_type: str, entity_id: Any, attribute: str) -> Any:
    if not isinstance(entity_id, str) or not entity_id:
        raise validation_error(
            f"{attribute} must be the id of a {entity_type}, not {describe(entity_id)}.", attribute
        )
    row = context.rows.get(context.catalogue.types[entity_type], (entity_id,))
    if row is None:
        raise not_found(f"There is no {entity_type} {describe(entity_id)}.")
    return row


class _InterruptedError(Exception):
    """The server stops, and the job with it."""


class Jobs:
    """The workers, and the queue before them."""

    def __init__(self, server: Any, *, workers: Optional[int] = None) -> None:
        """Initialise for *server* with as many *workers* as half the processors, if not given."""
        self._server = server
        self._most = workers or max(1, (os.cpu_count() or 2) // 2)
        self._waiting: Deque[str] = collections.deque()
        self._threads: List[threading.Thread] = []
        self._condition = threading.Condition()
        self._is_closing = threading.Event()
        self._idle = 0

    def start(self) -> None:
        """Take up the jobs that are not finished."""
        with self._server.store.read() as connection:
            unfinished = ledger.list_jobs(connection, self._server.catalogue, statuses=["queued", "running"])
        for job in unfinished:
            if _read_data(job["data"]) is not None:
                self.submit(job["id"])

    def look(self) -> None:
        """Take up what other processes have queued and not begun, or begun and left as they died."""
        with self._server.store.read() as connection:
            unfinished = ledger.list_jobs(connection, self._server.catalogue, statuses=["queued", "running"])
        names = [job["id"] for job in unfinished if _read_data(job["data"]) is not None]
        if names:
            for job_id in self._server.neighbours.untaken(names):
                self.submit(job_id)

    def submit(self, job_id: str) -> None:
        """Have the job *job_id* done as soon as a worker is free."""
        with self._condition:
            if self._is_closing.is_set() or job_id in self._waiting:
                return
            self._waiting.append(job_id)
            if self._idle < len(self._waiting) and len(self._threads) < self._most:
                thread = threading.Thread(target=self._run, name="ftrack-review-job", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    # No more threads. The request that asked for the job is committed already.
                    _logger.exception("Job %s waits, as no thread could be started.", job_id)
                else:
                    self._threads.append(thread)
            self._condition.notify()

    def close(self, timeout_s: float) -> None:
        """Interrupt what is running, and wait up to *timeout_s* for the workers to end.

        Interrupted jobs are queued again, in the database, for the next start.
        """
        with self._condition:
            self._is_closing.set()
            self._condition.notify_all()
            threads = list(self._threads)
        deadline = time.monotonic() + timeout_s
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        while True:
            job_id = self._next()
            if job_id is None:
                return
            try:
                _Encoding(self._server, job_id, self._is_closing).run()
            except Exception:
                # When the server ends before the job does, there is nobody left to tell, and it is resumed.
                level = logging.DEBUG if self._is_closing.is_set() else logging.ERROR
                _logger.log(level, "Job %s was left unfinished.", job_id, exc_info=True)

    def _next(self) -> Optional[str]:
        """Return the next job, or None if the worker should end: there was nothing to do for a while."""
        with self._condition:
            self._idle += 1
            self._condition.wait_for(lambda: self._waiting or self._is_closing.is_set(), _IDLE_S)
            self._idle -= 1
            if self._is_closing.is_set() or not self._waiting:
                self._threads.remove(threading.current_thread())
                return None
            return self._waiting.popleft()


class _Encoding:
    """One job, from the queue to its end."""

    def __init__(self, server: Any, job_id: str, is_closing: threading.Event) -> None:
        self._server = server
        self._job_id = job_id
        self._is_closing = is_closing
        self._neighbours = server.neighbours
        # A process that was thought dead may still be at work in its own.
        own = "" if self._neighbours is None else f".{self._neighbours.id}"
        self._folder = os.path.join(server.files.work, f"{job_id}{own}")
        self._data: Dict[str, Any] = {}
        self._user_id: Optional[str] = None
        self._reported_at = time.monotonic()

    def run(self) -> None:
        """Do the job, unless another process does or did."""
        if self._neighbours is not None and not self._neighbours.take(self._job_id):
            return
        os.makedirs(self._folder, exist_ok=True)
        with open(os.path.join(self._folder, "lock"), "ab") as lock:
            if not take_lock(lock):
                return
            try:
                if self._begin():
                    self._work()
            finally:
                # Kept, nobody would take the job up again while this process lives.
                if self._neighbours is not None:
                    self._neighbours.leave(self._job_id)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _begin(self) -> bool:
        """Mark the job as running. Return False where there is nothing (left) to do."""
        with self._server.store.read() as connection:
            job = ledger.find_entity(connection, self._server.catalogue, "Job", self._job_id)
        data = _read_data(job["data"]) if job and job["status"] in ("queued", "running") else None
        if job is None or data is None:
            return False
        self._data, self._user_id = data, job["user_id"]
        self._report("running", progress=0)
        return True

    def _work(self) -> None:
        try:
            outputs = self._encode()
            if self._neighbours is not None and not self._neighbours.take(self._job_id):
                # This process was silent for too long, and another one does it.
                return
            self._finish(outputs)
        except _InterruptedError:
            self._report("queued", progress=0)
        except MissingDependencyError as error:
            self._fail(f"the server cannot encode: {error}")
        except (Error, OSError) as error:
            self._fail(str(error))
        except Exception:
            # A job that nobody expected, such as one whose data somebody has changed, is not tried for ever.
            _logger.exception("Job %s cannot be done.", self._job_id)
            self._fail("the server failed; its log says why")

    def _encode(self) -> List[Dict[str, Any]]:
        """Make the outputs in the job's folder. Return what to say about each of them."""
        if "job_type" in self._data:
            target = os.path.join(self._folder, "made")
            made = delayed.make(self._server, self._data, target)
            return [_output(*made, target, None)]
        name = self._source_name()
        with self._server.files.named(self._data["source_component_id"], os.path.splitext(name)[1]) as source:
            try:
                return self._convert(source)
            except MediaError as error:
                # Where the file lies on the server says nothing to whoever sent it.
                raise MediaError(str(error).replace(source, name)) from error

    def _convert(self, source: str) -> List[Dict[str, Any]]:
        from ftrack_review import media

        info = media.isolated("probe", {"path": source}, timeout_s=120.0)
        if info.kind == "pdf":
            return [self._copied(source, "ftrackreview-pdf", ".pdf", "application/pdf", {"format": "pdf"})]
        thumbnail = os.path.join(self._folder, "thumbnail.jpg")
        self._isolated("thumbnail", {"source": source, "target": thumbnail, "size": THUMBNAIL_SIZE})
        main = self._encode_movie(source, info) if info.kind == "movie" else self._encode_still(source)
        return [main, _output("thumbnail", ".jpg", "image/jpeg", thumbnail, None)]

    def _encode_movie(self, source: str, info: Any) -> Dict[str, Any]:
        if info.web_playable:
            # Encoding it again would only lose quality.
            result, output = info, self._copied(source, "ftrackreview-mp4", ".mp4", "video/mp4", None)
        else:
            target = os.path.join(self._folder, "movie.mp4")
            result = self._isolated("encode_movie", {"source": source, "target": target}, reports=True)
            output = _output("ftrackreview-mp4", ".mp4", "video/mp4", target, None)
        output["has_audio"] = bool(result.has_audio)
        frames = result.frames if result.frames is not None else info.frames
        output["ftr_meta"] = {
            "frameIn": 0,
            "frameOut": max((frames or 1) - 1, 0),
            "frameRate": _rate(result.fps or info.fps),
            "width": result.width,
            "height": result.height,
        }
        return output

    def _encode_still(self, source: str) -> Dict[str, Any]:
        target = os.path.join(self._folder, "still.jpg")
        result = self._isolated("make_still", {"source": source, "target": target})
        meta = {"format": "image", "width": result.width, "height": result.height}
        return _output("ftrackreview-image", ".jpg", "image/jpeg", target, meta)

    def _copied(
        self, source: str, name: str, file_type: str, format: str, meta: Optional[Dict[str, Any]]
    ) -> Dict[str, Any]:
        target = os.path.join(self._folder, f"copy{file_type}")
        shutil.copyfile(source, target)
        return _output(name, file_type, format, target, meta)

    def _isolated(self, function: str, arguments: Dict[str, Any], *, reports: bool = False) -> Any:
        from ftrack_review import media

        return media.isolated(
            function, arguments, progress=self._progress if reports else None, timeout_s=ENCODE_TIMEOUT_S
        )

    def _progress(self, done: int, total: Optional[int]) -> None:
        if self._is_closing.is_set():
            raise _InterruptedError
        now = time.monotonic()
        if total and now - self._reported_at >= _REPORT_EVERY_S:
            self._reported_at = now
            self._report("running", progress=min(99, int(100 * done / total)))

    def _source_name(self) -> str:
        """Return the file name of the source. Raise MediaError where there is no source to work on."""
        component_id = self._data["source_component_id"]
        with self._server.store.read() as connection:
            row = ledger.find_entity(connection, self._server.catalogue, "Component", component_id)
        if row is None:
            raise MediaError("The source component was deleted.")
        name = f"{row['name']}{row['file_type'] or ''}"
        if not self._server.files.has(component_id):
            raise MediaError(
                f"{name}: the server holds no file of this component. Add it to ftrack.server first."
            )
        if not self._server.files.size(component_id):
            raise MediaError(f"{name}: the file is empty.")
        return name

    def _finish(self, outputs: List[Dict[str, Any]]) -> None:
        """Put the outputs into the media folder and write what tells of them, all or nothing."""
        named = self._data["output"]
        for position, output in enumerate(outputs):
            output["component_id"] = (
                named[position]["component_id"] if position < len(named) else str(uuid.uuid4())
            )
        self._data["output"] = [
            {"format": output["format"], "component_id": output["component_id"]} for output in outputs
        ]
        actions: List[Dict[str, Any]] = []
        adopted = []
        try:
            for output in outputs:
                adopted.append(output["component_id"])
                output["size"] = self._server.files.adopt(output["component_id"], output["path"])
                actions.extend(_describe(output, self._job_id, self._data["version_id"]))
            pictures = [output["component_id"] for output in outputs if output["format"] == "image/jpeg"]
            if self._data["version_id"] and pictures:
                values = {"thumbnail_id": pictures[-1]}
                actions.append(_action("update", "AssetVersion", values, self._data["version_id"]))
            if not self._data["keep_original"] and "job_type" not in self._data:
                actions.append(_action("delete", "Component", {}, self._data["source_component_id"]))
            self._data.update(progress=100)
            actions.append(self._status("done", finished=True))
            self._server.perform(*actions, user_id=self._user_id)
        except BaseException:
            for component_id in adopted:
                self._server.files.remove(component_id)
            raise

    def _report(self, status: str, *, progress: int) -> None:
        self._data["progress"] = progress
        self._server.perform(self._status(status), user_id=self._user_id)

    def _fail(self, reason: str) -> None:
        self._data["error"] = reason
        self._data["description"] = f"{self._data.get('description', 'The job')} failed: {reason}"
        _logger.warning("Job %s failed: %s", self._job_id, reason)
        self._server.perform(self._status("failed", finished=True), user_id=self._user_id)

    def _status(self, status: str, *, finished: bool = False) -> Dict[str, Any]:
        values: Dict[str, Any] = {"status": status, "data": json.dumps(self._data)}
        if finished:
            values["finished_at"] = {"__type__": "datetime", "value": utc_now()}
        return _action("update", "Job", values, self._job_id)


def _describe(output: Mapping[str, Any], job_id: str, version_id: Optional[str]) -> List[Dict[str, Any]]:
    """Return the actions that tell of one output: the component, where it is, its metadata and its job."""
    component_id = output["component_id"]
    component = {
        "id": component_id,
        "name": output["name"],
        "file_type": output["file_type"],
        "size": output["size"],
        "system_type": "file",
        "version_id": version_id,
    }
    location = {
        "id": str(uuid.uuid4()),
        "component_id": component_id,
        "location_id": SERVER_LOCATION_ID,
        "resource_identifier": component_id,
    }
    actions = [
        _action("create", "FileComponent", component),
        _action("create", "ComponentLocation", location),
    ]
    if output["ftr_meta"] is not None:
        metadata = {
            "parent_id": component_id,
            "parent_type": "FileComponent",
            "key": "ftr_meta",
            "value": json.dumps(output["ftr_meta"]),
        }
        actions.append(_action("create", "Metadata", metadata))
    if "has_audio" in output:
        # Beside ftr_meta, which has the form that other tools read.
        metadata = {
            "parent_id": component_id,
            "parent_type": "FileComponent",
            "key": HAS_AUDIO_KEY,
            "value": json.dumps(output["has_audio"]),
        }
        actions.append(_action("create", "Metadata", metadata))
    actions.append(_action("create", "JobComponent", {"component_id": component_id, "job_id": job_id}))
    return actions


def _action(name: str, entity_type: str, values: Dict[str, Any], key: Optional[str] = None) -> Dict[str, Any]:
    action: Dict[str, Any] = {"action": name, "entity_type": entity_type}
    if key is not None:
        action["entity_key"] = [key]
    if name != "delete":
        action["entity_data"] = {"__entity_type__": entity_type, **values}
    return action


def _output(
    name: str, file_type: str, format: str, path: str, ftr_meta: Optional[Dict[str, Any]]
) -> Dict[str, Any]:
    return {"name": name, "file_type": file_type, "format": format, "path": path, "ftr_meta": ftr_meta}


def _rate(fps: Any) -> Any:
    """Return a rate, a Fraction, as JSON has it: a whole number where it is one."""
    if fps is None:
        return None
    return int(fps) if fps == int(fps) else float(fps)


def _read_data(text: Optional[str]) -> Optional[Dict[str, Any]]:
    """Return the data of a job that this server does, or None for any other job."""
    try:
        data = json.loads(text or "")
    except ValueError:
        return None
    if not isinstance(data, dict) or not isinstance(data.get("output"), list):
        return None
    is_ours = "source_component_id" in data or data.get("job_type") in delayed.KINDS
    return {"version_id": None, "keep_original": True, **data} if is_ours else None
