"""pipelines/tts/quality/repair.py: faulty sentences are resynthesised at once, repairable ones repaired."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.families.tone import RATE_HZ, ToneSynthesiser
from pipelines.family import Samples, Speech, SynthesisInput, Tick
from pipelines.text.word_marks import WordMark
from pipelines.tts.part_file import SpokenSentence, read_part
from pipelines.tts.quality.repair import MAX_IMMEDIATE_RETRIES
from tests.material.recorded_voice import RecordedVoice, cut_samples, load_sentences
from tests.pipeline_runner import PipelineRun

TEXTS = list(load_sentences())[:10]
BAD = TEXTS[4]


class Reader(RecordedVoice):
    """Distorts one sentence by `makes`: one function for each rendition, the last one for all further ones."""

    def __init__(self, *makes: Callable[[Samples], Any], varies: bool = True) -> None:
        super().__init__({})
        self.entry = dataclasses.replace(self.entry, varies=varies)
        self.seeds: list[int] = []
        self._makes = makes

    def synthesise(self, requests: Sequence[SynthesisInput], tick: Tick) -> list[Speech]:
        self.seeds += [request.seed for request in requests if request.text == BAD]
        return super().synthesise(requests, tick)

    def _read(self, text: str) -> Samples:
        said = super()._read(text)
        if text != BAD:
            return said
        made = self._makes[min(self.requested[text], len(self._makes)) - 1](said)
        return np.clip(np.rint(made), -32_768, 32_767).astype(np.int16)


def right(x: Samples) -> Samples:
    return x


def looping(x: Samples) -> Samples:
    return np.concatenate([x[:20_000], np.tile(x[12_000:20_000], 4)])


def slow(x: Samples) -> Samples:
    return np.repeat(x, 2)


def mute(x: Samples) -> Samples:
    return np.zeros_like(x)


def loud(x: Samples) -> Any:
    return x * (1.6 * 32_767 / np.abs(x.astype(float)).max())


def spoken(root: Path, reader: Any, **params: Any) -> tuple[SpokenSentence, dict[str, Any], PipelineRun]:
    """The bad sentence, `result.quality`, and all the rest."""
    run = PipelineRun("tts.synthesize", root, {"model": "tone", "text": "\n\n".join(TEXTS), **params})
    result = run.run_all(None, reader)
    (path,) = run.parts
    return read_part(path).sentences[4], dict(result.summary["quality"]), run


@pytest.mark.parametrize("wrong", [looping, slow, mute])
def test_faulty_sentence_is_resynthesised_at_once_with_another_seed(tmp_path: Path, wrong: Any) -> None:
    reader = Reader(wrong, right)
    sentence, quality, run = spoken(tmp_path, reader)
    assert (sentence.attempts, sentence.faults) == (2, ())
    assert (quality["faults"], quality["sentences_spoken_again"], quality["score"]) == ({}, 1, 5.0)
    assert len(set(reader.seeds)) == len(reader.seeds) == 2
    assert sum(reader.requested.values()) == len(TEXTS) + 1
    part = read_part(run.parts[0])
    assert sentence.end - sentence.start == pytest.approx(len(cut_samples(BAD)), abs=800)
    assert run.durations_s == [part.duration_s]


def test_it_is_resynthesised_twice_at_most_and_the_first_rendition_stays_where_none_is_better(tmp_path: Path) -> None:
    reader = Reader(looping)
    sentence, quality, _ = spoken(tmp_path, reader)
    assert reader.requested[BAD] == 1 + MAX_IMMEDIATE_RETRIES
    assert (sentence.attempts, sentence.faults) == (1, ("rate", "repetition"))
    assert (quality["faults"], quality["sentences_spoken_again"]) == ({"rate": 1, "repetition": 1}, 0)


def test_a_worse_rendition_is_not_kept(tmp_path: Path) -> None:
    sentence, quality, _ = spoken(tmp_path, Reader(slow, mute, looping))
    assert (sentence.attempts, sentence.faults) == (1, ("rate",))
    assert quality["worst_sentences"][0]["score"] == 4.0


def test_a_rendition_with_lesser_faults_is_kept(tmp_path: Path) -> None:
    sentence, *_ = spoken(tmp_path, Reader(mute, slow, slow))
    assert (sentence.attempts, sentence.faults) == (2, ("rate",))


def test_a_deterministic_voice_is_not_retried(tmp_path: Path) -> None:
    reader = Reader(looping, right, varies=False)
    sentence, *_ = spoken(tmp_path, reader)
    assert (reader.requested[BAD], sentence.faults) == (1, ("rate", "repetition"))


def test_a_part_without_faults_is_not_changed(tmp_path: Path) -> None:
    plain, varying = (spoken(tmp_path / str(varies), Reader(right, varies=varies))[2] for varies in (False, True))
    assert plain.parts[0].read_bytes() == varying.parts[0].read_bytes()


@pytest.mark.parametrize(
    ("fault", "makes"), [("clipping", loud), ("rumble", lambda x: x + 4_000.0)], ids=["clipping", "rumble"]
)
def test_repairable_fault_is_repaired_and_reported(tmp_path: Path, fault: str, makes: Any) -> None:
    sentence, quality, run = spoken(tmp_path, Reader(makes, varies=False))
    assert (sentence.faults, sentence.repaired_faults, sentence.attempts) == ((), (fault,), 1)
    assert (quality["faults"], quality["sentences_mended"], quality["faults_mended"]) == ({}, 1, {fault: 1})
    untouched = spoken(tmp_path / "right", Reader(right))[2]
    mine, other = (read_part(each.parts[0]) for each in (run, untouched))
    for changed, same in zip(mine.sentences[5:], other.sentences[5:], strict=True):
        assert np.array_equal(mine.samples[changed.start : changed.end], other.samples[same.start : same.end])


def test_fault_that_cannot_be_repaired_is_reported_and_the_sound_unchanged(tmp_path: Path) -> None:
    reader = Reader(lambda x: x.astype(float) * 30)
    sentence, quality, run = spoken(tmp_path, reader)
    assert (sentence.faults, sentence.repaired_faults) == (("clipping",), ())
    assert (quality["faults"], quality["sentences_mended"]) == ({"clipping": 1}, 0)
    assert np.abs(read_part(run.parts[0]).samples[sentence.start : sentence.end].astype(int)).max() == 32_768


class Pausing(ToneSynthesiser):
    """Stops for 2.5 s behind the second word of each passage that has "wait" in it; silent about the first ones."""

    def __init__(self, silent: int = 0) -> None:
        super().__init__(Catalog().get("tone", "tts"))
        self._silent = silent

    def synthesise(self, requests: Sequence[SynthesisInput], tick: Tick) -> list[Speech]:
        return [
            self._stopping(one, speech)
            for one, speech in zip(requests, super().synthesise(requests, tick), strict=True)
        ]

    def _stopping(self, request: SynthesisInput, speech: Speech) -> Speech:
        if "wait" not in request.text:
            return speech
        if self._silent:
            self._silent -= 1
            return Speech(np.zeros(1_600, np.int16), RATE_HZ)
        at_s = speech.marks[1].end_s + 0.01
        at = round(at_s * RATE_HZ)
        samples = np.concatenate([speech.samples[:at], np.zeros(40_000, np.int16), speech.samples[at:]])
        marks = [
            WordMark(mark.start_char, mark.end_char, mark.start_s + later, mark.end_s + later)
            for mark in speech.marks
            for later in [2.5 if mark.start_s > at_s else 0.0]
        ]
        return Speech(samples, RATE_HZ, tuple(marks))


WAITING = ("Some words come first.", "Please wait for the others here.", "And these are the last.")


@pytest.mark.parametrize("silent", [0, 1], ids=["first rendition", "later rendition"])
def test_marks_move_with_the_sound_when_silence_is_cut(tmp_path: Path, silent: int) -> None:
    """In a later round too: the first rendition is silent, and verification finds that."""
    verify = {"verify": True, "verify_model": "tone-listener"} if silent else {}
    params = {"model": "tone", "text": "\n\n".join(WAITING), "speech_marks": True, "language": "en", **verify}
    run = PipelineRun("tts.synthesize", tmp_path, params)
    result = run.run_all(None, Pausing(silent))
    part = read_part(run.parts[-1])
    assert part.sentences[1].repaired_faults == ("silence",)
    assert result.summary["quality"]["faults_mended"] == {"silence": 1}
    assert part.sentences[1].attempts == 1 + silent
    words = json.loads(run.read_text("marks.json"))["words"]
    assert [word["text"] for word in words] == " ".join(WAITING).split()
    for word in words:
        start, end = (round(word[edge] * RATE_HZ) for edge in ("start", "end"))
        loud = np.flatnonzero(np.abs(part.samples[start:end].astype(int)) > 300)
        assert (loud[0] <= 20, loud[-1] >= end - start - 110) == (True, True), word
    assert 0.4 < words[6]["start"] - words[5]["end"] < 0.7
    assert sum(run.durations_s) == pytest.approx(result.duration_s, abs=1e-6)


def test_a_mark_of_the_source_moves_with_its_word(tmp_path: Path) -> None:
    ssml = '<speak><p>Please wait <mark name="here"/>for the others here.</p></speak>'
    run = PipelineRun(
        "tts.synthesize", tmp_path, {"model": "tone", "ssml": ssml, "speech_marks": True, "language": "en"}
    )
    result = run.run_all(None, Pausing())
    assert result.summary["quality"]["faults_mended"] == {"silence": 1}
    marks = json.loads(run.read_text("marks.json"))
    (mark,) = marks["marks"]
    assert mark["time"] == marks["words"][2]["start"] > marks["words"][1]["end"] + 0.4


class Lost(RecordedVoice):
    """A model that knows of itself that it lost its place in a sentence, the first few times."""

    def __init__(self, times: int) -> None:
        super().__init__({})
        self._times = times

    def synthesise(self, requests: Sequence[SynthesisInput], tick: Tick) -> list[Speech]:
        said = super().synthesise(requests, tick)
        lost = [one.text == BAD and self.requested[BAD] <= self._times for one in requests]
        return [
            dataclasses.replace(one, faults=("attention",)) if no else one for one, no in zip(said, lost, strict=True)
        ]


def test_faults_that_a_model_reports_itself_are_in_the_result(tmp_path: Path) -> None:
    run = PipelineRun("tts.synthesize", tmp_path, {"model": "tone", "text": "\n\n".join(TEXTS)})
    summary = run.run_all(None, Lost(9)).summary
    assert summary["quality"]["faults"] == {"attention": 1}
    (worst,) = summary["quality"]["worst_sentences"]
    assert (worst["text"], worst["score"], worst["faults"]) == (BAD, 3.0, ["attention"])
    (warning,) = summary["warnings"]
    assert (warning["code"], "1 of 10 sentences" in warning["detail"]) == ("attention", True)
