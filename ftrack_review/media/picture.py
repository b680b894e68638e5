"""Read one picture with OpenImageIO, as bytes for an sRGB display.

Of an OpenEXR file that holds several views and layers the default view's colour is read, placed in the display
window. Integer pixels are taken as they are, floating-point ones as scene-linear.
"""

from __future__ import annotations

import dataclasses
import logging
import math
from fractions import Fraction
from typing import Any, Dict, List, Optional, Tuple

from ftrack_review import exception
from ftrack_review.media import colour
from ftrack_review.media.requirement import require
from ftrack_review.media.source import Path, name_of

__all__ = ["PictureInfo", "describe_picture", "read_picture"]

# What a damaged or hostile header may claim before we refuse to reserve the memory for it.
_MAXIMUM_SIDE = 65536
_MAXIMUM_PIXELS = 1 << 28
_MAXIMUM_BYTES = 6 << 30

#: Layers that hold the finished picture, by the last word of their name, the best first.
_BEAUTY = ("", "rgba", "rgb", "beauty", "combined", "composite", "c", "main")


@dataclasses.dataclass(frozen=True)
class PictureInfo:
    """What a picture's header says; *width* and *height* as shown: upright, square pixels, display window."""

    width: int
    height: int
    fps: Optional[Fraction]
    codec: str
    pixel_format: str
    web_playable: bool


@dataclasses.dataclass(frozen=True)
class _Layer:
    """The channels to read: *subimage*, *first* to *last* of them, and which of those are red, green and blue."""

    subimage: int
    first: int
    last: int
    picks: Tuple[int, int, int]


def describe_picture(path: Path, *, verify: bool = False) -> PictureInfo:
    """Return what the header of the picture at *path* says.

    Raise :exc:`~ftrack_review.exception.MediaError` if it is no picture or its header is damaged; with *verify*, also
    if what lies behind the header is.
    """
    source = _open(path)
    try:
        layer = _find_layer(source)
        spec = source.spec()
        _check_size(path, spec, layer)
        if verify:
            _read(path, source, layer, "unknown")
        width, height = _shown_size(source.format_name(), spec)
        basetype = str(spec.format)
        return PictureInfo(
            width=width,
            height=height,
            fps=_frame_rate(spec),
            codec=str(source.format_name()),
            pixel_format=f"{''.join(str(name)[-1:] for name in _picked_names(spec, layer)).lower()} {basetype}",
            web_playable=source.format_name() in {"jpeg", "png", "gif", "webp"} and basetype == "uint8",
        )
    finally:
        source.close()


def read_picture(path: Path) -> Any:
    """Return the picture at *path* as a byte array of height, width and 3, ready to be shown.

    Raise :exc:`~ftrack_review.exception.MediaError` if it cannot be read whole.
    """
    numpy = require("numpy")
    source = _open(path)
    try:
        layer = _find_layer(source)
        spec = source.spec()
        _check_size(path, spec, layer)
        linear = _is_linear(spec)
        pixels = _read(path, source, layer, "float" if linear else "uint8")
        format_name = source.format_name()
    finally:
        source.close()
    # Some readers drop the last dimension of a single channel.
    pixels = pixels.reshape(spec.height, spec.width, layer.last + 1 - layer.first)
    if layer.picks != (0, 1, 2) or pixels.shape[2] != 3:
        pixels = pixels[:, :, list(layer.picks)]
    if linear:
        space = colour.find_space(
            name_of(path),
            interop_id=_text(spec, "colorInteropID"),
            chromaticities=_attribute(spec, "chromaticities"),
        )
        pixels = colour.to_display(pixels, space)
    else:
        pixels = _apply_profile(pixels, spec)
    if format_name == "openexr":
        pixels = _place(pixels, spec, _background(linear=linear, numpy=numpy))
    return _square(_upright(pixels, spec), spec)


def _open(path: Path) -> Any:
    oiio = require("OpenImageIO")
    source = oiio.ImageInput.open(name_of(path))
    if source is None:
        raise exception.MediaError(f"{name_of(path)} cannot be read as a picture: {_reason(oiio)}")
    return source


def _read(path: Path, source: Any, layer: _Layer, pixel_format: str) -> Any:
    pixels = source.read_image(layer.subimage, 0, layer.first, layer.last + 1, pixel_format)
    if pixels is None:
        raise exception.MediaError(f"{name_of(path)} is damaged: {_reason(source)}")
    return pixels


