"""Entries of the three kinds: what each derives from its fields."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.catalog.entry import Entry, RecognitionEntry, SpeakerEntry, SynthesisEntry
from pipelines.pipeline import Limits


def make_entry(kind: type[Entry], **changes: Any) -> Any:
    fields = {"name": "parrot-small", "family": "parrot", "target": "parrot:load", "engines": ("numpy",)}
    return kind(**{**fields, "languages": ("en",), **changes})


@pytest.mark.parametrize(
    ("kind", "queue"),
    [(SynthesisEntry, "tts.parrot"), (RecognitionEntry, "stt.parrot"), (SpeakerEntry, "speaker.parrot")],
)
def test_queue_is_that_of_kind_and_family(kind: type[Entry], queue: str) -> None:
    assert make_entry(kind).queue == queue


def test_limits_of_a_model_replace_those_of_the_server_and_leave_the_others() -> None:
    server = Limits(text_characters=7, audio_seconds=8.0)
    speech = make_entry(SynthesisEntry, speed=3.0, sample_rate_hz=16_000, chunk_characters=200).apply_to(server)
    assert speech == Limits(
        text_characters=7, audio_seconds=8.0, speed=3.0, sample_rate_hz=16_000, chunk_characters=200
    )
    transcripts = make_entry(RecognitionEntry, speed=3.0, vad="energy").apply_to(server)
    assert (transcripts.text_characters, transcripts.chunk_seconds, transcripts.vad) == (7, 90.0, "energy")


@pytest.mark.parametrize(
    ("components", "default", "choices"),
    [
        ({}, None, ("griffin-lim",)),
        ({"vocoder": "a"}, "vocoder", ("griffin-lim",)),
        ({"vocoder.hifigan": "a", "vocoder.melgan": "b"}, "vocoder.hifigan", ("hifigan", "melgan", "griffin-lim")),
    ],
)
def test_vocoders_are_those_among_the_components(
    components: dict[str, str], default: str | None, choices: tuple[str, ...]
) -> None:
    entry = make_entry(SynthesisEntry, components=components, options=frozenset({"vocoder"}))
    assert (entry.default_vocoder, entry.vocoders) == (default, choices)
    assert make_entry(SynthesisEntry, components=components).vocoders == ()
