from __future__ import annotations

import numpy as np
import pytest

from pipelines.families.whisper.decoding import DecodedText, TokenAlignment
from pipelines.families.whisper.segment_window import SegmentWindow
from pipelines.families.whisper.tokenizer import Tokenizer
from pipelines.family import TranscriptionInput
from tests.audio_factories import make_noise, make_silence


def at(seconds: float) -> int:
    return 50364 + round(seconds / 0.02)


def make_window(seconds: float, start: float = 0.0) -> SegmentWindow:
    samples = np.zeros(round(16_000 * seconds), np.int16)
    window = SegmentWindow(3, TranscriptionInput(samples), samples, start, "de", 0.75)
    window.decoded = DecodedText([], -0.5, 0.0)
    return window


def test_a_remainder_has_the_rest_of_the_samples_and_the_language() -> None:
    rest = make_window(10.0, start=2.0).create_remainder(4.0, None)
    assert (rest.request_number, rest.seconds, rest.start) == (3, 6.0, 6.0)
    assert (rest.language, rest.language_confidence, rest.decoded) == ("de", 0.75, None)


def test_segments_without_text_are_dropped(tokenizer: Tokenizer) -> None:
    window = make_window(5.0)
    window.set_tokens(tokenizer, [at(0), *tokenizer.encode(" one"), at(1), at(1), *tokenizer.encode(" "), at(2)])
    assert [tokenizer.decode(segment.tokens) for segment in window.segments] == [" one"]
    assert window.text_tokens() == tokenizer.encode(" one")


def test_without_alignment_phrases_have_the_times_of_their_segments(tokenizer: Tokenizer) -> None:
    window = make_window(3.0, start=10.0)
    tokens = [at(0.5), *tokenizer.encode(" one"), at(1), at(1), *tokenizer.encode(" two"), at(9)]
    window.set_tokens(tokenizer, tokens)
    found = [(phrase.text, phrase.start, phrase.end) for phrase in window.phrases(tokenizer)]
    assert found == [("one", 10.5, 11.0), ("two", 11.0, 13.0)]
    assert next(window.phrases(tokenizer)).confidence == pytest.approx(np.exp(-0.5))


def test_times_of_words_ascend_and_stay_within_the_window(tokenizer: Tokenizer) -> None:
    window = make_window(1.0)
    text = tokenizer.encode(" one two three")
    window.set_tokens(tokenizer, [at(0), *text, at(1)])
    times = np.linspace(2.0, 0.0, len(text) + 1)
    window.alignment = TokenAlignment(times, np.full(len(text), 0.5))
    (phrase,) = window.phrases(tokenizer)
    edges = [edge for word in phrase.words for edge in (word.start, word.end)]
    assert edges == sorted(edges) and edges[0] >= 0 and edges[-1] <= 1.0
    assert phrase.confidence == pytest.approx(0.5)


def test_word_ends_with_its_sound_where_a_pause_follows(tokenizer: Tokenizer) -> None:
    window = make_window(2.0, start=10.0)
    window.samples = np.concatenate([make_noise(0.5, level=0.1), make_silence(0.8), make_noise(0.7, level=0.1)])
    one, two = tokenizer.encode(" one"), tokenizer.encode(" two")
    window.set_tokens(tokenizer, [at(0), *one, *two, at(2)])
    starts = [*np.linspace(0.0, 0.2, len(one)), *np.linspace(1.3, 1.6, len(two)), 2.0]
    window.alignment = TokenAlignment(np.array(starts), np.full(len(one) + len(two), 0.5))
    first, second = next(window.phrases(tokenizer)).words
    assert first.end == pytest.approx(10.55, abs=0.02)
    assert (second.start, second.end) == (11.3, 12.0)
