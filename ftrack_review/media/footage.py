"""Open a movie, find out its exact timing and geometry, and decode its frames with PyAV."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import struct
from fractions import Fraction
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ftrack_review import exception
from ftrack_review.media.rate import DEFAULT_RATE, nearest_standard
from ftrack_review.media.requirement import require
from ftrack_review.media.source import Path, name_of

__all__ = ["Footage", "Timing", "open_footage", "orientation"]

#: Files up to this size are read once more to learn the time of every frame; beyond it the header is believed.
_SURVEY_LIMIT_BYTES = 2 << 30

#: The formats that are read, by FFmpeg's names. Not among them: play lists, which could make us read other files of
#: this machine into a movie that strangers may see, and stills.
_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mxf,mpeg,mpegts,mpegvideo,gif,apng,flv,h264,hevc,obu,asf,ogg,dv,ivf,m4v,"
    "mjpeg,nut,rm,swf,yuv4mpegpipe,gxf,r3d,cine,vc1,wav,mp3,aac,flac,aiff,w64,ac3"
)

#: Turns and flips of a display matrix (a, b, c, d, by sign) as a name.
_ORIENTATIONS: Dict[Tuple[int, int, int, int], str] = {
    (1, 0, 0, 1): "upright",
    (0, 1, -1, 0): "clockwise",
    (-1, 0, 0, -1): "half",
    (0, -1, 1, 0): "counterclockwise",
    (-1, 0, 0, 1): "mirrored",
    (1, 0, 0, -1): "flipped",
    (0, 1, 1, 0): "transposed",
    (0, -1, -1, 0): "transversed",
}


@dataclasses.dataclass(frozen=True)
class Timing:
    """When the frames of a movie are shown: *fps*, how many, and whether all are equally long.

    *start_s* is the time of the first frame in seconds. Where *constant* is false, the frames have to be brought to
    the grid of *fps* by their times.
    """

    fps: Fraction
    frames: int
    constant: bool
    start_s: Fraction


class Footage:
    """An open movie: its picture stream, its sound if it has any, and its *timing*."""

    def __init__(self, path: Path, container: Any, timing: Timing) -> None:
        """Initialise with the opened *container* of the movie at *path* and its *timing*."""
        self.path = name_of(path)
        self.container = container
        self.video = _pick_video(self.path, container)
        self.audio = _pick_audio(container)
        self.timing = timing

    def frames(self, *, sound: bool = False) -> Iterator[Any]:
        """Decode everything and give the frames in the order of the file; those of the sound too, if wanted.

        Raise :exc:`~ftrack_review.exception.MediaError` for a damaged file, possibly after some frames.
        """
        streams = [self.video] + ([self.audio] if sound and self.audio is not None else [])
        av = require("av")
        seen = 0
        with reading(self.path):
            for packet in self.container.demux(*streams):
                if packet.stream is self.video or packet.stream.index == self.video.index:
                    _refuse_corrupt(self.path, packet, seen)
                    seen += int(bool(packet.size))
                try:
                    yield from packet.decode()
                except (av.error.FFmpegError, ValueError) as error:
                    raise exception.MediaError(
                        f"{self.path} is damaged: it cannot be decoded after frame {seen}: {_reason(error)}."
                    ) from error
        _refuse_short(self.path, self.container, self.video, seen)

    def aspect(self) -> Optional[Fraction]:
        """Return the shape of a pixel, width by height, where the movie says it."""
        # The container's word counts more than the codec's; PyAV before 13 knows the codec's alone.
        stated = (
            getattr(self.video, "sample_aspect_ratio", None) or self.video.codec_context.sample_aspect_ratio
        )
        return Fraction(stated) if stated else None

    def first_picture(self) -> Any:
        """Decode and return the first frame. Afterwards the movie has to be opened again."""
        for frame in self.frames():
            return frame
        raise exception.MediaError(f"{self.path} holds no frame that can be decoded.")


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what PyAV raises into a :exc:`~ftrack_review.exception.MediaError` that names *path*."""
    av = require("av")
    try:
        yield
    except (av.error.FFmpegError, ValueError, EOFError) as error:
        raise exception.MediaError(
            f"{name_of(path)} cannot be read as a movie: it is damaged, cut short or none at all ({_reason(error)})."
        ) from error


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


