"""The command line: ``ftrack-review`` and ``python -m ftrack_review``.

It reads arguments, calls the library and turns what goes wrong into one paragraph on the standard error
output and an exit status. Nothing else imports click or tqdm.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import sys
import textwrap
from typing import TYPE_CHECKING, Any, Callable, List, Mapping, Optional, Tuple, TypeVar

from ftrack_review import __version__, _terminal
from ftrack_review.exception import Error, MissingDependencyError

if TYPE_CHECKING:
    import click

__all__ = ["main"]

Function = TypeVar("Function", bound=Callable[..., Any])

_LOG_LEVELS = ("debug", "info", "warning", "error")

# What a command needs: one module of each package, by extra.
_NEEDS = {
    "cli": ("click", "tqdm"),
    "server": ("jinja2", "sqlalchemy", "starlette", "uvicorn"),
    "media": ("av", "numpy", "OpenImageIO", "PIL", "PyOpenColorIO"),
}


def main(arguments: Optional[List[str]] = None) -> None:
    """Run the command that *arguments* name, those of the process if not given, and exit."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        if words[:1] == ["run"] and words[1:2] not in (["-h"], ["--help"]):
            _run_script(words[1:])
            sys.exit(0)
        # A script that is run prints as it would without us.
        _terminal.soften()
        _require("cli")
        status = _run(words)
    except Error as error:
        status = _complain(str(error))
    except KeyboardInterrupt:
        status = _complain("Interrupted.", status=130)
    except BrokenPipeError:
        # Whoever read our output has enough. What is left must not be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 141
    except OSError as error:
        status = _complain(f"{error.filename or 'The system'}: {error.strerror or error}")
    sys.exit(status)


def _run(arguments: List[str]) -> int:
    import click

    try:
        return int(_make_commands().main(arguments, prog_name="ftrack-review", standalone_mode=False) or 0)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        return _complain("Interrupted.", status=130)
    except click.UsageError as error:
        if error.ctx is not None and _lacks_command(error):
            print(error.ctx.get_help(), file=sys.stderr)
            return 2
        hint = f" See {error.ctx.command_path} --help." if error.ctx else ""
        return _complain(f"{error.format_message()}{hint}", status=2)
    except click.ClickException as error:
        return _complain(error.format_message())


def _lacks_command(error: click.UsageError) -> bool:
    """Return whether a group of commands was named and none of its commands, as click has it since 8.2."""
    import click

    kind = getattr(click.exceptions, "NoArgsIsHelpError", None)
    return kind is not None and isinstance(error, kind)


def _complain(message: str, *, status: int = 1) -> int:
    """Print *message* as one paragraph on the standard error output and return *status*."""
    text = _terminal.harmless(" ".join(message.split()))
    lines = textwrap.wrap(f"ftrack-review: {text}", 100, break_long_words=False, break_on_hyphens=False)
    print("\n".join(lines), file=sys.stderr)
    return status


def _require(*extras: str) -> None:
    """Raise MissingDependencyError, with the command that helps, if a package of *extras* is missing."""
    missing = [extra for extra in extras if not all(importlib.util.find_spec(name) for name in _NEEDS[extra])]
    if missing:
        command = f"{sys.executable} -m pip install 'ftrack-review[{','.join(extras)}]'"
        raise MissingDependencyError(
            f"This command needs packages that are not installed. Install them with: {command}"
        )


def _make_commands() -> click.Group:
    """Return the group of all commands."""
    import click

    from ftrack_review import review_commands

    @click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
    @click.version_option(__version__, prog_name="ftrack-review", message="%(prog)s %(version)s")
    def commands() -> None:
        """Reviews on ftrack, and a server of its own to develop and test against."""

    for add in (_add_serve, _add_user, _add_key, _add_backup, _add_mirror, _add_demo, _add_run):
        add(commands)
    review_commands.add_report(commands, _say)
    review_commands.add_review(commands, _say)
    return commands