def _reason(place: Any) -> str:
    """Return OpenImageIO's last words: the first line, as every attempt to read adds its own."""
    try:
        text = str(place.geterror()).strip()
    except UnicodeDecodeError:
        # Damaged files get quoted in the message, byte by byte.
        return "its header holds no sensible text."
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    reason = lines[0] if lines else "the pixels cannot be decoded"
    return reason if reason.endswith(".") else f"{reason}."


def _find_layer(source: Any) -> _Layer:
    """Return where the default view's colour is, and leave *source* at that part of the file."""
    candidates: List[Tuple[Tuple[int, ...], _Layer]] = []
    default_view: Optional[str] = None
    subimage = 0
    while source.seek_subimage(subimage, 0):
        spec = source.spec()
        if subimage == 0:
            default_view = _default_view(spec)
        view = _text(spec, "view")
        other_view = int(bool(view) and view != default_view)
        for rank, (red, green, blue) in _colour_channels(spec):
            low, high = min(red, green, blue), max(red, green, blue)
            layer = _Layer(subimage, low, high, (red - low, green - low, blue - low))
            candidates.append(((other_view, *rank, subimage), layer))
        subimage += 1
        # Only OpenEXR keeps the parts of one picture as sub-images; elsewhere they are pages or sizes.
        if source.format_name() != "openexr" or subimage >= 1024:
            break
    if not candidates:
        raise exception.MediaError("There is no channel to show.")
    layer = min(candidates, key=lambda candidate: candidate[0])[1]
    source.seek_subimage(layer.subimage, 0)
    return layer


def _default_view(spec: Any) -> Optional[str]:
    views = _attribute(spec, "multiView")
    if isinstance(views, (tuple, list)) and views:
        return str(views[0])
    return _text(spec, "view")


def _colour_channels(spec: Any) -> List[Tuple[Tuple[int, ...], Tuple[int, int, int]]]:
    """Return the triples of channels that make a colour with a rank each, the lowest the best.

    In a file with several views the default view's channels have no prefix: ``R`` beside ``left.R``.
    """
    layers: Dict[str, Dict[str, int]] = {}
    for index, name in enumerate(spec.channelnames):
        layer, _, channel = str(name).rpartition(".")
        layers.setdefault(layer, {})[channel.lower()] = index
    found: List[Tuple[Tuple[int, ...], Tuple[int, int, int]]] = []
    for order, (layer, channels) in enumerate(layers.items()):
        for names in (("r", "g", "b"), ("red", "green", "blue")):
            if all(name in channels for name in names):
                word = layer.rpartition(".")[2].lower()
                rank = _BEAUTY.index(word) if word in _BEAUTY else len(_BEAUTY)
                found.append(((0, rank, order), (channels[names[0]], channels[names[1]], channels[names[2]])))
    if not found and spec.nchannels:
        names_lower = [str(name).lower() for name in spec.channelnames]
        grey = names_lower.index("y") if "y" in names_lower else 0
        many = spec.nchannels >= 3 and "y" not in names_lower and not any("." in name for name in names_lower)
        coloured = many and not any(name in {"z", "depth"} for name in names_lower[:3])
        found.append(((1, 0, 0), (0, 1, 2) if coloured else (grey, grey, grey)))
    return found


def _picked_names(spec: Any, layer: _Layer) -> List[str]:
    names = [spec.channelnames[layer.first + pick] for pick in layer.picks]
    return names if len(set(names)) > 1 else names[:1]


def _check_size(path: Path, spec: Any, layer: _Layer) -> None:
    if spec.deep:
        raise exception.MediaError(f"{name_of(path)} holds deep pixels. Flatten it before publishing.")
    sides = (spec.width, spec.height, spec.full_width, spec.full_height)
    pixels = max(spec.width * spec.height, spec.full_width * spec.full_height)
    size_bytes = spec.width * spec.height * (layer.last + 1 - layer.first) * 4
    if (
        min(spec.width, spec.height) < 1
        or max(sides) > _MAXIMUM_SIDE
        or pixels > _MAXIMUM_PIXELS
        or size_bytes > _MAXIMUM_BYTES
    ):
        raise exception.MediaError(
            f"{name_of(path)} claims to be {spec.width} x {spec.height} pixels (display window {spec.full_width} x "
            f"{spec.full_height}): it is damaged, or too large to be shown."
        )


def _is_linear(spec: Any) -> bool:
    return str(spec.format) in {"half", "float", "double"}


def _attribute(spec: Any, name: str) -> Any:
    return spec.getattribute(name)


def _text(spec: Any, name: str) -> Optional[str]:
    value = _attribute(spec, name)
    return value if isinstance(value, str) and value else None


