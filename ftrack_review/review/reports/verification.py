"""Check a report that was kept: whether the file is as it was made, and whether the server still says the same.

What that proves is said in the guide to reviews: the seal in the file alone shows that nobody changed it by hand; a
signature, or a digest that was recorded on the server, shows that nobody made another.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Optional, Tuple, Union

from ftrack_review.exception import MissingDependencyError, ReviewError
from ftrack_review.protocol.grammar import quote
from ftrack_review.review import gathering, reports
from ftrack_review.review.reports import page, seal
from ftrack_review.review.reports.content import contradictions, threads

if TYPE_CHECKING:
    from ftrack_review.session import Session

__all__ = ["Verification", "verify"]

UNTOUCHED, ALTERED, UNSEALED = "untouched", "altered", "unsealed"


@dataclass(frozen=True)
class Verification:
    """What checking a report came to.

    *outcome* is ``untouched``, ``altered`` or ``unsealed`` (the file has no seal, or what it has is no report).
    *findings* say what was checked, a sentence each. *server* is None where no server was asked, True where it agrees
    and False where it does not. *content* is that of the report, None where the file does not hold it, and
    *contradictions* are what in it does not follow from the votes and comments in it.
    """

    path: str
    outcome: str
    findings: Tuple[str, ...]
    server: Optional[bool] = None
    digest: Optional[str] = None
    content: Optional[Mapping[str, Any]] = None
    contradictions: Tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether the file is untouched, says nothing that its votes do not, and no server that was asked disagrees."""
        return self.outcome == UNTOUCHED and self.server is not False and not self.contradictions

    def __str__(self) -> str:
        """Return it as people read it."""
        but = ", but contradicts itself" if self.contradictions else ""
        return "\n".join(
            [f"{self.path}: {self.outcome}{but}", *(f"  {finding}" for finding in self.findings)]
        )


