"""A review that travels: one folder with media, page and notes that plays in a browser from disk, without a server.

The page is that of the embedded server, file by file; only its state is written here. What people do in it comes
back as a file of answers, which :mod:`~ftrack_review.review.merging` reads.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import tempfile
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, List, Mapping, Optional, Set, Tuple, Union
from urllib.parse import quote as quote_address

import ftrack_review
from ftrack_review.exception import Error, ReviewError
from ftrack_review.protocol import drawing as drawings
from ftrack_review.protocol import presentation
from ftrack_review.protocol import role as roles
from ftrack_review.protocol.grammar import quote_list
from ftrack_review.review import gathering, showing
from ftrack_review.review.opinion import plain_time, threads

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.protocol.presentation import Component, Presentation
    from ftrack_review.review.opinion import Comment, Feedback, ObjectFeedback
    from ftrack_review.review.showing import Footage, Shown

__all__ = ["Package", "export"]

# The page, in the words of the server: the same files, served from a folder.
_PAGE = os.path.join(os.path.dirname(os.path.abspath(ftrack_review.__file__)), "server", "static")
_LABELS = ((roles.APPROVED, "Approved"), (roles.REQUIRE_CHANGES, "Changes required"), (roles.SEEN, "Seen"))

# So many rounds it takes to try an address on those of the invited, which do not travel themselves (folder.js).
_ROUNDS = 20_000

_README = """\
{name}

Open index.html in a browser. Everything is in this folder; nothing is sent anywhere.
Vote, comment and draw, then press "Save my answers" and send back the file that is saved.