@contextlib.contextmanager
def open_footage(path: Path) -> Iterator[Footage]:
    """Open the movie at *path*. Raise :exc:`~ftrack_review.exception.MediaError` if that cannot be done."""
    # It is opened once more to be decoded, as not every format can be wound back to its very first frame.
    with _open(path) as container, reading(path):
        timing = _survey(name_of(path), container)
    with _open(path) as container:
        with reading(path):
            footage = Footage(path, container, timing)
        yield footage


@contextlib.contextmanager
def _open(path: Path) -> Iterator[Any]:
    av = require("av")
    quiet(av)
    with reading(path):
        # Given as container_options: what "options" holds goes to streams too, and crashes PyAV up to 15 on MPEG.
        container = av.open(
            "file:" + os.path.abspath(name_of(path)),
            metadata_errors="replace",
            container_options={"protocol_whitelist": "file", "format_whitelist": _FORMATS},
        )
    try:
        yield container
    finally:
        container.close()


def quiet(av: Any) -> None:
    """Keep FFmpeg's remarks from the standard error output: what matters is in the errors raised."""
    # Level 16 is FFmpeg's "error"; in PyAV None and below silence everything.
    with contextlib.suppress(AttributeError, TypeError, ValueError):
        av.logging.set_level(av.logging.FATAL)


def _pick_video(path: str, container: Any) -> Any:
    for stream in container.streams.video:
        if not _is_cover(stream) and stream.codec_context is not None:
            if not stream.codec_context.width or not stream.codec_context.height:
                break
            return stream
    kinds = ", ".join(sorted({str(stream.type) for stream in container.streams}))
    if not kinds:
        raise exception.MediaError(
            f"{path} is damaged or cut short: neither picture nor sound can be found in it."
        )
    raise exception.MediaError(f"{path} holds no moving picture that can be decoded (it holds {kinds}).")


def _is_cover(stream: Any) -> bool:
    """Return whether *stream* is the cover of a song."""
    disposition = getattr(stream, "disposition", None)
    attached = getattr(type(disposition), "attached_pic", None) if disposition is not None else None
    return attached is not None and bool(disposition & attached)


def _pick_audio(container: Any) -> Any:
    for stream in container.streams.audio:
        if stream.codec_context is not None and stream.codec_context.sample_rate:
            return stream
    return None


def _survey(path: str, container: Any) -> Timing:
    """Return the exact timing of the movie, read from *container*."""
    stream = _pick_video(path, container)
    times: List[Optional[int]] = []
    if os.path.getsize(path) <= _SURVEY_LIMIT_BYTES:
        times = _list_times(path, container, stream)
    named = [rate for rate in (stream.average_rate, stream.base_rate, stream.guessed_rate) if rate]
    ticks = sorted(time for time in times if time is not None)
    if len(ticks) != len(times) or len(ticks) < 2 or len(set(ticks)) != len(ticks) or not stream.time_base:
        # Formats without times (raw streams, some AVI) run at the rate they name.
        rate = _sensible(named)
        start = Fraction(ticks[0]) * stream.time_base if ticks and stream.time_base else Fraction(0)
        return Timing(rate, len(times) or stream.frames or 0, constant=True, start_s=start)
    start_s = ticks[0] * Fraction(stream.time_base)
    fps = _constant_rate(ticks, Fraction(stream.time_base), named)
    if fps is not None:
        return Timing(fps, len(ticks), constant=True, start_s=start_s)
    fps = _prevailing_rate(ticks, Fraction(stream.time_base))
    length = (ticks[-1] - ticks[0]) * Fraction(stream.time_base)
    return Timing(fps, round(length * fps) + 1, constant=False, start_s=start_s)


