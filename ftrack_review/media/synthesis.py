"""Make media on the spot, for the demo and for tests: a small landscape in which every frame carries its number.

The number is written for people, and as a row of sixteen black and white squares for programs (:func:`read_number`).
"""

from __future__ import annotations

import math
import os
from fractions import Fraction
from typing import Any, Callable, Iterable, Iterator, List, Optional, Tuple

from ftrack_review import exception
from ftrack_review.media.conform import Conformer, Geometry
from ftrack_review.media.encoder import writing
from ftrack_review.media.footage import quiet
from ftrack_review.media.rate import Rate, parse_rate
from ftrack_review.media.requirement import require
from ftrack_review.media.source import Path, name_of
from ftrack_review.media.target import replacing

__all__ = ["make_movie", "make_picture", "make_sequence", "read_number", "render"]

_BITS = 16
_SOUND_RATE = 48000

#: How movies are written, by the ending of the file: encoder, pixel format, sound.
_WRITERS = {
    ".mov": ("prores_ks", "yuv422p10le", "pcm_s16le"),
    ".mp4": ("libx264", "yuv420p", "aac"),
    ".mkv": ("ffv1", "yuv420p", "pcm_s16le"),
}


def render(number: int, total: int, *, size: Tuple[int, int] = (640, 360), label: str = "") -> Any:
    """Return frame *number* of *total* as a byte array of height, width and 3; *size* is width and height in pixels.

    The colours follow from *label*, so that several movies can be told apart at a glance.
    """
    numpy = require("numpy")
    width, height = size
    tint = (sum(label.encode("utf-8")) * 37 % 360) / 360.0
    phase = number / max(total, 1)
    x = numpy.linspace(0.0, 1.0, width, dtype=numpy.float32)[None, :]
    y = numpy.linspace(0.0, 1.0, height, dtype=numpy.float32)[:, None]
    canvas = numpy.empty((height, width, 3), dtype=numpy.float32)
    low, high = _colour(tint, 0.30, 1.0), _colour(tint + 0.45, 0.55, 0.55)
    for channel in range(3):
        canvas[:, :, channel] = high[channel] + (low[channel] - high[channel]) * y + 0.0 * x
    # A sun that crosses the sky once, with a soft rim.
    sun_x, sun_y = 0.1 + 0.8 * phase, 0.5 - 0.3 * math.sin(math.pi * phase)
    distance = numpy.sqrt(((x - sun_x) * width / height) ** 2 + (y - sun_y) ** 2)
    glow = numpy.clip(1.0 - distance / 0.45, 0.0, 1.0)[:, :, None] ** 2 * 0.35
    disc = numpy.clip((0.10 - distance) * height / 2.0, 0.0, 1.0)[:, :, None]
    warm = numpy.array((1.0, 0.93, 0.72), dtype=numpy.float32)
    canvas = canvas + (1.0 - canvas) * glow
    canvas = canvas * (1.0 - disc) + warm * disc
    # Three rows of hills that pass at different speeds.
    for index, (level, speed, waves) in enumerate(((0.62, 0.35, 2.0), (0.74, 0.8, 3.0), (0.86, 1.6, 4.0))):
        ridge = level + 0.06 * numpy.sin(2 * math.pi * (waves * x + speed * phase) + index * 2.1)
        inside = numpy.clip((y - ridge) * height / 2.0, 0.0, 1.0)[:, :, None]
        hill = numpy.array(_colour(tint + 0.06 * index, 0.45, 0.55 - 0.17 * index), dtype=numpy.float32)
        canvas = canvas * (1.0 - inside) + hill * inside
    pixels = (numpy.clip(canvas, 0.0, 1.0) * 255.0 + 0.5).astype(numpy.uint8)
    _stamp(pixels, number, total, label)
    return pixels


