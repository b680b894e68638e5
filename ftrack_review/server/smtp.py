"""The SMTP server that takes mail: where it is, how the connection is secured, and who signs in there.

Made by ``settings`` and ``application``, used by ``mail`` for every mail. The command line offers its choices.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Optional

from ftrack_review.exception import ConfigurationError

if TYPE_CHECKING:
    import smtplib

__all__ = ["SECURITIES", "MailServer", "read_address"]

#: How a connection can be secured: not at all, after it was opened, or from its beginning.
SECURITIES = ("none", "starttls", "tls")

_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\[\]\s]+)):(?P<port>\d{1,5})\Z")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class MailServer(NamedTuple):
    """An SMTP server, by *host* and *port*, and how it is spoken to."""

    host: str
    port: int
    user: Optional[str] = None
    password: Optional[str] = None
    security: str = "none"

    def __repr__(self) -> str:
        """Return the address, without the password."""
        return f"<MailServer {self.host}:{self.port} {self.security}>"

    def connect(self, timeout_s: float) -> smtplib.SMTP:
        """Return an open connection, secured and signed in as is wanted, which a with block closes.

        Raise OSError and smtplib's errors where that fails. Nothing is sent where it cannot be secured.
        """
        import smtplib
        import ssl

        context = ssl.create_default_context()
        if self.security == "tls":
            made: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=timeout_s, context=context)
        else:
            made = smtplib.SMTP(self.host, self.port, timeout=timeout_s)
        try:
            if self.security == "starttls":
                made.starttls(context=context)
            if self.user is not None:
                made.login(self.user, self.password or "")
        except BaseException:
            made.close()
            raise
        return made


def read_address(
    text: str, *, user: Optional[str] = None, password: Optional[str] = None, security: str = "none"
) -> MailServer:
    """Return the server at ``HOST:PORT`` or ``[IPV6]:PORT``, where *user* signs in if given.

    Raise ConfigurationError for what is no address, for half of the credentials, and for a password that
    would cross a network in clear.

    Example::

        >>> read_address("smtp.studio.org:587", user="reviews", password="...", security="starttls")
        <MailServer smtp.studio.org:587 starttls>

    """
    match = _ADDRESS.match(text)
    if match is None or not 0 < int(match["port"]) < 65536:
        raise ConfigurationError(
            f"{text!r} is no address of an SMTP server. Write it as HOST:PORT, such as localhost:25."
        )
    host = match["six"] or match["host"]
    if security not in SECURITIES:
        raise ConfigurationError(f"{security!r} secures no mail. Choose from: {', '.join(SECURITIES)}.")
    if user is not None and not password:
        raise ConfigurationError(
            f"The SMTP server wants a password of {user!r}: put it into the environment variable "
            "FTRACK_REVIEW_SMTP_PASSWORD."
        )
    if user is not None and security == "none" and host not in _LOOPBACK:
        raise ConfigurationError(
            f"The password of {user!r} would go to {host} in clear. Choose --smtp-security starttls or tls."
        )
    return MailServer(host, int(match["port"]), user, password, security)
