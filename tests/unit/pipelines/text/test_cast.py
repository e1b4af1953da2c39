"""Who says what in a dialogue."""

from __future__ import annotations

from pipelines.text.cast import directed, voice_of
from pipelines.text.document import Chapter, Heading, Paragraph
from pipelines.text.style import Style

CAST = {"narrator": "n", "Alice": "a", "Alice Liddell": "l", "Bob (old)": "b"}


def said(*paragraphs: str) -> list[tuple[str, str | None]]:
    blocks = directed([Paragraph(text) for text in paragraphs], CAST)
    return [(block.text, block.style.voice) for block in blocks if isinstance(block, Paragraph)]


def test_a_name_holds_to_the_end_of_its_paragraph_or_to_the_next_name() -> None:
    assert said("He said: [Alice] Hi! [bob (old)]: Ho. [Narrator] They left.", "And so on.") == [
        ("He said:", None),
        ("Hi!", "a"),
        ("Ho.", "b"),
        ("They left.", None),
        ("And so on.", None),
    ]


def test_the_longest_name_is_meant_and_names_that_nobody_has_are_text() -> None:
    assert said("[Alice Liddell] I am. [sic] [Carol] Who?") == [("I am. [sic] [Carol] Who?", "l")]


def test_a_paragraph_that_goes_on_keeps_its_speaker() -> None:
    blocks = [Paragraph("[Alice] One"), Paragraph("two.", continues=True), Paragraph("Three.")]
    assert list(directed(blocks, CAST)) == [
        Paragraph("One", style=Style(voice="a")),
        Paragraph("two.", True, Style(voice="a")),
        Paragraph("Three."),
    ]


def test_chapters_and_headings_pass_and_a_name_alone_says_nothing() -> None:
    blocks = [Chapter("I"), Heading("I"), Paragraph("[Alice]")]
    assert list(directed(blocks, CAST)) == blocks[:2]


def test_a_name_stands_for_its_voice_and_a_voice_for_itself() -> None:
    assert voice_of("ALICE", CAST) == "a"
    assert voice_of("en-us", CAST) == "en-us"
