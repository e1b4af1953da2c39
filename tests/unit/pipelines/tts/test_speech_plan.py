"""What the plan of a synthesis job stores, and that plans of earlier versions are still read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines.text.document import Cover
from pipelines.text.splitting.segment import TextSegment
from pipelines.text.style import SpokenForm, Style
from pipelines.tts.speech_plan import PlannedChapter, SpeechHeader, SpeechSpan

SEGMENTS = (
    TextSegment("One is 1.", "paragraph", Style(voice="a", gain_db=None), (SpokenForm(7, 8, "sub", "I"),), (("m", 0),)),
    TextSegment("Two.", silence_s=0.0),
)
STORED = {
    "chapter": 2,
    "language": "en",
    "first_sentence": 7,
    "pieces": [
        [
            "One is 1.",
            "paragraph",
            {"style": {"voice": "a", "gain_db": None}, "readings": [[7, 8, "sub", "I"]], "marks": [["m", 0]]},
        ],
        ["Two.", "sentence", {"silence_s": 0.0}],
    ],
}


@pytest.mark.parametrize(
    ("changes", "stored"),
    [
        ({}, {}),
        ({"model": "tone", "only": [1]}, {"speaker": "tone", "only": [1]}),
        ({"only": []}, {"only": []}),
        ({"detected_language": "de"}, {"detected_language": "de"}),
    ],
)
def test_span_is_stored_under_the_names_of_earlier_versions(changes: dict[str, Any], stored: dict[str, Any]) -> None:
    span = SpeechSpan(SEGMENTS, chapter=2, language="en", first_sentence=7, **changes)
    # The order too: what was stored must not change by a byte.
    assert json.dumps(span.to_json()) == json.dumps({**STORED, **stored})
    assert SpeechSpan.from_json(json.loads(json.dumps(span.to_json()))) == span


def test_round_is_about_all_segments_where_an_earlier_version_named_none() -> None:
    assert list(SpeechSpan.from_json({"pieces": [["One.", "sentence"], ["Two.", "sentence"]]}).chosen) == [0, 1]
    assert SpeechSpan.from_json({**STORED, "only": [1]}).chosen == [1]


def test_header_is_stored_under_the_names_of_earlier_versions() -> None:
    header = SpeechHeader(
        "T", None, "en", (PlannedChapter("One", 0), PlannedChapter("Two", 3)), ("A page is missing.",)
    )
    stored = {
        "title": "T",
        "author": None,
        "language": "en",
        "chapters": [{"title": "One", "first_idx": 0}, {"title": "Two", "first_idx": 3}],
        "remarks": ["A page is missing."],
    }
    assert json.dumps(header.to_json()) == json.dumps(stored)
    assert SpeechHeader.from_json(stored) == header


def test_cover_is_stored_as_base64() -> None:
    header = SpeechHeader(cover=Cover("image/png", b"\x89PNG"))
    assert header.to_json()["cover"] == {"content_type": "image/png", "base64": "iVBORw=="}
    assert SpeechHeader.from_json(header.to_json()) == header
