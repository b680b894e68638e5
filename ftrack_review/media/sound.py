"""Bring the sound of a movie to what the encoder takes: 48 kHz, mono or stereo, in step with the picture."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Iterator, Optional, Tuple

from ftrack_review.media.requirement import require

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["SoundConformer", "layout_of"]

_SOUND_RATE = 48000


def layout_of(stream: Any) -> Optional[str]:
    """Return the layout that the sound of *stream* gets, ``mono`` or ``stereo``; None where there is no sound."""
    if stream is None:
        return None
    channels = getattr(stream.codec_context, "channels", None) or getattr(
        stream.codec_context.layout, "nb_channels", 2
    )
    return "mono" if channels == 1 else "stereo"


class SoundConformer:
    """Filters that turn decoded sound into frames for the encoder."""

    def __init__(self, layout: str, *, start_s: Fraction, duration_s: Fraction, tempo: float = 1.0) -> None:
        """Initialise with the *layout* wanted and when the picture starts and how long it lasts, in seconds.

        *tempo* is how much faster the picture is shown than it was recorded.
        """
        self._layout = layout
        self._start_s = start_s
        self._duration_s = duration_s
        self._tempo = tempo
        self._graph: Any = None
        self._format: Optional[Tuple[Any, ...]] = None

    def push(self, frame: Any) -> Iterator[Any]:
        """Give the conformed frames that are ready once *frame* is in."""
        if frame.pts is None or frame.time_base is None:
            # Without a time it cannot be placed; such frames stand before the first key frame.
            return
        format_now = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._graph is None:
            self._graph = self._build(frame)
            self._format = format_now
        if format_now != self._format:
            logging.getLogger(__name__).warning("The sound changes its format; what follows is left out.")
            return
        frame.pts = frame.pts - round(self._start_s / frame.time_base)
        self._graph.push(frame)
        yield from self._pull()

    def flush(self) -> Iterator[Any]:
        """Give what the filters still hold."""
        if self._graph is not None:
            self._graph.push(None)
            yield from self._pull()

    def _pull(self) -> Iterator[Any]:
        av = require("av")
        while True:
            try:
                frame = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            yield frame

    def _build(self, frame: Any) -> Any:
        graph = require("av.filter").Graph()
        last = graph.add_abuffer(
            sample_rate=frame.sample_rate,
            format=frame.format.name,
            layout=frame.layout.name,
            time_base=frame.time_base,
        )
        steps = [
            # Holes are filled with silence, and what comes before the picture is cut off.
            ("aresample", f"{_SOUND_RATE}:async=1:first_pts=0"),
        ]
        if self._tempo != 1.0:
            steps.append(("atempo", f"{min(max(self._tempo, 0.5), 2.0):.9f}"))
        steps += [
            ("aformat", f"sample_fmts=fltp:sample_rates={_SOUND_RATE}:channel_layouts={self._layout}"),
            ("atrim", f"end={float(self._duration_s):.9f}"),
        ]
        for name, arguments in steps:
            step = graph.add(name, arguments)
            last.link_to(step)
            last = step
        sink = graph.add("abuffersink")
        last.link_to(sink)
        graph.configure()
        return graph
