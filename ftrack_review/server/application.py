"""The server itself: the parts put together, and one function that answers a request to ``/api``.

:class:`Server` knows no sockets. :meth:`Server.handle` takes the body and the headers of a request and returns
status, body and headers, so that the same server answers over HTTP (``endpoint``) and inside one process
(``serving``). It answers with JSON whatever it was sent.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import os
import secrets
import socket
import threading
import uuid
from typing import Any, Callable, Dict, Iterator, List, Mapping, NoReturn, Optional, Sequence, Tuple, Union

from ftrack_review.exception import ConfigurationError, Error, NotFoundError
from ftrack_review.server import access, files, ledger, review_mail, transfer
from ftrack_review.server.access import Caller
from ftrack_review.server.announcer import Announcer
from ftrack_review.server.context import Options, RequestContext, utc_now
from ftrack_review.server.errors import UNAVAILABLE, ServerFault, server_error, unavailable
from ftrack_review.server.jobs import Jobs
from ftrack_review.server.mail import Mailer, failure_data
from ftrack_review.server.neighbours import Neighbours
from ftrack_review.server.relay import Relay
from ftrack_review.server.smtp import MailServer, read_address
from ftrack_review.server.standard_data import ADMINISTRATOR_ID
from ftrack_review.server.store import Store

__all__ = ["MAXIMUM_BODY_BYTES", "Server", "read_options"]

#: The largest body that is read, in bytes.
MAXIMUM_BODY_BYTES = 100 * 1024 * 1024

# Below this, compression costs more than it saves on any line.
_COMPRESS_FROM_BYTES = 32 * 1024
_JSON = "application/json"

Answer = Tuple[int, bytes, Dict[str, str]]


class Server:
    """A database, a media folder and everything that works on them."""

    def __init__(
        self,
        *,
        data: str,
        database: Optional[str] = None,
        media: Optional[str] = None,
        smtp: Union[str, MailServer, None] = None,
        sender: Optional[str] = None,
        base_url: Union[str, Callable[[], str], None] = None,
        document: Optional[List[Dict[str, Any]]] = None,
        is_temporary: bool = False,
        may_upgrade: bool = True,
    ) -> None:
        """Open the server that keeps its things in the folder *data*, which is made if need be.

        *database* is a path or a URL of SQLAlchemy, *media* a folder; both lie in *data* if not given. *smtp* is
        who takes mail, also as ``HOST:PORT``; it is kept in an outbox folder otherwise, *sender* where it comes from.
        *base_url* is the address under which clients reach this server, or a function that gives it.
        *document* is the schema that shapes a new database; one that exists must have been made after it.
        *is_temporary* says that everything will be thrown away, so that nothing has to survive a power cut.
        A database of an older version is refused without *may_upgrade*.

        Raise ConfigurationError for a setting, and DatabaseError for a database, that cannot be used.
        """
        # What can be refused is refused before anything is made: the first key must not be lost to a typing error.
        mail_server = read_address(smtp) if isinstance(smtp, str) else smtp
        self.data = os.path.abspath(data)
        _make_folder(self.data)
        self._base_url = base_url
        self._lock = threading.Lock()
        self._is_closed = False
        self._packed: Optional[Tuple[Any, bytes]] = None
        self._logger = logging.getLogger(__name__)
        self.is_temporary = is_temporary
        self.store = Store(database or os.path.join(self.data, "ftrack.sqlite"), is_durable=not is_temporary)
        try:
            #: The administrator's key in clear if this is the first start, else None.
            self.first_key: Optional[str] = self.store.prepare(document, may_upgrade=may_upgrade)[1]
            self.signer = access.Signer(self._secret())
            self.files = files.Files(media or os.path.join(self.data, "media"), is_durable=not is_temporary)
            self.mailer = Mailer(
                self, outbox=os.path.join(self.data, "outbox"), smtp=mail_server, sender=sender
            )
            #: The other processes on the database, None for a file, of which there is one server.
            self.neighbours = None if self.store.is_sqlite else Neighbours(self)
            self.jobs = Jobs(self)
            self.relay = (
                Relay()
                if self.neighbours is None
                else Relay(expect=self.neighbours.expect_clients, forward=self.neighbours.forward)
            )
            self.announcer = Announcer(self.store, self.relay)
            self.clock = review_mail.Clock(self)
        except BaseException:
            self.store.close()
            raise

    def __enter__(self) -> Server:
        """Return the server."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the server."""
        self.close()

    def start(self) -> None:
        """Go on with the mail and the jobs that an earlier run left behind, and end the keys of dead runs."""
        with self.store.read() as connection:
            keys = ledger.list_keys(connection, self.catalogue, run=True)
        dead = [key["id"] for key in keys if not _is_running(key["name"] or "")]
        if dead:
            with self.store.write() as connection:
                for key_id in dead:
                    ledger.revoke_keys(connection, key_id=key_id, now=utc_now())
        if self.neighbours is not None:
            self.neighbours.start()
        self.jobs.start()
        self.mailer.start()
        self.clock.start()

    def close(self, timeout_s: float = 10.0) -> None:
        """Finish what is running, at most for about *timeout_s*, and close the database. May be called twice."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        self.clock.close(timeout_s)
        self.jobs.close(timeout_s)
        self.mailer.close(timeout_s)
        self.announcer.close(timeout_s)
        if self.neighbours is not None:
            self.neighbours.close(timeout_s)
        self.store.close()

    # What a request needs to know (context.ServerContext)

    @property
    def catalogue(self) -> Any:
        """The catalogue of the present schema."""
        return self.store.catalogue

    def base_url(self) -> str:
        """Return the address under which clients reach the server, without a trailing slash."""
        base = self._base_url() if callable(self._base_url) else self._base_url
        return (base or "http://localhost").rstrip("/")

    def component_url(self, component_id: str) -> str:
        """Return an address from which the component can be read without credentials."""
        return transfer.download_url(self, component_id)

    def thumbnail_url(self, component_id: str) -> str:
        """Return an address of a small picture of the component."""
        return transfer.download_url(self, component_id, route="thumbnail", size=300)

    def component_name(self, component_id: str) -> str:
        """Return the file name of a component, its id where the database does not hold it (yet)."""
        with self.store.read() as connection:
            row = ledger.find_entity(connection, self.catalogue, "Component", component_id)
        return f"{row['name'] or component_id}{row['file_type'] or ''}" if row else component_id

    def announce(self, context: RequestContext) -> None:
        """Have the clients of the event hub told what a request did, once it is committed."""
        if self.neighbours is not None:
            self.neighbours.record(context)
        else:
            context.connection.in_turn(lambda: self.announcer.announce(context))

    def committed(self, changes: Sequence[Any]) -> None:
        """Let the files and links of what was deleted go. *changes* are those of a committed batch."""
        for change in changes:
            if change.action != "remove":
                continue
            # The batch is committed: a file that cannot be removed must not turn its answer into an error.
            try:
                if change.entity_type.endswith("Component") and len(change.key) == 1:
                    self.files.remove(change.key[0])
                elif change.entity_type == "ReviewSessionInvitee":
                    with self.store.write() as connection:
                        access.revoke_links(connection, change.key[0], now=utc_now())
            except (Error, OSError):
                self._logger.exception("What belonged to %s %s was left.", change.entity_type, change.key)

    # Callers

    def authenticate(self, username: Optional[str], key: Optional[str]) -> Caller:
        """Return the caller with *username* and API *key*. Raise a fault where they do not belong together."""
        with self.store.read() as connection:
            return access.authenticate(connection, self.catalogue, username, key)

    def administrator(self) -> Caller:
        """Return the administrator as a caller."""
        with self.store.read() as connection:
            user = ledger.find_entity(connection, self.catalogue, "User", ADMINISTRATOR_ID)
        return Caller(ADMINISTRATOR_ID, str(user["username"]) if user else "", is_system=True)

    @contextlib.contextmanager
    def issued_key(self, name: str) -> Iterator[Tuple[Caller, str]]:
        """Issue a key of the administrator, described by *name*, that ends with this context or earlier.

        Give the administrator and the key in clear.
        """
        caller = self.administrator()
        with self.store.write() as connection:
            key = access.issue_key(connection, caller.user_id, now=utc_now(), name=name, run=True)
        key_id = self.authenticate(caller.username, key).key_id
        try:
            yield caller, key
        finally:
            if not self._is_closed:
                with self.store.write() as connection:
                    ledger.revoke_keys(connection, key_id=key_id, now=utc_now())

    def new_key(self, username: Optional[str] = None, name: str = "") -> Tuple[str, str]:
        """Issue a key of the user *username*, the administrator if not given, beside those there are.

        Return the user's name and the key in clear. Raise NotFoundError where there is no such user.
        """
        with self.store.write() as connection:
            if username is None:
                user_id, username = ADMINISTRATOR_ID, self.administrator().username
            else:
                user = ledger.find_user(connection, self.catalogue, username)
                if user is None:
                    raise NotFoundError(
                        f"There is no user {username!r}. One is made with: ftrack-review user add."
                    )
                user_id = user["id"]
            key = access.issue_key(connection, user_id, now=utc_now(), name=name, replace=False)
        return username, key

    def list_keys(self) -> List[Dict[str, Any]]:
        """Return the valid keys: id, username, created_at and name of each."""
        with self.store.read() as connection:
            return ledger.list_keys(connection, self.catalogue)

    def revoke_key(self, key_id: str) -> None:
        """End the key *key_id*. Raise NotFoundError where there is no such key."""
        with self.store.write() as connection:
            if not ledger.revoke_keys(connection, key_id=key_id, now=utc_now()):
                raise NotFoundError(
                    f"There is no valid key {key_id!r}. The ids of those there are: ftrack-review key list."
                )

    # Requests

    def handle(self, body: bytes, headers: Mapping[str, str], *, caller: Optional[Caller] = None) -> Answer:
        """Answer a request to ``/api``: *body* is JSON, the names in *headers* are in lower case.

        *caller* is who asks where that is known already; otherwise the headers have to tell. Return the HTTP
        status, the body and the headers of the answer.
        """
        options = read_options(headers)
        try:
            if caller is None:
                caller = self.authenticate(headers.get("ftrack-user"), headers.get("ftrack-api-key"))
            actions = read_actions(body)
            results = self.dispatch(actions, caller, options)
            return 200, *self._encode(results, "gzip" in headers.get("accept-encoding", ""))
        except ServerFault as fault:
            return self.refuse(fault, is_strict=options.strict)
        except UNAVAILABLE as error:
            return self.refuse(unavailable(error), is_strict=options.strict)
        except Exception:
            self._logger.exception("A request failed inside the server.")
            return self.refuse(server_error(), is_strict=options.strict)

    def refuse(self, fault: ServerFault, *, is_strict: bool = True) -> Answer:
        """Return the answer that carries *fault*, with its status for callers who asked for it (strict).

        A body that is no request at all (400, 413) is told by its status to everyone.
        """
        status = fault.status if is_strict or fault.status in (400, 413) else 200
        return status, encode_json(fault.answer()), {"content-type": _JSON}

    def dispatch(self, actions: List[Any], caller: Caller, options: Optional[Options] = None) -> List[Any]:
        """Carry out *actions* as *caller*, all or none, and return their results."""
        from ftrack_review.server import dispatch

        transfer.prepare(self, actions)
        review_mail.prepare(self, actions)
        return list(dispatch.dispatch(self, actions, caller, options or Options()))

    def perform(self, *actions: Dict[str, Any], user_id: Optional[str] = None) -> List[Any]:
        """Carry out *actions* in the name of the user *user_id*, or of the administrator."""
        caller = Caller(user_id, "", is_system=True) if user_id else self.administrator()
        return self.dispatch(list(actions), caller, Options(strict=True, denormalize=True))

    def report_failure(self, title: str, reason: str) -> None:
        """Leave a failed Job that tells people what the server could not do by itself."""
        job = {
            "__entity_type__": "Job",
            "id": str(uuid.uuid4()),
            "status": "failed",
            "user_id": self.administrator().user_id,
            "data": failure_data(title, reason),
        }
        self.perform({"action": "create", "entity_type": "Job", "entity_data": job})

    def _encode(self, results: List[Any], accepts_gzip: bool) -> Tuple[bytes, Dict[str, str]]:
        catalogue = self.catalogue
        headers = {"content-type": _JSON}
        if accepts_gzip and len(results) == 1 and results[0] is catalogue.document:
            # The schema is large, asked for at every start of a client, and the same every time.
            return self._packed_schema(catalogue), {**headers, "content-encoding": "gzip"}
        parts = [
            catalogue.document_json if result is catalogue.document else encode_json(result)
            for result in results
        ]
        payload = b"[" + b",".join(parts) + b"]"
        if accepts_gzip and len(payload) >= _COMPRESS_FROM_BYTES:
            headers["content-encoding"] = "gzip"
            payload = _pack(payload)
        return payload, headers

    def _packed_schema(self, catalogue: Any) -> bytes:
        """Return the compressed answer to ``query_schemas`` alone, made once for each catalogue."""
        packed = self._packed
        if packed is None or packed[0] is not catalogue:
            packed = self._packed = (catalogue, _pack(b"[" + catalogue.document_json + b"]"))
        return packed[1]

    def _secret(self) -> str:
        """Return the secret that tokens in addresses are signed with, made on the first start."""
        with self.store.read() as connection:
            secret = ledger.find_setting(connection, "signing_secret")
        if secret is None:
            with self.store.write() as connection:
                secret = ledger.find_setting(connection, "signing_secret")
                if secret is None:
                    secret = secrets.token_hex(32)
                    ledger.set_setting(connection, "signing_secret", secret)
        return secret


def _make_folder(path: str) -> None:
    """Make the data folder *path*. Raise ConfigurationError where it cannot be made or not be written."""
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
        reason = None if os.access(path, os.W_OK | os.X_OK) else "it cannot be written"
    except OSError as error:
        reason = error.strerror or str(error)
    if reason is not None:
        raise ConfigurationError(
            f"The data folder {path} cannot be used: {reason}. Choose one that you may write, with --data DIR on the "
            "command line or embedded:///DIR as the address."
        )


def _is_running(run: str) -> bool:
    """Return whether the process that *run*, ``host:pid``, names may still be there."""
    host, _, pid = run.rpartition(":")
    # Elsewhere, nobody can tell; on Windows, asking would end the process.
    if os.name != "posix" or host != socket.gethostname() or not pid.isdigit():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def read_options(headers: Mapping[str, str]) -> Options:
    """Return what the *headers* of a request ask for besides the actions."""
    flags = {"strict": headers.get("ftrack-strict-api", "").lower() == "true", "denormalize": False}
    for item in headers.get("ftrack-api-options", "").split(";"):
        # The JavaScript client writes strict:1, the documentation strict=1.
        name, _, value = item.replace("=", ":").partition(":")
        if value.strip().lower() in ("1", "true"):
            flags[name.strip().lower()] = True
    return Options(
        strict=flags["strict"],
        denormalize=flags["denormalize"],
        client_token=_read_token(headers.get("ftrack-clienttoken")),
        push_token=_read_token(headers.get("ftrack-pushtoken")),
    )


def read_actions(body: bytes) -> List[Any]:
    """Return the actions in the *body* of a request. Raise a fault where it is no JSON array."""
    if len(body) > MAXIMUM_BODY_BYTES:
        raise too_large()
    actions = _decode_json(body)
    if not isinstance(actions, list):
        raise malformed(f"it must be an array of actions, not {_JSON_KINDS.get(type(actions), 'a number')}")
    if b"\\u" in body:
        _check_text(actions)
    return actions


def _pack(payload: bytes) -> bytes:
    # The fastest level: what is saved beyond it takes longer to pack than to send.
    return gzip.compress(payload, compresslevel=1, mtime=0)


def read_object(body: bytes) -> Dict[str, Any]:
    """Return the JSON object in the *body* of a request to a private route."""
    value = _decode_json(body)
    if not isinstance(value, dict):
        raise malformed("it must be an object")
    return value


def encode_json(value: Any) -> bytes:
    """Return *value* as compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def malformed(reason: str) -> ServerFault:
    """Return the fault for a body that is no request."""
    return ServerFault("ValidationError", f"The body of the request cannot be read: {reason}.", 400)


def too_large() -> ServerFault:
    """Return the fault for a body beyond the limit."""
    limit = MAXIMUM_BODY_BYTES // (1024 * 1024)
    return ServerFault(
        "ValidationError", f"The request is larger than {limit} MB. Send the batch in several requests.", 413
    )


_JSON_KINDS = {dict: "an object", str: "a string", bool: "a boolean", type(None): "null"}


def _decode_json(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise malformed("it is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise malformed(f"it is not UTF-8 (at byte {error.start})") from error
    except ValueError as error:
        raise malformed(str(error)) from error


def _check_text(actions: List[Any]) -> None:
    """Refuse halves of surrogate pairs, which JSON can spell and no database or file can hold."""
    try:
        json.dumps(actions, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise malformed("it holds half a surrogate pair, which is no character") from error
    except RecursionError as error:
        raise malformed("it is nested too deeply") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _read_token(text: Optional[str]) -> Optional[str]:
    # The JavaScript client sends the word undefined where it has none.
    return text if text and text != "undefined" else None
