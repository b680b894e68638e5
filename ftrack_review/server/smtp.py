"""The SMTP server that takes mail: where it is, how the connection is secured, who signs in, and handing mail over.

Handing over has a point of no return: once the final dot of a mail was sent, nobody knows whether it is on its way
until the server has answered, for which it may take ten minutes (RFC 5321 4.5.3.2). :class:`Delivery` tells what
happens before from what happens after, so that a mail is tried again only where it was not sent.

Made by ``settings`` and ``application``, used by ``mail`` for every mail. The command line offers its choices.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import threading
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional, Tuple

from ftrack_review.exception import ConfigurationError

if TYPE_CHECKING:
    from email.message import EmailMessage

__all__ = ["SECURITIES", "TIMEOUTS", "Delivery", "MailServer", "Timeouts", "UnconfirmedError", "read_address"]

#: How a connection can be secured: not at all, after it was opened, or from its beginning.
SECURITIES = ("none", "starttls", "tls")

_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\[\]\s]+)):(?P<port>\d{1,5})\Z")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Timeouts(NamedTuple):
    """How long is waited for an SMTP server, in seconds.

    RFC 5321 4.5.3.2 asks for 5 minutes for most commands. What comes before the mail itself is tried again and
    can be given up sooner; for the *content* and above all for the answer to its *end* there is what it asks for.
    """

    connect: float = 30.0
    command: float = 120.0
    content: float = 180.0
    end: float = 600.0
    quit: float = 5.0


TIMEOUTS = Timeouts()


class UnconfirmedError(Exception):
    """The whole mail was sent, and the server did not say whether it takes it."""


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


class Delivery:
    """One mail on its way to a server."""

    def __init__(
        self, server: MailServer, *, sending: Callable[[], object], timeouts: Optional[Timeouts] = None
    ) -> None:
        """Initialise for *server*. *sending* is called when it is ready to take the content of the mail."""
        self._server = server
        self._sending = sending
        self._timeouts = timeouts or TIMEOUTS
        self._lock = threading.Lock()
        self._connection: Optional[smtplib.SMTP] = None
        self._is_interrupted = False

    def send(self, message: EmailMessage, sender: str, recipient: str) -> None:
        """Hand over *message*.

        Raise UnconfirmedError where it may have been sent, and OSError, smtplib's errors or ValueError where it
        was not. Nothing is sent where the connection cannot be secured.
        """
        connection = self._connect()
        try:
            connection.send_message(message, from_addr=sender, to_addrs=[recipient])
            # It is sent. What is said in parting changes nothing.
            with contextlib.suppress(OSError, smtplib.SMTPException):
                _wait_up_to(connection, self._timeouts.quit)
                connection.quit()
        finally:
            connection.close()

    def interrupt(self) -> None:
        """End the connection from another thread, as the server that sends stops."""
        with self._lock:
            self._is_interrupted = True
            sock = None if self._connection is None else self._connection.sock
            if sock is not None:
                with contextlib.suppress(OSError):
                    # Not the method of a secured socket, which is no matter of two threads.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _connect(self) -> smtplib.SMTP:
        import ssl

        server, context = self._server, ssl.create_default_context()
        made: smtplib.SMTP
        if server.security == "tls":
            made = _SecuredConnection(
                server.host, server.port, timeout=self._timeouts.connect, context=context
            )
        else:
            made = _Connection(server.host, server.port, timeout=self._timeouts.connect)
        try:
            with self._lock:
                if self._is_interrupted:
                    raise OSError("The server stops.")
                self._connection = made
            made.sending, made.timeouts = self._sending, self._timeouts  # type: ignore[attr-defined]
            _wait_up_to(made, self._timeouts.command)
            if server.security == "starttls":
                made.starttls(context=context)
            if server.user is not None:
                made.login(server.user, server.password or "")
        except BaseException:
            made.close()
            raise
        return made


class _Phases:
    """What smtplib does not tell apart: before the end of the mail was sent, and after."""

    sending: Callable[[], object]
    timeouts: Timeouts

    def data(self: Any, msg: Any) -> Tuple[int, bytes]:
        """Send the content of the mail, as smtplib's method of this name does, and return the answer."""
        code, text = self.docmd("data")
        if code != 354:
            raise smtplib.SMTPDataError(code, text)
        self.sending()
        content = msg.encode("ascii") if isinstance(msg, str) else msg
        content = re.sub(rb"(?m)^\.", b"..", re.sub(rb"\r\n|\r|\n", b"\r\n", content))
        _wait_up_to(self, self.timeouts.content)
        self.send(content if content.endswith(b"\r\n") else content + b"\r\n")
        self.send(b".\r\n")
        _wait_up_to(self, self.timeouts.end)
        try:
            answer: Tuple[int, bytes] = self.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise UnconfirmedError(
                f"the connection was lost, or the server silent, after the whole mail was sent ({error})"
            ) from error
        _wait_up_to(self, self.timeouts.command)
        return answer


class _Connection(_Phases, smtplib.SMTP):
    pass


class _SecuredConnection(_Phases, smtplib.SMTP_SSL):
    pass


def _wait_up_to(connection: Any, timeout_s: float) -> None:
    if connection.sock is not None:
        connection.sock.settimeout(timeout_s)


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
