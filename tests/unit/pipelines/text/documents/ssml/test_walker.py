"""SSML as a sequence of events."""

from __future__ import annotations

import pytest

from pipelines.errors import BadInput
from pipelines.text.documents.ssml import walker
from pipelines.text.documents.ssml.parsing import parse_ssml
from pipelines.text.documents.ssml.walker import Boundary, Break, Event, Mark, SsmlWalker, TextRun
from pipelines.text.style import NEUTRAL_STYLE, Style


def walk(inside: str) -> list[Event]:
    return list(SsmlWalker(parse_ssml(f"<speak>{inside}</speak>")).walk())


def test_events_come_in_reading_order() -> None:
    assert walk('a<p>b<break time="2s"/><mark name="m"/></p><sub alias="x">c</sub>') == [
        TextRun("a", NEUTRAL_STYLE),
        Boundary("paragraph"),
        TextRun("b", NEUTRAL_STYLE),
        Break(2.0),
        Mark("m"),
        Boundary("paragraph"),
        TextRun("c", NEUTRAL_STYLE, "sub", "x"),
    ]


def test_style_ends_with_its_tag() -> None:
    assert walk('<prosody rate="200%">a</prosody>b') == [TextRun("a", Style(rate=2.0)), TextRun("b", NEUTRAL_STYLE)]


def test_s_is_a_sentence_as_a_whole() -> None:
    assert walk("<s>a. b.</s>")[0] == Boundary("sentence", is_sentence=True)


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("\n<x:p xmlns:x='urn:x'>a</x:p>", "line 2, column 1: <x:p> is not read here"),
        ("<speak>a</speak>", "may only be the outermost"),
        ("<sub alias='a'><p>b</p></sub>", "no tag may stand in <sub>"),
        ("<break>a</break>", "<break> must be empty"),
        ("<sub alias='a'> </sub>", "<sub> is around no text"),
    ],
)
def test_tag_in_the_wrong_place_is_refused_with_its_position(inside: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        walk(inside)


def test_outermost_tag_must_be_speak() -> None:
    with pytest.raises(BadInput, match="outermost tag must be <speak>"):
        SsmlWalker(parse_ssml("<p>a</p>"))


def test_breaks_are_limited_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walker, "MAX_SILENCE_S", 3.0)
    assert len(walk('<break time="2s"/><break time="1s"/>')) == 2
    with pytest.raises(BadInput, match="the breaks are longer than 3 s"):
        walk('<break time="2s"/><break time="2s"/>')
