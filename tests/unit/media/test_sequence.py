"""Sequences are found in expressions, folders and lists of paths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_review import exception
from ftrack_review.media import is_sequence, parse_sequence
from ftrack_review.media.sequence import describe_numbers


@pytest.fixture
def folder(tmp_path):
    """A folder in which a test puts empty files by name."""

    def fill(*names):
        for name in names:
            (tmp_path / name).write_bytes(b"x")
        return tmp_path

    return fill


EIGHT = [f"ball.{number:04d}.exr" for number in range(1, 9)]


@pytest.mark.parametrize(
    "pattern",
    [
        "ball.%04d.exr [1-8]",
        "ball.%04d.exr",
        "ball.####.exr",
        "ball.####.exr [1-8]",
        "ball.####.exr 1-8",
        "ball.@@@@.exr",
        "ball.$F4.exr",
        "ball.#.exr",
        "ball.%04d.exr [1-4, 5,6 , 7-8]",
        "ball.%04d.exr[1-8]",
    ],
)
def test_every_spelling_finds_the_frames(folder, pattern):
    path = folder(*EIGHT)
    if pattern == "ball.#.exr":
        for number in range(1, 9):
            (path / f"ball.{number:04d}.exr").rename(path / f"ball.{number}.exr")
    sequence = parse_sequence(path / pattern)
    assert sequence.frames == tuple(range(1, 9))
    assert sequence.missing == ()
    assert [name.rpartition("/")[2] for name in sequence.paths()] == [
        name.replace("000", "") if pattern == "ball.#.exr" else name for name in EIGHT
    ]


def test_a_folder_that_holds_one_sequence_is_one(folder):
    path = folder(*EIGHT, "notes.txt", ".ball.0009.exr", "sheet.0001.png")
    sequence = parse_sequence(path)
    assert str(sequence) == f"{path}/ball.%04d.exr [1-8]"


def test_a_folder_that_holds_two_asks_which(folder):
    path = folder(*EIGHT, "wheel.1.jpg", "wheel.2.jpg")
    with pytest.raises(exception.MediaError) as caught:
        parse_sequence(path)
    assert "ball.%04d.exr [1-8]" in str(caught.value)
    assert "wheel.%01d.jpg [1-2]" in str(caught.value)


@pytest.mark.parametrize("text", ["", "/nested"])
def test_an_empty_or_missing_place_is_named(folder, text):
    path = folder()
    with pytest.raises(exception.MediaError, match=str(path)):
        parse_sequence(f"{path}{text}/ball.%04d.exr [1-8]")


def test_a_folder_without_pictures_is_refused(folder):
    with pytest.raises(exception.MediaError, match="no image sequence"):
        parse_sequence(folder("notes.txt"))


def test_missing_frames_are_known_by_number(folder):
    path = folder(*(name for name in EIGHT if "0004" not in name))
    assert parse_sequence(path).missing == (4,)
    wanted = parse_sequence(path / "ball.%04d.exr [1-10]")
    assert wanted.missing == (4, 9, 10)
    assert (wanted.first, wanted.last) == (1, 10)
    listed = parse_sequence(path / "ball.%04d.exr [1-3, 5-8]")
    assert listed.missing == (4,)


def test_a_part_of_the_files_can_be_wanted(folder):
    assert parse_sequence(folder(*EIGHT) / "ball.%04d.exr [3-5]").frames == (3, 4, 5)


def test_held_frames_show_the_one_before(folder):
    path = folder("a.2.png", "a.3.png", "a.6.png")
    held = parse_sequence(path / "a.%d.png [1-7]").held()
    assert [name.rpartition("/")[2] for name in held] == [
        f"a.{number}.png" for number in (2, 2, 3, 3, 3, 6, 6)
    ]


def test_frames_of_different_width_belong_together(folder):
    path = folder("a.99.png", "a.100.png", "a.101.png")
    assert parse_sequence(path / "a.%d.png").frames == (99, 100, 101)
    assert parse_sequence(path).frames == (99, 100, 101)


def test_negative_frames_are_read(folder):
    path = folder("a.-002.png", "a.-001.png", "a.0000.png")
    assert parse_sequence(path / "a.%04d.png [0]").frames == (0,)
    assert parse_sequence(path / "a.%03d.png [-2--1]").frames == (-2, -1)


def test_a_list_of_paths_is_a_sequence(folder):
    path = folder(*EIGHT)
    assert parse_sequence(sorted(path.iterdir())).frames == tuple(range(1, 9))


def test_paths_of_different_names_are_none(folder):
    path = folder("a.1.png", "b.2.png")
    with pytest.raises(exception.MediaError, match="no image sequence"):
        parse_sequence(sorted(path.iterdir()))


@pytest.mark.parametrize(
    ("ranges", "reason"),
    [("[8-1]", "backwards"), ("[1-99999999]", "more than"), ("[1-, 3]", "no range"), ("[,]", "no frame")],
)
def test_a_range_that_makes_no_sense_is_refused(folder, ranges, reason):
    with pytest.raises(exception.MediaError, match=reason):
        parse_sequence(f"{folder(*EIGHT)}/ball.%04d.exr {ranges}")


def test_frames_that_are_not_there_at_all_tell_which_are(folder):
    with pytest.raises(exception.MediaError, match="holds 1-8"):
        parse_sequence(folder(*EIGHT) / "ball.%04d.exr [20-30]")


def test_what_looks_like_a_sequence_is_one_unless_such_a_file_exists(folder):
    path = folder(*EIGHT, "odd%04d.exr", "plain.mov")
    assert is_sequence(path)
    assert is_sequence(path / "ball.%04d.exr [1-8]")
    assert not is_sequence(path / "ball.0001.exr")
    assert not is_sequence(path / "odd%04d.exr")
    assert not is_sequence(path / "absent.mov")


def test_percent_and_brackets_in_folders_are_left_alone(tmp_path):
    folder = tmp_path / "100% [final] #2"
    folder.mkdir()
    for name in EIGHT:
        (folder / name).write_bytes(b"x")
    assert len(parse_sequence(folder / "ball.%04d.exr [1-8]").frames) == 8
    assert len(parse_sequence(folder).frames) == 8


@given(st.sets(st.integers(min_value=0, max_value=300), min_size=1))
def test_the_short_form_of_numbers_holds_exactly_them(numbers):
    listed = set()
    for part in describe_numbers(numbers).split(", "):
        low, _, high = part.partition("-")
        listed |= set(range(int(low), int(high or low) + 1))
    assert listed == numbers
