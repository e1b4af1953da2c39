"""Texts with styles and spoken forms."""

from __future__ import annotations

from pipelines.text.annotated_text import AnnotatedText
from pipelines.text.style import NEUTRAL_STYLE, SpokenForm, Style

FRENCH = Style(language="fr")
TEXT = AnnotatedText("He said oui, M. X.", ((8, FRENCH), (11, NEUTRAL_STYLE)), (SpokenForm(13, 15, "sub", "monsieur"),))


def test_a_slice_has_the_annotations_of_its_characters() -> None:
    part = TEXT.slice(9, 16)
    assert (part.text, part.style_at(0), part.style_at(2)) == ("ui, M. ", FRENCH, NEUTRAL_STYLE)
    assert part.spoken_forms == (SpokenForm(4, 6, "sub", "monsieur"),)
    assert part.strip().text == "ui, M."
    assert TEXT.slice(12, 12).text == ""


def test_joined_parts_are_the_text_again() -> None:
    for cut in range(len(TEXT) + 1):
        joined = TEXT.slice(0, cut).join(TEXT.slice(cut, len(TEXT)))
        assert joined.text == TEXT.text
        assert [joined.style_at(at) for at in range(len(joined))] == [TEXT.style_at(at) for at in range(len(TEXT))]


def test_a_text_is_split_where_its_style_changes() -> None:
    assert [(style.language, part.text) for style, part in TEXT.split_styles()] == [
        (None, "He said "),
        ("fr", "oui"),
        (None, ", M. X."),
    ]


def test_empty_lines_are_left_out() -> None:
    lines = list(AnnotatedText("a\n\n  b \n", ((3, FRENCH),)).split_lines())
    assert [(line.text, line.style_at(0)) for line in lines] == [("a", NEUTRAL_STYLE), ("b", FRENCH)]
