"""Hold the content of a report against what the server says now: every word and time of it that the server has, too.

The content is put together anew from the server and compared field by field. What came after the report was made is
no difference. What people change in the course of a review, a name or a date, is told apart from what was said.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from ftrack_review.protocol.grammar import quote, quote_list
from ftrack_review.review import gathering, showing
from ftrack_review.review.opinion import plain_time
from ftrack_review.review.reports import content as content_
from ftrack_review.review.reports.content import Pictures, threads

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.review.opinion import ObjectFeedback

__all__ = ["Difference", "differences", "not_compared"]

# What the fields are called when spoken to people; the others go by their names.
_WORDS = {
    "created_at": "the time",
    "start_date": "the start",
    "end_date": "the end",
    "invited_at": "the time of the invitation",
    "last_sent_at": "the time of the last mail",
    "is_open": "being open",
    "is_moderated": "being moderated",
    "frame_number": "the number of the frame",
    "author_email": "the e-mail address of the author",
    "email": "the e-mail address",
    "invitee_id": "the person",
    "todo": "being something to do",
    "completed": "being done",
    "released": "being released",
    "has_drawing": "having a drawing",
    "label": "the version",
    "fps": "the frame rate",
    "replies": "the place in the thread",
}
#: What does not change by itself: what was said, by whom, when, and about which frame.
_SAID = {"text", "frame", "created_at", "invitee_id", "replies"}
_MEDIA = ("kind", "fps", "frames", "first_frame", "width", "height")

_FORMER = ("version_id", "label", "name", "replaced_at")
_COMMENT = (
    "author",
    "author_email",
    "invitee_id",
    "created_at",
    "completed",
    "todo",
    "released",
    "version",
    "frame_number",
    "timecode",
    "labels",
    "attachments",
    "has_drawing",
)


class Difference(NamedTuple):
    """What the report says otherwise than the server. *is_usual*: people change such a thing as a review goes on."""

    text: str
    is_usual: bool


def not_compared(content: Mapping[str, Any]) -> str:
    """Return what in the content the server has nothing to compare with."""
    parts = ["when, where and by whom the report was made"]
    if any(content_.picture_names(content)):
        parts.append("its pictures")
    if any(item["media"]["state"] != "ready" for item in content["objects"]):
        parts.append("media that did not play yet")
    return ", ".join(parts[:-1]) + (" and " if parts[1:] else "") + parts[-1]


def differences(review_session: Entity, content: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield what the report with *content* says otherwise than the server, and what it left out."""
    # A name stands in many places.
    yield from dict.fromkeys(_Comparison(review_session, content).differences())


