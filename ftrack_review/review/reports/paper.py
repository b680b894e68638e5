"""A report as PDF, to print and to file."""

from __future__ import annotations

import datetime as dt
import io
import unicodedata
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple

from ftrack_review.review.opinion import word_for
from ftrack_review.review.reports import seal, typeface
from ftrack_review.review.reports.page import absence, day, rate_text, when

if TYPE_CHECKING:
    from ftrack_review.review.reports.content import Pictures

__all__ = ["ATTACHMENT", "render"]

#: The name of the file inside the PDF that holds the content.
ATTACHMENT = "report-content.json"

_COLOURS: Dict[Optional[str], Tuple[int, int, int]] = {
    "approved": (26, 127, 75),
    "require_changes": (185, 56, 21),
    "seen": (52, 101, 164),
    None: (109, 118, 128),
}
_INK, _SOFT, _LINE = (29, 33, 38), (91, 101, 112), (223, 227, 232)
_COUNTED = (("objects", "object"), ("votes", "vote"), ("comments", "comment"), ("open_points", "open point"))
_MARGIN_MM = 16.0
_PICTURE_WIDTH_MM = 105.0
_ROW_MM, _GAP_MM = 4.6, 1.5

#: The most of a comment that the list of open points shows, in characters; in full it stands with its object.
_LONGEST_POINT = 300


def render(content: Mapping[str, Any], pictures: Pictures, digest: str) -> bytes:
    """Return the report as PDF, not sealed yet."""
    return _Paper(content, pictures, digest).make()


