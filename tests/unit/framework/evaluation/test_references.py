"""framework/evaluation/references.py: reference transcripts in the usual file formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from framework.client.errors import BadArgument
from framework.evaluation.references import ReferenceWord, find_recordings, read_reference

HELLO = [ReferenceWord("Hello", 1.0, None), ReferenceWord("big", None, None), ReferenceWord("world.", None, 2.5)]


def write(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_a_text_has_words_and_no_times(tmp_path: Path) -> None:
    assert read_reference(write(tmp_path / "a.txt", "\ufeffHello\nworld.")) == [
        ReferenceWord("Hello"),
        ReferenceWord("world."),
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.srt", "1\n00:00:01,000 --> 00:00:02,500\nHello big\n<i>world.</i>\n\n"),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.500\n<v Ann>Hello big world.\n\n"),
        ("a.json", {"segments": [{"text": "Hello big world.", "start": 1.0, "end": 2.5}]}),
        ("a.json", {"lines": [{"text": "Hello big world.", "start": 1.0, "end": 2.5, "speaker": "Ann"}]}),
    ],
)
def test_only_the_edges_of_a_passage_have_times(tmp_path: Path, name: str, content: Any) -> None:
    assert read_reference(write(tmp_path / name, content)) == HELLO


@pytest.mark.parametrize(
    "wrap", [lambda words: {"words": words}, lambda words: {"segments": [{"text": "x", "words": words}]}]
)
def test_words_of_a_transcript_have_their_times(tmp_path: Path, wrap: Any) -> None:
    words = [{"word": "Hello", "start": 0.5, "end": 1.0, "confidence": 0.9}]
    assert read_reference(write(tmp_path / "a.json", wrap(words))) == [ReferenceWord("Hello", 0.5, 1.0)]


def test_marks_of_synthesised_text_are_a_reference_too(tmp_path: Path) -> None:
    marks = {"sentences": [], "words": [{"text": "Hello", "start": 0.5, "end": 1.0, "chapter": 0}]}
    assert read_reference(write(tmp_path / "a.json", marks)) == [ReferenceWord("Hello", 0.5, 1.0)]


@pytest.mark.parametrize(("name", "content"), [("a.json", "{"), ("a.json", "[]"), ("a.json", "{}"), ("a.json", "7")])
def test_invalid_reference_is_named(tmp_path: Path, name: str, content: str) -> None:
    with pytest.raises(BadArgument, match=r"a\.json: this is not a readable reference"):
        read_reference(write(tmp_path / name, content))


def test_recordings_are_found_with_their_most_informative_reference(tmp_path: Path) -> None:
    for name in ("b.wav", "b.txt", "b.json", "a.opus", "a.srt", "a.txt", "lonely.mp3", "c.txt", "README"):
        (tmp_path / name).touch()
    (tmp_path / "folder.wav").mkdir()
    assert [(one.name, other.name) for one, other in find_recordings(tmp_path)] == [
        ("a.opus", "a.srt"),
        ("b.wav", "b.json"),
    ]
