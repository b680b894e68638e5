"""The digest of a report and the seal at the end of a document, by which it can be shown that neither was altered.

The digest is the SHA-256 of a report's content in one canonical form, and the same for every format. The seal of a
document holds it beside the SHA-256 of the document itself. Anyone can compute both, so a seal shows that a document
is as it was when it was sealed; that it was sealed by somebody in particular shows only a signature (HMAC-SHA256 with a
key that few have) or the digest that the server keeps. Pure: no files, no sockets.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

__all__ = [
    "SEAL_FORMAT",
    "AmbiguousError",
    "Sealed",
    "attach",
    "attach_made",
    "canonical",
    "digest_of",
    "is_seal",
    "load",
    "make",
    "signature_of",
    "split",
]

SEAL_FORMAT = "ftrack-review-seal"

# How the seal stands behind a document, by format; a document of JSON has it inside.
_FRAMES = {
    "html": (b"\n<!-- ftrack-review-seal ", b" -->\n"),
    "pdf": (b"\n%ftrack-review-seal ", b"\n"),
    "csv": (b'ftrack-review-seal,"', b'"\r\n'),
}


class AmbiguousError(ValueError):
    """What was read can be read in two ways. Seen by none but who checks a report, who says it in a sentence."""


class Sealed(NamedTuple):
    """A document taken apart: what was sealed, and its seal, None where it has none."""

    body: bytes
    seal: Optional[Dict[str, Any]]


def canonical(content: Any) -> bytes:
    """Return *content* as JSON that is the same whenever the content is: sorted, without blanks, as UTF-8."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def digest_of(content: Any) -> str:
    """Return the digest of *content*, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(content)).hexdigest()


def signature_of(report: str, document: str, key: bytes) -> str:
    """Return the signature with *key* of the digests of a report and a document."""
    return hmac.new(key, f"{report}:{document}".encode("ascii"), hashlib.sha256).hexdigest()


def make(report: str, body: bytes, key: Optional[bytes], *, writer: str = "") -> Dict[str, Any]:
    """Return the seal of a document: *report* is the digest of its content, *body* what is sealed.

    *writer* names what wrote it, so that who checks it can tell whether it would be written in the same way again.
    """
    document = hashlib.sha256(body).hexdigest()
    seal: Dict[str, Any] = {"format": SEAL_FORMAT, "version": 1, "report": report, "document": document}
    if writer:
        seal.update(version=2, writer=writer)
    if key is not None:
        seal["signature"] = signature_of(report, document, key)
    return seal


def attach(format: str, body: bytes, report: str, key: Optional[bytes], *, writer: str = "") -> bytes:
    """Return the document *body* with its seal behind it; *format* is ``html``, ``pdf`` or ``csv``."""
    return attach_made(format, body, make(report, body, key, writer=writer))


def attach_made(format: str, body: bytes, seal: Mapping[str, Any]) -> bytes:
    """Return the document *body* with *seal*, which was made before, behind it."""
    before, after = _FRAMES[format]
    return body + before + _text(format, seal) + after


def attach_inside(
    document: Mapping[str, Any], report: str, key: Optional[bytes], *, writer: str = ""
) -> Dict[str, Any]:
    """Return a document of JSON with its seal inside, under ``seal``."""
    return {**document, "seal": make(report, canonical(document), key, writer=writer)}


def split(format: str, data: bytes) -> Sealed:
    """Take a document apart. Whatever stands behind the seal belongs to what was sealed: it is altered."""
    before, after = _FRAMES[format]
    body, found, rest = data.rpartition(before)
    text, ended, behind = rest.partition(after)
    if not (found and ended):
        return Sealed(data, None)
    seal = _read(text.replace(b'""', b'"') if format == "csv" else text)
    # A seal that was written otherwise is none of ours.
    return Sealed(body + behind, seal if seal is not None and _text(format, seal) == text else None)


def _text(format: str, seal: Mapping[str, Any]) -> bytes:
    text = json.dumps(seal, separators=(",", ":"))
    return (text.replace('"', '""') if format == "csv" else text).encode("ascii")


def split_inside(document: Mapping[str, Any]) -> Sealed:
    """Take a document of JSON apart."""
    rest = {key: value for key, value in document.items() if key != "seal"}
    seal = document.get("seal")
    return Sealed(canonical(rest), seal if is_seal(seal) else None)


def load(text: Any) -> Any:
    """Return what a text of JSON says. Raise ValueError for one that can be read in two ways.

    That is one with a key twice, of which programs take the first or the last, or with numbers that are none.
    """
    return json.loads(text, object_pairs_hook=_mapping, parse_constant=_refuse)


def _mapping(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise AmbiguousError("A key stands in it twice, so that it can be read in two ways.")
    return found


def _refuse(name: str) -> Any:
    raise AmbiguousError(f"There is a number in it that is none: {name}.")


def is_seal(found: Any) -> bool:
    """Return whether *found* is a seal with everything in it."""
    return (
        isinstance(found, dict)
        and found.keys() <= {"format", "version", "report", "document", "signature", "writer"}
        and found.get("format") == SEAL_FORMAT
        # The second one says what wrote the document.
        and ((found.get("version") == 2) if "writer" in found else (found.get("version") == 1))
        and all(isinstance(value, str) for name, value in found.items() if name != "version")
        and {"report", "document"} <= found.keys()
    )


def _read(text: bytes) -> Optional[Dict[str, Any]]:
    try:
        seal = load(text)
    except (ValueError, RecursionError):
        return None
    return seal if is_seal(seal) else None
