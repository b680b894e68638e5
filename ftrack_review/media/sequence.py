"""Image sequences: from ``beachball.%04d.exr [1-8]``, ``beachball.####.exr`` or a folder to the files of the frames."""

from __future__ import annotations

import dataclasses
import os
import re
from typing import Dict, Iterable, List, Optional, Tuple, Union

from ftrack_review import exception
from ftrack_review.media.source import PICTURE_SUFFIXES, Path

__all__ = ["Sequence", "describe_numbers", "is_sequence", "parse_sequence"]

# A typing mistake in a range must not fill the memory.
_MAXIMUM_FRAMES = 1_000_000

_PLACEHOLDER = re.compile(r"%(?:0?(\d+))?d|(#+)|(@+)|\$F(\d?)")
_RANGES = re.compile(r"\s*\[\s*([-\d,x\s]+)\]\s*$")
_PLAIN_RANGE = re.compile(r"\s+(-?\d+-\d+)\s*$")
_PART = re.compile(r"^(-?\d+)(?:-(-?\d+)(?:x(\d+))?)?$")
_NUMBERED = re.compile(r"^(.*?)(-?\d+)(\.[^.]*)$")


@dataclasses.dataclass(frozen=True)
class Sequence:
    """Files that differ in a frame number: *head*, the number with at least *padding* digits, *tail*.

    *frames* are the numbers whose files exist, *missing* those between the first and the last wanted one whose files
    do not. *padding* is 0 where numbers carry no leading zeros.
    """

    head: str
    tail: str
    padding: int
    frames: Tuple[int, ...]
    missing: Tuple[int, ...] = ()

    @property
    def first(self) -> int:
        """The lowest number, present or missing."""
        return min(self.frames + self.missing)

    @property
    def last(self) -> int:
        """The highest number, present or missing."""
        return max(self.frames + self.missing)

    def path(self, frame: int) -> str:
        """Return the path of the file that holds *frame*."""
        return f"{self.head}{_format_number(frame, self.padding)}{self.tail}"

    def paths(self) -> List[str]:
        """Return the paths of the files that exist, in the order of their frames."""
        return [self.path(frame) for frame in self.frames]

    def held(self) -> List[str]:
        """Return one path per frame from first to last; a missing frame has the file before it.

        What is missing at the very beginning has the first file that exists.
        """
        present = set(self.frames)
        current = self.path(self.frames[0])
        paths = []
        for frame in range(self.first, self.last + 1):
            if frame in present:
                current = self.path(frame)
            paths.append(current)
        return paths

    def __str__(self) -> str:
        """Return the expression, such as ``/p/beachball.%04d.exr [1-8]``."""
        pattern = f"%0{self.padding}d" if self.padding else "%d"
        return f"{self.head}{pattern}{self.tail} [{describe_numbers(self.frames)}]"


