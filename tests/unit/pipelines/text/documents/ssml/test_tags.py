"""The tags of SSML: their attributes, and the styles that they set."""

from __future__ import annotations

import pytest

from pipelines.text.documents.ssml.tags import apply_tag, break_seconds, check_tag, parse_say_as
from pipelines.text.style import NEUTRAL_STYLE, Style


@pytest.mark.parametrize(
    ("tag", "given", "message"),
    [
        ("audio", {}, "<audio> is not read here"),
        ("break", {"length": "1s"}, "has no attribute 'length' here"),
        ("prosody", {"contour": "x"}, "has no attribute 'contour' here; use pitch"),
        ("sub", {}, "<sub> needs alias"),
        ("lang", {}, "<lang> needs xml:lang"),
        ("break", {"time": "soon"}, "time='soon' must be a time"),
        ("voice", {"lang": "english"}, "lang='english' is not a BCP 47"),
    ],
)
def test_unsupported_tag_or_attribute_is_refused_by_name(tag: str, given: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_tag(tag, given)


@pytest.mark.parametrize(
    ("outer", "tag", "given", "inner"),
    [
        (NEUTRAL_STYLE, "lang", {"lang": "fr"}, Style(language="fr")),
        (Style(rate=0.5, pitch=1.0), "prosody", {"rate": "200%", "pitch": "+2st"}, Style(pitch=3.0)),
        (Style(gain_db=None), "prosody", {"volume": "+6dB"}, Style(gain_db=None)),
        (NEUTRAL_STYLE, "emphasis", {}, Style(rate=0.95, gain_db=1.5)),
        (Style(voice="a", language="en"), "voice", {"name": "b c"}, Style(voice="b", language="en")),
        (Style(voice="a"), "voice", {"languages": "de fr"}, Style(language="de")),
    ],
)
def test_tag_changes_the_style_that_it_is_in(outer: Style, tag: str, given: dict[str, str], inner: Style) -> None:
    assert apply_tag(outer, tag, given) == inner


def test_time_of_a_break_takes_precedence_over_its_strength() -> None:
    assert break_seconds({"time": "2s", "strength": "weak"}) == 2.0
    assert break_seconds({}) == 0.4


def test_format_counts_for_dates_alone() -> None:
    assert parse_say_as({"interpret-as": "date", "format": "dmy"}) == "date:dmy"
    assert parse_say_as({"interpret-as": "cardinal", "format": "dmy"}) == "cardinal"
    with pytest.raises(ValueError, match="must be one of mdy"):
        parse_say_as({"interpret-as": "date", "format": "day"})
