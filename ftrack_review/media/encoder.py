"""Write an MP4 that every browser plays: H.264 High, yuv420p, Rec.709, faststart, with AAC sound."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Iterator, Optional, Type

from ftrack_review import exception
from ftrack_review.media.requirement import require

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["MovieWriter", "writing"]

_ENCODERS = ("libx264", "h264_videotoolbox", "h264_mf", "libopenh264")

#: Number of Rec.709 in ITU-T H.273, for matrix, primaries and transfer, and of limited range in FFmpeg.
_BT709 = 1
_LIMITED = 1

_SOUND_RATE = 48000


class MovieWriter:
    """A movie being written to *path*: frames are counted from 0 and shown at exactly *fps*."""

    def __init__(
        self,
        path: str,
        *,
        width: int,
        height: int,
        fps: Fraction,
        sound: Optional[str] = None,
        name: str = "",
    ) -> None:
        """Initialise with the even *width* and *height* in pixels and the layout of the *sound*, mono or stereo.

        *name* is what errors call the movie where *path* is not its final place.
        """
        av = require("av")
        self._av = av
        self.name = name or path
        self.fps = _storable(fps)
        self.frames = 0
        with writing(self.name):
            self._container = av.open(path, "w", format="mp4", options={"movflags": "+faststart"})
            self._video = self._add_video(width, height)
            self._audio = None if sound is None else self._add_audio(sound)

    def _add_video(self, width: int, height: int) -> Any:
        name = next((name for name in _ENCODERS if name in self._av.codecs_available), None)
        if name is None:
            raise exception.MissingDependencyError(
                "This build of PyAV cannot write H.264. Install the one of PyPI: pip install --force-reinstall av"
            )
        options = {}
        if name == "libx264":
            options = {
                "profile": "high",
                "preset": "fast",
                "crf": "18",
                "x264-params": "colorprim=bt709:transfer=bt709:colormatrix=bt709:fullrange=off",
            }
        stream = self._container.add_stream(name, rate=self.fps, options=options)
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = 1 / self.fps
        # A key frame at least every second, so that a click on the time line is answered at once.
        context.gop_size = max(1, round(self.fps))
        if name != "libx264":
            context.bit_rate = max(1_000_000, width * height * 4)
        context.color_range = _LIMITED
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        return stream

    def _add_audio(self, layout: str) -> Any:
        stream = self._container.add_stream("aac", rate=_SOUND_RATE)
        context = stream.codec_context
        context.layout = layout
        context.format = "fltp"
        context.bit_rate = 192_000 if layout == "stereo" else 96_000
        context.time_base = Fraction(1, _SOUND_RATE)
        return stream

    def write(self, frame: Any) -> None:
        """Add *frame*, which has the movie's size and format, as the next one."""
        with writing(self.name):
            frame.pts = self.frames
            frame.time_base = 1 / self.fps
            # The encoder would take the kinds of the source's frames for orders.
            frame.pict_type = self._av.video.frame.PictureType.NONE
            for packet in self._video.encode(frame):
                self._container.mux(packet)
        self.frames += 1

    def write_sound(self, frame: Any) -> None:
        """Add *frame*, sound of the movie's rate and layout whose time is set."""
        if self._audio is not None:
            with writing(self.name):
                for packet in self._audio.encode(frame):
                    self._container.mux(packet)

    def finish(self) -> None:
        """Write what the encoders still hold, and the index."""
        with writing(self.name):
            for stream in (self._video, self._audio):
                if stream is not None:
                    for packet in stream.encode(None):
                        self._container.mux(packet)
            self._container.close()

    def __enter__(self) -> MovieWriter:
        """Return the writer."""
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        """Finish the movie, or, after an error, close the file without more ado."""
        if error is None:
            self.finish()
            return
        with contextlib.suppress(self._av.error.FFmpegError, ValueError, OSError):
            self._container.close()


@contextlib.contextmanager
def writing(name: str) -> Iterator[None]:
    """Turn what goes wrong in writing *name* into a :exc:`~ftrack_review.exception.MediaError` that says so."""
    av = require("av")
    try:
        yield
    except (av.error.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise exception.MediaError(f"{name} cannot be written: {reason}.") from error


def _storable(fps: Fraction) -> Fraction:
    """Return *fps* as a fraction that the clock of an MP4 can hold."""
    fps = Fraction(fps)
    return fps if fps.numerator <= 120_000 and fps.denominator <= 100_000 else fps.limit_denominator(1001)
