"""pipelines/subtitles/cue_splitting.py: lines and cues that end where phrases end."""

from __future__ import annotations

import pytest

from pipelines.subtitles.cue_splitting import CueStyle, split_into_cues
from tests.subtitle_factories import LONG, make_segment


def lines(text: str, **style: int) -> list[tuple[str, ...]]:
    return [cue.lines for cue in split_into_cues(make_segment(text), CueStyle(**style))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "And so, my fellow Americans, ask not what your country can do for you.",
            ("And so, my fellow Americans,", "ask not what your country can do for you."),
        ),
        (
            "She had put the letters into the drawer of the desk.",
            ("She had put the letters", "into the drawer of the desk."),
        ),
        (
            "Er hatte die Briefe gestern Abend in die Schublade gelegt.",
            ("Er hatte die Briefe gestern Abend", "in die Schublade gelegt."),
        ),
    ],
)
def test_line_breaks_where_a_phrase_ends(text: str, expected: tuple[str, ...]) -> None:
    assert lines(text) == [expected]


def test_no_line_ends_with_an_article_where_another_place_fits() -> None:
    text = "we walked along the old road to the village where the people of the valley had built a church by the river"
    found = [line for cue in lines(text) for line in cue]
    assert " ".join(found) == text
    assert not any(line.split()[-1] in ("the", "a", "of", "to", "by") for line in found)


def test_cues_of_one_sentence_end_at_its_commas() -> None:
    assert all(cue[-1].endswith((",", ".")) for cue in lines(LONG))


def test_one_line_for_each_cue_breaks_at_phrases_too() -> None:
    assert lines("It was the best of times, it was the worst of times.", lines=1) == [
        ("It was the best of times,",),
        ("it was the worst of times.",),
    ]
