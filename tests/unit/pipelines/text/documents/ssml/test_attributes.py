"""Values of SSML attributes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipelines.text.documents.ssml.attributes import parse_pitch, parse_rate, parse_time, parse_volume


@pytest.mark.parametrize(
    ("parse", "value", "number"),
    [
        (parse_time, "1.5s", 1.5),
        (parse_time, "+300ms", 0.3),
        (parse_rate, "fast", 1.25),
        (parse_rate, "120%", 1.2),
        (parse_rate, "+20%", 1.2),
        (parse_rate, "-20%", 0.8),
        (parse_rate, "1.2", 1.2),
        (parse_pitch, "x-low", -6.0),
        (parse_pitch, "+2st", 2.0),
        (parse_pitch, "+100%", 12.0),
        (parse_volume, "silent", None),
        (parse_volume, "0", None),
        (parse_volume, "100", 0.0),
        (parse_volume, "10", -20.0),
        (parse_volume, "+6dB", 6.0),
    ],
)
def test_value_is_read_in_its_unit(parse: Callable[[str], float | None], value: str, number: float | None) -> None:
    assert parse(value) == (None if number is None else pytest.approx(number))


@pytest.mark.parametrize(
    ("parse", "value", "reason"),
    [
        (parse_time, "5", "must be a time"),
        (parse_time, "61s", "longer than 60 s"),
        (parse_rate, "quick", "must be one of x-slow"),
        (parse_rate, "10%", "between 20% and 500%"),
        (parse_pitch, "10%", "a change such as"),
        (parse_pitch, "+25st", "within 24 semitones"),
        (parse_pitch, "-100%", "a change such as"),
        (parse_volume, "101", "must be one of silent"),
        (parse_volume, "+13dB", "between -60 dB and"),
    ],
)
def test_invalid_value_is_refused_with_what_is_allowed(
    parse: Callable[[str], float | None], value: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        parse(value)
