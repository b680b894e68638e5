"""A whole review on a server of its own, as ``ftrack-review demo`` shows it.

Everything is done through the public session and the review helpers, as a script of a studio would do it. Called by
``cli``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import email
import email.policy
import glob
import os
import re
import signal
import sys
import tempfile
import threading
import time
from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator, List, Optional, Sequence, TextIO, Tuple

from ftrack_review import exception, media, symbol
from ftrack_review._terminal import harmless
from ftrack_review.media import synthesis

if TYPE_CHECKING:
    from fractions import Fraction

    from ftrack_review.session import Session

__all__ = ["run"]

#: What shorter work than this needs no progress, in seconds.
_QUIET_S = 1.0

#: How often a pipe gets a line of progress, in seconds.
_LINE_EVERY_S = 2.0

#: How long a request for a page or a file may take, in seconds.
_TIMEOUT_S = 60.0

_PEOPLE = (("Ada Lovelace", "ada@example.com", "approver"), ("Grace Hopper", "grace@example.com", "reviewer"))


@dataclasses.dataclass
class _Published:
    """One thing that is up for review: the *item*, what its source is, and what the server made of it."""

    item: Any
    source: media.MediaInfo
    encoded: media.MediaInfo


def run(*, media: Sequence[str] = (), keep: bool = False, stream: Optional[TextIO] = None) -> int:
    """Hold a review of *media*, or of media made on the spot, and return the exit status.

    *media* are paths of movies, stills, sequences such as ``ball.%04d.exr [1-8]``, or folders with one sequence. What
    cannot be used is named, and the rest is reviewed; the status then is 1. With *keep* the server is left running
    until it is interrupted. *stream*, by default the standard output, gets the story, in colour on a terminal.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ftrack-review-demo-"))
        return _Demo(_Page(stream or sys.stdout), folder).play(list(media), keep=keep)


