"""Reading plain text."""

from __future__ import annotations

import pytest

from pipelines.text.document import BLOCK_CHARACTERS, Chapter, Heading, Paragraph
from pipelines.text.documents.plain_reader import read_string, split_blocks, split_lines
from pipelines.text.documents.reading import Reading, ReadingOptions


def test_wrapped_lines_make_a_paragraph_and_empty_lines_separate_them() -> None:
    text = "It was a dark\nand stormy night.\n\n  \nThe rain fell\nin torrents.\n"
    assert list(read_string(text).blocks) == [
        Paragraph("It was a dark and stormy night."),
        Paragraph("The rain fell in torrents."),
    ]


def test_lines_too_long_to_be_wrapped_are_paragraphs_of_their_own() -> None:
    first, second = "a " * 60 + "end.", "b " * 60 + "end."
    assert list(read_string(f"{first}\n{second}\nShort.").blocks) == [
        Paragraph(first),
        Paragraph(second),
        Paragraph("Short."),
    ]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Buy:\n- milk\n- eggs\n- bread", ["Buy:\n- milk\n- eggs\n- bread"]),
        ("* milk\n* eggs from\n  the farm\n• bread", ["milk\neggs from the farm\nbread"]),
        ("a) One\nb) Two", ["a) One\nb) Two"]),
        ("1. Take the bread.\n2. Cut it.\n3. Eat it.", ["1. Take the bread.", "2. Cut it.", "3. Eat it."]),
        ("— Oui, dit-il.\n— Non, dit-elle.", ["— Oui, dit-il.", "— Non, dit-elle."]),
        ("The war began in\n1914. It was\nlong.", ["The war began in 1914. It was long."]),
    ],
)
def test_items_of_a_list_are_phrases_of_one_paragraph_and_sentences_are_paragraphs(
    text: str, spoken: list[str]
) -> None:
    assert list(read_string(text).blocks) == [Paragraph(each) for each in spoken]


def test_chapter_headings_begin_chapters() -> None:
    assert list(read_string("CHAPTER I.\nThe Cave\n\nText.\n\nII.\n\nMore.").blocks) == [
        Chapter("CHAPTER I: The Cave"),
        Heading("CHAPTER I: The Cave"),
        Paragraph("Text."),
        Chapter("II."),
        Heading("II."),
        Paragraph("More."),
    ]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\u2029"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_paragraphs_do_not_depend_on_line_endings_or_on_how_the_text_arrives(ending: str, size: int) -> None:
    text = ending.join(["One", "two.", "", "Three.", "", ""])
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert list(split_blocks(pieces, Reading())) == [Paragraph("One two."), Paragraph("Three.")]


def test_one_endless_line_comes_in_parts_of_one_paragraph() -> None:
    text = "word " * 20_000
    found = list(split_blocks((text[at : at + 65_536] for at in range(0, len(text), 65_536)), Reading()))
    assert all(isinstance(block, Paragraph) and len(block.text) <= BLOCK_CHARACTERS for block in found)
    assert [block.continues for block in found if isinstance(block, Paragraph)] == [False] + [True] * (len(found) - 1)
    assert " ".join(block.text for block in found).split() == text.split()


def test_one_endless_word_loses_no_character() -> None:
    text = "x" * 100_000
    assert (
        sum(len(block.text) for block in split_blocks([text, text], Reading()) if isinstance(block, Paragraph))
        == 200_000
    )


def test_a_paragraph_after_a_very_long_one_is_not_its_continuation() -> None:
    found = list(split_blocks(["word " * 10_000 + "\n\nNext one."], Reading()))
    assert found[-1] == Paragraph("Next one.")


def test_a_long_group_of_wrapped_lines_comes_in_parts() -> None:
    found = list(split_blocks(["some words on a line\n" * 5_000], Reading()))
    assert len(found) > 1
    assert " ".join(block.text for block in found).split() == ("some words on a line " * 5_000).split()


def test_a_line_ends_or_is_marked_as_continued() -> None:
    assert list(split_lines(["ab\nc", "d\n"])) == [("ab", True), ("cd", True)]
    assert [ends for _, ends in split_lines(["x" * 40_000])] == [False, False, True]


def texts(text: str, options: ReadingOptions | None = None) -> list[str]:
    found = read_string(text, options or ReadingOptions()).blocks
    return [block.text for block in found if isinstance(block, Paragraph)]


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("It was _very\ncold_, snake_case_name.", ["It was very cold, snake_case_name."]),
        ("He went.[1] She, too.[A] The end. [12]", ["He went. She, too. The end."]),
        ("Set a[i] = 5 and list[0]; [sic] and [Smith 1999].", ["Set a[i] = 5 and list[0]; [sic] and [Smith 1999]."]),
        ("Text here.[1]\n\n[1] The first note.\n[2] Not one.", ["Text here.", "[2] Not one."]),
        ("Before.\n\n[Footnote 1: One.\n\nTwo.]\n\nBehind.", ["Before.", "Behind."]),
        ("[Illustration]\n\nText.\n\n[Illustration: A ship\nat sea]", ["Text."]),
        ("More text[Pg 13] here. {14}", ["More text here."]),
        ("Red\nBlue\nGreen", ["Red\nBlue\nGreen"]),
        (
            "  The sea is grey,\n    the sky is low,\n  and here am I.",
            ["The sea is grey,\nthe sky is low,\nand here am I."],
        ),
        (
            "- A first item that is long enough to be wrapped at\n  its width\n- Second",
            ["- A first item that is long enough to be wrapped at its width\n- Second"],
        ),
        ("We can trans-\nform the well-\nknown co\u00ad\noperation", ["We can transform the well-known cooperation"]),
        ("[Footnote 1: never\n\nclosed", ["[Footnote 1: never", "closed"]),
    ],
)
def test_what_is_no_text_is_left_out_and_lines_are_phrases_or_wrapped(written: str, spoken: list[str]) -> None:
    assert texts(written) == spoken


def test_notes_are_read_where_the_request_says_so() -> None:
    assert texts("He went [Footnote 1: in 1850] home.", ReadingOptions(notes="inline")) == [
        "He went [Footnote 1: in 1850] home."
    ]


def test_what_was_left_out_is_counted() -> None:
    document = read_string("Text.[1]\n\n[Illustration]\n\n[1] A note.")
    assert [block.text for block in document.blocks if isinstance(block, Paragraph)] == ["Text."]
    assert document.warnings == ["Left out: descriptions of pictures (1), note references (1), notes (1)."]


def test_the_language_of_a_text_is_detected_unless_the_request_or_a_header_names_one() -> None:
    text = "Er lag auf dem Rücken und sah, wenn er den Kopf ein wenig hob, den Bauch. Es war kein Traum, es ist so."
    assert read_string(text).detected_language == "de"
    assert read_string(text, ReadingOptions(language="nl")).detected_language is None
    assert read_string("Guten Tag.").detected_language is None


def test_marks_of_emphasis_are_not_read_and_signs_are() -> None:
    (block,) = read_string("_a b_ *this* and =bold=, 5 * 3 * 2, a + b, a=b=c, Text* end.").blocks
    assert block == Paragraph("a b this and bold, 5 * 3 * 2, a + b, a=b=c, Text* end.")
