"""What the operator of a server chooses, looked at before anything is made.

The key of the first start is shown once: a setting that turns out to be wrong after it was made would lose it.
Called by ``serving``.
"""

from __future__ import annotations

import os
import urllib.parse
from email.utils import parseaddr
from typing import Optional

from ftrack_review.exception import ConfigurationError
from ftrack_review.server.mail import is_address
from ftrack_review.server.smtp import MailServer, read_address

__all__ = ["check_places", "read_mail_server"]


def check_places(
    *,
    base_url: Optional[str] = None,
    database: Optional[str] = None,
    media: Optional[str] = None,
    ready_file: Optional[str] = None,
    sender: Optional[str] = None,
) -> None:
    """Raise ConfigurationError for what would fail after the first start has made and lost its key."""
    if base_url is not None:
        parts = urllib.parse.urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError(
                f"{base_url!r} is no address of a server. Give it in full, such as https://reviews.studio.org."
            )
    if sender is not None and not is_address(parseaddr(sender)[1]):
        raise ConfigurationError(f"{sender!r} is no e-mail address that mail could come from (--sender).")
    if database is not None and "://" not in database:
        _check_database(database)
    if media is not None:
        _check_folder(os.path.abspath(media), "take media", "another with --media")
    if ready_file is not None:
        folder = os.path.dirname(os.path.abspath(ready_file))
        _check_folder(folder, "hold the file of --ready-file", "another place for it")


def _check_database(path: str) -> None:
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise ConfigurationError(
            f"The database {path} cannot be made, as there is no folder {folder}. Make it, or choose another "
            "file with --database."
        )
    if os.path.isdir(path):
        raise ConfigurationError(
            f"The database {path} is a folder. Name a file in it: --database {os.path.join(path, 'ftrack.sqlite')}."
        )
    # SQLite keeps files of its own beside it.
    _check_folder(folder, "hold the database", "another file with --database")


def _check_folder(folder: str, purpose: str, way_out: str) -> None:
    """Make *folder* if need be. Raise ConfigurationError where nothing can be written into it."""
    try:
        os.makedirs(folder, exist_ok=True)
        reason = None if os.access(folder, os.W_OK | os.X_OK) else "it cannot be written"
    except OSError as error:
        reason = error.strerror or str(error)
    if reason is not None:
        raise ConfigurationError(f"The folder {folder} cannot {purpose}: {reason}. Choose {way_out}.")


def read_mail_server(smtp: Optional[str], user: Optional[str], security: str) -> Optional[MailServer]:
    """Return who takes mail, None where nobody does. The password of *user* is in the environment.

    Raise ConfigurationError for settings that do not go together.
    """
    if smtp is not None:
        password = os.environ.get("FTRACK_REVIEW_SMTP_PASSWORD")
        return read_address(smtp, user=user, password=password, security=security)
    if user is not None or security != "none":
        raise ConfigurationError("Name the server that takes mail too: --smtp HOST:PORT.")
    return None