class _Page:
    """What the reader sees: headings, lines and progress; in colour and moving on a terminal only."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.is_terminal = bool(stream.isatty())
        self._has_colour = self.is_terminal and not os.environ.get("NO_COLOR")

    def heading(self, text: str) -> None:
        """Begin a part of the story."""
        self._write("\n" + self._paint(text, "cyan", "bold") + "\n")

    def line(self, text: str = "") -> None:
        """Write a line of the story."""
        self._write(f"  {harmless(text)}\n" if text else "\n")

    def good(self, text: str) -> None:
        """Write a line about something that was checked and is right."""
        self._write(f"  {self._paint('ok', 'green')}  {harmless(text)}\n")

    def bad(self, text: str) -> None:
        """Write a paragraph about something that is wrong."""
        self._write(f"  {self._paint('no', 'red', 'bold')}  {harmless(text)}\n")

    def quote(self, text: str) -> None:
        """Write *text*, that of a mail or a report, set apart."""
        self._write(
            "".join(f"  | {harmless(line)}".rstrip() + "\n" for line in text.strip("\n").splitlines())
        )

    @contextlib.contextmanager
    def progress(self, title: str) -> Iterator[Any]:
        """Give a function ``(stage, done, total)`` that shows how far something is once it takes a second."""
        shown = _Bar(self, title) if self.is_terminal else _Lines(self, title)
        try:
            yield shown.update
        finally:
            shown.close()

    def _paint(self, text: str, colour: str, *attributes: str) -> str:
        if not self._has_colour:
            return text
        from termcolor import colored

        arguments: Any = {"color": colour, "attrs": list(attributes)}
        try:
            # It would judge by the standard output, which need not be the stream.
            return str(colored(text, **arguments, force_color=True))
        except TypeError:  # termcolor before 2.1 always colours.
            return str(colored(text, **arguments))

    def _write(self, text: str) -> None:
        # A path may hold what the terminal cannot show.
        encoding = self.stream.encoding or "utf-8"
        self.stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        self.stream.flush()


class _Lines:
    """Progress in a pipe: a line every two seconds."""

    def __init__(self, page: _Page, title: str) -> None:
        self._page = page
        self._title = title
        self._due = time.monotonic() + _QUIET_S

    def update(self, stage: str, done: int, total: int) -> None:
        """Note that *done* of *total* are finished."""
        if time.monotonic() >= self._due and total:
            self._due = time.monotonic() + _LINE_EVERY_S
            self._page.line(f"... {self._title}: {stage} {100 * done // total} %")

    def close(self) -> None:
        """End: there is nothing to take away."""


class _Bar:
    """Progress on a terminal: a bar that vanishes."""

    def __init__(self, page: _Page, title: str) -> None:
        self._page = page
        self._title = title
        self._begun = time.monotonic()
        self._stage = ""
        self._bar: Any = None

    def update(self, stage: str, done: int, total: int) -> None:
        """Note that *done* of *total* are finished."""
        if stage != self._stage:
            self.close()
            self._stage = stage
        if self._bar is None and total and time.monotonic() - self._begun >= _QUIET_S:
            from tqdm import tqdm

            self._bar = tqdm(
                total=total,
                desc=f"  {self._title}: {stage}",
                file=self._page.stream,
                leave=False,
                bar_format="{desc} {percentage:3.0f}% |{bar:30}|",
            )
        if self._bar is not None:
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class _Demo:
    """The story, part by part."""

    def __init__(self, page: _Page, folder: str) -> None:
        self.page = page
        self.folder = folder
        self.refused: List[str] = []
        self.wrong: List[str] = []

    def play(self, paths: List[str], *, keep: bool) -> int:
        """Tell everything and return the exit status."""
        import ftrack_review

        begun = time.monotonic()
        data = os.path.join(self.folder, "server")
        os.mkdir(data)
        with ftrack_review.Session(f"embedded://{_as_address(data)}") as session:
            self.page.heading("The server")
            self.page.line(f"listens on {session.server_url}, data in {data}, mail in its outbox")
            status = self._review(session, paths, data, keep=keep)
            if keep and status != _NOTHING:
                self._wait(session)
        self.page.line()
        self.page.line(f"Done in {time.monotonic() - begun:.1f} seconds; the server is gone.")
        return 1 if status else 0

    def _review(self, session: Session, paths: List[str], data: str, *, keep: bool) -> int:
        chosen = [(path, "") for path in paths] or self._make_media()
        tasks = self._create_project(session, max(3, len(chosen)))
        review = session.create(
            "ReviewSession",
            {
                "name": "Weekly review",
                "description": "What was finished since last week.",
                "project": session.get("Project", tasks[0]["project_id"]),
            },
        )
        session.commit()
        published = self._publish_all(session, review, tasks, chosen, expected=not paths)
        if not published:
            self.page.line()
            self.page.line("Nothing could be published, so there is nothing to review.")
            return _NOTHING
        people = self._invite(review, data)
        self._respond(session, published, people)
        self._close(session, review, published[0], people[0])
        self.page.heading("The summary")
        self.page.quote(review.summarise())
        if keep:
            self._keep(session, review, people)
        self.page.line()
        for text in (*self.refused, *self.wrong):
            self.page.bad(text)
        return 1 if self.refused or self.wrong else 0

    def _make_media(self) -> List[Tuple[str, str]]:
        """Return (path, name) of a movie, a sequence and a still made here, and of a movie that is damaged."""
        self.page.heading("Media made on the spot")
        place = os.path.join(self.folder, "media")
        os.mkdir(place)
        movie, damaged = os.path.join(place, "sh010_comp.mov"), os.path.join(place, "sh040_cut_short.mov")
        pattern, still = os.path.join(place, "sh020_light.%04d.exr"), os.path.join(place, "sh030_concept.png")
        with self.page.progress("sh010_comp.mov") as report:
            synthesis.make_movie(
                movie,
                frames=48,
                fps=24,
                label="sh010 comp",
                with_audio=True,
                progress=lambda done, total: report("rendering", done, total),
            )
        with self.page.progress("sh020_light") as report:
            synthesis.make_sequence(
                pattern,
                numbers=range(1001, 1025),
                fps="24000/1001",
                label="sh020 light",
                progress=lambda done, total: report("rendering", done, total),
            )
        synthesis.make_picture(still, label="sh030 concept")
        with open(movie, "rb") as whole, open(damaged, "wb") as part:
            part.write(whole.read(os.path.getsize(movie) // 2))
        self.page.line("sh010_comp.mov         48 frames of ProRes with sound, 24 fps")
        self.page.line("sh020_light.%04d.exr   24 scene-linear frames, 23.976 fps")
        self.page.line("sh030_concept.png      a still")
        self.page.line("sh040_cut_short.mov    half a movie, which has to be refused")
        return [(movie, ""), (f"{pattern} [1001-1024]", ""), (still, ""), (damaged, "damaged")]

    def _create_project(self, session: Session, count: int) -> List[Any]:
        """Create a project with *count* shots and return a task of each."""
        self.page.heading("The project")
        schema = session.query('ProjectSchema where name is "VFX"').one()
        kind = session.query('Type where name is "Compositing"').first()
        project = session.create(
            "Project", {"name": "demo", "full_name": "Demonstration", "project_schema": schema}
        )
        tasks = []
        for index in range(1, count + 1):
            shot = session.create("Shot", {"name": f"sh{index * 10:03d}", "parent": project})
            data: Dict[str, Any] = {"name": "compositing", "parent": shot}
            if kind is not None:
                data["type"] = kind
            tasks.append(session.create("Task", data))
        session.commit()
        names = ", ".join(task["parent"]["name"] for task in tasks)
        self.page.line(f"Demonstration, with the shots {names}")
        return tasks

    def _publish_all(
        self,
        session: Session,
        review: Any,
        tasks: List[Any],
        chosen: Iterable[Tuple[str, str]],
        *,
        expected: bool,
    ) -> List[_Published]:
        self.page.heading(f"Publishing into {review['name']!r}")
        published = []
        for (path, note), task in zip(chosen, tasks):
            try:
                published.append(self._publish(session, review, path, task))
            except exception.MediaError as error:
                self.page.bad(f"refused: {error}")
                if not note:
                    self.refused.append(f"{path} is not in the review.")
            else:
                if note and expected:
                    self.wrong.append(f"{path} is damaged and was taken all the same.")
        return published

    def _publish(self, session: Session, review: Any, path: str, task: Any) -> _Published:
        name = os.path.basename(os.path.normpath(path))
        source = media.isolated("probe", {"path": path})
        with self.page.progress(name) as report:
            item = review.publish(path, task=task, progress=report)
        encoded = self._fetch_encoded(session, item)
        self.page.line(f"{name}: {_describe(source)}")
        fits = (encoded.width, encoded.height) == (source.width, source.height)
        if source.kind in {"movie", "sequence"}:
            fits = encoded.frames == source.frames and source.fps in {None, encoded.fps}
        if fits:
            self.page.good(f"on the server: {_describe(encoded)}")
        else:
            self.wrong.append(f"{name} is not the same on the server: {_describe(encoded)}.")
            self.page.bad(self.wrong[-1])
        return _Published(item, source, encoded)

    def _fetch_encoded(self, session: Session, item: Any) -> media.MediaInfo:
        """Download what the server made for browsers, as a browser would, and return what it is."""
        components = session.query(
            f'select name, file_type from Component where version_id is "{item["asset_version"]["id"]}"'
        ).all()
        chosen = next(entry for entry in components if entry["name"].startswith("ftrackreview-"))
        location: Any = session.query('Location where name is "ftrack.server"').one()
        path = os.path.join(self.folder, f"fetched{chosen['file_type']}")
        with open(path, "wb") as file:
            file.writelines(_get(location.get_url(chosen)).iter_content(symbol.CHUNK_SIZE))
        return media.isolated("probe", {"path": path})

    def _invite(self, review: Any, data: str) -> List[Any]:
        self.page.heading("Invitations")
        people = review.invite([{"name": name, "email": to, "role": role} for name, to, role in _PEOPLE])
        review.send_invitations()
        mails = {}
        for path in sorted(glob.glob(os.path.join(data, "outbox", "*.eml"))):
            recipient, text = _read_mail(path)
            mails[recipient] = text
            self.page.quote(text)
            self.page.line()
        for person in people:
            link = re.search(r"https?://\S+/review/\S+", mails.get(person["email"], ""))
            if link is None:
                self.wrong.append(f"{person['name']} got no mail with a link.")
                continue
            _get(link[0])
            self.page.good(f"{person['name']} opens the page that the mail links to, without an account")
        return list(people)

    def _respond(self, session: Session, published: List[_Published], people: List[Any]) -> None:
        """Have everyone vote on everything, and comment."""
        self.page.heading("Feedback")
        ada, grace = people
        for index, entry in enumerate(published):
            name = entry.item["name"]
            frame = _middle(entry.encoded)
            place = "" if frame is None else f" at frame {frame + 1}"
            if index == 0:
                note = entry.item.comment("Can this come a little later?", frame=frame, invitee=grace)
                entry.item.vote("require_changes", grace)
                entry.item.reply(note, "Agreed, but it has to hit the cut.", invitee=ada)
                entry.item.vote("approved", ada)
                self.page.line(
                    f"{name}: Grace requires changes and comments{place}; Ada answers and approves"
                )
            else:
                entry.item.vote("seen", grace)
                entry.item.vote("approved" if index % 2 else "require_changes", ada)
                entry.item.comment(
                    "Lovely colours." if index % 2 else "Please try a warmer light.", invitee=ada
                )
                self.page.line(
                    f"{name}: Grace has seen it, Ada {'approves' if index % 2 else 'requires changes'} and comments"
                )
        session.commit()

    def _close(self, session: Session, review: Any, entry: _Published, person: Any) -> None:
        self.page.heading("The end of the review")
        review.close()
        try:
            entry.item.vote("require_changes", person)
            session.commit()
        except (exception.ServerError, exception.ReviewError) as error:
            session.rollback()
            self.page.good(f"closed; a vote that comes too late is refused: {error}")
        else:
            self.wrong.append("The review is closed, and a vote was taken all the same.")

    def _keep(self, session: Session, review: Any, people: List[Any]) -> None:
        review.reopen()
        self.page.heading("The server stays")
        self.page.line("The review is open again. Their personal pages:")
        for person in people:
            self.page.line(f"{person['name']:14} {person.link()}")
        self.page.line("For scripts:")
        for name, value in (
            ("FTRACK_SERVER", session.server_url),
            ("FTRACK_API_USER", session.api_user),
            ("FTRACK_API_KEY", session.api_key),
        ):
            self.page.line(f"export {name}={value}")

    def _wait(self, session: Session) -> None:
        """Return when the user has had enough."""
        self.page.line()
        self.page.line(f"{session.server_url} answers until you press Ctrl-C.")
        stopped = threading.Event()
        is_main = threading.current_thread() is threading.main_thread()
        former: Any = None
        if is_main:
            former = signal.signal(signal.SIGTERM, lambda *_: stopped.set())
        try:
            # With a limit, as Windows does not interrupt an endless wait.
            while not stopped.wait(1.0):
                continue
        except KeyboardInterrupt:
            pass
        finally:
            if is_main:
                signal.signal(signal.SIGTERM, former)


#: The status when there was nothing to review.
_NOTHING = 2


def _as_address(folder: str) -> str:
    path = os.path.abspath(folder).replace(os.sep, "/")
    return path if path.startswith("/") else f"/{path}"


def _describe(info: media.MediaInfo) -> str:
    size = f"{info.width} x {info.height}"
    if info.kind == "image":
        return f"a still of {size} ({info.codec})"
    rate = "no rate named" if info.fps is None else f"{_rate(info.fps)} fps"
    sound = ", with sound" if info.has_audio else ""
    return f"{info.frames} frames of {size}, {rate} ({info.codec}{sound})"


def _rate(fps: Fraction) -> str:
    return str(fps.numerator) if fps.denominator == 1 else f"{float(fps):.3f} ({fps})"


def _middle(info: media.MediaInfo) -> Optional[int]:
    return None if info.kind == "image" or not info.frames else info.frames // 2


def _read_mail(path: str) -> Tuple[str, str]:
    """Return whom the mail at *path* is for, and all of it as a reader sees it, in plain text."""
    with open(path, "rb") as file:
        message = email.message_from_binary_file(file, policy=email.policy.default)
    body = message.get_body(("plain",))
    text = body.get_content() if body is not None else ""
    head = [f"{name}: {message[name]}" for name in ("From", "To", "Subject")]
    return str(message["To"].addresses[0].addr_spec), "\n".join([*head, "", text])


def _get(url: str) -> Any:
    """Return the answer to a GET of *url* without credentials. Raise an Error unless it is a good one."""
    import requests

    answer = requests.get(url, stream=True, timeout=_TIMEOUT_S)
    if answer.status_code != requests.codes.ok:
        raise exception.ServerError(f"The server answered {answer.status_code} to a page that it linked to.")
    return answer
