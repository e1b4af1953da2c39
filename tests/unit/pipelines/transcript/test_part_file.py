"""pipelines/transcript/part_file.py: transcripts of windows by one model and the next."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.transcript.part_file import RecognisedWindow, read_part, write_part


def make_segment(text: str, *confidences: float) -> dict[str, Any]:
    words = [{"word": text, "start": 0.0, "end": 1.0, "confidence": confidence} for confidence in confidences]
    return {"start": 0.0, "end": 1.0, "text": text, "confidence": 0.9, "words": words}


def make_window(model: str = "one", *segments: dict[str, Any], **changes: Any) -> RecognisedWindow:
    return replace(RecognisedWindow(0, 5.0, model, (model,), segments, "en", 0.8), **changes)


def test_a_part_reads_back_as_it_was_written(tmp_path: Path) -> None:
    windows = [
        make_window("one", make_segment("a", 0.5), make_segment("b", 0.7)),
        make_window("two", make_segment("c"), number=2, tried_models=("one", "two"), language="de"),
        make_window("one", number=5, language=None, language_confidence=None),
    ]
    write_part(tmp_path / "part", reversed(windows))
    assert read_part(tmp_path / "part") == windows


def test_a_part_shows_its_segments_in_order_and_the_language_of_most_seconds(tmp_path: Path) -> None:
    windows = [
        make_window("one", make_segment("a"), language="fr", language_confidence=0.9),
        make_window("one", make_segment("b"), number=1, language_confidence=0.8, seconds=3.0),
        make_window("one", make_segment("c"), number=2, language_confidence=0.6, seconds=3.0),
    ]
    write_part(tmp_path / "part", windows)
    part = json.loads((tmp_path / "part").read_text())
    assert [segment["text"] for segment in part["segments"]] == ["a", "b", "c"]
    assert (part["language"], part["language_confidence"]) == ("en", 0.7)


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
