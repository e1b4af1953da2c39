"""Who says what in a dialogue."""

from __future__ import annotations

from pipelines.text.cast import apply_cast, resolve_voice
from pipelines.text.document import Chapter, Heading, Paragraph
from pipelines.text.style import Style

CAST = {"narrator": "n", "Alice": "a", "Alice Liddell": "l", "Bob (old)": "b"}


def said(*paragraphs: str) -> list[tuple[str, str | None]]:
    blocks = apply_cast([Paragraph(text) for text in paragraphs], CAST)
    return [(block.text, block.style.voice) for block in blocks if isinstance(block, Paragraph)]


def test_a_name_holds_to_the_end_of_its_paragraph_or_to_the_next_name() -> None:
    assert said("He said: [Alice] Hi! [bob (old)]: Ho. [Narrator] They left.", "And so on.") == [
        ("He said:", None),
        ("Hi!", "a"),
        ("Ho.", "b"),
        ("They left.", None),
        ("And so on.", None),
    ]


def test_the_longest_name_wins_and_names_outside_of_the_cast_are_text() -> None:
    assert said("[Alice Liddell] I am. [sic] [Carol] Who?") == [("I am. [sic] [Carol] Who?", "l")]


def test_a_paragraph_that_goes_on_keeps_its_speaker() -> None:
    blocks = [Paragraph("[Alice] One"), Paragraph("two.", continues=True), Paragraph("Three.")]
    assert list(apply_cast(blocks, CAST)) == [
        Paragraph("One", style=Style(voice="a")),
        Paragraph("two.", True, Style(voice="a")),
        Paragraph("Three."),
    ]


def test_chapters_and_headings_are_unchanged_and_a_name_without_text_is_dropped() -> None:
    blocks = [Chapter("I"), Heading("I"), Paragraph("[Alice]")]
    assert list(apply_cast(blocks, CAST)) == blocks[:2]


def test_a_name_is_resolved_to_its_voice_and_a_voice_to_itself() -> None:
    assert resolve_voice("ALICE", CAST) == "a"
    assert resolve_voice("en-us", CAST) == "en-us"