def describe_numbers(numbers: Iterable[int]) -> str:
    """Return *numbers* in short: ``1-8, 12``."""
    runs: List[List[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)


def is_sequence(media: object) -> bool:
    """Return whether *media* is a folder or reads like a sequence, rather than the path of one file."""
    if not isinstance(media, (str, os.PathLike)):
        return True
    text = os.fspath(media)
    if os.path.isdir(text):
        return True
    if os.path.exists(text):
        return False
    return bool(_PLACEHOLDER.search(os.path.basename(_split_ranges(text)[0])))


def parse_sequence(expression: Union[Path, Iterable[Path]]) -> Sequence:
    """Return the sequence that *expression* stands for.

    *expression* is a path with a place for the number (``%04d``, ``####``, ``@@@@``, ``$F4``), with or without the
    wanted frames behind it (``[1-8]``, ``[1-3, 7, 10-20x2]``), a folder that holds one sequence, or the paths of the
    frames. Without frames those between the first and the last file found are wanted.

    Raise :exc:`~ftrack_review.exception.MediaError` when no file is there, or a folder holds several sequences.
    Missing frames are no error here: see :attr:`Sequence.missing`.
    """
    if not isinstance(expression, (str, os.PathLike)):
        return _from_paths([os.fspath(path) for path in expression])
    text = os.fspath(expression)
    if os.path.isdir(text):
        return _from_folder(text)
    if os.path.isfile(text):
        return _from_paths([text])
    pattern, ranges = _split_ranges(text)
    folder, name = os.path.split(pattern)
    found = list(_PLACEHOLDER.finditer(name))
    if not found:
        raise exception.MediaError(
            f"{text} does not exist, and is no image sequence either: those are written as name.%04d.exr [1-8], "
            "name.####.exr or the folder that holds the frames."
        )
    # The number stands last, as in shot%d_v2.%04d.exr read by every tool.
    place = found[-1]
    padding = _padding(place)
    head = os.path.join(folder, name[: place.start()])
    tail = name[place.end() :]
    present = _on_disk(folder, name[: place.start()], tail, padding)
    wanted = _parse_ranges(ranges, text) if ranges is not None else present
    frames = sorted(set(wanted) & set(present))
    if not frames:
        raise exception.MediaError(_nothing_found(text, folder, present))
    return _make(head, tail, padding, frames, wanted)


def _make(head: str, tail: str, padding: int, frames: List[int], wanted: Iterable[int]) -> Sequence:
    numbers = set(wanted)
    low, high = min(numbers), max(numbers)
    if high - low >= _MAXIMUM_FRAMES:
        raise exception.MediaError(
            f"{head}…{tail}: {low}-{high} is more than {_MAXIMUM_FRAMES} frames. Give the range of frames in brackets."
        )
    present = set(frames)
    missing = tuple(number for number in range(low, high + 1) if number not in present)
    return Sequence(head, tail, padding, tuple(sorted(present)), missing)


def _nothing_found(text: str, folder: str, present: List[int]) -> str:
    if folder and not os.path.isdir(folder):
        return f"{text}: the folder {folder} does not exist."
    if present:
        return f"{text}: none of these frames exists; the folder holds {describe_numbers(present)}."
    return f"{text}: no file fits this name."


def _split_ranges(text: str) -> Tuple[str, Optional[str]]:
    for pattern in (_RANGES, _PLAIN_RANGE):
        match = pattern.search(text)
        if match:
            return text[: match.start()], match.group(1)
    return text, None


def _parse_ranges(ranges: str, text: str) -> List[int]:
    numbers: List[int] = []
    for part in ranges.split(","):
        if not part.strip():
            continue
        match = _PART.match(part.replace(" ", ""))
        if not match:
            raise exception.MediaError(f"{text}: {part.strip()!r} is no range of frames such as 1-8.")
        low = int(match.group(1))
        high = low if match.group(2) is None else int(match.group(2))
        step = int(match.group(3) or 1)
        if high < low or step < 1:
            raise exception.MediaError(f"{text}: the range {part.strip()} runs backwards.")
        if (high - low) // step >= _MAXIMUM_FRAMES:
            raise exception.MediaError(f"{text}: {part.strip()} is more than {_MAXIMUM_FRAMES} frames.")
        numbers.extend(range(low, high + 1, step))
    if not numbers:
        raise exception.MediaError(f"{text}: there is no frame in the brackets.")
    return numbers


def _padding(place: re.Match[str]) -> int:
    digits, hashes, ats, houdini = place.groups()
    if hashes:
        # One # stands for any number in many tools; several count the digits.
        return len(hashes) if len(hashes) > 1 else 0
    if ats:
        return len(ats) if len(ats) > 1 else 0
    return int(digits or houdini or 0)


def _format_number(frame: int, padding: int) -> str:
    return f"{'-' if frame < 0 else ''}{abs(frame):0{padding}d}" if padding else str(frame)


def _list_folder(folder: str) -> List[str]:
    try:
        return sorted(os.listdir(folder or os.curdir))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise exception.MediaError(f"{folder} cannot be read: {error.strerror or error}.") from error


def _on_disk(folder: str, head: str, tail: str, padding: int) -> List[int]:
    pattern = re.compile(rf"^{re.escape(head)}(-?\d+){re.escape(tail)}$")
    frames = []
    for name in _list_folder(folder):
        match = pattern.match(name)
        if (
            match
            and len(match.group(1)) < 19
            and match.group(1) == _format_number(int(match.group(1)), padding)
        ):
            frames.append(int(match.group(1)))
    return frames


def _from_paths(paths: List[str]) -> Sequence:
    groups = _group(paths)
    if len(paths) == 1 and not groups:
        raise exception.MediaError(f"{paths[0]} is no image sequence: there is no frame number in its name.")
    if len(groups) != 1:
        raise exception.MediaError(
            f"These {len(paths)} files are no image sequence: their names must differ in the frame number alone."
        )
    return groups[0]


def _from_folder(folder: str) -> Sequence:
    names = [name for name in _list_folder(folder) if not name.startswith(".")]
    pictures = [name for name in names if os.path.splitext(name)[1].lower() in PICTURE_SUFFIXES]
    groups = _group([os.path.join(folder, name) for name in pictures])
    if not groups:
        raise exception.MediaError(f"{folder} holds no image sequence: files such as name.0001.exr.")
    # A single numbered picture beside a sequence, such as a contact sheet, does not make the choice unclear.
    longest = [group for group in groups if len(group.frames) > 1] or groups
    if len(longest) > 1:
        choices = "; ".join(os.path.basename(str(group)) for group in longest[:5])
        raise exception.MediaError(
            f"{folder} holds {len(longest)} image sequences. Name the one that is meant: {choices}"
        )
    return longest[0]


def _group(paths: List[str]) -> List[Sequence]:
    groups: Dict[Tuple[str, str], Dict[str, int]] = {}
    for path in paths:
        folder, name = os.path.split(path)
        match = _NUMBERED.match(name)
        if match and len(match.group(2)) < 19:
            head, digits, tail = match.groups()
            # The minus sign of a first frame is a separator unless the number could not be told otherwise.
            if digits.startswith("-") and head:
                head, digits = head + "-", digits[1:]
            groups.setdefault((os.path.join(folder, head), tail), {})[digits] = int(digits)
    result = []
    for (head, tail), numbers in groups.items():
        padding = _common_padding(numbers)
        frames = [number for digits, number in numbers.items() if digits == _format_number(number, padding)]
        if frames:
            result.append(_make(head, tail, padding, frames, frames))
    return result


def _common_padding(numbers: Dict[str, int]) -> int:
    widths = {len(digits.lstrip("-")) for digits in numbers}
    zeroed = any(digits.lstrip("-").startswith("0") and len(digits.lstrip("-")) > 1 for digits in numbers)
    return min(widths) if zeroed or len(widths) == 1 else 0
