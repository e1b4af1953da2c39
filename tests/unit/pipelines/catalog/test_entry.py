"""Entries of the three kinds: what each derives from its fields."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from pipelines.catalog.entry import ENTRY_TYPES, Entry, RecognitionEntry, SpeakerEntry, SynthesisEntry
from pipelines.pipeline import Limits

ROOT = Path(__file__).parents[4]


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


def test_reference_names_every_key_with_its_kind() -> None:
    table = re.findall(
        r"^\| (`.+?) \| (all|`\w+`) \| \S", (ROOT / "docs/reference/models.md").read_text(), re.MULTILINE
    )
    documented = {key: kind.strip("`") for keys, kind in table for key in re.findall(r"`(\w+)`", keys)}
    assert documented.pop("kind") == "all"
    shared = {field.name for field in dataclasses.fields(Entry)}
    assert documented == dict.fromkeys(shared, "all") | {
        field.name: kind
        for kind, entry_type in ENTRY_TYPES.items()
        for field in dataclasses.fields(entry_type)
        if field.name not in shared
    }