class _Paper:
    """One PDF while it is written, from top to bottom."""

    def __init__(self, content: Mapping[str, Any], pictures: Pictures, digest: str) -> None:
        import fpdf

        self._content = content
        self._pictures = pictures
        self._digest = digest
        self._has_pictures = any(item["thumbnail"] for item in content["objects"])
        text = seal.canonical(content).decode("utf-8", "replace")
        pair, further, self._missing = typeface.choose(text)
        self._pdf: Any = _new_pdf(fpdf, f"{content['session']['name']}: review report", digest)
        self._family = "helvetica"
        if pair is not None:
            self._family = "text"
            self._pdf.add_font("text", "", pair[0])
            self._pdf.add_font("text", "B", pair[1])
            names = []
            for number, path in enumerate(further):
                self._pdf.add_font(f"further{number}", "", path)
                names.append(f"further{number}")
            if names:
                self._pdf.set_fallback_fonts(names, exact_match=False)
            if typeface.needs_shaping(text):
                # Only then, as it takes most of the time.
                _shape(self._pdf)
        self._pdf.footer_text = (self._family, self._say(content["session"]["name"])[:80])

    def make(self) -> bytes:
        """Return the finished document."""
        pdf, content = self._pdf, self._content
        pdf.add_page()
        self._header()
        self._heading("What was decided")
        for item in content["objects"]:
            self._object(item)
        if not content["objects"]:
            self._line("Nothing was put up for review.", colour=_SOFT)
        if content["open_points"]:
            self._heading("Open points")
            self._table(
                ("Object", "Frame", "From", "Point"),
                [
                    (
                        point["object"],
                        "" if point["frame_number"] is None else str(point["frame_number"]),
                        point["author"],
                        _shortened(point["text"]) or "(a drawing)",
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
        self._line(f"Review report · {session['project']}", size=9, colour=_SOFT)
        self._line(session["name"], size=20, bold=True, height=9)
        if session["description"]:
            self._line(session["description"], colour=_SOFT)
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
            self._colour(_SOFT)
            self._pdf.cell(28, 5, name)
            self._colour(_INK)
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
        words = "     ".join(f"{count} {word_for(status)}" for status, count in counts)
        self._line(words, size=9)
        pdf.ln(2)

    def _object(self, item: Mapping[str, Any]) -> None:
        pdf = self._pdf
        if pdf.will_page_break(38):
            pdf.add_page()
        pdf.set_draw_color(*_LINE)
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
        self._line(f"{item['version']}{length}", size=9, colour=_SOFT)
        decided = f"   {item['decided_by']}, {when(item['decided_at'])}" if item["decided_by"] else ""
        self._pill(item["status"])
        self._line(decided or " ", size=9, colour=_SOFT)
        for text in (item["description"], media["message"] if media["state"] == "failed" else ""):
            if text:
                self._line(text, size=9, colour=_SOFT)
        pdf.set_left_margin(left)
        pdf.set_xy(left, max(pdf.get_y(), beside))
        self._votes(item)
        for comment in item["comments"]:
            self._note(comment, item["version"])
        pdf.ln(3)

    def _votes(self, item: Mapping[str, Any]) -> None:
        rows: List[Tuple[str, ...]] = [
            (v["name"] or "Someone", v["role"], word_for(v["status"]), when(v["created_at"]))
            for v in item["votes"]
        ]
        rows += [
            (v["name"] or "Someone", v["role"], f"{word_for(v['status'])}, before", when(v["created_at"]))
            for v in item["history"]
        ]
        rows += [
            (
                v["name"] or "Someone",
                v["role"],
                f"{word_for(v['status'])}, on {former['label']}",
                when(v["created_at"]),
            )
            for former in item["former"]
            for v in former["votes"]
        ]
        if rows:
            self._table(("Person", "Role", "Vote", "When"), rows, (30, 16, 29, 25))

    def _note(self, comment: Mapping[str, Any], shown: str) -> None:
        pdf = self._pdf
        left = pdf.l_margin
        pdf.set_left_margin(left + 4)
        pdf.set_x(left + 4)
        lines = [(_about(comment, shown), 8.5, True, _SOFT), (comment["text"], 10.0, False, _INK)]
        if comment["attachments"]:
            lines.append((f"Attached: {', '.join(comment['attachments'])}", 8.5, False, _SOFT))
        picture = self._size(comment["picture"])
        # What was said stays with the frame that it is about, unless it fills a page by itself.
        height = 1.5 + self._height(lines) + (picture[1] + 2 if picture else 0)
        whole = pdf.page_break_trigger - pdf.t_margin
        if pdf.will_page_break(height if height <= whole else 14):
            pdf.add_page()
        pdf.ln(1.5)
        top, page = pdf.get_y(), pdf.page
        for text, size, bold, colour in lines:
            if text:
                self._line(text, size=size, bold=bold, colour=colour)
        if picture:
            self._note_picture(comment["picture"], *picture)
        pdf.set_left_margin(left)
        if pdf.page == page:
            pdf.set_draw_color(*(_COLOURS["require_changes"] if comment["open"] else _LINE))
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

    def _height(self, lines: List[Tuple[str, float, bool, Tuple[int, int, int]]]) -> float:
        """Return how high *lines* become, in mm."""
        pdf, count = self._pdf, 0
        for text, size, bold, _ in lines:
            if text:
                self._font(size, bold=bold)
                count += self._lines_of(self._say(text), pdf.w - pdf.r_margin - pdf.get_x())
        return 5.0 * count

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
        pdf.set_draw_color(*_LINE)
        pdf.rect(x, y, width, height, style="DF", round_corners=True, corner_radius=1.2)
        self._font(8)
        self._colour(_SOFT)
        pdf.set_xy(x, y + height / 2 - 2)
        pdf.cell(width, 4, text, align="C")

    def _activity(self) -> None:
        entries, pdf = self._content["activity"][-40:], self._pdf
        if not entries:
            return
        self._heading("Activity")
        if pdf.will_page_break(34):
            pdf.add_page()
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
            self._colour(_SOFT)
            if step > 8:
                pdf.set_xy(x, base + 0.5)
                pdf.cell(step * 0.75, 3, entry["day"][5:], align="C")
            x += step
        pdf.set_xy(pdf.l_margin, base + 5)
        self._line("blue: votes, yellow: comments, by day (UTC)", size=8, colour=_SOFT)

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
            self._line("Nobody.", colour=_SOFT)

    def _seal(self) -> None:
        if self._pdf.will_page_break(26):
            self._pdf.add_page()
        self._pdf.ln(6)
        self._line("Digest of this report (SHA-256)", size=8.5, colour=_SOFT)
        self._pdf.set_font("courier", "", 8.5)
        self._pdf.multi_cell(0, 4.5, self._digest, new_x="LMARGIN", new_y="NEXT")
        self._line(
            f"Check this file with: ftrack-review report --verify FILE. Server: {self._content['server']}",
            size=8.5,
            colour=_SOFT,
        )

    def _heading(self, text: str) -> None:
        if self._pdf.will_page_break(24):
            self._pdf.add_page()
        self._pdf.ln(5)
        self._line(text, size=13, bold=True, height=7)
        self._pdf.ln(1)

    def _table(self, head: Tuple[str, ...], rows: List[Tuple[str, ...]], shares: Tuple[int, ...]) -> None:
        """Write a table; *shares* are the widths of its columns, in hundredths."""
        # That of the library takes ten times as long, as it breaks every cell into lines.
        widths = [self._pdf.epw * share / sum(shares) for share in shares]
        self._row(head, widths, _SOFT)
        for cells in rows:
            self._row(cells, widths, _INK, head)

    def _row(
        self,
        cells: Tuple[str, ...],
        widths: List[float],
        colour: Tuple[int, int, int],
        head: Optional[Tuple[str, ...]] = None,
    ) -> None:
        """Write a row, on a new page with the *head* again where this one is full."""
        pdf, said = self._pdf, [self._say(cell) for cell in cells]
        self._font(9)
        lines = [self._lines_of(text, width - _GAP_MM) for text, width in zip(said, widths)]
        height = max(lines) * _ROW_MM + 1
        if pdf.will_page_break(height):
            pdf.add_page()
            if head is not None:
                self._row(head, widths, _SOFT)
        self._colour(colour)
        x, y = pdf.l_margin, pdf.get_y()
        for text, width, count in zip(said, widths, lines):
            pdf.set_xy(x, y + 0.5)
            if count == 1:
                pdf.cell(width - _GAP_MM, _ROW_MM, text)
            else:
                pdf.multi_cell(width - _GAP_MM, _ROW_MM, text, align="L")
            x += width
        pdf.set_draw_color(*_LINE)
        pdf.line(pdf.l_margin, y + height, pdf.l_margin + sum(widths), y + height)
        pdf.set_xy(pdf.l_margin, y + height)

    def _lines_of(self, text: str, width: float) -> int:
        if "\n" not in text and self._pdf.get_string_width(text) < width:
            return 1
        broken = self._pdf.multi_cell(width, _ROW_MM, text, align="L", dry_run=True, output="LINES")
        return max(len(broken), 1)

    def _pill(self, status: Optional[str]) -> None:
        pdf, text = self._pdf, word_for(status).capitalize()
        self._font(8.5, bold=True)
        width = pdf.get_string_width(text) + 5
        pdf.set_fill_color(*_COLOURS.get(status, _COLOURS[None]))
        pdf.rect(pdf.get_x(), pdf.get_y() + 0.3, width, 4.8, style="F", round_corners=True, corner_radius=2.2)
        self._colour((255, 255, 255))
        pdf.cell(width, 5.4, text, align="C")

    def _line(
        self,
        text: str,
        *,
        size: float = 10,
        bold: bool = False,
        colour: Tuple[int, int, int] = _INK,
        height: float = 5,
    ) -> None:
        self._font(size, bold=bold)
        self._colour(colour)
        pdf, said = self._pdf, self._say(text)
        align = "R" if _is_right_to_left(text) else "L"
        # Breaking lines takes most of the time, and most texts are one.
        if "\n" not in said and pdf.get_string_width(said) < pdf.w - pdf.r_margin - pdf.get_x():
            pdf.cell(0, height, said, align=align, new_x="LMARGIN", new_y="NEXT")
        else:
            pdf.multi_cell(0, height, said, align=align, new_x="LMARGIN", new_y="NEXT")

    def _say(self, text: str) -> str:
        text = typeface.spell(text, self._missing.intersection(text))
        if self._family != "helvetica":
            return text.replace("\x00", "")
        # Without a font of this machine: those that every reader has know Latin-1.
        return text.replace("\u2013", "-").encode("latin-1", "replace").decode("latin-1")

    def _font(self, size: float, *, bold: bool = False) -> None:
        self._pdf.set_font(self._family, "B" if bold else "", size)

    def _colour(self, colour: Tuple[int, int, int]) -> None:
        self._pdf.set_text_color(*colour)


def _about(comment: Mapping[str, Any], shown: str) -> str:
    """Return who said it, where and when, and what became of it."""
    number, timecode = comment["frame_number"], comment["timecode"]
    parts = [
        comment["author"] or "Someone",
        "" if number is None else f"frame {number}" + (f" ({timecode})" if timecode else ""),
        when(comment["created_at"]),
        f"on {comment['version']}" if comment["version"] not in ("", shown) else "",
        "done" if comment["completed"] else "",
        ("to do" if comment["todo"] else "open") if comment["open"] else "",
        "" if comment["released"] else "not released",
        ", ".join(comment["labels"]),
    ]
    return " · ".join(filter(None, parts))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_POINT else f"{text[:_LONGEST_POINT]}\u2026"


def _is_right_to_left(text: str) -> bool:
    """Return whether the first letter with a direction goes from right to left."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def _new_pdf(fpdf: Any, title: str, digest: str) -> Any:
    class Document(fpdf.FPDF):  # type: ignore[misc]
        """A document with numbers at the foot of its pages."""

        footer_text: Tuple[str, str] = ("helvetica", "")

        def footer(self) -> None:
            """Write the foot of a page."""
            family, text = self.footer_text
            self.set_y(-11)
            self.set_font(family, "", 7.5)
            self.set_text_color(*_SOFT)
            self.cell(0, 5, f"{text} · {self.page_no()}", align="R")

    pdf = Document(format="A4")
    pdf.set_margins(_MARGIN_MM, _MARGIN_MM)
    pdf.c_margin = 0
    pdf.set_auto_page_break(auto=True, margin=16)
    pdf.set_title(title)
    pdf.set_creator("ftrack-review")
    pdf.set_lang("en")
    pdf.set_subject(f"sha256:{digest}")
    pdf.set_creation_date(dt.datetime.now(dt.timezone.utc))
    return pdf


def _shape(pdf: Any) -> None:
    """Join and reorder letters of Arabic and the like, where the library for it is installed."""
    import importlib.util

    if importlib.util.find_spec("uharfbuzz") is not None:
        pdf.set_text_shaping(use_shaping_engine=True)
