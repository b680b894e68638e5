"""Set text on the pages of a PDF: lines, headings and tables, in the fonts of this machine.

Called by ``paper``, which says what is written; here it is only how.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import math
import unicodedata
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

from ftrack_review.review.reports import typeface
from ftrack_review.review.reports.legible import legible, on_one_line

__all__ = ["INK", "LINE", "ROW_MM", "SOFT", "Colour", "Line", "Typesetter"]

#: Red, green and blue, from 0 to 255.
Colour = Tuple[int, int, int]

INK, SOFT, LINE = (29, 33, 38), (91, 101, 112), (223, 227, 232)

# What is written here beside ASCII.
_OWN = "\u00b7\u2013\u2026"

_MARGIN_MM = 16.0
_ROW_MM, _GAP_MM = 4.6, 1.5

# As many times longer a text becomes at most where its lines end with whole words.
_RAGGED = 1.15

#: How high a row of a table is that has one line, in mm.
ROW_MM = _ROW_MM + 1


class Line(NamedTuple):
    """Text that begins a line, and how it is set; *size* in points."""

    text: str
    size: float
    bold: bool
    colour: Colour


class Typesetter:
    """A PDF while it is written, from top to bottom."""

    def __init__(self, title: str, text: str, *, foot: str, subject: str, made_at: str) -> None:
        """Begin a document whose fonts have the letters of *text*; *foot* stands at the foot of its pages.

        *made_at* (ISO 8601, UTC) is said to be when it was made, so that the same document comes out of the same text.
        """
        import fpdf

        text = _settable(f"{text}{title}{_OWN}")
        pair, further, self._missing = typeface.choose(text)
        self._pdf: Any = _new_pdf(fpdf, _settable(title), subject, made_at)
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
            self._pdf.can_shape = typeface.needs_shaping(text) and _can_shape()
        self._pdf.footer_text = (self._family, self._say(on_one_line(foot))[:80])

    def _heading(self, text: str) -> None:
        if self._pdf.will_page_break(24):
            self._pdf.add_page()
        self._pdf.ln(5)
        self._line(text, size=13, bold=True, height=7)
        self._pdf.ln(1)

    @property
    def _tallest(self) -> float:
        """How high that can be which fits on a page, in mm."""
        return float(self._pdf.page_break_trigger - self._pdf.t_margin)

    def _height(self, lines: List[Line], width: float) -> float:
        """Return how high *lines* become at most where there is room for *width*, in mm.

        Nothing is broken into lines for it, as that takes most of the time.
        """
        count = 0
        for text, size, bold, _ in lines:
            if text:
                self._font(size, bold=bold)
                for part in self._say(text).split("\n"):
                    share = self._pdf.get_string_width(part) / width
                    count += 1 if share < 1 else math.ceil(share * _RAGGED)
        return 5.0 * count

    def _table(
        self,
        head: Tuple[str, ...],
        rows: List[Tuple[str, ...]],
        shares: Tuple[int, ...],
        *,
        former: Sequence[Tuple[str, ...]] = (),
    ) -> None:
        """Write a table; *shares* are the widths of its columns, in hundredths, *former* rows that hold no more."""
        # That of the library takes ten times as long, as it breaks every cell into lines.
        widths = [self._pdf.epw * share / sum(shares) for share in shares]
        self._row(head, widths, SOFT)
        for cells in rows:
            self._row(cells, widths, INK, head)
        for cells in former:
            self._row(cells, widths, SOFT, head)

    def _row(
        self,
        cells: Tuple[str, ...],
        widths: List[float],
        colour: Colour,
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
                self._row(head, widths, SOFT)
        self._colour(colour)
        x, y = pdf.l_margin, pdf.get_y()
        for text, width, count in zip(said, widths, lines):
            pdf.set_xy(x, y + 0.5)
            pdf.shape(text)
            if count == 1 and "\n" not in text:
                pdf.cell(width - _GAP_MM, _ROW_MM, text)
            else:
                pdf.multi_cell(width - _GAP_MM, _ROW_MM, text, align="L")
            x += width
        pdf.set_draw_color(*LINE)
        pdf.line(pdf.l_margin, y + height, pdf.l_margin + sum(widths), y + height)
        pdf.set_xy(pdf.l_margin, y + height)

    def _lines_of(self, text: str, width: float) -> int:
        self._pdf.shape(text)
        if "\n" not in text and self._pdf.get_string_width(text) < width:
            return 1
        broken = self._pdf.multi_cell(width, _ROW_MM, text, align="L", dry_run=True, output="LINES")
        return max(len(broken), 1)

    def _line(
        self,
        text: str,
        *,
        size: float = 10,
        bold: bool = False,
        colour: Colour = INK,
        height: float = 5,
    ) -> None:
        self._font(size, bold=bold)
        self._colour(colour)
        pdf, said = self._pdf, self._say(text)
        align = "R" if _is_right_to_left(text) else "L"
        pdf.shape(said)
        # Breaking lines takes most of the time, and most texts are one.
        if "\n" not in said and pdf.get_string_width(said) < pdf.w - pdf.r_margin - pdf.get_x():
            pdf.cell(0, height, said, align=align, new_x="LMARGIN", new_y="NEXT")
        else:
            pdf.multi_cell(0, height, said, align=align, new_x="LMARGIN", new_y="NEXT")

    def _lead(self, name: str, *, size: float, most: float) -> None:
        """Begin a line with a *name*, which may be written from right to left; what follows is set by itself."""
        said = self._say(on_one_line(name))
        self._pdf.shape(said)
        self._font(size, bold=True)
        self._colour(SOFT)
        while said and self._pdf.get_string_width(said) > most:
            said = said[:-1]
        self._pdf.cell(self._pdf.get_string_width(said), 5, said)

    def _say(self, text: str) -> str:
        text = _settable(text)
        if self._family == "helvetica":
            # Without a font of this machine: those that every reader has know Latin-1.
            text = text.replace("\u2013", "-").replace("\u2026", "...")
        return typeface.spell(text, self._missing.intersection(text))

    def _font(self, size: float, *, bold: bool = False) -> None:
        self._pdf.set_font(self._family, "B" if bold else "", size)

    def _colour(self, colour: Colour) -> None:
        self._pdf.set_text_color(*colour)


def _settable(text: str) -> str:
    """Return *text* as it is set: what cannot be seen is written so that it can be, and tabs are blanks."""
    return legible(text).replace("\t", "    ")


def _is_right_to_left(text: str) -> bool:
    """Return whether the first letter with a direction goes from right to left."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def _new_pdf(fpdf: Any, title: str, subject: str, made_at: str) -> Any:
    class Document(fpdf.FPDF):  # type: ignore[misc]
        """A document with numbers at the foot of its pages."""

        footer_text: Tuple[str, str] = ("helvetica", "")
        can_shape = False
        text_shaping: Any

        def shape(self, text: str) -> None:
            """Join and reorder the letters of what is set next if *text* has such: that takes ten times as long."""
            if self.can_shape:
                self.set_text_shaping(use_shaping_engine=typeface.needs_shaping(text))

        def footer(self) -> None:
            """Write the foot of a page."""
            family, text = self.footer_text
            # In the middle of another text, perhaps.
            shaping = self.text_shaping
            self.shape(text)
            self.set_y(-11)
            self.set_font(family, "", 7.5)
            self.set_text_color(*SOFT)
            self.cell(0, 5, f"{text} · {self.page_no()}", align="R")
            self.text_shaping = shaping

    pdf = Document(format="A4")
    pdf.set_margins(_MARGIN_MM, _MARGIN_MM)
    pdf.c_margin = 0
    pdf.set_auto_page_break(auto=True, margin=16)
    pdf.set_title(title)
    pdf.set_creator("ftrack-review")
    pdf.set_lang("en")
    pdf.set_subject(subject)
    pdf.set_creation_date(dt.datetime.strptime(made_at, "%Y-%m-%dT%H:%M:%S%z"))
    # Otherwise it puts the number of pages where somebody wrote {nb}.
    pdf.alias_nb_pages(None)
    return pdf


def _can_shape() -> bool:
    """Return whether the library is installed that joins and reorders letters of Arabic and the like."""
    return importlib.util.find_spec("uharfbuzz") is not None
