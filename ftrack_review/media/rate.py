"""Frame rates as exact fractions: 23.976 is 24000/1001."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, Optional, Union

from ftrack_review import exception

__all__ = ["DEFAULT_RATE", "Rate", "find_rate", "nearest_standard", "parse_rate"]

#: Whatever a caller may give as a frame rate.
Rate = Union[Fraction, int, float, str]

#: The rate of pictures that nobody gave one for, in frames per second.
DEFAULT_RATE = Fraction(24)

_MAXIMUM_RATE = 1000

#: Rates that are meant when a number comes close: whole ones, and those of NTSC.
_STANDARD_RATES = tuple(
    sorted(
        {Fraction(value) for value in (1, 2, 5, 6, 8, 10, 12, 12.5, 15, 16, 18, 20, 24, 25, 30, 36, 48, 50)}
        | {Fraction(value) for value in (60, 72, 75, 90, 96, 100, 120, 144, 240)}
        | {Fraction(value * 1000, 1001) for value in (12, 15, 24, 30, 48, 60, 120)}
    )
)

# 24 and 24000/1001 lie a thousandth apart, and 23.98 is written for the second: a third of the way is safe.
_NEAR = 0.0003


def nearest_standard(value: Union[Fraction, float], *, tolerance: float = _NEAR) -> Optional[Fraction]:
    """Return the standard rate that *value* is within *tolerance*, a relative distance, of, or None."""
    number = float(value)
    best = min(_STANDARD_RATES, key=lambda rate: abs(float(rate) - number))
    return best if abs(float(best) - number) <= tolerance * number else None


def parse_rate(value: Any) -> Fraction:
    """Return the frame rate that *value*, in frames per second, stands for, exactly.

    A decimal number close to a rate of NTSC means that one, so that ``23.976``, ``23.98`` and ``"24000/1001"`` are the
    same; any other fraction is taken as it is. Raise :exc:`~ftrack_review.exception.MediaError` for
    anything that is not a rate above 0 and up to 1000.

    Example::

        >>> parse_rate(23.976)
        Fraction(24000, 1001)

    """
    rate: Optional[Fraction] = None
    try:
        if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
            rate = None
        else:
            rate = Fraction(value if isinstance(value, (Fraction, int)) else str(value).strip())
            if rate > 0 and _is_decimal(rate.denominator):
                rate = nearest_standard(rate) or rate.limit_denominator(100000)
    except (ValueError, ZeroDivisionError):
        rate = None
    if rate is None or not 0 < rate <= _MAXIMUM_RATE:
        raise exception.MediaError(
            f"{value!r} is not a frame rate. Give frames per second, such as 25, 23.976 or '24000/1001'."
        )
    return rate


def find_rate(value: Any) -> Optional[Fraction]:
    """Return the frame rate that *value* stands for, as :func:`parse_rate` does, or None for what is no rate."""
    try:
        return parse_rate(value)
    except exception.MediaError:
        return None


def _is_decimal(denominator: int) -> bool:
    """Return whether a number with this *denominator* can be, and so probably was, written with a decimal point."""
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    return denominator == 1
