"""Run the server: for the command line, on loopback inside a program, or without any socket.

- :func:`serve` runs until it is told to stop, and tells scripts by a file when it accepts connections.
- :class:`Listener` gives a server an address, from a thread of its own.
- :class:`EmbeddedTransport` is what ``Session("embedded://")`` talks through: calls go straight to
  :meth:`Server.handle`, and a listener is started only when something needs an address.

Called by ``cli``, and by ``ftrack_review.transport`` through its table of dotted names.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import re
import shutil
import signal
import socket
import tempfile
import threading
import uuid
import weakref
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Mapping, Optional, Tuple

from ftrack_review.exception import ConfigurationError, ConnectionClosedError, Error
from ftrack_review.server import certificate, settings
from ftrack_review.server.application import Server
from ftrack_review.server.locking import alone
from ftrack_review.server.recorded import read_document

if TYPE_CHECKING:
    import requests
    import uvicorn

__all__ = ["EmbeddedTransport", "Listener", "embedded_folder", "serve"]

#: How long running requests may take when the server stops, in seconds.
STOP_TIMEOUT_S = 10.0

_START_TIMEOUT_S = 20.0
_logger = logging.getLogger(__name__)


class Listener:
    """A server on a port, served from a thread of its own."""

    def __init__(
        self,
        server: Server,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        bound: Optional[socket.socket] = None,
        tls: Optional[Tuple[str, str]] = None,
    ) -> None:
        """Bind *port* of *host*, 0 for any free one, or take over the socket *bound*.

        *tls* are the paths of a certificate, with its chain, and of its key. Raise ConfigurationError where
        that is not possible.
        """
        if tls is not None:
            certificate.check(*tls)
        self._tls = tls
        self._server = server
        self._socket = bound or _bind(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self._uvicorn: Optional[uvicorn.Server] = None
        self._thread: Optional[threading.Thread] = None
        self._started = threading.Event()
        self._has_failed = False
        #: Set when the listener has ended, for whatever reason.
        self.ended = threading.Event()

    @property
    def url(self) -> str:
        """The address, as this machine reaches it; as others do where it listens to everyone."""
        host = self.host
        if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound.
            host = socket.gethostname()
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://[{host}]:{self.port}" if ":" in host else f"{scheme}://{host}:{self.port}"

    def start(self) -> None:
        """Accept connections. Raise an Error if that does not begin in time."""
        import uvicorn

        from ftrack_review.server.endpoint import make_application
        from ftrack_review.server.event_socket import MAXIMUM_PACKET_BYTES
        from ftrack_review.server.http_protocol import make_http_protocol
        from ftrack_review.server.socket_protocol import make_protocol

        started = self._started

        class Announcing(uvicorn.Server):
            """Tells when it has started, which uvicorn does by a log line only."""

            async def startup(self, sockets: Any = None) -> None:
                await super().startup(sockets=sockets)
                started.set()

        config = uvicorn.Config(
            make_application(self._server),
            http=make_http_protocol(),
            log_config=None,
            lifespan="off",
            ws=make_protocol(),
            ws_max_size=MAXIMUM_PACKET_BYTES,
            # The event hub has heartbeats of its own, and its packets are small.
            ws_ping_interval=None,
            ws_per_message_deflate=False,
            server_header=False,
            ssl_certfile=self._tls[0] if self._tls else None,
            ssl_keyfile=self._tls[1] if self._tls else None,
            timeout_graceful_shutdown=int(STOP_TIMEOUT_S),
        )
        self._uvicorn = Announcing(config)
        self._thread = threading.Thread(target=self._run, name="ftrack-review-listener", daemon=True)
        self._thread.start()
        if not started.wait(_START_TIMEOUT_S) or self._has_failed:
            self.stop()
            raise Error(f"The server did not begin to listen on {self.url}. Its log may say why.")

    def stop(self) -> None:
        """Finish what is being answered, at most for STOP_TIMEOUT_S, and give up the port."""
        if self._uvicorn is not None and self._thread is not None:
            self._uvicorn.should_exit = True
            # Where the last session on an embedded server is forgotten, the collector may stop it in any thread.
            if self._thread is not threading.current_thread():
                self._thread.join(STOP_TIMEOUT_S + 5)
        self._socket.close()

    def _run(self) -> None:
        assert self._uvicorn is not None
        try:
            self._uvicorn.run(sockets=[self._socket])
        except BaseException:
            _logger.exception("The listener broke down.")
            self._has_failed = True
        finally:
            self.ended.set()
            self._started.set()


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigurationError(
            f"{host!r} is no address of this machine: {error.strerror or error}."
        ) from error
    try:
        if os.name == "posix":
            # On Windows this option would let two servers share a port.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(128)
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise ConfigurationError(
                f"{host!r} is no address of this machine. Choose another with --host: 127.0.0.1 for this machine "
                "alone, 0.0.0.0 for everyone who can reach it."
            ) from error
        raise ConfigurationError(
            f"Port {port} of {host} cannot be used: {error.strerror or error}. "
            "Choose another with --port, or 0 for any free one."
        ) from error
    return made


def serve(
    *,
    data: str,
    host: str = "127.0.0.1",
    port: int = 8090,
    database: Optional[str] = None,
    media: Optional[str] = None,
    smtp: Optional[str] = None,
    smtp_user: Optional[str] = None,
    smtp_security: str = "none",
    sender: Optional[str] = None,
    base_url: Optional[str] = None,
    schema: Optional[str] = None,
    tls_certificate: Optional[str] = None,
    tls_key: Optional[str] = None,
    ready_file: Optional[str] = None,
    announce: Callable[[str], None] = lambda _line: None,
) -> None:
    """Run a server until SIGTERM or SIGINT arrives. It must be called on the main thread.

    *announce* is given lines for people: the address, and on the very first start the credentials. With
    *ready_file* a key is issued for this run and written there, with the address and the process id, once
    connections are accepted; file and key are gone when the server stops. *schema* is a file that holds the
    answer of another server to ``query_schemas``, which shapes a new database. *tls_certificate* and *tls_key*
    are PEM files, with which it speaks HTTPS only. *smtp_user* signs in at the server *smtp* with the password in the
    environment variable ``FTRACK_REVIEW_SMTP_PASSWORD``, over a connection of *smtp_security*. The other arguments
    are those of :class:`~ftrack_review.server.application.Server` and :class:`Listener`.
    """
    settings.check_places(
        base_url=base_url, database=database, media=media, ready_file=ready_file, sender=sender
    )
    if ready_file is not None:
        # One that an earlier run could not remove would tell of a server that is not there.
        with contextlib.suppress(FileNotFoundError):
            os.remove(ready_file)
    if (tls_certificate is None) != (tls_key is None):
        raise ConfigurationError(
            "HTTPS needs both a certificate and its key: --tls-certificate and --tls-key."
        )
    tls = (tls_certificate, tls_key) if tls_certificate and tls_key else None
    if tls is not None:
        certificate.check(*tls)
    document = None if schema is None else read_document(schema)
    mail_server = settings.read_mail_server(smtp, smtp_user, smtp_security)
    stop = threading.Event()
    with _stopping_signals(stop), contextlib.ExitStack() as stack:
        address: Dict[str, str] = {}
        # Before the database is made: the key of the first start is shown once, and must not be lost to a taken port.
        bound = stack.enter_context(_bind(host, port))
        server = Server(
            data=data,
            database=database,
            media=media,
            smtp=mail_server,
            sender=sender,
            base_url=base_url or (lambda: address.get("url", "")),
            document=document,
        )
        stack.callback(server.close, STOP_TIMEOUT_S)
        stack.enter_context(alone(server.store.path))
        # Before the listener, so that it ends after what is still being answered to those who have it.
        issued = None if ready_file is None else stack.enter_context(server.issued_key(run_name()))
        listener = Listener(server, bound=bound, tls=tls)
        address["url"] = listener.url
        listener.ended = stop
        stack.callback(listener.stop)
        listener.start()
        server.start()
        url = server.base_url()
        if ready_file is not None and issued is not None:
            caller, key = issued
            ready = {"url": url, "api_user": caller.username, "api_key": key, "pid": os.getpid()}
            stack.enter_context(_written(ready_file, ready))
        _announce_start(server, url, announce)
        # Bounded, as a signal does not wake every platform from an endless wait.
        while not stop.wait(1.0):
            pass
        announce("Stopping.")


def _announce_start(server: Server, url: str, announce: Callable[[str], None]) -> None:
    user = server.administrator().username
    announce(f"ftrack_review serves {server.data} at {url}")
    if server.first_key is not None:
        announce("This is the first start. Keep the key, it is shown only now:")
        announce(f"  export FTRACK_SERVER={url}")
        announce(f"  export FTRACK_API_USER={user}")
        announce(f"  export FTRACK_API_KEY={server.first_key}")
    announce("Press Ctrl-C to stop.")


@contextlib.contextmanager
def _stopping_signals(stop: threading.Event) -> Iterator[None]:
    """Set *stop* when the process is asked to end."""
    names = [name for name in ("SIGTERM", "SIGINT", "SIGBREAK") if hasattr(signal, name)]
    former = {name: signal.signal(getattr(signal, name), lambda *_: stop.set()) for name in names}
    try:
        yield
    finally:
        for name, handler in former.items():
            signal.signal(getattr(signal, name), handler)


@contextlib.contextmanager
def _written(path: str, content: Mapping[str, Any]) -> Iterator[None]:
    """Have *content* as JSON in the file *path*, whole and for its owner only, until the end."""
    target = os.path.abspath(path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    scratch = os.path.join(os.path.dirname(target), f".{uuid.uuid4().hex}.ready")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(content, stream)
    os.replace(scratch, target)
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(target)


def run_name() -> str:
    """Return what a key is called that ends with this process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def embedded_folder(server_url: str, *, system: str = os.name) -> Optional[str]:
    """Return the folder that an ``embedded:`` address names, None for one that is to be thrown away.

    *system* is the kind of operating system as in ``os.name``: on ``nt`` ``embedded:///C:/x`` names ``C:/x``.

    Raise ConfigurationError for an address that names neither.
    """
    rest = server_url[len("embedded://") :]
    if rest in ("", "/"):
        return None
    if system == "nt" and re.match(r"/?[A-Za-z]:[\\/]", rest):
        return rest.lstrip("/")
    if rest.startswith("/"):
        return rest
    raise ConfigurationError(
        f"{server_url} names no folder. Write embedded:// for a server that is thrown away, or "
        f"embedded:///path/to/folder, with three slashes, for one that is kept."
    )


