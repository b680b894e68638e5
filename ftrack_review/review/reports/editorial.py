"""A report as a timeline of OpenTimelineIO: the objects one after the other, their comments as markers."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any, Dict, Mapping, Optional

from ftrack_review.review.reports.legible import legible

__all__ = ["NAMESPACE", "media_of", "render", "timeline_of"]

#: How long a still, or media of unknown length, stands on the timeline, in frames at 24 a second.
STILL_FRAMES = 24
_STILL_RATE = Fraction(24)

#: Under this name metadata of ours is kept.
NAMESPACE = "ftrack_review"


def render(content: Mapping[str, Any], media: Optional[Mapping[str, str]] = None) -> Dict[str, Any]:
    """Return the report as a document of OpenTimelineIO, not sealed yet.

    *media* has addresses of the objects' media by their ids; without it the clips know their media by name only.
    """
    timeline = timeline_of(content, media or {})
    document: Dict[str, Any] = json.loads(timeline.to_json_string())
    return document


def media_of(document: Mapping[str, Any]) -> Dict[str, str]:
    """Return the addresses of media by the ids of objects that a document of ours has."""
    found = {}
    for clip in document["tracks"]["children"][0]["children"]:
        reference = clip.get("media_reference") or clip["media_references"]["DEFAULT_MEDIA"]
        if "target_url" in reference:
            found[clip["metadata"][NAMESPACE]["review_session_object_id"]] = reference["target_url"]
    return found


def timeline_of(content: Mapping[str, Any], media: Mapping[str, str]) -> Any:
    """Return the report as a ``Timeline`` of OpenTimelineIO."""
    import opentimelineio as otio

    session = content["session"]
    timeline = otio.schema.Timeline(name=legible(session["name"]))
    timeline.metadata[NAMESPACE] = {
        "review_session_id": session["id"],
        "project": session["project"],
        "made_at": content["made_at"],
        "is_open": session["is_open"],
    }
    track = otio.schema.Track(name="Review", kind=otio.schema.TrackKind.Video)
    timeline.tracks.append(track)
    for item in content["objects"]:
        track.append(_clip(otio, item, media.get(item["id"])))
    return timeline


def _clip(otio: Any, item: Mapping[str, Any], address: Optional[str]) -> Any:
    seen = item["media"]
    exact = Fraction(seen["fps"]) if seen["fps"] else _STILL_RATE
    frames = seen["frames"] if seen["fps"] and seen["frames"] else STILL_FRAMES
    # The nearest number to 24000/1001 that the format can hold; the exact one is in the metadata.
    rate = float(exact)
    start = otio.opentime.RationalTime(seen["first_frame"], rate)
    extent = otio.opentime.TimeRange(start, otio.opentime.RationalTime(frames, rate))
    if address:
        reference = otio.schema.ExternalReference(target_url=address, available_range=extent)
    else:
        reference = otio.schema.MissingReference(available_range=extent)
    name = legible(item["name"])
    reference.name = name
    clip = otio.schema.Clip(name=name, media_reference=reference, source_range=extent)
    clip.metadata[NAMESPACE] = {
        "review_session_object_id": item["id"],
        "version_id": item["version_id"],
        "version": item["version"],
        "status": item["status"] or "",
        "decided_by": item["decided_by"] or "",
        "decided_at": item["decided_at"] or "",
        "rate": f"{exact.numerator}/{exact.denominator}",
        "votes": [
            {name: vote[name] for name in ("name", "role", "status", "created_at")} for vote in item["votes"]
        ],
    }
    for comment in item["comments"]:
        clip.markers.append(_marker(otio, comment, seen["first_frame"], rate))
    return clip


def _marker(otio: Any, comment: Mapping[str, Any], first_frame: int, rate: float) -> Any:
    colours = otio.schema.MarkerColor
    frame = first_frame + (comment["frame"] or 0)
    marker = otio.schema.Marker(
        name=legible(f"{comment['author'] or 'someone'}: {comment['text']}"),
        marked_range=otio.opentime.TimeRange(
            otio.opentime.RationalTime(frame, rate), otio.opentime.RationalTime(1, rate)
        ),
        color=colours.RED if comment["open"] else colours.GREEN if comment["completed"] else colours.CYAN,
    )
    marker.metadata[NAMESPACE] = {
        "note_id": comment["id"],
        "author": comment["author"],
        "text": comment["text"],
        "created_at": comment["created_at"] or "",
        "completed": comment["completed"],
        "open": comment["open"],
        "whole_object": comment["frame"] is None,
        "has_drawing": comment["has_drawing"],
        "replies": [
            {"author": reply["author"], "text": reply["text"], "created_at": reply["created_at"] or ""}
            for reply in comment["replies"]
        ],
    }
    return marker
