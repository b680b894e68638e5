"""Probe, read, colour-convert and encode pictures and movies.

Everything here needs the ``media`` extra (``pip install 'ftrack-review[media]'``), which loads on first use. Damaged
files can crash the libraries that read them: :func:`isolated` runs a function of this package in a process of its own.

Client and server both call this package; it knows neither.
"""

from __future__ import annotations

from ftrack_review.media.isolation import isolated
from ftrack_review.media.movie import encode_movie, encode_sequence
from ftrack_review.media.probing import probe
from ftrack_review.media.rate import parse_rate
from ftrack_review.media.sequence import Sequence, is_sequence, parse_sequence
from ftrack_review.media.source import MediaInfo
from ftrack_review.media.still import make_still, thumbnail

__all__ = [
    "MediaInfo",
    "Sequence",
    "encode_movie",
    "encode_sequence",
    "is_sequence",
    "isolated",
    "make_still",
    "parse_rate",
    "parse_sequence",
    "probe",
    "thumbnail",
]
