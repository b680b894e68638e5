"""Media that the tests make themselves."""

from __future__ import annotations

from fractions import Fraction


def make_movie(path, *, frames=12, fps="25", size=(320, 180), audio=False):
    """Write an H.264 movie whose frames become brighter, with a tone when *audio* is asked for."""
    import av
    import numpy as np

    rate = Fraction(fps)
    width, height = size
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = 1 / rate
        sound = None
        if audio:
            sound = container.add_stream("aac", rate=48000)
        for index in range(frames):
            picture = np.full((height, width, 3), index * 255 // max(frames - 1, 1), dtype=np.uint8)
            picture[: height // 2, : width // 2] = (255, 0, 0)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound is not None:
            total = int(48000 * frames / rate)
            for start in range(0, total, 1024):
                count = min(1024, total - start)
                times = np.arange(start, start + count) / 48000
                samples = (np.sin(times * 440 * 6.283) * 0.2).astype("float32")
                block = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="fltp", layout="mono")
                block.sample_rate, block.pts = 48000, start
                container.mux(sound.encode(block))
            container.mux(sound.encode(None))
    return path


def make_still(path, *, size=(64, 48), colour=(200, 60, 30)):
    """Write a still in the format that the ending of *path* names."""
    from PIL import Image

    Image.new("RGB", size, colour).save(str(path))
    return path
