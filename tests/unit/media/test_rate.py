"""Frame rates are exact."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_review import exception
from ftrack_review.media.rate import find_rate, nearest_standard, parse_rate


@pytest.mark.parametrize(
    ("given_rate", "expected"),
    [
        (24, Fraction(24)),
        (25.0, Fraction(25)),
        ("25", Fraction(25)),
        (23.976, Fraction(24000, 1001)),
        ("23.98", Fraction(24000, 1001)),
        (Fraction("23.976"), Fraction(24000, 1001)),
        ("24000/1001", Fraction(24000, 1001)),
        (29.97, Fraction(30000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (12.5, Fraction(25, 2)),
        (Fraction(359, 15), Fraction(359, 15)),
    ],
)
def test_a_rate_is_what_people_mean_by_it(given_rate, expected):
    assert parse_rate(given_rate) == expected


@pytest.mark.parametrize(
    "nonsense", [0, -24, "fast", "", "1/0", None, True, float("nan"), float("inf"), 5000, []]
)
def test_what_is_no_rate_is_refused_by_name(nonsense):
    with pytest.raises(exception.MediaError) as caught:
        parse_rate(nonsense)
    assert repr(nonsense) in str(caught.value)
    assert find_rate(nonsense) is None


def test_close_rates_are_told_apart():
    assert nearest_standard(24) == 24
    assert nearest_standard(23.976) == Fraction(24000, 1001)
    assert nearest_standard(23.9) is None


@given(st.fractions(min_value=Fraction(1, 10), max_value=500, max_denominator=1001))
def test_parsing_the_text_of_a_parsed_rate_changes_nothing(value):
    rate = parse_rate(value)
    assert parse_rate(str(rate)) == rate
