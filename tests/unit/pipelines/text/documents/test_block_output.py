"""The blocks of a page in their order."""

from __future__ import annotations

from pipelines.text.annotated_text import AnnotatedText
from pipelines.text.document import Block, Chapter, Heading, Paragraph
from pipelines.text.documents.block_output import BlockOutput
from pipelines.text.documents.html_page import PageMetadata
from pipelines.text.documents.reading import Reading, ReadingOptions
from pipelines.text.pronunciation.lexicon import Lexicon
from pipelines.text.style import SpokenForm


def collect(*blocks: Block) -> list[Block]:
    output = BlockOutput(PageMetadata(), Reading())
    for block in blocks:
        output.add(block)
    output.finish()
    return list(output.take())


def test_a_chapter_that_begins_behind_its_heading_gets_the_heading() -> None:
    one, two, text = Heading("1"), Heading("2", 2), Paragraph("a")
    assert collect(one, Chapter("One"), text) == [Chapter("One"), one, text]
    assert collect(Chapter("One"), one, two, text) == [Chapter("One"), one, two, text]
    assert collect(one, two, Chapter("Two"), text) == [one, Chapter("Two"), two, text]
    assert collect(Chapter("One"), one, Chapter("Two"), text) == [Chapter("One"), one, Chapter("Two"), text]
    assert collect(text, one, Chapter("One")) == [text, Chapter("One"), one]


def test_a_letter_that_stands_alone_joins_the_text_that_goes_on() -> None:
    output = BlockOutput(PageMetadata(), Reading())
    output.hold_drop_cap(AnnotatedText("O"), is_picture=False)
    assert output.take_drop_cap(AnnotatedText("nce")).text == "Once"
    output.hold_drop_cap(AnnotatedText("A"), is_picture=False)
    assert output.take_drop_cap(AnnotatedText("Apple")).text == "Apple"
    output.hold_drop_cap(AnnotatedText("B"), is_picture=True)
    assert output.take_drop_cap(AnnotatedText("Apple")).text == "Apple"
    output.hold_drop_cap(AnnotatedText("C"), is_picture=False)
    output.finish()
    assert list(output.take()) == [Paragraph("A"), Paragraph("C")]


def test_notes_come_at_the_end_without_their_numbers() -> None:
    output = BlockOutput(PageMetadata(), Reading(ReadingOptions(notes="end")))
    output.begin_note("p#1")
    output.add_text(AnnotatedText("[1] bass ↩", spoken_forms=(SpokenForm(4, 8, "ipa", "beɪs"),)), None, continues=False)
    output.end_note()
    output.add(Paragraph("Text."))
    output.finish()
    assert list(output.take()) == [
        Paragraph("Text."),
        Paragraph("bass", spoken_forms=(SpokenForm(0, 4, "ipa", "beɪs"),)),
    ]


def test_notes_that_are_collected_are_no_blocks() -> None:
    reading = Reading(ReadingOptions(notes="inline"))
    output = BlockOutput(PageMetadata(), reading)
    output.begin_note("p#1")
    for text in ("1. One", "and more."):
        output.add(Paragraph(text))
    output.finish()
    assert (list(output.take()), reading.notes) == ([], {"p#1": "One and more."})


def test_headings_are_counted_and_long_texts_divided_with_the_pronunciations_of_the_page() -> None:
    metadata = PageMetadata()
    output = BlockOutput(metadata, Reading())
    output.add_lexicon(Lexicon({"bass": "/beɪs/"}))
    output.add_text(AnnotatedText("word " * 4_000 + "bass"), 2, continues=False)
    output.finish()
    first, second = output.take()
    assert isinstance(first, Heading) and isinstance(second, Paragraph)
    assert (second.continues, second.text[-4:], [form.value for form in second.spoken_forms]) == (
        True,
        "bass",
        ["beɪs"],
    )
    assert metadata.heading_counts == {2: 1}
