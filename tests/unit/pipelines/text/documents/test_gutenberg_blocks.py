"""What Project Gutenberg puts around and into its pages."""

from __future__ import annotations

from pipelines.text.annotated_text import AnnotatedText
from pipelines.text.document import Block, Chapter, Heading, Paragraph
from pipelines.text.documents.gutenberg_blocks import leave_out_pictures, skip_boilerplate_blocks
from pipelines.text.documents.reading import Reading
from pipelines.text.style import SpokenForm

HEADER: list[Block] = [
    Chapter("The Project Gutenberg eBook of X"),
    Paragraph("The Project Gutenberg EBook of X, by Y"),
    Paragraph("*** START OF THIS PROJECT GUTENBERG EBOOK X ***"),
]
BOOK: list[Block] = [Chapter("One"), Heading("One"), Paragraph("Text.")]
LICENCE: list[Block] = [
    Paragraph("*** END OF THIS PROJECT GUTENBERG EBOOK X ***"),
    Chapter("Licence"),
    Paragraph("No."),
]


def test_header_and_licence_are_left_out_and_counted() -> None:
    reading = Reading()
    assert list(skip_boilerplate_blocks([*HEADER, *BOOK, *LICENCE], reading)) == BOOK
    assert reading.warnings() == ["Left out: licence texts of Project Gutenberg (2)."]


def test_a_book_that_does_not_begin_with_the_header_is_read_in_full() -> None:
    for blocks in ([*BOOK * 10, *HEADER, *BOOK], [*BOOK * 10, *LICENCE], BOOK, []):
        assert list(skip_boilerplate_blocks(blocks, Reading())) == blocks


def test_descriptions_of_pictures_are_left_out_with_their_annotations() -> None:
    text = AnnotatedText("a [Illustration: bass] b bass [sic]", spoken_forms=(SpokenForm(25, 29, "ipa", "beɪs"),))
    reading = Reading()
    assert leave_out_pictures(text, reading) == AnnotatedText(
        "a b bass [sic]", spoken_forms=(SpokenForm(4, 8, "ipa", "beɪs"),)
    )
    assert reading.warnings() == ["Left out: descriptions of pictures (1)."]


def test_credits_and_notes_of_transcribers_are_left_out_of_its_books_alone() -> None:
    additions: list[Block] = [
        Paragraph("Produced by Ann Other"),
        Paragraph("[Transcriber’s Note: A typo was corrected.]"),
    ]
    reading = Reading()
    assert list(skip_boilerplate_blocks([*HEADER, *additions, *BOOK], reading)) == BOOK
    assert reading.warnings() == ["Left out: licence texts of Project Gutenberg (2), notes of transcribers (1)."]
    assert list(skip_boilerplate_blocks([*additions, *BOOK], Reading())) == [*additions, *BOOK]
