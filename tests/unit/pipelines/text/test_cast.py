"""Who says what in a dialogue."""

from __future__ import annotations

import time

from pipelines.text.cast import apply_cast, resolve_voice
from pipelines.text.document import Chapter, Heading, Paragraph
from pipelines.text.style import NEUTRAL_STYLE, Style
from tests.services.machine_speed import deadline

CAST = {"narrator": "n", "Alice": "a", "Alice Liddell": "l", "Bob (old)": "b"}


def said(*paragraphs: str) -> list[tuple[str, str | None]]:
    blocks = apply_cast([Paragraph(text) for text in paragraphs], CAST)
    return [(block.text, block.annotated.style_at(0).voice) for block in blocks if isinstance(block, Paragraph)]


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
        Paragraph("One", styles=[(0, Style(voice="a"))]),
        Paragraph("two.", True, styles=[(0, Style(voice="a"))]),
        Paragraph("Three."),
    ]


def test_a_passage_in_another_language_keeps_it_beside_its_speaker() -> None:
    french = Style(language="fr")
    block = Paragraph("[Alice] Oui, yes. [Narrator] Non.", styles=[(8, french), (12, NEUTRAL_STYLE), (29, french)])
    said = [part.annotated for part in apply_cast([block], CAST) if isinstance(part, Paragraph)]
    assert [(part.text, style) for text in said for style, part in text.split_styles()] == [
        ("Oui,", Style(voice="a", language="fr")),
        (" yes.", Style(voice="a")),
        ("Non.", french),
    ]


def test_chapters_and_headings_are_unchanged_and_a_name_without_text_is_dropped() -> None:
    blocks = [Chapter("I"), Heading("I"), Paragraph("[Alice]")]
    assert list(apply_cast(blocks, CAST)) == blocks[:2]


def test_a_name_is_resolved_to_its_voice_and_a_voice_to_itself() -> None:
    assert resolve_voice("ALICE", CAST) == "a"
    assert resolve_voice("en-us", CAST) == "en-us"


def test_names_match_in_any_case_with_spaces_around_them_and_not_inside() -> None:
    assert said("[ ALICE  LIDDELL ] One. [\talice liddell ] : Two. [bob [Bob (OLD)] Three. [Bob") == [
        ("[ ALICE  LIDDELL ] One.", None),
        ("Two. [bob", "l"),
        ("Three. [Bob", "b"),
    ]


def test_a_large_cast_costs_a_text_no_more_than_a_small_one() -> None:
    cast = {f"{'a' * 95}{number}": "v" for number in range(100)}
    began = time.process_time()
    [block] = apply_cast([Paragraph(f"[{'a' * 95}" * 20_000)], cast)
    assert isinstance(block, Paragraph) and time.process_time() - began < deadline(2.0)