def _frame_rate(spec: Any) -> Optional[Fraction]:
    """Return the rate that the file names, exactly: OpenEXR holds a fraction, DPX and Cineon a number."""
    from ftrack_review.media.rate import parse_rate

    for name in (
        "framesPerSecond",
        "FramesPerSecond",
        "dpx:FrameRate",
        "dpx:TemporalFrameRate",
        "cineon:FrameRate",
    ):
        value = _attribute(spec, name)
        if isinstance(value, (tuple, list)) and len(value) == 2 and value[1]:
            value = Fraction(int(value[0]), int(value[1]))
        if isinstance(value, (int, float, Fraction)) and math.isfinite(value) and value > 0:
            try:
                return parse_rate(value)
            except exception.MediaError:
                logging.getLogger(__name__).warning("The frame rate %s of a picture is ignored.", value)
    return None


def _orientation(spec: Any) -> int:
    value = _attribute(spec, "Orientation")
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _pixel_aspect(spec: Any) -> float:
    value = _attribute(spec, "PixelAspectRatio")
    usable = isinstance(value, (int, float)) and math.isfinite(value) and 0.1 <= value <= 10
    return float(value) if usable else 1.0


def _shown_size(format_name: str, spec: Any) -> Tuple[int, int]:
    width, height = spec.width, spec.height
    if format_name == "openexr" and spec.full_width > 0 and spec.full_height > 0:
        width, height = spec.full_width, spec.full_height
    aspect = _pixel_aspect(spec)
    if aspect != 1.0:
        width = max(1, round(width * aspect))
    return (height, width) if _orientation(spec) >= 5 else (width, height)


def _background(*, linear: bool, numpy: Any) -> Any:
    """Return the colour outside the data window: what black becomes on the display."""
    if not linear:
        return 0
    return colour.to_display(numpy.zeros((1, 1, 3), dtype=numpy.float32), colour.find_space(""))[0, 0]


def _place(pixels: Any, spec: Any, background: Any) -> Any:
    """Return *pixels*, the data window, in the display window."""
    width, height = spec.full_width, spec.full_height
    left, top = spec.x - spec.full_x, spec.y - spec.full_y
    if width < 1 or height < 1 or (left, top, spec.width, spec.height) == (0, 0, width, height):
        return pixels
    numpy = require("numpy")
    canvas = numpy.empty((height, width, 3), dtype=numpy.uint8)
    canvas[:] = background
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + spec.width, width), min(top + spec.height, height)
    if x1 > x0 and y1 > y0:
        canvas[y0:y1, x0:x1] = pixels[y0 - top : y1 - top, x0 - left : x1 - left]
    return canvas


def _upright(pixels: Any, spec: Any) -> Any:
    """Return *pixels* turned the way that the Exif orientation asks for."""
    numpy = require("numpy")
    orientation = _orientation(spec)
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    return numpy.ascontiguousarray(pixels)


def _square(pixels: Any, spec: Any) -> Any:
    """Return *pixels* widened, where they are not square, so that a circle is round."""
    aspect = _pixel_aspect(spec)
    if aspect == 1.0:
        return pixels
    numpy = require("numpy")
    image = require("PIL.Image")
    height, width = pixels.shape[:2]
    turned = _orientation(spec) >= 5
    size = (width, max(1, round(height * aspect))) if turned else (max(1, round(width * aspect)), height)
    return numpy.asarray(image.fromarray(pixels).resize(size, image.BICUBIC))


def _apply_profile(pixels: Any, spec: Any) -> Any:
    """Return display-referred *pixels* in sRGB where the file carries another ICC profile."""
    import io

    profile = _attribute(spec, "ICCProfile")
    if profile is None:
        return pixels
    numpy = require("numpy")
    image = require("PIL.Image")
    cms = require("PIL.ImageCms")
    try:
        data = bytes(bytearray(int(value) & 255 for value in profile))
        source = cms.ImageCmsProfile(io.BytesIO(data))
        if "srgb" in cms.getProfileDescription(source).lower():
            return pixels
        flat = image.fromarray(numpy.ascontiguousarray(pixels))
        return numpy.asarray(cms.profileToProfile(flat, source, cms.createProfile("sRGB"), outputMode="RGB"))
    except (cms.PyCMSError, OSError, TypeError, ValueError) as error:
        # A profile for ink or grey does not fit the pixels that we were given; they are close enough without.
        logging.getLogger(__name__).debug("An ICC profile is ignored: %s", error)
        return pixels
