"""Pictures are read as they are meant to be shown."""

from __future__ import annotations

import numpy as np
import OpenImageIO
import pytest

from ftrack_review import exception
from ftrack_review.media.picture import describe_picture, read_picture
from ftrack_review.media.synthesis import read_number, render

GREY = 0.18


def write(path, pixels, *, names=None, format="half", **attributes):
    """Write *pixels* as a picture; attributes with an underscore for the colon and x, y, full_* as of the spec."""
    pixels = np.ascontiguousarray(pixels)
    height, width, channels = pixels.shape
    spec = OpenImageIO.ImageSpec(width, height, channels, format)
    if names:
        spec.channelnames = names
    for name, value in attributes.items():
        if hasattr(spec, name):
            setattr(spec, name, value)
        elif name == "chromaticities":
            spec.attribute(name, OpenImageIO.TypeDesc("float[8]"), value)
        elif name == "multiView":
            spec.attribute(name, OpenImageIO.TypeDesc(f"string[{len(value)}]"), value)
        else:
            spec.attribute(name, value)
    out = OpenImageIO.ImageOutput.create(str(path))
    assert out.open(str(path), spec), out.geterror()
    assert out.write_image(pixels), out.geterror()
    out.close()
    return path


def flat(*colour, size=(8, 6)):
    """Return an array of one colour."""
    return np.full((size[1], size[0], len(colour)), colour, dtype=np.float32)


def test_scene_linear_grey_is_shown_as_grey(tmp_path):
    pixels = read_picture(write(tmp_path / "a.exr", flat(GREY, GREY, GREY)))
    assert pixels.dtype == np.uint8
    assert pixels.shape == (6, 8, 3)
    # ACES 1.3 on an sRGB display; the plain sRGB curve would give 118.
    assert abs(int(pixels[0, 0, 0]) - 91) <= 1
    assert pixels.min() == pixels.max()


def test_integers_stay_what_they_are(tmp_path):
    values = np.array([[[0, 127, 255], [10, 20, 30]]], dtype=np.uint8)
    assert (read_picture(write(tmp_path / "a.png", values, format="uint8")) == values).all()


def test_not_a_number_and_infinity_stay_where_they_are(tmp_path):
    pixels = flat(GREY, GREY, GREY)
    pixels[0, 0] = np.nan
    pixels[0, 1] = np.inf
    pixels[0, 2] = -np.inf
    shown = read_picture(write(tmp_path / "a.exr", pixels))
    clean = read_picture(write(tmp_path / "b.exr", flat(GREY, GREY, GREY)))
    assert shown[0, 0].max() == 0
    assert shown[0, 1].min() == 255
    assert shown[0, 2].max() == 0
    assert (shown[1:] == clean[1:]).all()


def test_the_data_window_is_placed_in_the_display_window(tmp_path):
    path = write(
        tmp_path / "a.exr",
        flat(1.0, 1.0, 1.0, size=(4, 3)),
        x=2, y=1, full_x=0, full_y=0, full_width=10, full_height=8,
    )  # fmt: skip
    shown = read_picture(path)
    assert shown.shape == (8, 10, 3)
    assert shown[1:4, 2:6].min() > 150
    shown[1:4, 2:6] = 0
    assert shown.max() == 0
    assert (describe_picture(path).width, describe_picture(path).height) == (10, 8)


def test_what_lies_beyond_the_display_window_is_cut_off(tmp_path):
    pixels = flat(0.0, 0.0, 0.0, size=(10, 8))
    pixels[2:5, 3:7] = 1.0
    path = write(
        tmp_path / "a.exr", pixels, x=-3, y=-2, full_x=0, full_y=0, full_width=4, full_height=3
    )  # fmt: skip
    shown = read_picture(path)
    assert shown.shape == (3, 4, 3)
    assert shown.min() > 150


def test_a_display_window_apart_from_the_data_is_black(tmp_path):
    path = write(
        tmp_path / "a.exr", flat(1.0, 1.0, 1.0), x=100, y=100, full_x=0, full_y=0, full_width=4, full_height=3
    )  # fmt: skip
    assert read_picture(path).max() == 0


