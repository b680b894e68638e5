"""Make a movie for the web from another movie or an image sequence."""

from __future__ import annotations

import concurrent.futures
import itertools
import logging
import os
from collections import deque
from fractions import Fraction
from typing import Any, Callable, Iterable, Iterator, List, Optional, Union

from ftrack_review import exception
from ftrack_review.media.conform import Conformer, even, shown_size
from ftrack_review.media.encoder import MovieWriter
from ftrack_review.media.footage import Footage, open_footage, reading
from ftrack_review.media.picture import describe_picture, read_picture
from ftrack_review.media.probing import probe
from ftrack_review.media.rate import DEFAULT_RATE, Rate, parse_rate
from ftrack_review.media.requirement import require
from ftrack_review.media.sequence import Sequence, describe_numbers, parse_sequence
from ftrack_review.media.sound import SoundConformer, layout_of
from ftrack_review.media.source import MediaInfo, Path, classify, name_of
from ftrack_review.media.target import replacing

__all__ = ["Progress", "encode_movie", "encode_sequence"]

#: Called with the number of frames done and how many there are.
Progress = Callable[[int, int], None]

# How many pictures are read ahead of the encoder.
_READERS = 3


def encode_movie(
    source: Path, target: Path, *, progress: Optional[Progress] = None, fps: Optional[Rate] = None
) -> MediaInfo:
    """Write the movie *source* as an MP4 for the web to *target*, and return what it is.

    It has as many frames as *source* and exactly its rate (or *fps*, frames per second, at which the same frames are
    then shown), stands upright, has square pixels and even sides, and Rec.709 colours. A movie whose frames are not
    equally long, as phones and screen recorders make them, is brought to its prevailing rate by repeating or dropping
    frames. Sound is mixed to mono or stereo.

    Raise :exc:`~ftrack_review.exception.MediaError` if *source* is damaged or *target* cannot be written; then there is
    no target, or the former one.
    """
    if classify(source) != "movie":
        raise exception.MediaError(f"{name_of(source)} is no movie; a still is published as it is.")
    with open_footage(source) as peek:
        first = peek.first_picture()
        aspect = peek.aspect()
        interlaced = bool(first.interlaced_frame)
        geometry = even(*shown_size(first, aspect))
    with open_footage(source) as footage, replacing(target) as temporary:
        timing = footage.timing
        rate = parse_rate(fps) if fps is not None else timing.fps
        layout = layout_of(footage.audio)
        conformer = Conformer(
            geometry, aspect=aspect, context=footage.video.codec_context, interlaced=interlaced
        )
        sound = SoundConformer(
            layout or "stereo",
            start_s=timing.start_s,
            duration_s=timing.frames / rate,
            tempo=float(rate / timing.fps),
        )
        with MovieWriter(
            temporary,
            width=geometry.frame_width,
            height=geometry.frame_height,
            fps=rate,
            sound=layout,
            name=name_of(target),
        ) as writer:
            _transcode(footage, conformer, sound, writer, progress)
            if not writer.frames:
                raise exception.MediaError(f"{name_of(source)} holds no frame that can be decoded.")
    return probe(target)


def _transcode(
    footage: Footage,
    conformer: Conformer,
    sound: SoundConformer,
    writer: MovieWriter,
    progress: Optional[Progress],
) -> None:
    audio_frame = require("av").AudioFrame
    total = footage.timing.frames

    def conformed() -> Iterator[Any]:
        for frame in footage.frames(sound=True):
            with reading(footage.path):
                if isinstance(frame, audio_frame):
                    for piece in sound.push(frame):
                        writer.write_sound(piece)
                else:
                    yield from conformer.push(frame)
        with reading(footage.path):
            yield from conformer.flush()

    pictures = conformed() if footage.timing.constant else _on_grid(conformed(), footage)
    for picture in pictures:
        writer.write(picture)
        if progress is not None:
            progress(writer.frames, max(total, writer.frames))
    for piece in sound.flush():
        writer.write_sound(piece)


