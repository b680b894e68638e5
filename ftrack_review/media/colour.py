"""Bring scene-linear pixels to an sRGB or Rec.709 display with OpenColorIO.

The built-in ACES config of one version is used, so that the same picture looks the same with every release of
OpenColorIO, unless the environment variable ``OCIO`` names a config, as it does in most studios.
"""

from __future__ import annotations

import functools
import os
import threading
from typing import Any, Optional, Sequence, Tuple

from ftrack_review import exception
from ftrack_review.media.requirement import require

__all__ = ["find_space", "to_display"]

#: In OpenColorIO since 2.2; its name fixes the colour spaces and the rendering (ACES 1.3).
_BUILT_IN_CONFIG = "ocio://cg-config-v1.0.0_aces-v1.3_ocio-v2.1"

#: The largest number of a half float: brighter than anything that a display can tell apart.
_BRIGHTEST = 65504.0

#: What OpenEXR files say about their primaries (xy of red, green, blue and white): names of the colour space.
#: A file that says nothing has those of Rec.709 (OpenEXR, "Scene-Linear Image Representation").
_PRIMARIES: Tuple[Tuple[Tuple[float, ...], Tuple[str, ...]], ...] = (
    (
        (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290),
        ("lin_rec709_scene", "lin_rec709", "lin_srgb", "Linear Rec.709 (sRGB)"),
    ),
    (
        (0.713, 0.293, 0.165, 0.830, 0.128, 0.044, 0.32168, 0.33767),
        ("lin_ap1_scene", "ACEScg", "lin_ap1", "ACES - ACEScg"),
    ),
    (
        (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767),
        ("lin_ap0_scene", "ACES2065-1", "aces", "lin_ap0"),
    ),
    (
        (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290),
        ("lin_rec2020_scene", "lin_rec2020", "Linear Rec.2020"),
    ),
    (
        (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.3127, 0.3290),
        ("lin_p3d65_scene", "lin_p3d65", "Linear P3-D65"),
    ),
)

#: Values of the attribute ``colorInteropID`` that no older config knows: names that it knows.
_INTEROP_NAMES = {
    "lin_rec709_scene": ("lin_rec709", "lin_srgb"),
    "lin_ap1_scene": ("ACEScg",),
    "lin_ap0_scene": ("ACES2065-1",),
    "lin_rec2020_scene": ("lin_rec2020",),
    "lin_p3d65_scene": ("lin_p3d65",),
    "srgb_rec709_scene": ("sRGB - Texture", "srgb_tx", "srgb_texture"),
    "g22_rec709_scene": ("Gamma 2.2 Rec.709 - Texture", "g22_rec709"),
}

_lock = threading.Lock()


def find_space(
    path: str, *, interop_id: Optional[str] = None, chromaticities: Optional[Sequence[float]] = None
) -> str:
    """Return the name of the colour space that the scene-linear picture at *path* is in.

    A studio's file rules come first, then what the file says of itself: *interop_id*, the ``colorInteropID``, and
    *chromaticities*, eight numbers. A file that says nothing is Rec.709, or the studio config's ``scene_linear``.
    """
    config = _config(_config_name())
    studio = _config_name() != _BUILT_IN_CONFIG
    if studio:
        space, rule = config.getColorSpaceFromFilepath(path)
        if space and rule < config.getFileRules().getNumEntries() - 1:
            return str(space)
    names: Tuple[str, ...] = ()
    if interop_id:
        names = (interop_id, *_INTEROP_NAMES.get(interop_id, ()))
    if chromaticities is not None and len(chromaticities) == 8:
        for primaries, spaces in _PRIMARIES:
            if all(abs(a - b) < 0.002 for a, b in zip(primaries, chromaticities)):
                names += spaces
    fallback = "scene_linear" if studio else _PRIMARIES[0][1][1]
    for name in (*names, fallback, *_PRIMARIES[0][1]):
        known = config.getColorSpace(name)
        if known is not None:
            return str(known.getName())
    raise exception.MediaError(
        f"{path}: the OpenColorIO config {_config_name()} has no colour space for scene-linear pictures: it lacks the "
        "role scene_linear."
    )


def to_display(pixels: Any, space: str) -> Any:
    """Return *pixels*, a float array of height, width and 3 in the colour *space*, as bytes for an sRGB display.

    Not-a-number becomes black and infinity the brightest light, so that neither spreads. *pixels* may be overwritten.
    """
    numpy = require("numpy")
    ocio = require("PyOpenColorIO")
    pixels = numpy.ascontiguousarray(pixels, dtype=numpy.float32)
    numpy.nan_to_num(pixels, copy=False, nan=0.0, posinf=_BRIGHTEST, neginf=0.0)
    numpy.clip(pixels, -_BRIGHTEST, _BRIGHTEST, out=pixels)
    height, width, _ = pixels.shape
    result = numpy.empty((height, width, 3), dtype=numpy.uint8)
    processor = _processor(_config_name(), space)
    processor.apply(
        ocio.PackedImageDesc(pixels, width, height, 3),
        ocio.PackedImageDesc(result, width, height, 3, ocio.BIT_DEPTH_UINT8, 1, 3, width * 3),
    )
    return result


def _config_name() -> str:
    return os.environ.get("OCIO") or _BUILT_IN_CONFIG


@functools.lru_cache(maxsize=8)
def _config(name: str) -> Any:
    ocio = require("PyOpenColorIO")
    try:
        return ocio.Config.CreateFromFile(name)
    except Exception as error:  # OpenColorIO raises its own, and bare ones for files it cannot open.
        raise exception.MediaError(
            f"The OpenColorIO config {name}, named by the environment variable OCIO, cannot be loaded: {error}"
        ) from error


def _processor(config_name: str, space: str) -> Any:
    # Making one takes a second: several threads that want the same must not all make it.
    with _lock:
        return _make_processor(config_name, space)


@functools.lru_cache(maxsize=32)
def _make_processor(config_name: str, space: str) -> Any:
    ocio = require("PyOpenColorIO")
    config = _config(config_name)
    display = _pick_display(config)
    view = _default_view(config, display, space)
    transform = ocio.DisplayViewTransform(src=space, display=display, view=view)
    try:
        processor = config.getProcessor(transform)
        return processor.getOptimizedCPUProcessor(
            ocio.BIT_DEPTH_F32, ocio.BIT_DEPTH_UINT8, ocio.OPTIMIZATION_DEFAULT
        )
    except ocio.Exception as error:
        raise exception.MediaError(
            f"The OpenColorIO config {config_name} cannot bring {space} to {display} ({view}): {error}"
        ) from error


def _pick_display(config: Any) -> str:
    """Return the config's own choice where that is an sRGB or Rec.709 display, otherwise the first that is."""
    default = str(config.getDefaultDisplay())
    for name in (default, *config.getDisplays()):
        plain = str(name).lower().replace(" ", "").replace("-", "").replace(".", "")
        if any(word in plain for word in ("srgb", "rec709", "rec1886", "bt709", "bt1886")):
            return str(name)
    return default


def _default_view(config: Any, display: str, space: str) -> str:
    try:
        return str(config.getDefaultView(display, space))
    except TypeError:  # OpenColorIO before 2.1 knows no views by colour space.
        return str(config.getDefaultView(display))