def test_of_several_views_the_default_is_shown(tmp_path):
    names = ("left.R", "left.G", "left.B", "R", "G", "B", "Z", "forward.u")
    pixels = flat(0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 5.0, 0.5)
    shown = read_picture(write(tmp_path / "a.exr", pixels, names=names, multiView=("right", "left")))
    assert shown[0, 0, 0] > 100 > shown[0, 0, 1]


@pytest.mark.parametrize(
    "names",
    [
        ("beauty.R", "beauty.G", "beauty.B", "normal.R", "normal.G", "normal.B"),
        (
            "ViewLayer.Combined.R",
            "ViewLayer.Combined.G",
            "ViewLayer.Combined.B",
            "albedo.R",
            "albedo.G",
            "albedo.B",
        ),
        ("red", "green", "blue", "a.R", "a.G", "a.B"),
    ],
)
def test_of_several_layers_the_finished_one_is_shown(tmp_path, names):
    pixels = flat(1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    order = sorted(range(6), key=lambda index: names[index].lower())
    path = write(tmp_path / "a.exr", pixels[:, :, order], names=tuple(names[index] for index in order))
    shown = read_picture(path)
    assert shown[0, 0, 0] > 100 > shown[0, 0, 1]


def test_channels_in_any_order_are_found(tmp_path):
    path = write(tmp_path / "a.exr", flat(0.0, 0.0, 1.0, 1.0), names=("B", "G", "R", "A"))
    assert read_picture(path)[0, 0].argmax() == 0


def test_one_channel_is_grey(tmp_path):
    shown = read_picture(write(tmp_path / "a.exr", flat(GREY), names=("Y",)))
    assert shown.shape[2] == 3
    assert len(set(shown[0, 0].tolist())) == 1


def test_transparent_pixels_are_over_black(tmp_path):
    path = write(tmp_path / "a.png", np.full((4, 4, 4), (255, 255, 255, 0), dtype=np.uint8), format="uint8")
    assert read_picture(path).max() == 0


def test_wide_gamut_is_not_taken_for_rec709(tmp_path):
    ap1 = (0.713, 0.293, 0.165, 0.830, 0.128, 0.044, 0.32168, 0.33767)
    plain = read_picture(write(tmp_path / "a.exr", flat(0.1, 0.5, 0.1)))
    wide = read_picture(write(tmp_path / "b.exr", flat(0.1, 0.5, 0.1), chromaticities=ap1))
    assert int(wide[0, 0, 1]) - int(wide[0, 0, 0]) > int(plain[0, 0, 1]) - int(plain[0, 0, 0])


def test_pixels_that_are_not_square_become_so(tmp_path):
    path = write(tmp_path / "a.exr", flat(GREY, GREY, GREY), PixelAspectRatio=2.0)
    assert read_picture(path).shape == (6, 16, 3)
    assert describe_picture(path).width == 16


def test_a_photograph_is_turned_upright(tmp_path):
    pixels = render(9, 10, size=(160, 80))
    # Orientation 6: what was up lies at the left.
    path = write(tmp_path / "a.tif", np.rot90(pixels), format="uint8", Orientation=6)
    shown = read_picture(path)
    assert shown.shape == (80, 160, 3)
    assert read_number(shown) == 9
    assert (describe_picture(path).width, describe_picture(path).height) == (160, 80)


def test_the_rate_a_file_names_is_read_exactly(made):
    assert str(describe_picture(made / "linear.0001.exr").fps) == "24000/1001"
    assert describe_picture(made / "still.exr").fps is None


def test_a_header_that_claims_too_much_is_refused(tmp_path):
    path = write(tmp_path / "a.exr", flat(GREY, GREY, GREY), full_width=60000, full_height=60000)
    with pytest.raises(exception.MediaError, match="60000 x 60000"):
        read_picture(path)


def test_every_cut_of_a_picture_is_refused_or_read(tmp_path, made):
    """Cut short at many places, a picture never ends the process, and an error names the file."""
    for name in ("still.exr", "still.png"):
        whole = (made / name).read_bytes()
        for part in range(1, 20):
            path = tmp_path / name
            path.write_bytes(whole[: len(whole) * part // 20])
            with pytest.raises(exception.MediaError) as caught:
                read_picture(path)
            assert str(path) in str(caught.value)