def _add_serve(commands: click.Group) -> None:
    import click

    file = click.Path(dir_okay=False)

    @commands.command()
    @_options(
        click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on."),
        click.option(
            "--port",
            default=8090,
            show_default=True,
            type=click.IntRange(0, 65535),
            help="The port to listen on, 0 for any free one.",
        ),
        _data_option(),
        _database_option(),
        _media_option(),
        _mail_options(),
        click.option("--base-url", metavar="URL", help="The address under which clients reach the server."),
        click.option(
            "--tls-certificate",
            metavar="FILE",
            type=file,
            help="A PEM file with the certificate and its chain, to speak HTTPS.",
        ),
        click.option("--tls-key", metavar="FILE", type=file, help="The key of the certificate."),
        click.option(
            "--schema",
            metavar="FILE",
            type=file,
            help="Shape a new database after this answer of another server to query_schemas.",
        ),
        click.option(
            "--ready-file",
            type=file,
            help="Written as JSON with url, api_user, api_key and pid once connections are accepted. "
            "The key ends with the server.",
        ),
        _log_options(),
    )
    def serve(log_level: str, log_format: str, **settings: Any) -> None:
        """Run a server until Ctrl-C or SIGTERM."""
        _require("server")
        from ftrack_review.server import log, serving

        log.configure(level=log_level, format=log_format)
        settings["data"] = settings["data"] or _default_data()
        serving.serve(announce=_say, **settings)


def _mail_options() -> Callable[[Function], Function]:
    import click

    from ftrack_review.server.smtp import SECURITIES

    return _options(
        click.option(
            "--smtp",
            metavar="HOST:PORT",
            help="The server that takes mail. Kept in an outbox folder if not given.",
        ),
        click.option(
            "--smtp-user",
            metavar="NAME",
            help="Who signs in there. The password is in FTRACK_REVIEW_SMTP_PASSWORD.",
        ),
        click.option(
            "--smtp-security",
            type=click.Choice(SECURITIES),
            default="none",
            show_default=True,
            help="How the connection to it is secured.",
        ),
        click.option("--sender", metavar="ADDRESS", help="The address that mail comes from."),
    )


def _log_options() -> Callable[[Function], Function]:
    import click

    from ftrack_review.server.log import FORMATS

    return _options(
        click.option(
            "--log-level",
            type=click.Choice(_LOG_LEVELS),
            default="warning",
            show_default=True,
            help="What to log.",
        ),
        click.option(
            "--log-format",
            type=click.Choice(FORMATS),
            default="text",
            show_default=True,
            help="Lines for people, or one JSON object on each line.",
        ),
    )


def _add_user(commands: click.Group) -> None:
    import click

    @commands.group()
    def user() -> None:
        """Create users, also while the server runs."""

    @user.command("add")
    @_options(
        _data_option(),
        _database_option(),
        click.argument("name"),
        click.option("--email", required=True, metavar="ADDRESS", help="Where the user gets mail."),
        click.option("--first-name", metavar="TEXT", help="The first name."),
        click.option("--last-name", metavar="TEXT", help="The last name."),
        click.option(
            "--role",
            "roles",
            multiple=True,
            metavar="NAME",
            help="A security role; Administrator may do everything. Repeatable.  [default: User]",
        ),
    )
    def add(data: Optional[str], database: Optional[str], name: str, **values: Any) -> None:
        """Create the user NAME."""
        with _opened(data, database) as server:
            from ftrack_review.server import account

            account.add_user(server, name, **values)
        # The address of a database may hold a password.
        place = "" if data is None else f" --data {shlex.quote(data)}"
        place += "" if database is None else " --database ..."
        command = f"ftrack-review key new --user {shlex.quote(name)}{place}"
        _say(f"Created {name}. A key is issued with: {command}")


