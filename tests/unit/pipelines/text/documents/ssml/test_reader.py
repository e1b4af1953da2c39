"""SSML as utterances, and what of it is refused, with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import BadInput, InputTooLarge
from pipelines.pipeline import Limits
from pipelines.text.document import Utterance
from pipelines.text.documents.ssml import parsing
from pipelines.text.documents.ssml.reader import read_file, read_string
from pipelines.text.style import NEUTRAL_STYLE, SpokenForm, Style


def utterances(inside: str, **attributes: str) -> list[Utterance]:
    given = "".join(f' {name.replace("_", ":")}="{value}"' for name, value in attributes.items())
    return [block for block in read_string(f"<speak{given}>{inside}</speak>").blocks if isinstance(block, Utterance)]


def said(inside: str) -> list[tuple[str, Any]]:
    """Texts, and the silence or pause behind each."""
    return [(one.text, one.pause if one.silence_s is None else one.silence_s) for one in utterances(inside)]


def error_detail(text: str) -> str:
    with pytest.raises(BadInput) as refused:
        list(read_string(text).blocks)
    assert refused.value.field == "ssml"
    return refused.value.detail


# -- structure -------------------------------------------------------------------------------------------------------
def test_sentences_and_paragraphs_divide_the_text() -> None:
    assert said("<p>One. Two.</p><p><s>Three. Still three</s> <s>Four</s></p>Five") == [
        ("One.", "sentence"),
        ("Two.", "paragraph"),
        ("Three. Still three", "sentence"),
        ("Four", "paragraph"),
        ("Five", "paragraph"),
    ]


def test_white_space_and_comments_are_not_spoken() -> None:
    assert said("\n  A\n  <!-- never --> very\t<emphasis level='none'>odd</emphasis>\n text.\n") == [
        ("A very odd text.", "paragraph")
    ]
    assert said("in<!-- x -->side") == [("inside", "paragraph")]


@pytest.mark.parametrize(
    ("given", "silence"),
    [
        ('time="500ms"', 0.5),
        ('time="1.5s"', 1.5),
        ('strength="none"', 0.0),
        ('strength="x-strong"', 1.2),
        ("", 0.4),
        ('strength="weak" time="2s"', 2.0),
    ],
)
def test_a_break_is_a_silence_behind_the_text_before_it(given: str, silence: float) -> None:
    assert said(f"One <break {given}/> two.") == [("One", silence), ("two.", "paragraph")]


def test_breaks_at_the_edges_and_in_a_row_are_all_kept() -> None:
    assert said('<break time="1s"/>One.<break time="2s"/><break time="3s"/><p>Two.</p><break time="4s"/>') == [
        ("", 1.0),
        ("One.", 2.0),
        ("", 3.0),
        ("Two.", "paragraph"),
        ("", 4.0),
    ]


def test_language_and_namespace_of_the_document_are_read() -> None:
    text = (
        '<?xml version="1.0" encoding="utf-16"?>\n<speak version="1.1" xml:lang="de-AT" xmlns="{}">Grüß Gott.</speak>'
    )
    document = read_string(text.format("http://www.w3.org/2001/10/synthesis"))
    assert document.language == "de-AT"
    assert [block.text for block in document.blocks if isinstance(block, Utterance)] == ["Grüß Gott."]


def test_a_file_is_read_like_a_text(tmp_path: Path) -> None:
    (tmp_path / "a.ssml").write_bytes("<speak>Käse.</speak>".encode())
    assert [
        block.text for block in read_file(tmp_path / "a.ssml", Limits()).blocks if isinstance(block, Utterance)
    ] == ["Käse."]


def test_a_long_text_without_tags_is_split_at_sentences() -> None:
    found = utterances("This is one sentence of many. " * 5_000)
    assert {one.text for one in found} == {"This is one sentence of many."}
    assert len(found) == 5_000


# -- style -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("tag", "style"),
    [
        ('prosody rate="fast"', Style(rate=1.25)),
        ('prosody rate="50%"', Style(rate=0.5)),
        ('prosody rate="+50%"', Style(rate=1.5)),
        ('prosody pitch="+3st"', Style(pitch=3.0)),
        ('prosody pitch="+100%"', Style(pitch=12.0)),
        ('prosody pitch="x-low"', Style(pitch=-6.0)),
        ('prosody volume="+6dB"', Style(gain_db=6.0)),
        ('prosody volume="silent"', Style(gain_db=None)),
        ('prosody volume="10"', Style(gain_db=-20.0)),
        ("emphasis", Style(rate=0.95, gain_db=1.5)),
        ('emphasis level="strong"', Style(rate=0.9, gain_db=3.0)),
        ('voice name="de+f3"', Style(voice="de+f3")),
        ('voice languages="fr en"', Style(language="fr")),
        ('lang xml:lang="es-MX"', Style(language="es-MX")),
    ],
)
def test_a_tag_sets_the_style_of_what_it_holds(tag: str, style: Style) -> None:
    before, inside, after = utterances(f"Before <{tag}>inside</{tag.split()[0]}> after.")
    assert (before.style, inside.style, after.style) == (NEUTRAL_STYLE, style, NEUTRAL_STYLE)
    assert [one.pause for one in (before, inside, after)] == ["none", "none", "paragraph"]


def test_styles_within_styles_add_up() -> None:
    inner = utterances(
        '<prosody rate="200%" volume="+6dB" pitch="+1st"><voice name="a">'
        '<prosody rate="50%" volume="-2dB" pitch="+1st">x</prosody></voice></prosody>'
    )[0]
    assert inner.style == Style(voice="a", rate=1.0, pitch=2.0, gain_db=4.0)


# -- readings and marks ----------------------------------------------------------------------------------------------
def test_spoken_forms_have_the_positions_of_their_words() -> None:
    (one,) = utterances(
        'The <sub alias="Consortium">W3C</sub> has <say-as interpret-as="date" format="dmy">3/4/24</say-as> and '
        '<phoneme ph="təˈmɑːtəʊ">tomato</phoneme>.'
    )
    assert one.text == "The W3C has 3/4/24 and tomato."
    assert one.spoken_forms == [
        SpokenForm(4, 7, "sub", "Consortium"),
        SpokenForm(12, 18, "say-as", "date:dmy"),
        SpokenForm(23, 29, "ipa", "təˈmɑːtəʊ"),
    ]


def test_no_sentence_ends_inside_a_spoken_form() -> None:
    (one,) = utterances('He said <sub alias="yes and no">Yes. No.</sub> to it.')
    assert one.text == "He said Yes. No. to it."


def test_marks_are_before_a_character_or_alone() -> None:
    found = utterances('<mark name="a"/>One <mark name="b"/>two.<mark name="c"/> Three.<break/><mark name="d"/>')
    assert [(one.text, list(one.marks)) for one in found] == [
        ("One two.", [("a", 0), ("b", 4), ("c", 8)]),
        ("Three.", []),
        ("", [("d", 0)]),
    ]


# -- errors ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<speak>\n  <audio src='x'/></speak>", "line 2, column 3: <audio> is not read here; known are: speak, p, s,"),
        ("<speak><p>a</s></p></speak>", "line 1, column 16: Opening and ending tag mismatch: p line 1 and s."),
        ("<speak>", "line 1, column 8: "),
        ("", "line 1, column 1: "),
        ("plain", "line 1, column 1: Start tag expected"),
        ("<speak>&nbsp;</speak>", "line 1, column 14: Entity 'nbsp' not defined."),
        ("<p>a</p>", "line 1, column 1: the outermost tag must be <speak>."),
        ("<speak><speak/></speak>", "column 8: <speak> may only be the outermost tag."),
        ("<speak a='1'/>", "column 1: <speak> has no attribute 'a' here."),
        ("<speak version='2.0'/>", "version='2.0' must be one of 1.0, 1.1."),
        ("<speak xml:lang='not a tag'/>", "lang='not a tag' is not a BCP 47 language tag."),
        ("<speak><break time='5'/></speak>", "time='5' must be a time such as \"1.5s\""),
        ("<speak><break time='2000s'/></speak>", "is longer than 60 s, the longest break."),
        ("<speak><break strength='huge'/></speak>", "strength='huge' must be one of none, x-weak,"),
        ("<speak><break>x</break></speak>", "<break> must be empty."),
        ("<speak><prosody rate='quick'>a</prosody></speak>", "rate='quick' must be one of x-slow,"),
        ("<speak><prosody rate='9000%'>a</prosody></speak>", "rate='9000%' must be between 20% and 500%."),
        ("<speak><prosody pitch='120Hz'>a</prosody></speak>", "pitch='120Hz' must be one of x-low,"),
        ("<speak><prosody pitch='+90st'>a</prosody></speak>", "within 24 semitones."),
        ("<speak><prosody volume='+99dB'>a</prosody></speak>", "between -60 dB and +12 dB."),
        ("<speak><prosody contour='x'>a</prosody></speak>", "<prosody> has no attribute 'contour' here; use pitch."),
        ("<speak><voice gender='female'>a</voice></speak>", "<voice> has no attribute 'gender' here; use name."),
        ("<speak><emphasis level='big'>a</emphasis></speak>", "level='big' must be one of strong, moderate,"),
        ("<speak><sub>W3C</sub></speak>", "<sub> needs alias."),
        ("<speak><sub alias='x'/></speak>", "<sub> is around no text."),
        ("<speak><sub alias='x'>a<break/></sub></speak>", "column 24: no tag may stand in <sub>."),
        ("<speak><say-as interpret-as='song'>a</say-as></speak>", "interpret-as='song' must be one of cardinal,"),
        ("<speak><say-as interpret-as='date' format='xyz'>1</say-as></speak>", "format='xyz' must be one of mdy,"),
        ("<speak><phoneme ph='x' alphabet='x-sampa'>a</phoneme></speak>", "alphabet='x-sampa' must be one of ipa."),
        ("<speak><mark/></speak>", "<mark> needs name."),
        ("<speak><lang>a</lang></speak>", "<lang> needs xml:lang."),
        ("<speak><m:express-as xmlns:m='urn:m'>a</m:express-as></speak>", "<m:express-as> is not read here"),
        ("<speak>a\x00b</speak>", "line 1, column "),
    ],
)
def test_unsupported_markup_is_refused_with_its_position(text: str, message: str) -> None:
    detail = error_detail(text)
    assert detail.startswith("SSML, line ")
    assert message in detail


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE speak [<!ENTITY a "b">]><speak>&a;</speak>',
        '<!DOCTYPE speak SYSTEM "file:///etc/passwd"><speak/>',
        "<!doctype speak><speak/>",
    ],
)
def test_document_types_and_entities_are_refused_before_anything_is_read(text: str) -> None:
    assert error_detail(text) == "SSML, line 1, column 1: document types and entities are not read; remove them."


def test_tags_that_are_nested_too_deep_are_refused() -> None:
    assert "33 deep; 32 is the most" in error_detail(
        "<speak>" + "<emphasis>" * 32 + "a" + "</emphasis>" * 32 + "</speak>"
    )
    assert error_detail("<speak>" + "<p>" * 5_000 + "a" + "</p>" * 5_000 + "</speak>").startswith(
        "SSML, line 1, column "
    )


def test_breaks_that_are_too_long_together_are_refused() -> None:
    assert "longer than 3,600 s together" in error_detail("<speak>a" + "<break time='60s'/>" * 61 + "</speak>")


def test_more_tags_than_a_server_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_ELEMENTS", 10)
    with pytest.raises(InputTooLarge, match="more than 10 tags"):
        read_string("<speak>" + "<break/>" * 10 + "a</speak>")


def test_positions_are_right_behind_comments_and_signs_in_attributes() -> None:
    text = '<speak><!-- <a> --><sub alias="a > b">x</sub>\n<![CDATA[ <b> ]]><prosody rate="no">y</prosody></speak>'
    assert "line 2, column 18" in error_detail(text)


@pytest.mark.parametrize(
    "text",
    [
        "<!--" * 200_000,
        "<speak>" + "<![CDATA[" * 100_000 + "</speak>",
        "<a '" * 200_000,
        "<speak>" + "<emphasis>a</emphasis> " * 20_000 + "</speak>",
        "<speak>a" + '<mark name="m"/>' * 50_000 + "</speak>",
        "<speak>" + "a " * 1_000_000 + "</speak>",
        "<speak>" + "x" * 300_000 + "</speak>",
    ],
    ids=lambda text: text[:24],
)
def test_texts_built_to_exhaust_the_parser_are_read_or_refused_in_good_time(text: str) -> None:
    try:
        assert sum(1 for _ in read_string(text).blocks) > 0
    except BadInput as refused:
        assert refused.detail
