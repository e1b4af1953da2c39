"""pipelines/tts/verification/resynthesis.py: new renditions of the doubtful sentences of a part."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.families.tone import ToneSynthesiser
from pipelines.family import Speech, SynthesisInput, Tick
from pipelines.pipeline import Part, Span
from pipelines.requests import SynthesisRequest
from pipelines.text.splitting.segment import TextSegment
from pipelines.tts.part_file import SpeechPart, SpokenSentence, read_part, write_part
from pipelines.tts.speech_plan import SpeechSpan
from pipelines.tts.verification.resynthesis import resynthesise
from tests.pipeline_runner import DirectorySink

RATE = 16_000
TEXTS = ("One is here.", "Two are there, and that is a sentence of more characters than forty.")


class Recording(ToneSynthesiser):
    """Remembers its inputs."""

    def __init__(self, **changes: Any) -> None:
        super().__init__(dataclasses.replace(Catalog().get("tone", "tts"), **changes))
        self.inputs: list[SynthesisInput] = []

    def synthesise(self, requests: Any, tick: Tick) -> list[Speech]:
        self.inputs += requests
        return super().synthesise(requests, tick)


def run(tmp_path: Path, family: Recording, only: list[int]) -> tuple[SpeechPart, Part, SpeechPart]:
    sentences = tuple(
        SpokenSentence(text, k * RATE, k * RATE + 8_000, segment_index=k, language="en", model="tone")
        for k, text in enumerate(TEXTS)
    )
    verified = SpeechPart(0, RATE, np.full(2 * RATE, 1_000, np.int16), sentences)
    write_part(tmp_path / "verified", verified)
    data = SpeechSpan([TextSegment(text) for text in TEXTS], language="en", model="tone", only=only)
    span = Span(2, 0, 9, 0, {**data.to_json(), "round": 3})
    sources = [tmp_path / "spoken", tmp_path / "verified"]
    request = SynthesisRequest(text="x", verify=True, verify_model="tone-listener", retry_models=["espeak"])
    part = resynthesise(request, span, sources.__getitem__, family, DirectorySink(tmp_path))
    return verified, part, read_part(part.path)


def test_only_the_named_sentences_are_replaced(tmp_path: Path) -> None:
    before, part, after = run(tmp_path, Recording(), [1])
    assert [each.attempts for each in after.sentences] == [1, 2]
    first = after.sentences[0]
    assert np.array_equal(after.samples[first.start : first.end], before.samples[first.start : first.end])
    assert part.duration_s == pytest.approx(after.duration_s - before.duration_s)


def test_own_model_renders_smaller_parts_with_another_seed(tmp_path: Path) -> None:
    family = Recording()
    run(tmp_path, family, [1])
    assert len(family.inputs) == 2
    assert all(each.seed >= 1 << 13 for each in family.inputs)


def test_new_renditions_go_to_verification_again(tmp_path: Path) -> None:
    _, part, _ = run(tmp_path, Recording(), [1])
    (follow_up,) = part.follow_ups
    assert (follow_up.model, SpeechSpan.from_json(follow_up.span.data).only, follow_up.span.data["round"]) == (
        "tone-listener",
        [1],
        4,
    )


def test_fallback_model_renders_whole_sentences_and_is_named_in_the_provenance(tmp_path: Path) -> None:
    family = Recording(name="espeak")
    _, part, after = run(tmp_path, family, [1])
    assert [each.text for each in family.inputs] == [TEXTS[1]]
    assert part.provenance == {"retry.espeak": "1, numpy"}
    assert after.sentences[1].model == "espeak"