class _Comparison:
    """The content of a report beside what the server says."""

    def __init__(self, review_session: Entity, content: Mapping[str, Any]) -> None:
        self._session, self._id = review_session.session, str(review_session["id"])
        self._report = content
        self._made_at = str(content["made_at"])
        feedback = gathering.feedback(review_session)
        self._present = {item.id: item for item in feedback.objects}
        versions = {item["id"]: item["version_id"] for item in content["objects"]}
        shown = [_as_of(item, versions.get(item.id)) for item in feedback.objects]
        self._now = content_.build(
            dataclasses.replace(feedback, objects=tuple(shown)),
            showing.Footage(self._session, (item.version_id for item in shown)),
            Pictures(),
            made_at=None,
            made_by="",
            server="",
            thumbnail=lambda _: None,
            drawn_frame=lambda *_: None,
            include_held=True,
        )
        self._people = {person["id"]: person for person in self._now["invitees"]}

    def differences(self) -> Iterator[Difference]:
        """Yield all of them."""
        report, now = self._report, self._now
        yield from self._fields("the review session", report["session"], now["session"])
        present = {item["id"]: item for item in now["objects"]}
        for item in report["objects"]:
            if item["id"] in present:
                yield from self._object(item, present[item["id"]])
            else:
                yield Difference(f"{item['name']} is not in the review any more.", False)
        told = [item["id"] for item in report["objects"]]
        if [key for key in told if key in present] != [key for key in present if key in told]:
            yield Difference("The objects are in another order.", True)
        yield from self._objects_left_out(set(told), present)
        yield from self._invitees()

    def _fields(
        self, about: str, told: Mapping[str, Any], known: Mapping[str, Any], *, usual: bool = True
    ) -> Iterator[Difference]:
        """Yield in which fields that both have *told* by the report is not what is *known* to the server."""
        for name, value in told.items():
            # A report that is handed on has no addresses.
            is_left_out = name.endswith("email") and not value
            if name in known and known[name] != value and not is_left_out:
                yield Difference(
                    f"{_WORDS.get(name, f'the {name}')} of {about} is {_spoken(value)} in the report and "
                    f"{_spoken(known[name])} on the server.",
                    usual and name not in _SAID,
                )

    def _is_later(self, time: Optional[str]) -> bool:
        """Return whether something came after the report. What came in its very second may be in it or not."""
        return time is not None and time >= self._made_at

    def _object(self, item: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
        name = item["name"]
        present = self._present[item["id"]]
        is_replaced = item["version_id"] != present.version_id
        fields = ("name", "version", "version_id") + (() if is_replaced else ("description",))
        yield from self._fields(f"{name} ({item['version']})", _only(item, fields), now)
        if item["media"]["state"] == "ready":
            yield from self._fields(f"the media of {name}", _only(item["media"], _MEDIA), now["media"])
        yield from self._votes(item, now, present)
        yield from self._comments(item, now)

    def _votes(
        self, item: Mapping[str, Any], now: Mapping[str, Any], present: ObjectFeedback
    ) -> Iterator[Difference]:
        is_replaced = item["version_id"] != present.version_id
        current = {_voter(vote): vote for vote in now["votes"]}
        given = {_vote_key(vote): vote for vote in _all_votes(now)}
        given.update((_vote_key(vote), vote) for vote in map(_plain_vote, present.votes))
        # Servers of others keep no votes that were replaced, and none does for a version that was.
        forgets = is_replaced or not gathering.has(self._session, "Event", "parent_id")
        for vote in item["votes"]:
            yield from self._vote(item["name"], vote, current.get(_voter(vote)), given, forgets=forgets)
            yield from self._voter(vote)
        for vote in _all_votes(item, ("history", "former")):
            known = given.get(_vote_key(vote))
            if known is not None:
                yield from self._named(vote, known)
            else:
                yield Difference(
                    f"the earlier vote of {vote['name']} on {item['name']}, {vote['status']} at "
                    f"{vote['created_at']}, is not on the server.",
                    is_replaced,
                )
        formers = [_only(former, _FORMER) for former in now["former"]]
        for former in item["former"]:
            if _only(former, _FORMER) not in formers:
                yield Difference(
                    f"{item['name']} did not show {former['label']} before, on the server.", False
                )
        told = {_vote_key(vote) for vote in _all_votes(item)}
        for key, vote in given.items():
            if key not in told and vote["created_at"] and not self._is_later(vote["created_at"]):
                yield Difference(
                    f"the vote of {vote['name']} on {item['name']}, {vote['status']} at {vote['created_at']}, is "
                    "on the server and not in the report.",
                    True,
                )

    def _vote(
        self,
        name: str,
        vote: Mapping[str, Any],
        latest: Optional[Mapping[str, Any]],
        given: Mapping[Tuple[str, str, str], Any],
        *,
        forgets: bool,
    ) -> Iterator[Difference]:
        """Yield whether a vote on the object called *name* did not count when the report was made."""
        was_given = _vote_key(vote) in given
        is_replaced_since = latest is not None and self._is_later(latest["created_at"])
        # Unless the person has voted again since, the vote has to be the one that counts now.
        counted = was_given if latest is None or is_replaced_since else _vote_key(vote) == _vote_key(latest)
        if not counted:
            # By a later one, or by one that was given before and merged since.
            is_replaced = was_given or is_replaced_since
            yield Difference(
                f"the vote of {vote['name']} on {name}, {vote['status']} at {vote['created_at']}, "
                + ("has been replaced." if is_replaced else "is not on the server."),
                was_given or (is_replaced and forgets),
            )

    def _voter(self, vote: Mapping[str, Any]) -> Iterator[Difference]:
        person = self._people.get(vote["invitee_id"])
        if person is None:
            if vote["invitee_id"]:
                yield Difference(
                    f"{vote['name']} ({vote['role']}), who voted, is not invited any more.", True
                )
        else:
            yield from self._named(vote, person)

    def _named(self, vote: Mapping[str, Any], person: Mapping[str, Any]) -> Iterator[Difference]:
        """Yield whether who voted has another name, role or address than the *person* on the server."""
        if (person["name"], person["role"]) != (vote["name"], vote["role"]):
            yield Difference(
                f"{vote['name']} ({vote['role']}) in the report is {person['name']} ({person['role']}) "
                "on the server.",
                True,
            )
        yield from self._fields(f"{vote['name']}, who voted,", _only(vote, ("email",)), person)

    def _comments(self, item: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
        known = {comment["id"]: comment for comment in threads(now["comments"])}
        above = {answer["id"]: key for key in known for answer in known[key]["replies"]}
        told = list(threads(item["comments"]))
        done_at = self._done_at(told, known)
        for comment in told:
            about = f"the comment of {comment['author']} on {item['name']}"
            present = known.get(comment["id"])
            if present is None:
                yield Difference(f"{about} is gone: {comment['text']!r}", False)
                continue
            if (comment["text"], comment["frame"]) != (present["text"], present["frame"]):
                yield Difference(f"{about} was {comment['text']!r} and is {present['text']!r} now.", False)
            ticked = present["completed"] and self._is_later(done_at.get(comment["id"]))
            yield from self._fields(about, _only(comment, _COMMENT), {**present, **_ticked(comment, ticked)})
            for answer in comment["replies"]:
                if above.get(answer["id"], comment["id"]) != comment["id"]:
                    yield Difference(f"{about} has an answer that was given to another one.", False)
        seen = {comment["id"] for comment in told}
        for comment in known.values():
            is_due = (
                comment["released"] and comment["created_at"] and not self._is_later(comment["created_at"])
            )
            if is_due and comment["id"] not in seen:
                yield Difference(
                    f"the comment of {comment['author']} on {item['name']} at {comment['created_at']} is on the "
                    f"server and not in the report: {comment['text']!r}",
                    True,
                )

    def _done_at(
        self, told: List[Dict[str, Any]], known: Mapping[str, Mapping[str, Any]]
    ) -> Dict[str, Optional[str]]:
        """Return when comments were done that the report says are not."""
        keys = [
            comment["id"]
            for comment in told
            if not comment["completed"] and known.get(comment["id"], comment)["completed"]
        ]
        if not keys:
            return {}
        rows = self._session.query(f"select completed_at from Note where id in {quote_list(keys)}").all()
        return {row["id"]: plain_time(row["completed_at"]) for row in rows}

    def _objects_left_out(self, told: set[str], present: Mapping[str, Any]) -> Iterator[Difference]:
        if told >= set(present):
            return
        rows = self._session.query(
            f"select created_at from ReviewSessionObject where review_session_id is {quote(self._id)}"
        )
        for row in rows:
            if row["id"] in present and row["id"] not in told:
                added_at = plain_time(row["created_at"])
                if added_at and not self._is_later(added_at):
                    yield Difference(
                        f"{present[row['id']]['name']} is in the review since {added_at} and not in the report.",
                        True,
                    )

    def _invitees(self) -> Iterator[Difference]:
        told = {person["id"]: person for person in self._report["invitees"]}
        for key, person in told.items():
            known = self._people.get(key)
            if known is None:
                yield Difference(f"{person['name']} is not invited any more.", True)
                continue
            fields = ["name", "email", "role", "invited_at"]
            if not self._is_later(known["last_sent_at"]):
                fields.append("last_sent_at")
            yield from self._fields(f"{person['name']}, who was invited,", _only(person, fields), known)
        for key, person in self._people.items():
            if key not in told and person["invited_at"] and not self._is_later(person["invited_at"]):
                yield Difference(f"{person['name']} is invited and not in the report.", True)


def _as_of(item: ObjectFeedback, version_id: Any) -> ObjectFeedback:
    """Return an object as it was while it showed another version, where it did."""
    if version_id == item.version_id:
        return item
    for former in reversed(item.former):
        if former.version_id == version_id:
            return dataclasses.replace(
                item, name=former.name, version=former.label, version_id=version_id, votes=former.votes
            )
    return item


def _ticked(comment: Mapping[str, Any], is_later: bool) -> Dict[str, Any]:
    """Return what to take a comment for that was done after the report was made."""
    return {"completed": comment["completed"]} if is_later else {}


def _all_votes(
    item: Mapping[str, Any], parts: Tuple[str, ...] = ("votes", "history", "former")
) -> Iterator[Mapping[str, Any]]:
    for part in parts:
        if part == "former":
            for former in item["former"]:
                yield from former["votes"]
        else:
            yield from item[part]


def _plain_vote(vote: Any) -> Mapping[str, Any]:
    plain: Mapping[str, Any] = vote.to_dict()
    return plain


def _only(values: Mapping[str, Any], names: Any) -> Dict[str, Any]:
    return {name: values[name] for name in names if name in values}


def _vote_key(vote: Mapping[str, Any]) -> Tuple[str, str, str]:
    return (_voter(vote), str(vote["status"]), str(vote["created_at"]))


def _voter(vote: Mapping[str, Any]) -> str:
    return str(vote["invitee_id"] or vote["email"]).lower()


def _spoken(value: Any) -> str:
    if value is None or value == "" or value == []:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return repr(value) if isinstance(value, str) else str(value)