class _Instance:
    """A server inside this process, shared by all sessions on its folder."""

    def __init__(self, folder: Optional[str]) -> None:
        """Open the server in *folder*, or in a temporary one that goes with it."""
        self._owned = None if folder else tempfile.mkdtemp(prefix="ftrack-review-")
        self.folder = folder or str(self._owned)
        self.users = 0
        self.is_closed = False
        self._lock = threading.Lock()
        self._listener: Optional[Listener] = None
        self._stack = contextlib.ExitStack()
        try:
            self.server = Server(data=self.folder, base_url=self.url, is_temporary=folder is None)
            self._stack.callback(self.server.close, 2.0 if folder is None else STOP_TIMEOUT_S)
            if self.server.first_key is not None and folder is None:
                self.caller, self.key = self.server.administrator(), self.server.first_key
            else:
                self.caller, self.key = self._stack.enter_context(self.server.issued_key(run_name()))
            self.server.start()
        except OSError as error:
            self.close()
            reason = error.strerror or error
            raise ConfigurationError(f"The folder {self.folder} cannot hold a server: {reason}.") from error
        except BaseException:
            self.close()
            raise

    def url(self) -> str:
        """Return the address on loopback. The first who asks starts the listener."""
        with self._lock:
            if self._listener is None:
                listener = Listener(self.server)
                listener.start()
                self._listener = listener
            return self._listener.url

    def close(self) -> None:
        """Stop everything, and remove the folder if it was temporary."""
        self.is_closed = True
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is not None:
            listener.stop()
        self._stack.close()
        if self._owned is not None:
            shutil.rmtree(self._owned, ignore_errors=True)


