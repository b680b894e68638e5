"""Scene-linear pixels are brought to the display by the built-in config or the studio's."""

from __future__ import annotations

import numpy as np
import pytest

from ftrack_review import exception
from ftrack_review.media import colour
from ftrack_review.media.picture import read_picture
from ftrack_review.media.synthesis import make_picture

CONFIG = """\
ocio_profile_version: 2
roles:
  default: plain
  scene_linear: plain
file_rules:
  - !<Rule> {name: Plates, colorspace: negative, extension: exr, pattern: "*plate*"}
  - !<Rule> {name: Default, colorspace: plain}
displays:
  Cinema:
    - !<View> {name: Film, colorspace: negative}
  sRGB monitor:
    - !<View> {name: Straight, colorspace: plain}
colorspaces:
  - !<ColorSpace> {name: plain, family: "", bitdepth: 32f, isdata: false}
  - !<ColorSpace>
    name: negative
    family: ""
    bitdepth: 32f
    isdata: false
    to_scene_reference: !<MatrixTransform> {matrix: [-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1], offset: [1, 1, 1, 0]}
"""


@pytest.fixture
def studio(tmp_path, monkeypatch):
    """A studio's config, in which nothing but its own names exists."""
    path = tmp_path / "config.ocio"
    path.write_text(CONFIG)
    monkeypatch.setenv("OCIO", str(path))
    return path


def one(value):
    return np.full((1, 1, 3), value, dtype=np.float32)


def test_without_a_studio_a_silent_file_is_rec709():
    assert colour.find_space("a.exr") == "Linear Rec.709 (sRGB)"


@pytest.mark.parametrize(
    ("interop_id", "space"),
    [
        ("lin_ap1_scene", "ACEScg"),
        ("lin_ap0_scene", "ACES2065-1"),
        ("lin_rec2020_scene", "Linear Rec.2020"),
        ("unheard_of", "Linear Rec.709 (sRGB)"),
    ],
)
def test_a_file_that_names_its_space_is_believed(interop_id, space):
    assert colour.find_space("a.exr", interop_id=interop_id) == space


def test_primaries_tell_the_space():
    ap0 = (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)
    assert colour.find_space("a.exr", chromaticities=ap0) == "ACES2065-1"


def test_the_display_keeps_order_and_neutrality():
    shown = [int(colour.to_display(one(value), "ACEScg")[0, 0, 1]) for value in (0.0, 0.01, 0.18, 1.0, 16.0)]
    assert shown == sorted(shown)
    assert shown[0] == 0
    assert shown[-1] == 255


def test_a_studio_config_takes_over(studio):
    assert colour.find_space("a.exr") == "plain"
    # The first sRGB display, although another one is the config's first.
    assert colour.to_display(one(0.5), "plain")[0, 0].tolist() == [128, 128, 128]


def test_a_studios_file_rules_come_first(studio, tmp_path):
    assert colour.find_space("/p/plate.0001.exr") == "negative"
    plate, other = make_picture(tmp_path / "plate.exr"), make_picture(tmp_path / "other.exr")
    difference = read_picture(plate).astype(int) + read_picture(other)
    assert abs(difference - 255).max() <= 1


def test_a_studio_config_that_cannot_be_loaded_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("OCIO", str(tmp_path / "absent.ocio"))
    with pytest.raises(exception.MediaError, match=r"absent\.ocio"):
        colour.to_display(one(0.5), colour.find_space("a.exr"))