Who gave you this folder reads the file with: ftrack-review review merge FILE
"""

#: Called with how many files are there and how many there will be.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Package:
    """A folder that was written: its *path*, the id of this export, its files and what could not be fetched."""

    path: str
    export_id: str
    files: int
    size_bytes: int
    missing: tuple[str, ...]

    def __str__(self) -> str:
        """Return it as people read it."""
        lines = [f"{self.path}: {self.files} files, {self.size_bytes / 1e6:.1f} MB"]
        lines.extend(f"  without {name}: the server does not have the file" for name in self.missing)
        return "\n".join(lines)


def export(
    review_session: Entity,
    folder: Union[str, os.PathLike[str]],
    *,
    invitee: Optional[Entity] = None,
    progress: Optional[Progress] = None,
) -> Package:
    """Write *review_session* to *folder*, which plays in a browser from disk, and return what was written.

    The folder holds ``index.html``, the media for browsers of all objects and of the versions before, the thumbnails,
    and what was said so far; comments that a moderated review holds back are left out, and so are addresses.
    With *invitee* the page greets this person and knows the role; otherwise it asks for name and e-mail. *progress* is
    called with how many files were fetched and how many there are.

    Raise :exc:`~ftrack_review.exception.ReviewError` where *folder* exists and is not empty, or cannot be written.
    What fails leaves nothing behind.

    Example::

        review_session.export("/media/usb/weekly review")

    .. versionadded:: 3.1.0
    """
    target = os.path.abspath(os.fspath(folder))
    if os.path.exists(target) and (not os.path.isdir(target) or os.listdir(target)):
        raise ReviewError(f"{target} exists already. Name a folder that does not.")
    parent = os.path.dirname(target)
    try:
        os.makedirs(parent, exist_ok=True)
        # Beside the target, so that it appears there whole or not at all.
        folder_beside = tempfile.TemporaryDirectory(prefix=".ftrack_review-", dir=parent)
    except OSError as error:
        raise ReviewError(f"The folder {target} cannot be written: {error.strerror}.") from error
    with folder_beside as work:
        place = os.path.join(work, "review")
        package = _Packing(review_session, place, invitee).pack(progress or _report_nothing)
        if os.path.isdir(target):
            os.rmdir(target)
        os.replace(place, target)
    os.chmod(target, 0o755)  # noqa: S103 - who is given the folder has to be able to open it.
    return Package(target, *package)


class _Packing:
    """One export while it is made."""

    def __init__(self, review_session: Entity, place: str, invitee: Optional[Entity]) -> None:
        self._review_session = review_session
        self._session = review_session.session
        self._place = place
        self._feedback: Feedback = gathering.feedback(review_session)
        self._me = _me(self._feedback, invitee)
        self._roles = {person.id: person.role for person in self._feedback.invitees}
        self._previous = _Previous(self._session, self._feedback)
        self._footage: Footage = showing.Footage(self._session, self._previous.all_ids)
        self._files: Dict[str, str] = {}
        self._missing: Set[str] = set()

    def pack(self, progress: Progress) -> tuple[str, int, int, tuple[str, ...]]:
        os.makedirs(os.path.join(self._place, "media"))
        for name in sorted(os.listdir(_PAGE)):
            if name.endswith((".js", ".css")):
                shutil.copyfile(os.path.join(_PAGE, name), os.path.join(self._place, name))
        shutil.copyfile(os.path.join(_PAGE, "folder.html"), os.path.join(self._place, "index.html"))
        self._fetch_all(progress)
        export_id = str(uuid.uuid4())
        state = json.dumps(self._state(export_id), indent=1, ensure_ascii=True)
        self._write("state.js", f"window.REVIEW_STATE = {state};\n")
        self._write("README.txt", _README.format(name=self._feedback.name))
        self._write_timeline()
        files = [os.path.join(folder, name) for folder, _, names in os.walk(self._place) for name in names]
        return export_id, len(files), sum(map(os.path.getsize, files)), tuple(sorted(self._missing))

    def _write(self, name: str, text: str) -> None:
        with open(os.path.join(self._place, name), "w", encoding="utf-8") as stream:
            stream.write(text)

    def _fetch_all(self, progress: Progress) -> None:
        """Fetch every file once. What the server does not have is left out, and said."""
        wanted = self._wanted()
        for done, (component_id, (file_type, name)) in enumerate(wanted.items()):
            progress(done, len(wanted))
            # An id is chosen by its maker, so it is no name for a file.
            file_name = f"{done + 1:04d}{_ending(file_type)}"
            path = os.path.join(self._place, "media", file_name)
            try:
                showing.fetch_to(self._session, component_id, path)
            except Error:
                self._missing.add(name)
                if os.path.exists(path):
                    os.unlink(path)
            else:
                self._files[component_id] = f"media/{quote_address(file_name)}"
        progress(len(wanted), len(wanted))

    def _wanted(self) -> Dict[str, Tuple[str, str]]:
        """Return the files to fetch by the ids of components: what each ends with, and what to call it."""
        wanted: Dict[str, Tuple[str, str]] = {}
        for item in self._feedback.objects:
            about = f"{item.name or 'Untitled'}, "
            for key, label in [(item.version_id, item.version), *self._previous.of(item).items()]:
                shown = self._footage.of(key)
                part = _carried(shown.seen)
                if part is not None:
                    wanted[part.id] = (part.file_type, f"{about}{label}: {part.file_name}")
                if shown.thumbnail_id:
                    wanted.setdefault(shown.thumbnail_id, (".jpg", f"{about}{label}: the thumbnail"))
            for comment in _visible(item.comments):
                for file in comment.attachments:
                    name = f"{about}comment of {comment.author or 'someone'}: {file.name}{file.file_type}"
                    wanted[file.component_id] = (file.file_type, name)
        return wanted

    def _write_timeline(self) -> None:
        """Put a timeline beside the page where the library for it is installed, for editors and players."""
        if importlib.util.find_spec("opentimelineio") is None:
            return
        from ftrack_review.review import reports
        from ftrack_review.review.reports.content import without_addresses

        made = reports.report(self._review_session, pictures=False)
        # As in the page, the addresses stay at home.
        report = reports.Report(without_addresses(made.content), made.pictures)
        media = {}
        for item in self._feedback.objects:
            part = self._footage.of(item.version_id).seen.component
            address = self._files.get(part.id) if part else None
            if address:
                media[item.id] = address
        report.save(os.path.join(self._place, "review.otio"), media=media)

    def _state(self, export_id: str) -> Dict[str, Any]:
        feedback = self._feedback
        return {
            "export_id": export_id,
            "session": {
                "id": feedback.id,
                "name": feedback.name,
                "description": feedback.description,
                "project": feedback.project,
                "owner": feedback.owner,
                "start_date": plain_time(feedback.start_date),
                "end_date": plain_time(feedback.end_date),
                "is_open": feedback.is_open,
                "closed_reason": None
                if feedback.is_open
                else "This review is closed. You can watch and read everything.",
                "is_moderated": feedback.is_moderated,
            },
            "me": self._me,
            "people": [
                {
                    "id": invitee.id,
                    "name": invitee.name,
                    "role": invitee.role,
                    "responded": invitee.votes > 0,
                    "email_proof": _prove(invitee.email, export_id),
                }
                for invitee in feedback.invitees
            ],
            "statuses": [{"value": value, "label": label} for value, label in _LABELS],
            "objects": [self._object(item) for item in feedback.objects],
            "order": [item.id for item in feedback.objects],
            "revision": 1,
        }

    def _object(self, item: ObjectFeedback) -> Dict[str, Any]:
        me = self._me["id"] if self._me else None
        votes = [
            {
                "person": vote.name,
                "person_id": vote.invitee_id,
                "role": vote.role,
                "status": vote.status,
                "created_at": plain_time(vote.created_at),
            }
            for vote in item.votes
        ]
        return {
            "id": item.id,
            "name": item.name or "Untitled",
            "version": item.version,
            "description": item.description,
            "version_id": item.version_id,
            "media": self._media(self._footage.of(item.version_id)),
            "previous": [
                {"version_id": key, "label": label, "media": self._media(self._footage.of(key))}
                for key, label in self._previous.of(item).items()
            ],
            "overall": item.status,
            "my_vote": next((vote["status"] for vote in votes if me and vote["person_id"] == me), None),
            "votes": votes,
            "notes": [self._note(comment, item.version) for comment in item.comments if comment.released],
            "drawings": self._loose_drawings(item),
        }

    def _note(self, comment: Comment, shown: str) -> Dict[str, Any]:
        picture = comment.picture
        return {
            "id": comment.id,
            "author": comment.author or "Someone",
            "author_id": comment.invitee_id or comment.author_id,
            "role": self._roles.get(comment.invitee_id or ""),
            # The page knows who reads it.
            "mine": False,
            "content": comment.text,
            "created_at": plain_time(comment.created_at),
            "frame": comment.frame,
            "done": comment.completed,
            "released": True,
            "version_label": comment.version if comment.version != shown else None,
            "drawing": _readable(comment.drawing),
            "picture_url": self._files.get(picture.component_id) if picture else None,
            "attachments": [
                {"name": f"{file.name}{file.file_type}", "url": self._files.get(file.component_id)}
                for file in comment.attachments
                if file is not picture
            ],
            "replies": [self._note(reply, shown) for reply in comment.replies if reply.released],
        }

    def _loose_drawings(self, item: ObjectFeedback) -> List[Dict[str, Any]]:
        # Also by what is held back, with which they stay at home.
        claimed = {comment.drawing for comment in threads(item.comments)}
        found = []
        for drawn in item.annotations:
            drawing = _readable(drawn.data)
            if drawing is not None and drawn.data not in claimed:
                found.append(
                    {
                        "id": drawn.id,
                        "frame": drawn.frame,
                        "drawing": drawing,
                        "created_at": plain_time(drawn.created_at),
                    }
                )
        return found

    def _media(self, shown: Shown) -> Dict[str, Any]:
        seen, part = shown.seen, _carried(shown.seen)
        address = self._files.get(part.id) if part else None
        kind, state, message = seen.kind, seen.state, seen.message
        if state == "encoding":
            # Here it stays as it is.
            state, message = "missing", "The media was still being prepared when this folder was made."
        elif part is not None and address is None:
            kind, state, message = "none", "missing", "The media did not travel with the review."
        return {
            "kind": kind,
            "state": state,
            "progress": None,
            "message": message,
            "url": address if state == "ready" else None,
            "original_url": address,
            "original_name": part.file_name if part and address else None,
            "thumbnail_url": self._files.get(shown.thumbnail_id or ""),
            "width": seen.width,
            "height": seen.height,
            "fps": shown.rate,
            "frames": seen.frames,
            "first_frame": shown.first_frame,
            "has_audio": seen.has_audio,
        }


class _Previous:
    """What each object is compared with: the versions that it had before, and the one before of its asset."""

    def __init__(self, session: Any, feedback: Feedback) -> None:
        shown = {item.version_id for item in feedback.objects if item.version_id}
        self._before: Dict[str, Tuple[str, str]] = {}
        if shown:
            self._find(session, shown)
        former = {entry.version_id for item in feedback.objects for entry in item.former}
        self.all_ids = shown | former | {key for key, _ in self._before.values()}

    def _find(self, session: Any, shown: Set[str]) -> None:
        own = session.query(
            f"select version, asset_id from AssetVersion where id in {quote_list(sorted(shown))}"
        ).all()
        assets = {row["asset_id"] for row in own if row["asset_id"]}
        if not assets:
            return
        rows = session.query(presentation.VERSIONS_OF.format(assets=quote_list(sorted(assets)))).all()
        pairs = {row["id"]: (row["asset_id"], row["version"]) for row in own}
        before = presentation.versions_before(rows, pairs.values())
        for key, pair in pairs.items():
            if pair in before:
                self._before[key] = (before[pair]["id"], f"Version {before[pair]['version']}")

    def of(self, item: ObjectFeedback) -> Dict[str, str]:
        """Return labels by version id, newest first."""
        found = {entry.version_id: entry.label for entry in reversed(item.former)}
        before = self._before.get(item.version_id or "")
        if before is not None:
            found.setdefault(*before)
        found.pop(item.version_id or "", None)
        return found


def _me(feedback: Feedback, invitee: Optional[Entity]) -> Optional[Dict[str, Any]]:
    if invitee is None:
        return None
    found = next((person for person in feedback.invitees if person.id == invitee["id"]), None)
    if found is None:
        raise ReviewError(f"{invitee['name']} is not invited to {feedback.name!r}.")
    may = feedback.is_open and found.role != roles.OBSERVER
    return {
        "id": found.id,
        "name": found.name,
        "email": found.email,
        "role": found.role,
        "can": {"comment": may, "draw": may, "vote": may, "lead": False, "release": False},
    }


def _carried(seen: Presentation) -> Optional[Component]:
    """Return the component that travels: what plays, or what could not be made ready for browsers."""
    return seen.component or seen.original


def _prove(email: Optional[str], export_id: str) -> Optional[str]:
    """Return what an address comes to for who knows it: folder.js makes the same of one that is typed in."""
    if not email or not email.strip():
        return None
    address, salt = email.strip().lower().encode(), export_id.encode()
    return hashlib.pbkdf2_hmac("sha256", address, salt, _ROUNDS).hex()


def _visible(comments: Iterable[Comment]) -> Iterable[Comment]:
    for comment in comments:
        if comment.released:
            yield comment
            yield from _visible(comment.replies)


def _readable(text: Optional[str]) -> Optional[Mapping[str, Any]]:
    try:
        return drawings.read(json.loads(text or "null"))
    except ValueError:
        return None  # Other tools draw by other rules, which the page does not know.


def _ending(file_type: str) -> str:
    """Return the ending of a file where it is one, as it comes from whoever uploaded it."""
    ending = file_type.lower()
    return ending if ending[:1] == "." and ending[1:].isalnum() and ending.isascii() else ""


def _report_nothing(done: int, total: int) -> None:
    """Take progress that nobody wants."""