# The servers of this process by their folder, so that two sessions on one folder share one.
_instances: Dict[str, _Instance] = {}
# Whoever holds it may enter again: the collector may forget a session, and release its server, at any moment.
_instances_lock = threading.RLock()

# What a child process has from its parent. SQLite must not close connections that it has across a fork.
_abandoned: List[_Instance] = []


def _forget_parent() -> None:
    """Start afresh after a fork: neither threads nor connections of the parent are usable in the child."""
    global _instances_lock  # noqa: PLW0603 - the lock may be held by a thread that does not exist here.
    _instances_lock = threading.RLock()
    _abandoned.extend(_instances.values())
    _instances.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_parent)


def _acquire(folder: Optional[str]) -> _Instance:
    with _instances_lock:
        if folder is None:
            temporary = _Instance(None)
            temporary.users = 1
            return temporary
        key = os.path.realpath(folder)
        while True:
            instance = _instances.get(key)
            if instance is None:
                instance = _instances[key] = _Instance(key)
            # From here on nobody closes it. Whether somebody just did can be told only now.
            instance.users += 1
            if not instance.is_closed:
                return instance


def _release(instance: _Instance, process: int) -> None:
    if os.getpid() != process:
        return  # It belongs to the parent.
    with _instances_lock:
        instance.users -= 1
        if instance.users or instance.is_closed:
            return
        _instances.pop(instance.folder, None)
        # Within the lock, so that who opens the folder again finds it closed.
        instance.close()