def _add_key(commands: click.Group) -> None:
    import click

    @commands.group()
    def key() -> None:
        """Issue and revoke API keys, also while the server runs."""

    @key.command("new")
    @_options(
        _data_option(),
        _database_option(),
        click.option("--user", help="Whose key.  [default: the administrator]"),
    )
    @click.option("--name", default="", help="What the key is for.")
    def new(data: Optional[str], database: Optional[str], user: Optional[str], name: str) -> None:
        """Issue a key and print it, which is the only time it can be seen."""
        with _opened(data, database) as server:
            username, text = server.new_key(user, name)
        _say(f"export FTRACK_API_USER={username}")
        _say(f"export FTRACK_API_KEY={text}")

    @key.command("list")
    @_options(_data_option(), _database_option())
    def show(data: Optional[str], database: Optional[str]) -> None:
        """List the valid keys: id, user, time of issue and name."""
        with _opened(data, database) as server:
            for entry in server.list_keys():
                _say("  ".join(str(entry[part] or "-") for part in ("id", "username", "created_at", "name")))

    @key.command("revoke")
    @_options(_data_option(), _database_option(), click.argument("key_id"))
    def revoke(data: Optional[str], database: Optional[str], key_id: str) -> None:
        """End the key whose id is KEY_ID."""
        with _opened(data, database) as server:
            server.revoke_key(key_id)


def _add_backup(commands: click.Group) -> None:
    import click

    @commands.command()
    @_options(
        _data_option(),
        _database_option(),
        _media_option(),
        click.option(
            "--to",
            required=True,
            metavar="FILE.zip|DIR|URL",
            help="Where the copy goes, which must not exist; of the database alone into an empty one, at a URL.",
        ),
    )
    def backup(data: Optional[str], to: str, **places: Optional[str]) -> None:
        """Copy database, media and outbox, also while the server runs.

        The copy is a data folder: ftrack-review serve --data DIR goes on with it. Unpack a zip file first.
        """
        _require("server", "cli")
        from ftrack_review.server import backup as copying

        with _Bar() as bar:
            count, size = copying.back_up(
                data=data or _default_data(),
                to=to,
                progress=lambda done, total: bar.show("bytes", done, total),
                **places,
            )
        if "://" in to:
            # Not where to, as the address may hold a password.
            _say("Copied the database. The media stays where it is: name it with serve --media.")
            return
        _say(f"Copied the database and {count} files ({size} bytes) to {os.path.abspath(to)}")


def _add_mirror(commands: click.Group) -> None:
    import click

    @commands.command()
    @_options(
        click.option(
            "--from",
            "source",
            required=True,
            metavar="URL",
            help="The server to copy from, any ftrack server.",
        ),
        click.option("--project", required=True, metavar="NAME", help="The project to copy."),
        click.option(
            "--to",
            required=True,
            metavar="DIR|URL",
            help="A data folder, which is made after the other server, or a server.",
        ),
        click.option("--anonymise", is_flag=True, help="Replace names, texts and media."),
        click.option("--media", "with_media", is_flag=True, help="Copy the files that the server keeps."),
        click.option("--notes/--no-notes", "with_notes", default=True, help="Copy notes.  [default: yes]"),
        click.option(
            "--reviews/--no-reviews",
            "with_reviews",
            default=True,
            help="Copy review sessions.  [default: yes]",
        ),
    )
    def mirror(source: str, project: str, to: str, **choices: bool) -> None:
        """Copy one project and the set-up of its site, to work offline. Repeat it to get what is new.

        Credentials for --from are in FTRACK_API_USER and FTRACK_API_KEY; those for a server as target in
        FTRACK_TARGET_API_USER and FTRACK_TARGET_API_KEY. A folder needs none.
        """
        _require("server", "cli", *(["media"] if choices["anonymise"] and choices["with_media"] else []))
        _mirror_project(source, project, to, choices)


def _mirror_project(source: str, project: str, to: str, choices: Mapping[str, bool]) -> None:
    from ftrack_review import mirror as mirroring
    from ftrack_review.session import Session

    is_folder = "://" not in to
    user, api_key = (os.environ.get(f"FTRACK_TARGET_API_{part}") for part in ("USER", "KEY"))
    if not (is_folder or to.startswith("embedded:") or (user and api_key)):
        # The session would take those of the other server, which this one must not see.
        raise Error("Set FTRACK_TARGET_API_USER and FTRACK_TARGET_API_KEY to the credentials for --to.")
    with Session(source) as origin:
        # Before a folder is made for it.
        mirroring.find_project(origin, project)
        address = mirroring.make_target(to, origin) if is_folder else to
        with _Bar() as bar, Session(address, api_key=api_key, api_user=user) as target:
            counts = mirroring.mirror(origin, target, project, progress=bar.show, **choices)
    _say(", ".join(f"{count} {name}" for name, count in counts.items()))
    if is_folder:
        _say(f"Serve it: ftrack-review serve --data {shlex.quote(to)}")
        _say(f"Get a key: ftrack-review key new --data {shlex.quote(to)}")


