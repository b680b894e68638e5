"""Who a caller is: API keys, signed tokens in addresses, and the personal links of invitees.

Keys and link tokens are random and long, so that one round of SHA-256 is enough to keep them: the database
holds hashes only. Tokens in the addresses of uploads and media are not stored at all; they carry what they
are good for, for what and until when, signed with a secret of this server. What a caller may do is not
decided here.

Called by ``application`` for every request, by ``files`` and ``pages`` for addresses, and by ``mail`` for links.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any, Callable, Dict, Mapping, Optional

from ftrack_review.server import ledger
from ftrack_review.server.errors import ServerFault, invalid_credentials

__all__ = [
    "Caller",
    "Signer",
    "authenticate",
    "find_link",
    "hash_secret",
    "issue_key",
    "issue_link",
    "make_key",
    "revoke_links",
    "token_fault",
]

# 32 random bytes: 256 bits, in letters that survive a double click, a shell and a URL.
_SECRET_BYTES = 32
_TOKEN_SHAPE = re.compile(r"[A-Za-z0-9_-]{20,2000}\.[A-Za-z0-9_-]{43}\Z")
_DAY_S = 86400


@dataclass(frozen=True)
class Caller:
    """Who makes a request.

    *user_id* is the id of the User, or of the Resource that stands for a guest, whose name is then empty.
    *key_id* is the API key that was used, *invitee_id* the invitee who acts through the review page.
    *is_system* marks what the server does by itself in the user's name, such as finishing a job.
    """

    user_id: str
    username: str
    key_id: Optional[str] = None
    invitee_id: Optional[str] = None
    is_system: bool = False


def hash_secret(text: str) -> str:
    """Return what is kept of a key or token in place of *text*."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def make_key() -> str:
    """Return a new API key: 256 random bits, of letters, digits, ``-`` and ``_``."""
    key = secrets.token_urlsafe(_SECRET_BYTES)
    # A key that starts with a dash would be read as an option by command lines.
    return "k" + key[1:] if key.startswith("-") else key


def issue_key(
    connection: Any, user_id: str, *, now: str, name: str = "", run: bool = False, replace: bool = True
) -> str:
    """Store a new API key of the user *user_id* and return it in clear, which nothing can do again.

    *now* is the time as the database keeps it. *run* marks a key that ends with the running server. With
    *replace* the user's other keys stop working, except those of a running server.
    """
    key = make_key()
    if replace and not run:
        ledger.revoke_keys(connection, user_id=user_id, run=False, now=now)
    ledger.add_key(connection, user_id=user_id, hash=hash_secret(key), name=name, run=run, now=now)
    return key


def authenticate(connection: Any, catalogue: Any, username: Optional[str], key: Optional[str]) -> Caller:
    """Return the caller whose name is *username* and who holds the API key *key*.

    The answer to a wrong name and to a wrong key is the same, so that names cannot be found by trying.

    Raise the fault ``InvalidCredentialsError`` where the two do not belong together.
    """
    if not username or not key:
        raise invalid_credentials(
            "The request carries no user and API key. Send them as the headers ftrack-user and ftrack-api-key."
        )
    hashed = hash_secret(key)
    found = ledger.find_key(connection, catalogue, hashed)
    # The look-up is by hash, which tells nothing about the key; the comparisons take the same time for any name.
    stored_hash, stored_name = (found["hash"], found["username"] or "") if found else ("", "")
    same_key = hmac.compare_digest(stored_hash.encode(), hashed.encode())
    same_name = hmac.compare_digest(
        stored_name.encode("utf-8", "surrogatepass"), username.encode("utf-8", "surrogatepass")
    )
    if found is None or not (same_key and same_name):
        raise invalid_credentials()
    return Caller(user_id=found["user_id"], username=stored_name, key_id=found["id"])


class Signer:
    """Makes and checks the tokens that stand in addresses in place of credentials."""

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        """Initialise with the server's *secret* and a *clock* that gives seconds since 1970."""
        self._secret = secret.encode()
        self._clock = clock

    def sign(
        self, purpose: str, subject: str, *, lifetime_s: float, is_steady: bool = False, **claims: Any
    ) -> str:
        """Return a token for *purpose* (``put``) on *subject* (a component's id), good for *lifetime_s*.

        Whatever else stands in *claims* comes back from :meth:`verify`. A steady token stays the same for a
        day, so that what lies at its address can be cached; it lives up to a day longer.
        """
        expires = self._clock() + lifetime_s
        if is_steady:
            expires = (expires // _DAY_S + 1) * _DAY_S
        payload = json.dumps(
            {**claims, "p": purpose, "s": subject, "e": int(expires)}, sort_keys=True, separators=(",", ":")
        )
        encoded = _encode(payload.encode())
        return f"{encoded}.{_encode(self._digest(encoded))}"

    def verify(self, token: Optional[str], purpose: str, subject: Optional[str] = None) -> Dict[str, Any]:
        """Return what *token* carries if it was signed here for *purpose*, and for *subject* where given.

        Raise the fault of :func:`token_fault` if it was not, or if its time is over.
        """
        if not token or not _TOKEN_SHAPE.match(token):
            raise token_fault()
        encoded, _, signature = token.partition(".")
        if not hmac.compare_digest(_encode(self._digest(encoded)).encode(), signature.encode()):
            raise token_fault()
        claims = json.loads(_decode(encoded))
        if claims["p"] != purpose or (subject is not None and claims["s"] != subject):
            raise token_fault()
        if claims["e"] < self._clock():
            raise token_fault("The address is no longer valid: its time is over. Ask for a new one.")
        return dict(claims)

    def fingerprint(self, text: str) -> str:
        """Return what stands for *text* where it must be recognised and not be known, such as a passphrase."""
        return _encode(self._digest(f"fingerprint:{text}"))

    def _digest(self, encoded: str) -> bytes:
        return hmac.new(self._secret, encoded.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


def token_fault(content: str = "The address is not valid: its token is missing or wrong.") -> ServerFault:
    """Return the fault for an address whose token is not good."""
    return ServerFault("PermissionError", content, 403, error_code="token_invalid")


def issue_link(
    connection: Any, subject: str, *, now: str, purpose: str = "invite", expires_at: Optional[str] = None
) -> str:
    """Store a new token for the personal link of the invitee *subject* and return it in clear.

    With the *purpose* ``share`` it is for everybody who has it, and *subject* is the review session. It is good until
    *expires_at*, a time as the database keeps it, or for as long as the review is there. Earlier links go on
    working, as a mail may be sent twice.
    """
    token = secrets.token_urlsafe(_SECRET_BYTES)
    ledger.add_token(
        connection,
        hash=hash_secret(token),
        purpose=purpose,
        subject=subject,
        now=now,
        expires_at=expires_at,
    )
    return token


def find_link(
    connection: Any, token: str, *, now: str, purpose: str = "invite"
) -> Optional[Mapping[str, Any]]:
    """Return what is stored about the link *token* (its hash and subject), or None where it is not valid."""
    if not 20 <= len(token) <= 100:
        return None
    return ledger.find_token(connection, hash=hash_secret(token), purpose=purpose, now=now)


def revoke_links(connection: Any, subject: str, *, now: str) -> int:
    """End every link of *subject*, an invitee or a review session. Return how many there were."""
    return ledger.revoke_tokens(connection, subject=subject, now=now)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise token_fault() from error