class EmbeddedTransport:
    """The way of a session to a server inside its own process.

    It acts as the server's administrator, whose name and key are *api_user* and *api_key*; those given to
    it are not looked at.
    """

    def __init__(
        self,
        server_url: str,
        *,
        api_key: Optional[str] = None,  # noqa: ARG002 - the arguments of every transport.
        api_user: Optional[str] = None,  # noqa: ARG002
        timeout: float = 60.0,
        cookies: Optional[Mapping[str, str]] = None,
        headers: Optional[Mapping[str, str]] = None,
        strict_api: bool = False,
    ) -> None:
        """Open the server that the address *server_url* names."""
        self.timeout_s = timeout
        self._folder = embedded_folder(server_url)
        self._cookies = dict(cookies or {})
        self._headers = dict(headers or {})
        self._strict = {"ftrack-strict-api": "true" if strict_api else "false"}
        self._http: Optional[requests.Session] = None
        self._open()

    def _open(self) -> None:
        self._process = os.getpid()
        self._instance = _acquire(self._folder)
        self.api_user = self._instance.caller.username
        self.api_key = self._instance.key
        # Runs when the transport is closed, forgotten, or the interpreter ends.
        self._finalizer = weakref.finalize(self, _release, self._instance, self._process)

    def __repr__(self) -> str:
        """Return a description without the key."""
        return f"<{type(self).__name__} {self._folder or 'temporary'}>"

    @property
    def server_url(self) -> str:
        """The address on loopback, where a listener is started on the first access."""
        return self._running().url()

    @property
    def http(self) -> requests.Session:
        """The pool of connections to the address, made on first use."""
        instance = self._running()
        if self._http is None:
            self._http = _make_http(instance, {**self._headers, **self._strict}, self._cookies)
        return self._http

    @http.setter
    def http(self, value: requests.Session) -> None:
        self._http = value

    def call(self, body: str, timeout_s: Optional[float] = None) -> bytes:  # noqa: ARG002 - nothing is sent.
        """Return the server's answer to *body*. See :class:`~ftrack_review.transport.Transport`."""
        instance = self._running()
        headers = {name.lower(): value for name, value in self._headers.items()}
        headers.update(self._strict)
        return instance.server.handle(body.encode("utf-8", "surrogatepass"), headers, caller=instance.caller)[
            1
        ]

    def close(self) -> None:
        """Leave the server, which ends with its last session. Closing twice is fine."""
        if self._http is not None and self._process == os.getpid():
            self._http.close()
        self._finalizer()

    def _running(self) -> _Instance:
        if not self._finalizer.alive:
            raise ConnectionClosedError("The session and its embedded server are closed.")
        if self._process != os.getpid():
            # After a fork: the same folder, with connections of our own, and nothing to clean up after the parent.
            self._finalizer.detach()
            _abandoned.append(self._instance)
            self._folder = self._instance.folder
            self._http = None
            self._open()
        return self._instance


def _make_http(
    instance: _Instance, headers: Mapping[str, str], cookies: Mapping[str, str]
) -> requests.Session:
    """Return a pool of connections that shows the administrator's key to this server and nobody else."""
    import requests
    import requests.auth

    url = instance.url()
    credentials = {"ftrack-user": instance.caller.username, "ftrack-api-key": instance.key}

    class Authentication(requests.auth.AuthBase):
        def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
            if (request.url or "").startswith(f"{url}/"):
                request.headers.update(credentials)
            return request

    http = requests.Session()
    # A proxy cannot reach the loopback of this machine.
    http.trust_env = False
    http.auth = Authentication()
    http.headers.update(headers)
    http.cookies.update(cookies)
    return http
