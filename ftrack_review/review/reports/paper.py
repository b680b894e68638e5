"""A report as PDF, to print and to file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Set, Tuple

from ftrack_review.review.opinion import word_for
from ftrack_review.review.reports import seal
from ftrack_review.review.reports.hushing import hushed
from ftrack_review.review.reports.page import absence, brief, day, rate_text, when
from ftrack_review.review.reports.typesetting import INK, LINE, ROW_MM, SOFT, Colour, Line, Typesetter

if TYPE_CHECKING:
    from ftrack_review.review.reports.content import Pictures

__all__ = ["ATTACHMENT", "render"]

#: The name of the file inside the PDF that holds the content.
ATTACHMENT = "report-content.json"

_COLOURS: Dict[Optional[str], Colour] = {
    "approved": (26, 127, 75),
    "require_changes": (185, 56, 21),
    "seen": (52, 101, 164),
    None: (109, 118, 128),
}
_COUNTED = (("objects", "object"), ("votes", "vote"), ("comments", "comment"), ("open_points", "open point"))
_PICTURE_WIDTH_MM = 105.0


def render(content: Mapping[str, Any], pictures: Pictures, digest: str) -> bytes:
    """Return the report as PDF, not sealed yet."""
    with hushed():
        return _Paper(content, pictures, digest).make()


class _Paper(Typesetter):
    """One PDF while it is written, from top to bottom."""

    def __init__(self, content: Mapping[str, Any], pictures: Pictures, digest: str) -> None:
        title = f"{content['session']['name']}: review report"
        super().__init__(
            title,
            "".join(sorted(_characters(content))),
            foot=content["session"]["name"],
            subject=f"sha256:{digest}",
            made_at=content["made_at"],
        )
        self._content = content
        self._pictures = pictures
        self._digest = digest
        self._has_pictures = any(item["thumbnail"] for item in content["objects"])

    def make(self) -> bytes:
        """Return the finished document."""
        pdf, content = self._pdf, self._content
        pdf.add_page()
        self._header()
        self._heading("What was decided")
        for item in content["objects"]:
            self._object(item)
        if not content["objects"]:
            self._line("Nothing was put up for review.", colour=SOFT)
        if content["open_points"]:
            self._heading("Open points")
            self._table(
                ("Object", "Frame", "From", "Point"),
                [
                    (
                        point["object"],
                        "" if point["frame_number"] is None else str(point["frame_number"]),
                        point["author"],
                        brief(point["text"]) or "(a drawing)",
                    )
                    for point in content["open_points"]
                ],
                (28, 10, 18, 44),
            )
        self._activity()
        self._invitees()
        self._seal()
        pdf.embed_file(bytes=seal.canonical(content), basename=ATTACHMENT, desc="The content of the report")
        return bytes(pdf.output())

    def _header(self) -> None:
        content, session, state = self._content, self._content["session"], self._content["state"]
        self._line(f"Review report · {session['project']}", size=9, colour=SOFT)
        self._line(session["name"], size=20, bold=True, height=9)
        if session["description"]:
            self._line(session["description"], colour=SOFT)
        self._state_bar()
        facts = (
            (
                "State",
                ", ".join(
                    [
                        "open" if session["is_open"] else "closed",
                        *(
                            f"{state[name]} {word if state[name] == 1 else word + 's'}"
                            for name, word in _COUNTED
                        ),
                    ]
                ),
            ),
            ("Run by", session["owner"] or "\u2013"),
            ("Dates", f"{when(session['start_date'])} to {when(session['end_date'])}"),
            ("Report made", f"{when(content['made_at'])} by {content['made_by']}"),
        )
        for name, value in facts:
            self._font(9)
            self._colour(SOFT)
            self._pdf.cell(28, 5, name)
            self._colour(INK)
            self._pdf.shape(value)
            self._pdf.multi_cell(0, 5, self._say(value), new_x="LMARGIN", new_y="NEXT")

    def _state_bar(self) -> None:
        pdf, state = self._pdf, self._content["state"]
        counts = [(status, state[status or "none"]) for status in _COLOURS]
        total, x = max(state["objects"], 1), pdf.l_margin
        pdf.ln(3)
        y = pdf.get_y()
        for status, count in counts:
            width = pdf.epw * count / total
            if width:
                pdf.set_fill_color(*_COLOURS[status])
                pdf.rect(x, y, width, 4.5, style="F")
                x += width
        pdf.set_y(y + 6)
        self._font(9)
        self._colour(INK)
        for status, count in counts:
            text = f"{count} {word_for(status)}"
            pdf.set_fill_color(*_COLOURS[status])
            pdf.circle(pdf.get_x() + 1.2, pdf.get_y() + 2.5, 1.2, style="F")
            pdf.set_x(pdf.get_x() + 3.6)
            pdf.cell(pdf.get_string_width(text) + 5, 5, text)
        pdf.ln(7)

    def _object(self, item: Mapping[str, Any]) -> None:
        pdf, votes = self._pdf, _votes(item)
        # What an object is called stays with what was said first about it.
        height = 32.0 + (ROW_MM * (len(votes[0]) + len(votes[1]) + 1) if votes[0] or votes[1] else 0)
        for comment in item["comments"][:1]:
            height += self._measured(comment, item["version"], 4)[2]
        if pdf.will_page_break(height if height <= self._tallest else 38):
            pdf.add_page()
        pdf.set_draw_color(*LINE)
        pdf.line(pdf.l_margin, pdf.get_y(), pdf.w - pdf.r_margin, pdf.get_y())
        pdf.ln(3)
        top, left = pdf.get_y(), pdf.l_margin
        indent, beside = (46.0, top + 26) if self._has_pictures else (0.0, top)
        if item["thumbnail"]:
            pdf.set_fill_color(21, 24, 27)
            pdf.rect(left, top, 42, 24, style="F")
            self._picture(item["thumbnail"], left, top, 42, 24)
        elif self._has_pictures:
            self._blank(absence(item["media"]), left, top, 42, 24)
        pdf.set_left_margin(left + indent)
        pdf.set_xy(left + indent, top)
        self._line(item["name"] or "Without a name", size=12, bold=True, height=6)
        media = item["media"]
        length = f" · {media['frames']} frames{rate_text(media['fps'])}" if media["frames"] else ""
        self._line(f"{item['version']}{length}", size=9, colour=SOFT)
        self._pill(item["status"])
        if item["decided_by"]:
            pdf.set_x(pdf.get_x() + 3)
            self._lead(item["decided_by"], size=9, most=pdf.epw / 3)
        self._line(f", {when(item['decided_at'])}" if item["decided_by"] else " ", size=9, colour=SOFT)
        for text in (item["description"], media["message"] if media["state"] == "failed" else ""):
            if text:
                self._line(text, size=9, colour=SOFT)
        pdf.set_left_margin(left)
        pdf.set_xy(left, max(pdf.get_y(), beside))
        if votes[0] or votes[1]:
            self._table(("Person", "Role", "Vote", "When"), votes[0], (30, 16, 29, 25), former=votes[1])
        for comment in item["comments"]:
            self._note(comment, item["version"])
        pdf.ln(3)

    def _note(self, comment: Mapping[str, Any], shown: str) -> None:
        pdf = self._pdf
        left = pdf.l_margin
        lines, picture, height = self._measured(comment, shown, 4)
        # What was said stays with the frame that it is about, unless it fills a page by itself.
        if pdf.will_page_break(height if height <= self._tallest else 14):
            pdf.add_page()
        pdf.set_left_margin(left + 4)
        pdf.ln(1.5)
        top, page = pdf.get_y(), pdf.page
        self._lead(comment["author"] or "Someone", size=8.5, most=pdf.epw / 2)
        for text, size, bold, colour in lines:
            if text:
                self._line(text, size=size, bold=bold, colour=colour)
        if picture:
            self._note_picture(comment["picture"], *picture)
        pdf.set_left_margin(left)
        if pdf.page == page:
            pdf.set_draw_color(*(_COLOURS["require_changes"] if comment["open"] else LINE))
            pdf.set_line_width(0.7)
            pdf.line(left + 1.5, top, left + 1.5, pdf.get_y())
            pdf.set_line_width(0.2)
        pdf.set_x(left)
        if comment["replies"]:
            pdf.set_left_margin(left + 6)
            pdf.set_x(left + 6)
            for reply in comment["replies"]:
                self._note(reply, shown)
            pdf.set_left_margin(left)
            pdf.set_x(left)

    def _measured(
        self, comment: Mapping[str, Any], shown: str, indent: float
    ) -> Tuple[List[Line], Optional[Tuple[float, float]], float]:
        """Return the lines of a comment, the size of its picture and how high all of it becomes, in mm."""
        lines = [Line(_about(comment, shown), 8.5, False, SOFT), Line(comment["text"], 10.0, False, INK)]
        if comment["attachments"]:
            lines.append(Line(f"Attached: {', '.join(comment['attachments'])}", 8.5, False, SOFT))
        picture = self._size(comment["picture"])
        # The author stands before the first line.
        first = lines[0]._replace(text=f"{comment['author'] or 'Someone'}{lines[0].text}", bold=True)
        height = self._height([first, *lines[1:]], self._pdf.epw - indent)
        return lines, picture, 1.5 + height + (picture[1] + 2 if picture else 0)

    def _size(self, name: Optional[str]) -> Optional[Tuple[float, float]]:
        """Return how wide and high the picture of a comment stands, in mm."""
        from PIL import Image

        if not name:
            return None
        with Image.open(io.BytesIO(self._pictures[name])) as found:
            ratio = found.height / max(found.width, 1)
        width = _PICTURE_WIDTH_MM
        height = width * ratio
        if height > 110:
            height, width = 110.0, 110.0 / ratio
        return width, height

    def _note_picture(self, name: str, width: float, height: float) -> None:
        pdf = self._pdf
        if pdf.will_page_break(height + 2):
            pdf.add_page()
        y = pdf.get_y() + 1
        self._picture(name, pdf.l_margin, y, width, height)
        pdf.set_y(y + height + 1)

    def _picture(self, name: Optional[str], x: float, y: float, width: float, height: float) -> None:
        if name:
            picture = io.BytesIO(self._pictures[name])
            self._pdf.image(picture, x=x, y=y, w=width, h=height, keep_aspect_ratio=True)

    def _blank(self, text: str, x: float, y: float, width: float, height: float) -> None:
        """Say in the place of a picture why there is none."""
        pdf = self._pdf
        pdf.set_fill_color(245, 246, 248)
        pdf.set_draw_color(*LINE)
        pdf.rect(x, y, width, height, style="DF", round_corners=True, corner_radius=1.2)
        self._font(8)
        self._colour(SOFT)
        pdf.set_xy(x, y + height / 2 - 2)
        pdf.cell(width, 4, text, align="C")

    def _activity(self) -> None:
        entries, pdf = self._content["activity"][-40:], self._pdf
        if not entries:
            return
        # With its heading on one page.
        if pdf.will_page_break(48):
            pdf.add_page()
        self._heading("Activity")
        busiest = max(entry["votes"] + entry["comments"] for entry in entries)
        step = min(pdf.epw / len(entries), 14.0)
        base, x = pdf.get_y() + 22, pdf.l_margin
        self._font(6.5)
        for entry in entries:
            y = base
            for name, colour in (("votes", _COLOURS["seen"]), ("comments", (224, 165, 38))):
                height = 20.0 * entry[name] / busiest
                pdf.set_fill_color(*colour)
                pdf.rect(x, y - height, step * 0.75, height, style="F")
                y -= height
            self._colour(SOFT)
            if step > 8:
                pdf.set_xy(x, base + 0.5)
                pdf.cell(step * 0.75, 3, entry["day"][5:], align="C")
            x += step
        pdf.set_xy(pdf.l_margin, base + 5)
        self._line("blue: votes, yellow: comments, by day (UTC)", size=8, colour=SOFT)

    def _invitees(self) -> None:
        self._heading("Who was invited")
        rows: List[Tuple[str, ...]] = [
            (
                f"{person['name']}\n{person['email']}",
                person["role"],
                day(person["invited_at"]),
                when(person["last_sent_at"]) if person["last_sent_at"] else "never",
                str(person["votes"]),
                str(person["comments"]),
            )
            for person in self._content["invitees"]
        ]
        if rows:
            columns = ("Person", "Role", "Invited", "Last mailed", "Votes", "Comments")
            self._table(columns, rows, (31, 13, 15, 23, 8, 13))
        else:
            self._line("Nobody.", colour=SOFT)

    def _seal(self) -> None:
        if self._pdf.will_page_break(26):
            self._pdf.add_page()
        self._pdf.ln(6)
        self._line("Digest of this report (SHA-256)", size=8.5, colour=SOFT)
        self._pdf.set_font("courier", "", 8.5)
        self._pdf.multi_cell(0, 4.5, self._digest, new_x="LMARGIN", new_y="NEXT")
        self._line(
            f"Check this file with: ftrack-review report --verify FILE. Server: {self._content['server']}",
            size=8.5,
            colour=SOFT,
        )

    def _pill(self, status: Optional[str]) -> None:
        pdf, text = self._pdf, self._say(word_for(status).capitalize())
        self._font(8.5, bold=True)
        width = pdf.get_string_width(text) + 5
        pdf.set_fill_color(*_COLOURS.get(status, _COLOURS[None]))
        pdf.rect(pdf.get_x(), pdf.get_y() + 0.3, width, 4.8, style="F", round_corners=True, corner_radius=2.2)
        self._colour((255, 255, 255))
        pdf.cell(width, 5.4, text, align="C")


def _characters(value: Any) -> Set[str]:
    """Return the characters of all texts in a content."""
    if isinstance(value, str):
        return set(value)
    if isinstance(value, Mapping):
        value = [*value, *value.values()]
    return set().union(*map(_characters, value)) if isinstance(value, list) else set()


def _votes(item: Mapping[str, Any]) -> Tuple[List[Tuple[str, ...]], List[Tuple[str, ...]]]:
    """Return the rows of the present votes on an object, and those of the former ones."""

    def row(vote: Mapping[str, Any], addition: str) -> Tuple[str, ...]:
        word = f"{word_for(vote['status'])}{addition}"
        return (vote["name"] or "Someone", vote["role"], word, when(vote["created_at"]))

    former = [row(vote, ", before") for vote in item["history"]]
    for entry in item["former"]:
        former.extend(row(vote, f", on {entry['label']}") for vote in entry["votes"])
    return [row(vote, "") for vote in item["votes"]], former


def _about(comment: Mapping[str, Any], shown: str) -> str:
    """Return what stands after the author: where and when it was said, and what became of it."""
    number, timecode = comment["frame_number"], comment["timecode"]
    parts = [
        "" if number is None else f"frame {number}" + (f" ({timecode})" if timecode else ""),
        when(comment["created_at"]),
        f"on {comment['version']}" if comment["version"] not in ("", shown) else "",
        "done" if comment["completed"] else "",
        ("to do" if comment["todo"] else "open") if comment["open"] else "",
        "" if comment["released"] else "not released",
        ", ".join(comment["labels"]),
    ]
    return "".join(f" · {part}" for part in parts if part)
