"""pipelines/transcript/part_file.py: transcripts of windows by one model and the next."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.transcript.part_file import RecognisedWindow, RecognitionPart, read_part, write_part
from pipelines.transcript.segment import TranscriptSegment
from pipelines.transcript.turn import Turn
from tests.transcript_factories import make_segment as make_timed_segment
from tests.transcript_factories import make_word


def make_segment(text: str, *confidences: float) -> TranscriptSegment:
    words = [make_word(text, 0.0, 1.0, confidence) for confidence in confidences]
    return make_timed_segment(text, 0.0, 1.0, *words, confidence=0.9)


def make_window(model: str = "one", *segments: TranscriptSegment, **changes: Any) -> RecognisedWindow:
    return replace(RecognisedWindow(0, 5.0, model, (model,), segments, "en", 0.8), **changes)


def test_a_part_reads_back_as_it_was_written(tmp_path: Path) -> None:
    windows = [
        make_window("one", make_segment("a", 0.5), make_segment("b", 0.7)),
        make_window("two", make_segment("c"), number=2, tried_models=("one", "two"), language="de"),
        make_window("one", number=5, language=None, language_confidence=None),
    ]
    write_part(tmp_path / "part", RecognitionPart(windows[::-1]))
    assert read_part(tmp_path / "part").windows == windows


def test_a_part_shows_its_segments_in_order_and_the_language_of_most_seconds(tmp_path: Path) -> None:
    windows = [
        make_window("one", make_segment("a"), language="fr", language_confidence=0.9),
        make_window("one", make_segment("b"), number=1, language_confidence=0.8, seconds=3.0),
        make_window("one", make_segment("c"), number=2, language_confidence=0.6, seconds=3.0),
    ]
    write_part(tmp_path / "part", RecognitionPart(windows))
    part = json.loads((tmp_path / "part").read_text())
    assert [segment["text"] for segment in part["segments"]] == ["a", "b", "c"]
    assert (part["language"], part["language_confidence"]) == ("en", 0.7)


def test_stored_keys_and_their_order_are_those_that_clients_and_later_versions_read(tmp_path: Path) -> None:
    segment = make_timed_segment(
        "a", 0.5, 1.0, make_word("a", 0.5, 1.0, 0.25), confidence=0.5, language="en", channel=1
    )
    embedding = np.array([1, 0], np.float32)
    part = RecognitionPart([make_window("one", segment)], [Turn(0.5, 1.0, embedding)], {"voice_1": embedding}, 0.5)
    write_part(tmp_path / "part", part)
    assert (tmp_path / "part").read_text() == (
        '{"segments": [{"start": 0.5, "end": 1.0, "text": "a", "confidence": 0.5, "language": "en", '
        '"language_confidence": null, "model": "m", "channel": 1, '
        '"words": [{"word": "a", "start": 0.5, "end": 1.0, "confidence": 0.25}], "window": 0}], '
        '"windows": [{"number": 0, "seconds": 5.0, "model": "one", "asked": ["one"], "language": "en", '
        '"language_confidence": 0.8, "detected_language": null, "detected_confidence": null}], '
        '"language": "en", "language_confidence": 0.8, '
        '"turns": [[0.5, 1.0, "ADwAAA=="]], "known": {"voice_1": "ADwAAA=="}, "same_voice": 0.5}'
    )


def test_turns_and_known_speakers_read_back_in_half_precision(tmp_path: Path) -> None:
    vector = np.random.default_rng(1).normal(size=256).astype(np.float32)
    vector /= np.linalg.norm(vector)
    write_part(tmp_path / "part", RecognitionPart([], [Turn(0.0, 1.0, vector)], {"voice_1": vector}, 0.25))
    part = read_part(tmp_path / "part")
    (turn,) = part.turns
    assert (turn.start, turn.end, part.same_voice) == (0.0, 1.0, 0.25)
    assert float(turn.embedding @ vector) == pytest.approx(1, abs=1e-3)
    assert part.known_speakers["voice_1"] == pytest.approx(vector, abs=1e-3)


def test_part_that_is_not_diarized_has_neither_turns_nor_known_speakers(tmp_path: Path) -> None:
    write_part(tmp_path / "part", RecognitionPart([make_window()], same_voice=0.25))
    assert list(json.loads((tmp_path / "part").read_text())) == [
        "segments",
        "windows",
        "language",
        "language_confidence",
    ]
    part = read_part(tmp_path / "part")
    assert (part.turns, part.known_speakers, part.same_voice) == ([], {}, None)


def test_confidence_is_the_mean_of_the_words_or_of_the_segments_without_words() -> None:
    assert make_window("one", make_segment("a", 0.2, 0.4), make_segment("b", 0.9)).confidence == pytest.approx(0.5)
    assert make_window("one", make_segment("a"), make_segment("b")).confidence == pytest.approx(0.9)


def test_silence_is_never_doubtful() -> None:
    silent = make_window()
    assert silent.confidence is None
    assert not silent.is_doubtful(1.0)


@pytest.mark.parametrize(("limit", "doubtful"), [(None, False), (0.4, False), (0.5, False), (0.51, True)])
def test_a_window_is_doubtful_below_the_limit(limit: float | None, doubtful: bool) -> None:
    assert make_window("one", make_segment("a", 0.5)).is_doubtful(limit) is doubtful


@pytest.mark.parametrize(("second", "kept"), [((0.6,), "two"), ((0.5,), "one"), ((0.4,), "one"), (None, "one")])
def test_the_more_confident_of_two_transcripts_is_kept(second: tuple[float, ...] | None, kept: str) -> None:
    first = make_window("one", make_segment("a", 0.5))
    retry = make_window("two", *([make_segment("b", *second)] if second else []))
    better = first.pick_more_confident(retry)
    assert (better.model, better.tried_models) == (kept, ("one", "two"))