class _Bar:
    """A bar for people who watch, of the work that is going on."""

    def __enter__(self) -> _Bar:
        import tqdm

        self._bar = tqdm.tqdm(disable=None, leave=False)
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.close()

    def show(self, what: str, done: int, total: int) -> None:
        """Show that *done* of *total* of *what* are done."""
        self._bar.set_description(what, refresh=False)
        self._bar.total = total
        self._bar.n = done
        self._bar.refresh()


def _add_demo(commands: click.Group) -> None:
    import click

    @commands.command()
    @click.option(
        "--media",
        multiple=True,
        metavar="PATH",
        help="A movie, a still, a folder with an image sequence, or 'name.%04d.exr [1-8]'. Repeatable.",
    )
    @click.option("--keep", is_flag=True, help="Leave the server running at the end.")
    def demo(media: Tuple[str, ...], keep: bool) -> int:
        """Run a whole review, from publishing to sign-off, on a server of its own."""
        _require("server", "media", "cli")
        from ftrack_review import demo as demonstration

        return int(demonstration.run(media=list(media), keep=keep) or 0)


def _add_run(commands: click.Group) -> None:
    """Describe the command that :func:`main` carries out, for those who ask for help."""
    import click

    command = click.Command(
        "run",
        params=[click.Argument(["script"]), click.Argument(["arguments"], nargs=-1)],
        help="Run a SCRIPT that was written for ftrack_api, with this library in its place.",
    )
    commands.add_command(command)


def _run_script(words: List[str]) -> None:
    """Run the script that *words* begin with, as ``compat`` does.

    It needs the client alone, not the packages of the command line.
    """
    from ftrack_review import compat

    if not words:
        raise Error("Which script? Write: ftrack-review run SCRIPT [ARGUMENTS]...")
    script, *arguments = words
    if not os.path.exists(script):
        raise Error(f"There is no script {script}.")
    try:
        compat.run_script(script, arguments)
    except BrokenPipeError:
        raise
    except Exception:  # noqa: BLE001 - whatever a script raises.
        # What a script does not catch is shown as Python shows it, with the line where it happened.
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        sys.exit(1)


def _opened(data: Optional[str], database: Optional[str]) -> Any:
    """Return the server of a data folder that exists, to be closed by a with block."""
    _require("server")
    from ftrack_review.server.application import Server

    folder = data or _default_data()
    if database is None and not os.path.isdir(folder):
        raise Error(
            f"There is no server data in {folder}. Name its folder with --data, or start it once: ftrack-review serve."
        )
    # Databases are upgraded when the server starts, not on the way to a list of keys.
    return Server(data=folder, database=database, may_upgrade=False)


def _default_data() -> str:
    import platformdirs

    return str(platformdirs.user_data_dir("ftrack-review", appauthor=False))


def _data_option() -> Callable[[Function], Function]:
    import click

    path = click.Path(file_okay=False)
    return click.option(
        "--data", type=path, help="The folder for everything.  [default: in the user's data folder]"
    )


def _database_option() -> Callable[[Function], Function]:
    import click

    return click.option("--database", metavar="PATH|URL", help="The database.  [default: in --data]")


def _media_option() -> Callable[[Function], Function]:
    import click

    path = click.Path(file_okay=False)
    return click.option("--media", type=path, help="The folder for media.  [default: in --data]")


def _options(*decorators: Callable[[Function], Function]) -> Callable[[Function], Function]:
    """Return a decorator that applies *decorators*, the first on top."""

    def apply(function: Function) -> Function:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


def _say(line: str) -> None:
    # A script that waits for a line must not wait for the buffer.
    print(_terminal.harmless(line), flush=True)