def verify(
    path: Union[str, os.PathLike[str]], *, session: Optional[Session] = None, key: Optional[bytes] = None
) -> Verification:
    """Check the report in the file *path* and return what that came to.

    With *session* it is compared with what the server says now: whether the digest was recorded there, and
    whether every vote and comment of the report is still there and says the same. With *key* the signature is checked.

    Raise :exc:`~ftrack_review.exception.ReviewError` where there is no such file.

    .. versionadded:: 3.1.0
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as stream:
            data = stream.read()
    except OSError as error:
        raise ReviewError(f"The report {name} cannot be read: {error.strerror}.") from error
    sealed, content, report_digest = _take_apart(data)
    if sealed.seal is None:
        return Verification(name, UNSEALED, ("It has no seal, so nothing can be said about it.",))
    findings: List[str] = []
    good = _check_document(sealed, content, report_digest, findings)
    good = _check_signature(sealed.seal, key, findings) and good
    senseless = _check_sense(content)
    findings.extend(f"It contradicts itself: {found}" for found in senseless)
    agrees = None
    if session is not None and good:
        agrees = _check_server(session, sealed.seal["report"], content, findings)
    return Verification(
        name,
        UNTOUCHED if good else ALTERED,
        tuple(findings),
        agrees,
        sealed.seal["report"],
        content,
        senseless,
    )


def _take_apart(data: bytes) -> Tuple[seal.Sealed, Optional[Mapping[str, Any]], Optional[str]]:
    """Return the parts of a document, the content of its report and the digest of that."""
    content: Any = None
    if data.startswith(b"%PDF"):
        sealed = seal.split("pdf", data)
        content = _content_of_pdf(sealed.body)
    elif data.lstrip().startswith(b"{"):
        sealed, content = _take_json_apart(data)
    elif data.lstrip()[:9].lower() == b"<!doctype":
        sealed = seal.split("html", data)
        _, found, rest = sealed.body.partition(page.BEGIN)
        content = _load(rest.partition(page.END)[0]) if found else None
    else:
        sealed = seal.split("csv", data)
    return sealed, content, seal.digest_of(content) if content is not None else None


def _take_json_apart(data: bytes) -> Tuple[seal.Sealed, Any]:
    document = _load(data)
    if not isinstance(document, dict):
        return seal.Sealed(data, None), None
    metadata = document.get("metadata")
    ours = metadata.get("ftrack_review") if isinstance(metadata, dict) else None
    if isinstance(ours, dict) and "seal" in ours:
        found = ours.pop("seal")
        return seal.Sealed(seal.canonical(document), found if seal.is_seal(found) else None), ours.get(
            "report"
        )
    return seal.split_inside(document), document.get("content")


def _content_of_pdf(data: bytes) -> Any:
    try:
        import pypdf
    except ImportError as error:
        raise MissingDependencyError(
            "Checking a PDF needs pypdf. Install it with: pip install 'ftrack-review[report]'"
        ) from error
    from ftrack_review.review.reports.paper import ATTACHMENT

    # It tells a log of whatever it finds odd about a damaged file, which is said here in fewer words.
    noisy = logging.getLogger("pypdf")
    level = noisy.level
    noisy.setLevel(logging.CRITICAL)
    try:
        files = pypdf.PdfReader(io.BytesIO(data)).attachments.get(ATTACHMENT) or [b""]
    except (pypdf.errors.PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None  # Damaged, which the digest of the document shows.
    finally:
        noisy.setLevel(level)
    return _load(files[0])


def _load(text: Any) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _check_document(
    sealed: seal.Sealed,
    content: Optional[Mapping[str, Any]],
    report_digest: Optional[str],
    findings: List[str],
) -> bool:
    found: Dict[str, Any] = sealed.seal or {}
    is_same = hashlib.sha256(sealed.body).hexdigest() == found.get("document")
    findings.append(
        "The file is as it was when it was sealed."
        if is_same
        else "The file was changed after it was sealed: its digest is not the one in the seal."
    )
    if content is None:
        findings.append("The file does not hold the report's content, only its digest.")
        # A spreadsheet has it in a row, too.
        return is_same and str(found.get("report")).encode() in sealed.body
    if report_digest == found.get("report"):
        findings.append(f"The content has the digest {report_digest}.")
        return is_same
    findings.append("The content was changed: its digest is not the one in the seal.")
    return False


def _check_sense(content: Optional[Mapping[str, Any]]) -> Tuple[str, ...]:
    """Return what does not follow from the votes in it: who writes a seal anew may forget that."""
    if content is None:
        return ()
    try:
        return tuple(contradictions(content))
    except (KeyError, TypeError, AttributeError, IndexError, ValueError):
        return ("what is in it is no report.",)


def _check_signature(found: Mapping[str, Any], key: Optional[bytes], findings: List[str]) -> bool:
    signature = found.get("signature")
    if signature is None:
        if key is None:
            findings.append("It is not signed: who can write a file could have made another one like it.")
            return True
        findings.append("It is not signed, and a key was given to check it with.")
        return False
    if key is None:
        findings.append("It is signed. Give the key to check the signature.")
        return True
    wanted = seal.signature_of(str(found.get("report")), str(found.get("document")), key)
    is_same = hmac.compare_digest(wanted, str(signature))
    findings.append(
        "The signature is that of the key." if is_same else "The signature is not that of the key."
    )
    return is_same


def _check_server(
    session: Session, digest: str, content: Optional[Mapping[str, Any]], findings: List[str]
) -> Optional[bool]:
    if content is None:
        findings.append(
            "Without the content the server cannot be asked. Keep HTML, PDF, JSON or OTIO for that."
        )
        return None
    try:
        return _compare(session, digest, content, findings)
    except (KeyError, TypeError, AttributeError, IndexError):
        findings.append("What is in it is no report, so the server cannot be asked.")
        return False


def _compare(session: Session, digest: str, content: Mapping[str, Any], findings: List[str]) -> bool:
    key = str(content["session"]["id"])
    review_session = session.query(
        f"select name, project_id from ReviewSession where id is {quote(key)}"
    ).first()
    if review_session is None:
        findings.append(f"{session.server_url} has no review session {key} ({content['session']['name']}).")
        return False
    entry = reports.recorded(review_session).get(digest)
    if entry:
        findings.append(
            f"The server recorded this report at {entry.get('made_at')} for {entry.get('made_by')}."
        )
    else:
        findings.append("The server has no record of this report (--record makes one).")
    differences = list(_differences(gathering.feedback(review_session).to_dict(), content))
    if not differences:
        findings.append("Every vote and comment in it is on the server and says the same.")
        return True
    findings.extend(f"Differs from the server: {difference}" for difference in differences)
    return False


def _differences(now: Mapping[str, Any], content: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the report says and the server does not. What came later is no difference."""
    objects = {item["id"]: item for item in now["objects"]}
    people = {person["id"]: person for person in now["invitees"]}
    for vote in {_voter(vote): vote for item in content["objects"] for vote in item["votes"]}.values():
        person = people.get(vote["invitee_id"])
        if person is not None and (person["name"], person["role"]) != (vote["name"], vote["role"]):
            yield (
                f"{vote['name']} ({vote['role']}) in the report is {person['name']} ({person['role']}) on the server."
            )
    for item in content["objects"]:
        present = objects.get(item["id"])
        if present is None:
            yield f"{item['name']} is not in the review any more."
            continue
        current = {_voter(vote): vote for vote in present["votes"]}
        given = {_vote_key(vote) for vote in (*present["votes"], *present["history"])}
        for former in present["former"]:
            given.update(_vote_key(vote) for vote in former["votes"])
        for vote in item["votes"]:
            now_given = current.get(_voter(vote))
            # Unless the person has voted again since, the vote has to be the one that counts now.
            is_latest = now_given is not None and str(now_given["created_at"]) <= str(content["made_at"])
            counting = {_vote_key(now_given)} if now_given is not None and is_latest else given
            if _vote_key(vote) not in counting:
                yield f"the vote of {vote['name']} on {item['name']}, {vote['status']} at {vote['created_at']}."
        said = {comment["id"]: comment for comment in threads(present["comments"])}
        for comment in threads(item["comments"]):
            known = said.get(comment["id"])
            if known is None:
                yield f"the comment of {comment['author']} on {item['name']} is gone: {comment['text']!r}"
            elif known["text"] != comment["text"] or known["frame"] != comment["frame"]:
                yield (
                    f"the comment of {comment['author']} on {item['name']} was {comment['text']!r} and is "
                    f"{known['text']!r} now."
                )


def _vote_key(vote: Mapping[str, Any]) -> Tuple[str, str, str]:
    return (_voter(vote), str(vote["status"]), str(vote["created_at"]))


def _voter(vote: Mapping[str, Any]) -> str:
    return str(vote["invitee_id"] or vote["email"]).lower()
