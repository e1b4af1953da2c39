"""The family's own logic around an engine, with an engine whose output is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from pipelines.catalog.entry import Entry
from pipelines.errors import UnsupportedOption
from pipelines.families.whisper.decoding import DecodeAttempt, DecodedText, TokenAlignment
from pipelines.families.whisper.family import Whisper
from pipelines.families.whisper.tokenizer import Tokenizer
from pipelines.family import Recognition, TranscriptionInput
from tests.audio_factories import make_noise, make_silence


def at(seconds: float) -> int:
    return 50364 + round(seconds / 0.02)


@dataclass
class Script:
    """An encoder and decoder whose windows are numbered, and whose texts are given: one list of them per attempt."""

    texts: Sequence[Sequence[DecodedText]]
    name: str = "script"
    bins: int = 80
    attempts: Sequence[DecodeAttempt] = (DecodeAttempt(), DecodeAttempt(beam=5))
    calls: list[tuple[DecodeAttempt, list[list[int]]]] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    #: Texts of tokens that the decoder does not believe in.
    unlikely: Sequence[Sequence[int]] = ()

    def encode(self, mels: np.ndarray, tick: Any) -> np.ndarray:
        tick()
        return np.arange(len(mels))

    def detect_languages(self, encoded: np.ndarray) -> list[tuple[str, float]]:
        return [("de", 0.75)] * len(encoded)

    def generate(self, encoded: np.ndarray, prompts: Any, attempt: DecodeAttempt, **_: Any) -> list[DecodedText]:
        self.calls.append((attempt, list(prompts)))
        decoded = self.texts[len(self.calls) - 1]
        return [decoded[int(number) % len(decoded)] for number in encoded]

    def align(self, encoded: Any, start: Any, texts: Sequence[list[int]], frames: list[int]) -> list[TokenAlignment]:
        self.frames += frames
        return [
            TokenAlignment(np.linspace(0, 1, len(text) + 1), np.full(len(text), 0.01 if text in self.unlikely else 0.8))
            for text in texts
        ]

    def close(self) -> None: ...


def transcribe(entry: Entry, tokenizer: Tokenizer, script: Script, *requests: TranscriptionInput) -> list[Recognition]:
    return Whisper(entry, "r1", tokenizer, script, script, max_tokens=448).transcribe(requests, lambda: None)


def decoded(tokenizer: Tokenizer, text: str, *, logprob: float = -0.2, no_speech: float = 0.0) -> DecodedText:
    return DecodedText([at(0), *tokenizer.encode(text), at(2)], logprob, no_speech)


def noise(seconds: float = 2.0, **changes: Any) -> TranscriptionInput:
    return TranscriptionInput(make_noise(seconds, level=0.1), **changes)


def texts(answers: Sequence[Recognition]) -> list[list[str]]:
    return [[phrase.text for phrase in answer.phrases] for answer in answers]


def test_windows_of_all_requests_are_decoded_in_one_call(entry: Entry, tokenizer: Tokenizer) -> None:
    script = Script([[decoded(tokenizer, f" number {number}") for number in range(3)]])
    answers = transcribe(entry, tokenizer, script, noise(language="en"), noise(language="fr"), noise())
    assert texts(answers) == [["number 0"], ["number 1"], ["number 2"]]
    [(_, prompts)] = script.calls
    assert prompts == [[50258, 50259, 50359], [50258, 50265, 50359], [50258, 50261, 50359]]
    assert [(each.language, each.language_confidence) for each in answers] == [("en", 1.0), ("fr", 1.0), ("de", 0.75)]


def test_prompts_of_other_layouts_have_calls_of_their_own(entry: Entry, tokenizer: Tokenizer) -> None:
    script = Script([[decoded(tokenizer, " told")], [decoded(tokenizer, " untold")]])
    answers = transcribe(entry, tokenizer, script, noise(prompt="Kennedy", language="en"), noise(language="en"))
    assert texts(answers) == [["told"], ["untold"]] and len(script.calls) == 2


def test_doubtful_windows_alone_are_tried_again_and_the_better_text_kept(entry: Entry, tokenizer: Tokenizer) -> None:
    first = [
        decoded(tokenizer, " sure"),
        decoded(tokenizer, " worse", logprob=-3),
        decoded(tokenizer, " bad", logprob=-1.5),
    ]
    second = [
        decoded(tokenizer, " -"),
        decoded(tokenizer, " better", logprob=-0.5),
        decoded(tokenizer, " poor", logprob=-2),
    ]
    script = Script([first, second])
    answers = transcribe(entry, tokenizer, script, *[noise(language="en")] * 3)
    assert texts(answers) == [["sure"], ["better"], ["bad"]]
    assert [len(prompts) for _, prompts in script.calls] == [3, 2]


def test_loop_that_no_attempt_avoids_is_kept_once(entry: Entry, tokenizer: Tokenizer) -> None:
    loop = decoded(tokenizer, " thank you" * 20)
    [answer] = transcribe(entry, tokenizer, Script([[loop], [loop]]), noise(language="en"))
    assert texts([answer]) == [["thank you"]]


def test_silence_is_not_decoded_and_has_no_text(entry: Entry, tokenizer: Tokenizer) -> None:
    script = Script([])
    quiet = [TranscriptionInput(make_silence(seconds)) for seconds in (0, 0.05, 5)]
    assert transcribe(entry, tokenizer, script, *quiet) == [Recognition(())] * 3 and script.calls == []


def test_text_that_model_and_level_call_silence_is_dropped(entry: Entry, tokenizer: Tokenizer) -> None:
    hallucination = decoded(tokenizer, " Thanks for watching!", no_speech=0.9)
    hum = TranscriptionInput(make_noise(2.0, level=0.001), language="en")
    loud = noise(language="en")
    assert texts(transcribe(entry, tokenizer, Script([[hallucination]]), hum, loud)) == [
        [],
        ["Thanks for watching!"],
    ]


def test_remainder_of_a_window_is_decoded_where_the_text_breaks_off(entry: Entry, tokenizer: Tokenizer) -> None:
    broken = DecodedText([at(0), *tokenizer.encode(" one"), at(4), at(4)], -0.1, 0.0)
    script = Script([[broken], [decoded(tokenizer, " two")]])
    [answer] = transcribe(entry, tokenizer, script, noise(8.0, language="en", words=False))
    assert [(phrase.text, phrase.start, phrase.end) for phrase in answer.phrases] == [("one", 0, 4), ("two", 4, 6)]


@pytest.mark.parametrize("words", [True, False])
def test_speech_behind_a_text_that_ends_too_early_is_decoded(entry: Entry, tokenizer: Tokenizer, words: bool) -> None:
    early = DecodedText([at(0), *tokenizer.encode(" one"), at(4)], -0.1, 0.0)
    script = Script([[early], [decoded(tokenizer, " two")]])
    [answer] = transcribe(entry, tokenizer, script, noise(8.0, language="en", words=words))
    assert [phrase.text for phrase in answer.phrases] == ["one", "two"]
    assert [bool(phrase.words) for phrase in answer.phrases] == [words] * 2
    assert answer.phrases[1].start >= 4.0


def test_no_word_runs_past_the_time_from_which_the_rest_is_decoded(entry: Entry, tokenizer: Tokenizer) -> None:
    broken = DecodedText([at(0), *tokenizer.encode(" one"), at(2), at(2)], -0.1, 0.0)
    script = Script([[broken], [decoded(tokenizer, " two")]])
    [answer] = transcribe(entry, tokenizer, script, noise(4.0, language="en"))
    # Both parts are two seconds long, and only these are looked at for their words.
    assert script.frames == [200, 200]
    assert answer.phrases[0].end <= 2.0 <= answer.phrases[1].start


@pytest.mark.parametrize("said_twice", [True, False])
def test_word_on_both_sides_of_a_break_is_kept_where_it_was_said_twice(
    entry: Entry, tokenizer: Tokenizer, said_twice: bool
) -> None:
    before, after = tokenizer.encode(" you, ask"), tokenizer.encode(" Ask what")
    broken = DecodedText([at(0), *before, at(2), at(2)], -0.1, 0.0)
    rest = DecodedText([at(0), *after, at(2)], -0.1, 0.0)
    less = before + after[len(tokenizer.encode(" Ask")) :]
    script = Script([[broken], [rest]], unlikely=[less] if said_twice else [before + after])
    [answer] = transcribe(entry, tokenizer, script, noise(4.0, language="en"))
    assert texts([answer]) == [["you, ask", "Ask what" if said_twice else "what"]]


def test_remainder_of_doubled_words_alone_is_dropped(entry: Entry, tokenizer: Tokenizer) -> None:
    before = tokenizer.encode(" you, ask")
    broken = DecodedText([at(0), *before, at(2), at(2)], -0.1, 0.0)
    script = Script([[broken], [decoded(tokenizer, " ask")]])
    [answer] = transcribe(entry, tokenizer, script, noise(4.0, language="en"))
    assert texts([answer]) == [["you, ask"]]


def test_silent_remainder_is_not_decoded(entry: Entry, tokenizer: Tokenizer) -> None:
    broken = DecodedText([at(0), *tokenizer.encode(" one"), at(4), at(4)], -0.1, 0.0)
    script = Script([[broken]])
    sound = np.concatenate([make_noise(4.0, level=0.1), make_silence(6.0)])
    assert texts(transcribe(entry, tokenizer, script, TranscriptionInput(sound, language="en"))) == [["one"]]


def test_times_stay_in_a_short_window_and_frames_too(entry: Entry, tokenizer: Tokenizer) -> None:
    script = Script([[decoded(tokenizer, " far too much for so little")]])
    [answer] = transcribe(entry, tokenizer, script, noise(0.4, language="en"))
    [phrase] = answer.phrases
    assert [word.word for word in phrase.words] == ["far", "too", "much", "for", "so", "little"]
    assert phrase.end == phrase.words[-1].end == 0.4 and script.frames == [40]


def test_confidence_is_that_of_the_tokens(entry: Entry, tokenizer: Tokenizer) -> None:
    script = Script([[decoded(tokenizer, " sure", logprob=-0.5)]])
    worded, plain = transcribe(entry, tokenizer, script, noise(language="en"), noise(language="en", words=False))
    assert worded.phrases[0].confidence == pytest.approx(0.8)
    assert plain.phrases[0].confidence == pytest.approx(np.exp(-0.5))


def test_seeds_go_to_the_engine(entry: Entry, tokenizer: Tokenizer) -> None:
    seen: list[Any] = []

    class Watching(Script):
        def generate(self, encoded: Any, prompts: Any, attempt: DecodeAttempt, **told: Any) -> list[DecodedText]:
            seen.append(told["seeds"])
            return super().generate(encoded, prompts, attempt)

    transcribe(
        entry, tokenizer, Watching([[decoded(tokenizer, " x")]]), noise(language="en", seed=7), noise(language="en")
    )
    assert seen == [[7, 0]]


def test_the_detected_language_is_reported_beside_the_requested_one(entry: Entry, tokenizer: Tokenizer) -> None:
    named, free = transcribe(entry, tokenizer, Script([[decoded(tokenizer, " x")] * 2]), noise(language="en"), noise())
    assert (named.language, named.language_confidence) == ("en", 1.0)
    assert (free.language, free.language_confidence) == ("de", 0.75)
    assert {(answer.detected_language, answer.detected_confidence) for answer in (named, free)} == {("de", 0.75)}


def test_unknown_language_is_refused_before_anything_is_done(entry: Entry, tokenizer: Tokenizer) -> None:
    script = Script([])
    with pytest.raises(UnsupportedOption, match="tlh"):
        transcribe(entry, tokenizer, script, noise(), noise(language="tlh"))
    assert script.calls == []


def test_disabled_thresholds_accept_every_text(entry: Entry, tokenizer: Tokenizer) -> None:
    script = Script([[decoded(tokenizer, " thank you" * 20, logprob=-9.0)]])
    whisper = Whisper(entry, "r1", tokenizer, script, script, max_tokens=448)
    whisper.thresholds = replace(whisper.thresholds, logprob=-np.inf, compression=np.inf, loops=False)
    [answer] = whisper.transcribe([noise(language="en")], lambda: None)
    assert answer.phrases[0].text.count("thank you") == 20 and len(script.calls) == 1
