"""Bring frames of any kind to one size and colour through FFmpeg's filters: upright, square pixels, Rec.709."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any, Iterator, List, Optional, Tuple

from ftrack_review import exception
from ftrack_review.media.footage import orientation
from ftrack_review.media.requirement import require

__all__ = ["Conformer", "Geometry", "even", "shown_size"]

# What H.264 decoders of browsers take (level 5.1): longer sides, or more blocks of 16 x 16 pixels, are scaled down.
_MAXIMUM_SIDE = 4096
_MAXIMUM_BLOCKS = 36864

_TURNS = {
    "upright": [],
    "clockwise": [("transpose", "clock")],
    "half": [("hflip", ""), ("vflip", "")],
    "counterclockwise": [("transpose", "cclock")],
    "mirrored": [("hflip", "")],
    "flipped": [("vflip", "")],
    "transposed": [("transpose", "cclock_flip")],
    "transversed": [("transpose", "clock_flip")],
}

# FFmpeg's numbers for a colour range, and that of H.273 for "not said".
_LIMITED, _FULL = 1, 2
_UNSPECIFIED = 2

# Numbers of ITU-T H.273, as the streams carry them, and FFmpeg's names.
_BT2020 = 9
_BT2020_TRANSFERS = {14: "bt2020-10", 15: "bt2020-12"}
_MATRICES = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}


@dataclasses.dataclass(frozen=True)
class Geometry:
    """The size of the conformed frames in pixels: the picture, and the even size of the frame that holds it."""

    width: int
    height: int
    frame_width: int
    frame_height: int


def even(width: int, height: int) -> Geometry:
    """Return how a picture of *width* and *height* is held by a movie that browsers play.

    The encoding halves the colour's resolution, so both sides of the frame must be even: an odd picture gets one more
    column or row. One that is too large is scaled down.
    """
    scale = min(1.0, _MAXIMUM_SIDE / max(width, height))
    blocks = (width * scale / 16) * (height * scale / 16)
    if blocks > _MAXIMUM_BLOCKS:
        scale *= (_MAXIMUM_BLOCKS / blocks) ** 0.5
    if scale < 1.0:
        width = max(2, int(width * scale) // 2 * 2)
        height = max(2, int(height * scale) // 2 * 2)
    # Some decoders refuse frames below one block.
    return Geometry(width, height, max(16, width + width % 2), max(16, height + height % 2))


def shown_size(frame: Any, aspect: Optional[Fraction]) -> Tuple[int, int]:
    """Return the width and height of *frame* as shown: upright and, given its pixel *aspect*, with square pixels."""
    width, height = frame.width, frame.height
    if aspect and aspect > 0 and aspect != 1 and Fraction(1, 10) <= aspect <= 10:
        width = max(1, round(width * aspect))
    return (height, width) if orientation(frame) in _SIDEWAYS else (width, height)


_SIDEWAYS = {"clockwise", "counterclockwise", "transposed", "transversed"}


class Conformer:
    """Filters that turn frames into those of one movie or still; remade when the source changes its format.

    *pixel_format* is that of the result, ``yuv420p`` for movies and ``rgb24`` for stills.
    """

    def __init__(
        self,
        geometry: Geometry,
        *,
        pixel_format: str = "yuv420p",
        aspect: Optional[Fraction] = None,
        context: Any = None,
        interlaced: bool = False,
    ) -> None:
        """Initialise with the *geometry* wanted, the pixel *aspect* and the decoder's *context* of the source."""
        self._geometry = geometry
        self._pixel_format = pixel_format
        self._aspect = aspect
        self._context = context
        self._interlaced = interlaced
        self._graph: Any = None
        self._format: Optional[Tuple[Any, ...]] = None

    def push(self, frame: Any) -> Iterator[Any]:
        """Give the conformed frames that are ready once *frame* is in."""
        format_now = (frame.width, frame.height, frame.format.name)
        if format_now != self._format:
            yield from self.flush()
            self._graph = self._build(frame)
            self._format = format_now
        self._graph.push(frame)
        yield from self._pull()

    def flush(self) -> Iterator[Any]:
        """Give the frames that the filters still hold."""
        if self._graph is not None:
            self._graph.push(None)
            yield from self._pull()
            self._graph = None
            self._format = None

    def _pull(self) -> Iterator[Any]:
        av = require("av")
        while True:
            try:
                yield self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return

    def _build(self, frame: Any) -> Any:
        filters = require("av.filter")
        av = require("av")
        try:
            graph = filters.Graph()
            last = graph.add_buffer(
                width=frame.width,
                height=frame.height,
                format=frame.format,
                time_base=frame.time_base or Fraction(1, 1000),
            )
            for name, arguments in self._steps(frame):
                step = graph.add(name, arguments) if arguments else graph.add(name)
                last.link_to(step)
                last = step
            sink = graph.add("buffersink")
            last.link_to(sink)
            graph.configure()
        except (av.error.FFmpegError, ValueError) as error:
            raise exception.MediaError(
                f"Pictures of {frame.width} x {frame.height} pixels in the format {frame.format.name} cannot be "
                f"converted: {error}."
            ) from error
        return graph

    def _steps(self, frame: Any) -> List[Tuple[str, str]]:
        steps: List[Tuple[str, str]] = []
        if self._interlaced:
            # One frame for two fields, so that the number of frames stays.
            steps.append(("bwdif", "mode=send_frame:deint=interlaced"))
        matrix, limits = _matrix(frame), _limits(frame)
        if _has_alpha(frame):
            # Over black. FFmpeg, PNG and most movies keep colour and transparency apart.
            steps += [
                ("scale", f"in_color_matrix={matrix}:in_range={limits}"),
                ("format", "gbrap"),
                ("premultiply", "inplace=1"),
                ("format", "gbrp"),
            ]
        else:
            primaries = self._primaries(frame, matrix)
            if primaries:
                steps += primaries
                matrix, limits = "bt709", "tv"
        steps += _TURNS[orientation(frame)]
        width, height, left, top = self._fit(frame)
        target = "" if self._pixel_format == "rgb24" else ":out_color_matrix=bt709:out_range=tv"
        # Stills are full range RGB: there the source's matrix alone counts.
        source = "" if _is_rgb(frame) or _has_alpha(frame) else f":in_color_matrix={matrix}:in_range={limits}"
        steps += [
            ("scale", f"w={width}:h={height}:flags=bicubic+accurate_rnd+full_chroma_int{source}{target}"),
        ]
        whole = self._geometry
        if (width, height) != (whole.frame_width, whole.frame_height):
            right, bottom = whole.frame_width - width - left, whole.frame_height - height - top
            # While colour has its full resolution, as half of an odd width is no place to put anything.
            steps += [
                ("format", "yuv444p"),
                ("pad", f"w={whole.frame_width}:h={whole.frame_height}:x={left}:y={top}"),
            ]
            if (left, top) == (0, 0) and max(right, bottom) <= 1:
                # The column or row that makes the size even repeats its neighbour, so that no dark line shows.
                steps.append(("fillborders", f"right={right}:bottom={bottom}:mode=smear"))
        steps += [("format", self._pixel_format), ("setsar", "1")]
        return steps

    def _fit(self, frame: Any) -> Tuple[int, int, int, int]:
        """Return the width, height, left and top of the picture in the frame."""
        whole = self._geometry
        width, height = shown_size(frame, self._aspect)
        scale = min(whole.width / width, whole.height / height)
        wide, high = max(1, round(width * scale)), max(1, round(height * scale))
        if abs(wide - whole.width) <= 1 and abs(high - whole.height) <= 1:
            return whole.width, whole.height, 0, 0
        # A picture of another shape than the first: bars beside it, at even places.
        wide, high = max(2, wide // 2 * 2), max(2, high // 2 * 2)
        return wide, high, (whole.width - wide) // 4 * 2, (whole.height - high) // 4 * 2

    def _primaries(self, frame: Any, matrix: str) -> List[Tuple[str, str]]:
        """Return the filters that convert the wide primaries of Rec.2020.

        Those of standard definition are left alone: they differ little from Rec.709's, are mostly written from habit,
        and players show them unconverted.
        """
        if _is_rgb(frame) or self._context is None or _number(self._context, "color_primaries") != _BT2020:
            return []
        transfer = _BT2020_TRANSFERS.get(_number(self._context, "color_trc"), "bt709")
        # The filter takes planar formats of 8 to 12 bits only, with or without halved colour.
        name = f"yuv{'420' if _is_subsampled(frame) else '444'}p{10 if _depth(frame) > 8 else ''}"
        return [
            (
                "scale",
                f"in_color_matrix={matrix}:in_range={_limits(frame)}:out_color_matrix=bt2020:out_range=tv",
            ),
            ("format", name),
            (
                "colorspace",
                f"all=bt709:range=tv:ispace=bt2020ncl:iprimaries=bt2020:itrc={transfer}:irange=tv:dither=fsb",
            ),
        ]


def _number(holder: Any, name: str) -> int:
    value = getattr(holder, name, None)
    return int(value) if value is not None else _UNSPECIFIED


def _matrix(frame: Any) -> str:
    """Return the matrix of *frame*; where it says none, what every player assumes for its height."""
    named = _MATRICES.get(_number(frame, "colorspace"))
    return named or ("bt709" if frame.height >= 720 else "bt601")


def _limits(frame: Any) -> str:
    """Return whether black and white of *frame* are 0 and 255 (``pc``) or 16 and 235 (``tv``)."""
    said = _number(frame, "color_range")
    if frame.format.name.startswith("yuvj") or said == _FULL:
        return "pc"
    # Grey pictures that say nothing are full range, as everywhere in FFmpeg.
    return "pc" if frame.format.name.startswith(("gray", "ya")) and said != _LIMITED else "tv"


def _is_rgb(frame: Any) -> bool:
    name = str(frame.format.name)
    return name.startswith(
        ("pal8", "gbr", "rgb", "bgr", "argb", "abgr", "0rgb", "0bgr", "x2rgb", "x2bgr", "mono")
    )


def _has_alpha(frame: Any) -> bool:
    return str(frame.format.name).startswith(("yuva", "gbrap", "rgba", "bgra", "argb", "abgr", "ya", "pal8"))


def _depth(frame: Any) -> int:
    return max((component.bits for component in frame.format.components), default=8)


def _is_subsampled(frame: Any) -> bool:
    return str(frame.format.name).startswith(("yuv420", "yuvj420", "nv12", "nv21", "p010"))
