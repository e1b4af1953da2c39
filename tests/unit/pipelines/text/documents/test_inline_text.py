"""The text of one block."""

from __future__ import annotations

from pipelines.text.annotated_text import AnnotatedText
from pipelines.text.documents.inline_text import InlineText
from pipelines.text.style import NEUTRAL_STYLE, SpokenForm, Style

FRENCH = Style(language="fr")


def test_white_space_is_one_space_and_none_at_the_edges() -> None:
    inline = InlineText()
    for text in ["\n ", "a", " ", "\t", "b", "c ", " d\n"]:
        inline.append(text)
    assert inline.take().text == "a bc d"
    assert inline.take() == AnnotatedText()


def test_lines_have_no_space_at_their_ends() -> None:
    inline = InlineText()
    inline.break_line()
    inline.append("a ")
    inline.break_line()
    inline.break_line()
    inline.append(" b")
    assert inline.take().text == "a\nb"


def test_styles_begin_with_their_text() -> None:
    inline = InlineText()
    for text, style in [("a ", NEUTRAL_STYLE), ("b", FRENCH), ("c", FRENCH), (" d", NEUTRAL_STYLE)]:
        inline.append(text, style)
    assert inline.take() == AnnotatedText("a bc d", ((2, FRENCH), (5, NEUTRAL_STYLE)))


def test_what_is_cut_goes_with_its_annotations_and_leaves_the_space_before_it() -> None:
    inline = InlineText()
    inline.append("a ")
    mark = inline.mark()
    inline.append("12", FRENCH)
    inline.annotate(SpokenForm(mark.position, len(inline), "sub", "x"))
    assert inline.cut(mark) == "12"
    inline.append("b")
    assert inline.take() == AnnotatedText("a b")


def test_a_spoken_form_has_no_space_before_its_text() -> None:
    inline = InlineText()
    inline.append("a ")
    mark = inline.mark()
    inline.append("bass")
    inline.annotate(SpokenForm(mark.position, len(inline), "ipa", "beɪs"))
    assert inline.take().spoken_forms == (SpokenForm(2, 6, "ipa", "beɪs"),)


def test_a_phrase_has_spaces_around_it_but_none_before_a_comma() -> None:
    inline = InlineText()
    for after in [", b", "c"]:
        inline.append_phrase("x")
        inline.append(after)
    assert inline.take().text == "x, b x c"


def test_a_letter_joins_its_word_over_a_space_where_that_is_asked_for() -> None:
    inline = InlineText()
    inline.append("W ")
    inline.join(drops_space=True)
    inline.append("\n")
    inline.append(" hen")
    assert inline.take().text == "When"


def test_a_long_text_gives_its_parts_and_goes_on_with_the_last() -> None:
    inline = InlineText()
    for _ in range(10_000):
        inline.append("word ", FRENCH)
    parts = inline.take_parts()
    inline.append("end")
    texts = [*parts, inline.take()]
    assert " ".join(part.text for part in texts).split() == ["word"] * 10_000 + ["end"]
    assert all(part.style_at(0) == FRENCH for part in texts)
    assert texts[-1].text.endswith("word end")


def test_the_text_before_a_mark_is_short_and_has_its_space() -> None:
    inline = InlineText()
    inline.append("long " * 100)
    assert inline.before(inline.mark()).endswith("long ")
    assert len(inline.before(inline.mark())) < 100