def _on_grid(frames: Iterable[Any], footage: Footage) -> Iterator[Any]:
    """Give *frames* of unequal length at the equal distances of the movie's rate: repeated or left out."""
    timing = footage.timing
    held: Any = None
    given = 0
    for frame in frames:
        if frame.pts is None:
            continue
        place = round((frame.pts * Fraction(frame.time_base) - timing.start_s) * timing.fps)
        while held is not None and given < place:
            yield held
            given += 1
        held = frame
    if held is not None:
        yield held


def encode_sequence(
    sequence: Union[Path, Sequence, Iterable[Path]],
    target: Path,
    *,
    fps: Optional[Rate] = None,
    default_fps: Optional[Rate] = None,
    hold_missing: bool = False,
    progress: Optional[Progress] = None,
) -> MediaInfo:
    """Write the image *sequence* as an MP4 for the web to *target*, and return what it is.

    *sequence* is whatever :func:`~ftrack_review.media.parse_sequence` takes. The rate is *fps*, in frames per second,
    else the one that the first file names (``framesPerSecond``), else *default_fps*, else 24. Missing frames raise
    :exc:`~ftrack_review.exception.MissingFramesError`, or, with *hold_missing*, show the frame before them.

    The first picture fixes the size; others are fitted into it. Raise :exc:`~ftrack_review.exception.MediaError` for a
    picture that cannot be read; then there is no target, or the former one.
    """
    frames = sequence if isinstance(sequence, Sequence) else parse_sequence(sequence)
    if frames.missing and not hold_missing:
        raise exception.MissingFramesError(_missing_message(frames), frames=frames.missing)
    paths = frames.held()
    rate = _sequence_rate(paths[0], fps, default_fps)
    with replacing(target) as temporary:
        pictures = _read_ahead(paths)
        first = next(pictures)
        geometry = even(first.shape[1], first.shape[0])
        conformer = Conformer(geometry)
        with MovieWriter(
            temporary,
            width=geometry.frame_width,
            height=geometry.frame_height,
            fps=rate,
            name=name_of(target),
        ) as writer:
            for pixels in itertools.chain([first], pictures):
                for frame in conformer.push(_as_frame(pixels, writer.frames)):
                    writer.write(frame)
                    if progress is not None:
                        progress(writer.frames, len(paths))
            for frame in conformer.flush():
                writer.write(frame)
    return probe(target)


def _missing_message(frames: Sequence) -> str:
    return (
        f"{frames} lacks {len(frames.missing)} of the frames {frames.first}-{frames.last}: "
        f"{describe_numbers(frames.missing)}. Render what is missing, or publish with hold_missing=True to show the "
        "frame before instead."
    )


def _sequence_rate(path: str, fps: Optional[Rate], default_fps: Optional[Rate]) -> Fraction:
    if fps is not None:
        return parse_rate(fps)
    named = describe_picture(path).fps
    if named is not None:
        return named
    return parse_rate(default_fps) if default_fps is not None else DEFAULT_RATE


def _as_frame(pixels: Any, number: int) -> Any:
    frame = require("av").VideoFrame.from_ndarray(pixels, format="rgb24")
    frame.pts = number
    return frame


def _read_ahead(paths: List[str]) -> Iterator[Any]:
    """Give the pictures of *paths* in order; the next ones are read and colour-converted meanwhile.

    A picture that is held for several frames is read once.
    """
    workers = min(_READERS, os.cpu_count() or 1, len(paths))
    with concurrent.futures.ThreadPoolExecutor(workers, thread_name_prefix="picture") as pool:
        waiting: deque[concurrent.futures.Future[Any]] = deque()
        last_path, last_future = None, None
        upcoming = iter(paths)
        try:
            while True:
                for path in itertools.islice(upcoming, workers + 1 - len(waiting)):
                    if path != last_path or last_future is None:
                        last_path, last_future = path, pool.submit(read_picture, path)
                    waiting.append(last_future)
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
            logging.getLogger(__name__).debug("Read pictures with %d threads.", workers)
