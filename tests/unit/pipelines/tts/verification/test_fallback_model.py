"""The fallback model, and the rounds in which it speaks what was not understood."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.errors import BadInput, UnsupportedOption
from pipelines.families.tone import ToneSynthesiser
from pipelines.family import Speech, SynthesisInput, Tick
from pipelines.pipeline import Span
from pipelines.requests import SynthesisRequest
from pipelines.text.word_marks import WordMark
from pipelines.tts.part_file import SpokenSentence, read_part
from pipelines.tts.speech_plan import SpeechSpan
from pipelines.tts.verification.verification import MAX_RESYNTHESES, next_model
from tests.material.recorded_recogniser import RecordedRecogniser
from tests.material.recorded_voice import RECORDING, SilentSentenceVoice, load_sentences
from tests.pipeline_runner import PipelineRun, load_family

TEXTS = ("First words are clear.", "Second words are lost.", "Third words are clear.")
RECOGNISER = "tone-listener"


class Forgetful(ToneSynthesiser):
    """Silent for texts with a certain word."""

    def __init__(self, word: str, **changes: Any) -> None:
        super().__init__(dataclasses.replace(Catalog().get("tone", "tts"), **changes))
        self.requests: list[SynthesisInput] = []
        self._word = word

    def synthesise(self, requests: Sequence[SynthesisInput], tick: Tick) -> list[Speech]:
        self.requests += requests
        said = super().synthesise(requests, tick)
        silence = Speech(np.zeros(1_600, np.int16), 16_000)
        return [silence if self._word in one.text else speech for one, speech in zip(requests, said, strict=True)]


class Swift(Forgetful):
    """Another model: the same tones at a rate of its own, in one voice, and not for everything."""

    RATE_HZ = 24_000

    def __init__(self, volume: float = 1.0, **changes: Any) -> None:
        self._volume = volume
        super().__init__("nothing", name="espeak", sample_rate_hz=self.RATE_HZ, **changes)

    def synthesise(self, requests: Sequence[SynthesisInput], tick: Tick) -> list[Speech]:
        for request in requests:
            if request.voice not in ("", "swift"):
                raise UnsupportedOption("There is one voice.", field="voice")
            if "unspeakable" in request.text:
                raise BadInput("It has no symbol for that.")
        return [self._faster(speech) for speech in super().synthesise(requests, tick)]

    def _faster(self, speech: Speech) -> Speech:
        places = np.arange(0, len(speech.samples), speech.sample_rate_hz / self.RATE_HZ)
        samples = np.interp(places, np.arange(len(speech.samples)), speech.samples)
        samples = np.clip(samples * self._volume, -32_768, 32_767).astype(np.int16)
        marks = [WordMark(each.start_char, each.end_char, each.start_s, each.end_s) for each in speech.marks]
        return Speech(samples, self.RATE_HZ, tuple(marks))


def spoken(
    root: Path, others: Mapping[str, Any], texts: Sequence[str] = TEXTS, **params: Any
) -> tuple[PipelineRun, Any]:
    asked = {"verify": True, "verify_model": RECOGNISER, "retry_models": list(others), "language": "en", **params}
    run = PipelineRun("tts.synthesize", root, {"model": "tone", "text": "\n\n".join(texts), **asked})
    return run, run.run_all(None, Forgetful("lost"), others)


def rounds(run: PipelineRun) -> list[int]:
    return [span.data.get("round", 1) for span, _ in run.done]


def sentences(run: PipelineRun) -> Sequence[SpokenSentence]:
    return read_part(run.done[-1][1]).sentences


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[PipelineRun, Any, Swift]:
    swift = Swift()
    run, result = spoken(tmp_path_factory.mktemp("saved"), {"espeak": swift}, speech_marks=True)
    return run, result, swift


def test_the_rendition_is_as_loud_as_the_sentences_around_it(tmp_path: Path) -> None:
    levels = []
    for volume in (0.1, 0.5, 3.0):
        run, _ = spoken(tmp_path / str(volume), {"espeak": Swift(volume)})
        part = read_part(run.done[-1][1])
        assert np.abs(part.samples.astype(int)).max() <= 29_204
        first, second, _ = (
            np.sqrt(np.square(part.samples[each.start : each.end].astype(float)).mean()) for each in part.sentences
        )
        levels.append(second / first)
    quiet, *others = levels
    assert others == pytest.approx([1.0, 1.0], rel=0.02)
    assert 0.3 < quiet < 0.45  # by 12 dB at most


def test_what_stays_doubtful_is_spoken_by_the_next_model_and_nothing_else_is(
    saved: tuple[PipelineRun, Any, Swift],
) -> None:
    run, result, swift = saved
    assert rounds(run) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [request.text for request in swift.requests] == [TEXTS[1]]
    assert [sentence.model for sentence in sentences(run)] == ["tone", "espeak", "tone"]
    quality = result.summary["quality"]
    assert (quality["sentences_doubtful"], quality["sentences_by_model"]) == (0, {"tone": 2, "espeak": 1})
    assert [warning["code"] for warning in result.summary["warnings"]] == ["several_models"]
    assert json.loads(run.read_text("quality.json"))["sentences_by_model"] == {"tone": 2, "espeak": 1}


def test_the_rendition_has_the_rate_of_its_part_and_marks_are_where_its_words_are(
    saved: tuple[PipelineRun, Any, Swift],
) -> None:
    run, result, _ = saved
    part = read_part(run.done[-1][1])
    assert part.sample_rate_hz == 16_000
    marks = json.loads(run.read_text("marks.json"))
    assert [mark["model"] for mark in marks["sentences"]] == ["tone", "espeak", "tone"]
    assert [word["text"] for word in marks["words"]] == " ".join(TEXTS).split()
    for word in marks["words"]:
        start, end = (round(word[edge] * 16_000) for edge in ("start", "end"))
        sound = np.abs(part.samples[start:end].astype(int))
        # A burst begins within a millisecond of the mark and the pause after the last one is 5 ms long.
        assert np.flatnonzero(sound > 300)[0] <= 20, word
        assert np.flatnonzero(sound > 300)[-1] >= len(sound) - 110, word
    with av.open(str(run.sink.out / "audio.wav")) as file:
        assert sum(frame.samples for frame in file.decode(audio=0)) == len(part.samples)
    assert sum(run.durations_s) == pytest.approx(result.duration_s, abs=1e-6)


def test_provenance_names_every_model_that_spoke(saved: tuple[PipelineRun, Any, Swift]) -> None:
    run, *_ = saved
    assert {"model": "tone", "retry.espeak": "1, numpy"}.items() <= run.provenance.items()


def test_the_requested_voice_is_tried_first_and_then_the_models_own(tmp_path: Path) -> None:
    swift = Swift()
    run, result = spoken(tmp_path, {"espeak": swift}, voice="tone")
    assert [request.voice for request in swift.requests] == [""]
    assert result.summary["quality"]["sentences_doubtful"] == 0
    swift.requests.clear()
    spoken(tmp_path / "own", {"espeak": swift}, voice="swift")
    assert [request.voice for request in swift.requests] == ["swift"]
    assert rounds(run)[-1] == 8


def test_every_model_has_its_turn_until_nothing_is_doubtful(tmp_path: Path) -> None:
    other = Forgetful("words", name="vits-ljs")
    run, result = spoken(tmp_path, {"vits-ljs": other, "espeak": Swift()})
    assert rounds(run) == list(range(1, 11))
    assert result.summary["quality"]["sentences_by_model"] == {"tone": 2, "espeak": 1}
    seeds = [request.seed for request in other.requests]
    assert len(set(seeds)) == len(seeds) == 1


def test_rendition_that_is_no_better_is_not_kept(tmp_path: Path) -> None:
    run, result = spoken(tmp_path, {"espeak": Forgetful("lost", name="espeak")})
    assert rounds(run)[-1] == 8
    assert [sentence.model for sentence in sentences(run)] == ["tone"] * 3
    (doubtful,) = result.summary["quality"]["doubtful_sentences"]
    assert (doubtful["text"], doubtful["model"]) == (TEXTS[1], "tone")


@pytest.mark.parametrize(
    ("texts", "changes"),
    [((TEXTS[0], "Unspeakable and lost, unspeakable."), {}), (TEXTS, {"languages": ("de",)})],
    ids=["text", "language"],
)
def test_sentence_that_the_fallback_cannot_render_is_unchanged_and_a_warning_names_it(
    tmp_path: Path, texts: Sequence[str], changes: dict[str, Any]
) -> None:
    _, result = spoken(tmp_path, {"espeak": Swift(**changes)}, texts)
    assert result.summary["quality"]["sentences_doubtful"] == 1
    details = [warning["detail"] for warning in result.summary["warnings"] if warning["code"] == "text"]
    assert [detail.partition(" and cannot")[0] for detail in details] == [
        f"espeak was to speak {texts[1]!r}",
    ]


def test_turns_are_in_order_and_end() -> None:
    request = SynthesisRequest(text="x", retry_models=["b", "c"])
    spans = [Span(0, 0, 1, 1, {**SpeechSpan(model="a").to_json(), "round": number}) for number in range(2, 13, 2)]
    turns = [next_model(request, span) for span in spans]
    assert turns == ["a"] * MAX_RESYNTHESES + ["b", "c", None, None]


def test_a_real_model_speaks_a_sentence_that_the_first_one_dropped(tmp_path: Path) -> None:
    """Flite drops a sentence; eSpeak NG speaks it, at another rate, and PocketSphinx recognises some of that."""
    text, other = list(load_sentences())[20:22]
    params = {"model": "tone", "text": f"{text}\n\n{other}", "verify": True, "retry_models": ["espeak"]}
    run = PipelineRun("tts.synthesize", tmp_path, params)
    espeak = load_family(Catalog().named("espeak"))
    try:
        result = run.run_all(
            None, SilentSentenceVoice(text), {"pocketsphinx-en-us": RecordedRecogniser(RECORDING), "espeak": espeak}
        )
    finally:
        espeak.close()
    first, second = sentences(run)
    assert (first.model, second.model) == ("espeak", "tone")
    assert first.similarity is not None
    assert first.similarity.missing < 1.0
    assert result.summary["quality"]["faults"] == {}
    assert (run.provenance["model"], run.provenance["retry.espeak"]) == ("tone", f"{espeak.revision}, {espeak.engine}")