def read_number(pixels: Any) -> int:
    """Return the number that the frame *pixels*, a byte array, carries. It survives encoding and scaling."""
    height, width = pixels.shape[:2]
    cell = width / _BITS
    row = int(height - cell / 4)
    number = 0
    for bit in range(_BITS):
        column = int((bit + 0.5) * cell)
        number = number * 2 + int(float(pixels[row, column].mean()) > 127)
    return number


def make_movie(
    path: Path,
    *,
    frames: int = 48,
    fps: Rate = 24,
    size: Tuple[int, int] = (640, 360),
    label: str = "",
    with_audio: bool = False,
    progress: Optional[Callable[[int, int], None]] = None,
) -> str:
    """Write a movie of *frames* frames at *fps* frames per second to *path*, and return the path.

    Its ending decides what is written: ``.mov`` ProRes, ``.mp4`` H.264, ``.mkv`` FFV1. With
    *with_audio* there is a tone that rises. Sides have to be even. *progress* is called with the number of frames
    done and how many there are.
    """
    suffix = os.path.splitext(name_of(path))[1].lower()
    if suffix not in _WRITERS:
        raise exception.MediaError(f"{name_of(path)}: movies made here end in {', '.join(_WRITERS)}.")
    av = require("av")
    quiet(av)
    rate = parse_rate(fps)
    encoder, pixel_format, sound = _WRITERS[suffix]
    with replacing(path) as temporary, writing(name_of(path)), av.open(temporary, "w") as container:
        video = container.add_stream(encoder, rate=rate)
        video.width, video.height = size
        video.pix_fmt = pixel_format
        context = video.codec_context
        context.time_base = 1 / rate
        context.colorspace = context.color_primaries = context.color_trc = context.color_range = 1
        conformer = Conformer(Geometry(*size, *size), pixel_format=pixel_format)
        audio = container.add_stream(sound, rate=_SOUND_RATE) if with_audio else None
        if audio is not None:
            audio.codec_context.layout = "stereo"
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(render(number, frames, size=size, label=label), format="rgb24")
            frame.pts = number
            for conformed in conformer.push(frame):
                conformed.pts = number
                conformed.time_base = 1 / rate
                container.mux(video.encode(conformed))
            if progress is not None:
                progress(number + 1, frames)
        container.mux(video.encode(None))
        if audio is not None:
            for piece in _tone(av, frames / rate):
                container.mux(audio.encode(piece))
            container.mux(audio.encode(None))
    return name_of(path)


def make_picture(
    path: Path, *, number: int = 0, total: int = 1, size: Tuple[int, int] = (640, 360), label: str = ""
) -> str:
    """Write one picture to *path* in the format of its ending, OpenEXR scene-linear, and return the path."""
    _write_picture(name_of(path), render(number, total, size=size, label=label), None)
    return name_of(path)


def make_sequence(
    pattern: str,
    *,
    numbers: Iterable[int] = range(1, 9),
    fps: Optional[Rate] = None,
    size: Tuple[int, int] = (640, 360),
    label: str = "",
    progress: Optional[Callable[[int, int], None]] = None,
) -> List[str]:
    """Write a picture for each of *numbers* to *pattern*, such as ``shot.%04d.exr``, and return the paths.

    With *fps* OpenEXR files name this rate. *progress* is called with the number of pictures done and how
    many there are.
    """
    wanted = list(numbers)
    total = max(wanted) + 1 if wanted else 1
    rate = None if fps is None else parse_rate(fps)
    paths = []
    for number in wanted:
        path = pattern % number
        _write_picture(path, render(number, total, size=size, label=label), rate)
        paths.append(path)
        if progress is not None:
            progress(len(paths), len(wanted))
    return paths