def _list_times(path: str, container: Any, stream: Any) -> List[Optional[int]]:
    """Return the time of every frame, in ticks, by the index and what lies around the pictures."""
    times: List[Optional[int]] = []
    count = 0
    for packet in container.demux(stream):
        _refuse_corrupt(path, packet, count)
        if packet.size:
            count += 1
            # An edit list can leave frames out that others are decoded from.
            if not packet.is_discard:
                times.append(packet.pts)
    _refuse_short(path, container, stream, count)
    if not times:
        raise exception.MediaError(f"{path} holds no frames: it is damaged or cut short.")
    return times


def _refuse_corrupt(path: str, packet: Any, seen: int) -> None:
    if packet.is_corrupt:
        raise exception.MediaError(f"{path} is damaged: it is cut short or has a hole after frame {seen}.")


def _refuse_short(path: str, container: Any, stream: Any, seen: int) -> None:
    # Only this family counts its frames exactly.
    if "mov" in container.format.name and seen < stream.frames:
        raise exception.MediaError(
            f"{path} is cut short: its header promises {stream.frames} frames, {seen} are there."
        )


def _sensible(named: List[Fraction]) -> Fraction:
    for rate in named:
        if 1 <= rate <= 240:
            return Fraction(rate)
    return DEFAULT_RATE


def _constant_rate(ticks: List[int], tick_s: Fraction, named: List[Fraction]) -> Optional[Fraction]:
    """Return the rate that puts every frame where it is, as exactly as the clock of the file can tell, or None.

    The clock of Matroska counts milliseconds, in which 24 frames per second look like 41 and 42 by turns; a rate that
    the clock can hold exactly is believed to the last digit.
    """
    mean = Fraction(len(ticks) - 1) / ((ticks[-1] - ticks[0]) * tick_s)
    candidates: List[Fraction] = []
    for rate in [*named, mean]:
        exact = (1 / (Fraction(rate) * tick_s)).denominator == 1
        standard = nearest_standard(rate)
        candidates += [Fraction(rate)] if exact or standard is None else [standard, Fraction(rate)]
    return next((rate for rate in candidates if _fits(ticks, tick_s, rate)), None)


def _fits(ticks: List[int], tick_s: Fraction, rate: Fraction) -> bool:
    frame_ticks = 1 / (rate * tick_s)
    if frame_ticks <= 0:
        return False
    # Half a tick of rounding, and half a tick more for writers that cut instead of rounding.
    step, first = float(frame_ticks), ticks[0]
    return all(abs(tick - first - index * step) <= 1.01 for index, tick in enumerate(ticks))


def _prevailing_rate(ticks: List[int], tick_s: Fraction) -> Fraction:
    """Return the standard rate nearest to the usual distance of two frames, between 1 and 120."""
    distances = sorted(later - earlier for earlier, later in zip(ticks, ticks[1:]))
    usual = 1 / (distances[len(distances) // 2] * tick_s)
    usual = min(max(usual, Fraction(1)), Fraction(120))
    return nearest_standard(usual, tolerance=0.03) or usual.limit_denominator(1001)


def orientation(frame: Any) -> str:
    """Return how the picture of *frame* has to be turned to be shown upright, as a camera held sideways notes it."""
    side_data = frame.side_data
    for index in range(len(side_data)):
        entry = side_data[index]
        if getattr(entry.type, "name", str(entry.type)) == "DISPLAYMATRIX":
            a, b, _, c, d = struct.unpack("=5i", bytes(entry)[:20])
            signs = tuple((value > 1 << 15) - (value < -(1 << 15)) for value in (a, b, c, d))
            return _ORIENTATIONS.get(signs, "upright")
    return "upright"
