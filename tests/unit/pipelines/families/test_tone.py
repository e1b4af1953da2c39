"""pipelines/families/tone.py: synthesised words are recognised, exactly, quickly, and in altered audio."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.catalog.catalog import Catalog
from pipelines.families.tone import load_recogniser, load_synthesiser, voices
from pipelines.family import Phrase, Speech, SynthesisInput, TranscriptionInput
from tests.audio_factories import make_noise, make_silence

TEXT = "The quick brown fox, naïve café — 日本語 jumps over 13 lazy dogs! aaa bbb"


def synthesise(text: str, speed: float = 1.0) -> Speech:
    speaker = load_synthesiser(Catalog().get("tone", "tts"), "cpu")
    return speaker.synthesise([SynthesisInput(text, "tone", "en", speed)], lambda: None)[0]


def recognise(samples: np.ndarray) -> tuple[Phrase, ...]:
    recogniser = load_recogniser(Catalog().get("tone-listener", "stt"), "cpu")
    return tuple(recogniser.transcribe([TranscriptionInput(samples)], lambda: None)[0].phrases)


def text_of(samples: np.ndarray) -> str:
    return " ".join(phrase.text for phrase in recognise(samples))


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.0, 1.3, 1.7, 2.0])
def test_every_word_is_recognised_at_its_time_at_every_speed(speed: float) -> None:
    speech = synthesise(TEXT, speed)
    (phrase,) = recognise(speech.samples)
    assert phrase.text == TEXT
    for word, mark in zip(phrase.words, speech.marks, strict=True):
        assert word.word == TEXT[mark.start_char : mark.end_char]
        assert word.start == pytest.approx(mark.start_s, abs=0.003)
        assert word.end == pytest.approx(mark.end_s, abs=0.011)
        assert word.confidence > 0.5


def test_other_rates_noise_and_level_do_no_harm() -> None:
    samples = synthesise(TEXT).samples
    through = soxr.resample(soxr.resample(samples, 16_000, 22_050), 22_050, 16_000)
    quiet = (samples * 0.3).astype(np.int16)
    noisy = np.clip(samples + make_noise(len(samples) / 16_000, level=0.01), -32_768, 32_767).astype(np.int16)
    for sound in (through, quiet, noisy):
        assert text_of(sound) == TEXT


def test_pause_parts_phrases() -> None:
    sound = np.concatenate([synthesise("one two").samples, make_silence(0.5), synthesise("three").samples])
    assert [phrase.text for phrase in recognise(sound)] == ["one two", "three"]


def test_silence_has_no_text() -> None:
    for sound in (make_silence(3.0), np.zeros(0, np.int16), np.zeros(5, np.int16)):
        assert recognise(sound) == ()
    assert recognise(synthesise("   ").samples) == ()


@settings(max_examples=60)
@given(st.text(max_size=80))
def test_any_text_comes_back_word_by_word(text: str) -> None:
    sendable = text.encode("utf-8", "replace").decode()
    assert text_of(synthesise(text).samples).split() == sendable.split()


def test_there_is_one_voice() -> None:
    (voice,) = voices()
    assert (voice.id, voice.family, voice.sample_rate_hz) == ("tone", "tone", 16_000)