def _write_picture(path: str, pixels: Any, fps: Optional[Fraction]) -> None:
    numpy = require("numpy")
    oiio = require("OpenImageIO")
    linear = os.path.splitext(path)[1].lower() == ".exr"
    height, width, _ = pixels.shape
    spec = oiio.ImageSpec(width, height, 3, "half" if linear else "uint8")
    if linear:
        spec.attribute("compression", "zip")
        if fps is not None:
            spec.attribute("framesPerSecond", oiio.TypeDesc("rational"), (fps.numerator, fps.denominator))
        encoded = pixels.astype(numpy.float32) / 255.0
        dark = encoded / 12.92
        pixels = numpy.where(encoded <= 0.04045, dark, ((encoded + 0.055) / 1.055) ** 2.4)
    with replacing(path) as temporary:
        out = oiio.ImageOutput.create(temporary)
        if out is None or not out.open(temporary, spec):
            raise exception.MediaError(f"{path} cannot be written: {(out or oiio).geterror()}")
        written = out.write_image(numpy.ascontiguousarray(pixels))
        if not (out.close() and written):
            raise exception.MediaError(f"{path} cannot be written: {out.geterror()}")


def _colour(hue: float, saturation: float, value: float) -> Tuple[float, float, float]:
    import colorsys

    return colorsys.hsv_to_rgb(hue % 1.0, saturation, value)


def _stamp(pixels: Any, number: int, total: int, label: str) -> None:
    """Write *number* and *label* into *pixels*, once for people and once for programs."""
    height, width = pixels.shape[:2]
    cell = width / _BITS
    top = int(height - cell / 2)
    for bit in range(_BITS):
        white = number >> (_BITS - 1 - bit) & 1
        pixels[top:, int(bit * cell) : int((bit + 1) * cell)] = 235 if white else 16
    mask = _text_mask(f"{number:04d}" if total > 1 else "", height / 9)
    _print(pixels, mask, right=width - int(cell / 2), bottom=top - int(height / 30))
    mask = _text_mask(label, height / 14)
    _print(pixels, mask, right=int(cell / 2) + mask.shape[1], bottom=top - int(height / 30))


def _text_mask(text: str, line_height: float) -> Any:
    """Return *text* as an array of coverage, about *line_height* pixels high."""
    numpy = require("numpy")
    image = require("PIL.Image")
    draw = require("PIL.ImageDraw")
    font = require("PIL.ImageFont").load_default()
    box = font.getbbox(text) if text else (0, 0, 1, 1)
    canvas = image.new("L", (max(1, int(box[2]) + 2), max(1, int(box[3]) + 1)), 0)
    draw.Draw(canvas).text((1, 0), text, fill=255, font=font)
    # The font that every Pillow brings is small; enlarged it looks like the slate of an old machine.
    scale = max(1.0, line_height / canvas.height)
    canvas = canvas.resize(
        (max(1, int(canvas.width * scale)), max(1, int(canvas.height * scale))), image.LANCZOS
    )
    return numpy.asarray(canvas, dtype=numpy.float32)[:, :, None] / 255.0


def _print(pixels: Any, mask: Any, *, right: int, bottom: int) -> None:
    height, width = mask.shape[:2]
    top, left = max(0, bottom - height), max(0, right - width)
    area = pixels[top : top + height, left : left + width]
    cover = mask[: area.shape[0], : area.shape[1]]
    area[:] = (area * (1.0 - cover) + 255.0 * cover).astype(pixels.dtype)


def _tone(av: Any, duration_s: Fraction) -> Iterator[Any]:
    """Give a tone that rises from 220 to 440 hertz in *duration_s* seconds, softly."""
    numpy = require("numpy")
    total = int(duration_s * _SOUND_RATE)
    position = 0
    while position < total:
        count = min(1024, total - position)
        seconds = numpy.arange(position, position + count) / _SOUND_RATE
        angle = 2 * math.pi * (220 * seconds + 110 * seconds**2 / max(float(duration_s), 0.001))
        wave = (numpy.sin(angle) * 0.2 * 32767).astype(numpy.int16)
        frame = av.AudioFrame.from_ndarray(numpy.repeat(wave, 2)[None, :], format="s16", layout="stereo")
        frame.sample_rate = _SOUND_RATE
        frame.time_base = Fraction(1, _SOUND_RATE)
        frame.pts = position
        yield frame
        position += count
