"""The commands about reviews: ``ftrack-review report`` and ``ftrack-review review …``.

They find a review session by its name, call the library and print what it says. Added to the others by
:mod:`ftrack_review.cli`, which also turns errors into a paragraph and a status.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import TYPE_CHECKING, Any, Callable, Iterator, Optional

from ftrack_review._terminal import json_text
from ftrack_review.exception import Error, ReviewError
from ftrack_review.protocol.grammar import quote
from ftrack_review.protocol.schema import nearest

if TYPE_CHECKING:
    import click

    from ftrack_review.entity.base import Entity
    from ftrack_review.review.reports.verification import Verification
    from ftrack_review.session import Session

__all__ = ["add_report", "add_review", "find_review"]

_MOST_NAMED = 8
# The status of a check that found nothing wrong, and nothing that proves who made the report.
_UNPROVEN = 3


def find_review(session: Session, name: str, project: Optional[str] = None) -> Entity:
    """Return the review session called *name*, or with this id, of *project* where one is named.

    Raise :exc:`~ftrack_review.exception.ReviewError`, with the nearest names, where there is none, and with the
    projects where there are several.
    """
    from ftrack_review.review.gathering import project_name

    called = quote(project or "")
    within = f" and (project.name is {called} or project.full_name is {called})" if project else ""
    found = session.query(
        "select name, created_at, project.full_name, project.name from ReviewSession "
        f"where (name is {quote(name)} or id is {quote(name)}){within} order by created_at"
    ).all()
    if len(found) == 1:
        return found[0]  # type: ignore[no-any-return]
    if found:
        listed = ", ".join(
            f"{row['id']} ({project_name(row['project'])}, {row['created_at']:YYYY-MM-DD})"
            for row in found[:_MOST_NAMED]
        )
        raise ReviewError(
            f"There are {len(found)} review sessions called {name!r}: {listed}. Name the project with --project, or "
            "give the id in place of the name."
        )
    if project:
        _require_project(session, project)
    rows = session.query(f"select name from ReviewSession where id is_not {quote('')}{within}")
    names = sorted({row["name"] for row in rows if row["name"]})
    close = nearest(name, names)
    place = f" in {project}" if project else ""
    if close:
        hint = f" Did you mean {close!r}?"
    elif names:
        hint = f" There are {', '.join(repr(other) for other in names[:_MOST_NAMED])}" + (
            f" and {len(names) - _MOST_NAMED} more." if len(names) > _MOST_NAMED else "."
        )
    else:
        hint = f" {session.server_url} has none{place}."
    raise ReviewError(f"There is no review session called {name!r}{place}.{hint}")


def _require_project(session: Session, project: str) -> None:
    names = [
        text
        for row in session.query("select name, full_name from Project")
        for text in (row["name"], row["full_name"])
    ]
    if project not in names:
        close = nearest(project, [text for text in names if text])
        hint = f" Did you mean {close!r}?" if close else ""
        raise ReviewError(f"There is no project called {project!r}.{hint}")


def add_report(commands: click.Group, say: Callable[[str], None]) -> None:
    """Add ``ftrack-review report``."""
    import click

    @commands.command()
    @click.argument("name", required=False)
    @click.option(
        "--format",
        type=click.Choice(("html", "pdf", "csv", "json", "otio")),
        help="What to write.  [default: what --output ends with, or html]",
    )
    @click.option("--output", metavar="FILE", help="Where to write it, - for the standard output.")
    @_server_option()
    @_project_option()
    @click.option("--no-pictures", is_flag=True, help="Leave thumbnails and drawn frames out.")
    @click.option("--held", is_flag=True, help="Show comments that a moderated review holds back.")
    @click.option(
        "--record", is_flag=True, help="Keep the digest of the file on the server, to check it against."
    )
    @click.option("--key-file", metavar="FILE", help="Sign with the secret in this file, or check with it.")
    @click.option("--verify", metavar="FILE", help="Check a report that was kept, instead of making one.")
    @click.option("--offline", is_flag=True, help="Check the file alone, without asking the server.")
    @click.option("--proven", is_flag=True, help="End with 3 where nothing proves who made the file.")
    def report(name: Optional[str], verify: Optional[str], **options: Any) -> int:
        """Report what was decided in the review session NAME, or check such a report.

        NAME is the name or the id of a review session. The server is that of FTRACK_SERVER, FTRACK_API_USER and
        FTRACK_API_KEY. Checking ends with the status 0 where nothing is wrong with the file, and with 1 where it was
        altered or the server says otherwise. With --proven, it ends with 3 where nothing is wrong, and neither a record
        of the server nor a signature proves who made it.
        """
        if (name is None) == (verify is None):
            raise click.UsageError("Name a review session, or a file with --verify.")
        key = _read_key(options["key_file"])
        if verify is not None:
            return _verify(verify, key, options, say)
        assert name is not None
        return _report(name, key, options, say)


def add_review(commands: click.Group, say: Callable[[str], None]) -> None:
    """Add the group ``ftrack-review review``."""

    @commands.group()
    def review() -> None:
        """Take a review along as a folder, bring answers back, and see what is said."""

    for add in (_add_export, _add_merge, _add_feedback, _add_watch):
        add(review, say)


def _add_export(review: click.Group, say: Callable[[str], None]) -> None:
    import click

    @review.command()
    @click.argument("name")
    @click.option("--to", required=True, metavar="FOLDER", help="The folder to write, which must not exist.")
    @click.option("--for", "person", metavar="EMAIL", help="Who it is for. The page asks if not given.")
    @_server_option()
    @_project_option()
    def export(
        name: str, to: str, person: Optional[str], server: Optional[str], project: Optional[str]
    ) -> None:
        """Write the review session NAME to a folder that plays in a browser from disk."""
        from ftrack_review.review import packing

        with _session(server) as session, _bar() as show:
            found = find_review(session, name, project)
            invitee = None if person is None else _find_invitee(found, person)
            package = packing.export(found, to, invitee=invitee, progress=show)
        say(str(package))
        say(f"Open it: {os.path.join(package.path, 'index.html')}")
        say("Bring the answers back: ftrack-review review merge FILE")


def _add_merge(review: click.Group, say: Callable[[str], None]) -> None:
    import click

    @review.command()
    @click.argument("files", nargs=-1, required=True, metavar="FILE...")
    @click.option("--into", "name", metavar="NAME", help="Refuse answers to any other review session.")
    @click.option("--invite", is_flag=True, help="Invite people who are not invited yet.")
    @click.option("--skip-unknown", is_flag=True, help="Leave out what is about objects that are gone.")
    @click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
    @_server_option()
    @_project_option()
    def merge(
        files: tuple[str, ...],
        name: Optional[str],
        server: Optional[str],
        project: Optional[str],
        **options: bool,
    ) -> None:
        """Bring back the answers in each FILE that the page of an exported review saved.

        It is safe to repeat: what is there already is not added again.
        """
        from ftrack_review.review import merging

        with _session(server) as session:
            target = None if name is None else find_review(session, name, project)
            for path in files:
                say(str(merging.merge(session, path, review_session=target, **options)))


def _add_feedback(review: click.Group, say: Callable[[str], None]) -> None:
    import click

    @review.command()
    @click.argument("name")
    @click.option("--since", metavar="TIME", help="Only what was said from then on, such as 2026-11-20.")
    @click.option("--open", "open_only", is_flag=True, help="Only what still needs something.")
    @click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
    @_server_option()
    @_project_option()
    def feedback(
        name: str,
        since: Optional[str],
        open_only: bool,
        as_json: bool,
        server: Optional[str],
        project: Optional[str],
    ) -> None:
        """Print what was said in the review session NAME."""
        import arrow

        from ftrack_review.review import gathering

        moment = None
        if since is not None:
            try:
                moment = arrow.get(since)
            except (ValueError, arrow.parser.ParserError) as error:
                raise click.UsageError(
                    f"{since!r} is no time. Write it like 2026-11-20 or 2026-11-20T18:00."
                ) from error
        with _session(server) as session:
            found = gathering.feedback(find_review(session, name, project), since=moment, open_only=open_only)
        say(json_text(found.to_dict()) if as_json else str(found))


def _add_watch(review: click.Group, say: Callable[[str], None]) -> None:
    import click

    @review.command()
    @click.argument("name")
    @click.option(
        "--for", "duration", type=float, metavar="SECONDS", help="How long.  [default: until Ctrl-C]"
    )
    @_server_option()
    @_project_option()
    def watch(name: str, duration: Optional[float], server: Optional[str], project: Optional[str]) -> None:
        """Print votes, comments and drawings of the review session NAME as they are made."""
        from ftrack_review.review import watching

        with _session(server) as session:
            found = find_review(session, name, project)
            with watching.watch(found, background=False) as handle:
                say(f"Watching {found['name']}. Ctrl-C ends it.")
                handle.wait(duration)


def _report(name: str, key: Optional[bytes], options: dict[str, Any], say: Callable[[str], None]) -> int:
    from ftrack_review.review import reports
    from ftrack_review.review.reports import recording

    output, chosen = options["output"], options["format"]
    if chosen is None:
        ending = os.path.splitext(output or "")[1].lstrip(".").lower()
        chosen = ending or "html"
    reports.require(chosen)
    with _session(options["server"]) as session:
        found = find_review(session, name, options["project"])
        made = reports.report(found, pictures=not options["no_pictures"], include_held=options["held"])
        data = made.render(chosen, key=key)
        if options["record"]:
            recording.record(found, made, {chosen: data})
    if output == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return 0
    path = output or f"{_file_name(made.content['session']['name'])}.{chosen}"
    with open(path, "wb") as stream:
        stream.write(data)
    state = made.content["state"]
    counted = ", ".join(
        f"{state[name]} {word if state[name] == 1 else more}"
        for name, word, more in (
            ("objects", "object", "objects"),
            ("approved", "approved", "approved"),
            ("require_changes", "to change", "to change"),
            ("open_points", "open point", "open points"),
        )
    )
    say(f"Wrote {path}: {counted}")
    say(f"sha256:{made.digest}")
    return 0


def _verify(path: str, key: Optional[bytes], options: dict[str, Any], say: Callable[[str], None]) -> int:
    from ftrack_review.review.reports import verification

    server = options["server"] or os.environ.get("FTRACK_SERVER")
    if options["offline"] or not server:
        found = verification.verify(path, key=key)
        say(str(found))
        say(
            "  The server was not asked." + ("" if options["offline"] else " Name it with --server for that.")
        )
        return _status_of(found, proven=options["proven"])
    with contextlib.ExitStack() as stack:
        try:
            session = stack.enter_context(_session(server))
        except Error as error:
            found = verification.verify(path, key=key)
            say(str(found))
            say(f"  The server could not be asked: {error}")
            return _status_of(found, proven=options["proven"])
        found = verification.verify(path, session=session, key=key)
    say(str(found))
    return _status_of(found, proven=options["proven"])


def _status_of(found: Verification, *, proven: bool) -> int:
    if found.is_wrong:
        return 1
    return _UNPROVEN if proven and not found.is_proven else 0


@contextlib.contextmanager
def _session(server: Optional[str]) -> Iterator[Session]:
    from ftrack_review.session import Session

    with Session(server) as session:
        yield session


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """Yield a function that shows how many files are done, to people who watch."""
    import tqdm

    with tqdm.tqdm(disable=None, leave=False, unit="file") as bar:

        def show(done: int, total: int) -> None:
            bar.total, bar.n = total, done
            bar.refresh()

        yield show


def _find_invitee(review_session: Entity, email: str) -> Entity:
    people = review_session["review_session_invitees"]
    for invitee in people:
        if (invitee["email"] or "").lower() == email.strip().lower():
            return invitee  # type: ignore[no-any-return]
    close = nearest(email, [invitee["email"] for invitee in people if invitee["email"]])
    hint = f" Did you mean {close}?" if close else ""
    raise ReviewError(f"{email} is not invited to {review_session['name']!r}.{hint}")


def _read_key(path: Optional[str]) -> Optional[bytes]:
    if path is None:
        return None
    with open(path, "rb") as stream:
        key = stream.read().strip()
    if not key:
        raise ReviewError(f"The key file {path} is empty.")
    return key


def _file_name(name: str) -> str:
    """Return a name for a file after the *name* of a review session."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "review"


def _server_option() -> Callable[[Any], Any]:
    import click

    return click.option("--server", metavar="URL", help="The server.  [default: FTRACK_SERVER]")


def _project_option() -> Callable[[Any], Any]:
    import click

    return click.option(
        "--project", metavar="NAME", help="The project of the review session, by its name or full name."
    )
