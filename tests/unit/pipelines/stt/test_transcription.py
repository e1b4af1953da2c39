"""pipelines/stt/transcription.py: from a recording to a transcript, with real recognisers."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pysubs2
import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.errors import BadInput, UnreadableInput
from pipelines.family import (
    EngineSelection,
    EngineTrial,
    Phrase,
    Recognition,
    SynthesisInput,
    Tick,
    TranscriptionInput,
    Word,
)
from pipelines.pipeline import Span, StepInterrupted
from pipelines.transcript.chunk_file import read_chunk
from tests.audio_factories import JFK, JFK_TEXT, load_jfk, make_recording, make_silence, make_wav, mux_tracks
from tests.pipeline_runner import PipelineRun, load_family

WORDS = "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa".split()  # noqa: SIM905 – a table to read


def tones(text: str, speed: float = 1.0) -> np.ndarray:
    """`text` as the tone family says it, 16 kHz int16."""
    speaker = load_family(Catalog().get("tone", "tts"))
    return speaker.synthesise([SynthesisInput(text, "tone", "en", speed)], lambda: None)[0].samples


def make_talk(*texts: str, pause_s: float = 2.0, speed: float = 1.0) -> np.ndarray:
    return np.concatenate([sound for text in texts for sound in (tones(text, speed), make_silence(pause_s))])


def make_run(tmp_path: Path, **params: Any) -> PipelineRun:
    limits = {"chunk_seconds": params.pop("chunk_seconds", 300.0)}
    return PipelineRun("stt.transcribe", tmp_path, {"model": "tone-listener", **params}, limits)


def transcript(run: PipelineRun) -> dict[str, Any]:
    return json.loads(run.read_text("transcript.json"))


def test_speech_of_a_person_is_recognised(tmp_path: Path) -> None:
    run = PipelineRun("stt.transcribe", tmp_path, {"model": "pocketsphinx", "formats": ["json", "srt"]})
    result = run.run_all(JFK)
    written = transcript(run)
    said = "".join(character for character in written["text"].lower() if character.isalpha() or character == " ")
    assert jiwer.wer(JFK_TEXT.lower(), said) < 0.5
    assert (written["language"], written["duration_s"], result.duration_s) == ("en", 11.0, 11.0)
    assert written["segments"][0]["model"] == "pocketsphinx-en-us"
    assert 0 < written["avg_confidence"] < 1
    country = [
        word for segment in written["segments"] for word in segment["words"] if word["word"].startswith("country")
    ]
    assert country and 9.0 < country[-1]["start"] < 10.5


def test_every_word_of_a_long_recording_comes_back_in_its_place(tmp_path: Path) -> None:
    texts = [" ".join(WORDS[start:] + WORDS[:start]) for start in range(len(WORDS))] * 2
    sound = make_talk(*texts)
    run = make_run(tmp_path, chunk_seconds=30.0)
    plan = run.plan(make_wav(tmp_path / "a.wav", sound))
    assert len(plan.spans) > 2
    family = load_family(run.entry)
    for span in plan.spans:
        run.work(span, family)
    run.stitch(plan)
    written = transcript(run)
    assert written["text"] == " ".join(texts)
    at = 0
    for segment, text in zip(written["segments"], texts, strict=True):
        start_s = at / 16_000 + 0.08
        assert segment["start"] == pytest.approx(start_s, abs=0.01)
        at += len(tones(text)) + 32_000
    assert [segment["id"] for segment in written["segments"]] == list(range(len(texts)))


@pytest.mark.parametrize("ending", ["mp3", "opus", "m4a", "flac", "webm"])
def test_encoded_recordings_are_transcribed_as_well(tmp_path: Path, ending: str) -> None:
    import soxr

    sound = soxr.resample(make_talk("ask not what your country", "can do for you", speed=0.5), 16_000, 48_000)
    run = make_run(tmp_path)
    run.run_all(make_recording(tmp_path / f"a.{ending}", sound))
    assert transcript(run)["text"] == "ask not what your country can do for you"


def test_speech_without_a_pause_is_cut_between_words(tmp_path: Path) -> None:
    text = " ".join(WORDS * 12)
    run = make_run(tmp_path, chunk_seconds=30.0)
    plan = run.plan(make_wav(tmp_path / "a.wav", tones(text)))
    assert len(plan.spans) >= 2
    family = load_family(run.entry)
    for span in plan.spans:
        run.work(span, family)
    run.stitch(plan)
    assert transcript(run)["text"] == text


def test_spans_are_disjoint_in_order_and_add_up_to_the_recording(tmp_path: Path) -> None:
    run = make_run(tmp_path, chunk_seconds=30.0)
    plan = run.plan(make_wav(tmp_path / "a.wav", make_talk(*[" ".join(WORDS)] * 12, pause_s=5.0)))
    spans = list(plan.spans)
    assert [span.idx for span in spans] == list(range(len(spans)))
    assert all(one.end <= other.start for one, other in itertools.pairwise(spans))
    assert (
        sum(span.units for span in spans) == pytest.approx(plan.units_total) == pytest.approx(plan.header["duration_s"])
    )
    for span in spans:
        (name,) = span.inputs
        samples = sum(length for window in span.data["windows"] for _, length in window["pieces"])
        assert (run.sink.out / name).stat().st_size == samples * 2
        assert samples / 16_000 <= 30.0 + 30.0


def test_planning_and_working_twice_gives_the_same(tmp_path: Path) -> None:
    sound = make_wav(tmp_path / "a.wav", make_talk(*[" ".join(WORDS)] * 6))
    plans, parts = [], []
    for name in ("one", "two"):
        run = make_run(tmp_path / name, chunk_seconds=20.0)
        plan = run.plan(sound)
        plans.append((plan.header, list(plan.spans)))
        family = load_family(run.entry)
        for span in plan.spans:
            run.work(span, family)
        parts.append([path.read_bytes() for path in run.parts])
    assert plans[0] == plans[1] and parts[0] == parts[1]


@pytest.mark.parametrize("channels", ["mix", "split"])
def test_recording_without_speech_gives_no_spans_and_an_empty_transcript(tmp_path: Path, channels: str) -> None:
    run = make_run(tmp_path, channels=channels, formats=["json", "txt", "srt", "vtt", "tsv"])
    plan = run.plan(make_wav(tmp_path / "a.wav", np.stack([make_silence(12.0)] * 2)))
    assert (list(plan.spans), plan.units_total) == ([], 12.0)
    result = run.stitch(plan)
    assert (transcript(run)["text"], transcript(run)["segments"], result.duration_s) == ("", [], 12.0)
    assert [warning["code"] for warning in result.summary["warnings"]] == ["no_speech"]


def test_split_channels_become_speakers_in_order_of_time(tmp_path: Path) -> None:
    left = make_talk("how are you", "good bye", pause_s=3.0)
    right = np.concatenate([make_silence(1.6), make_talk("very well thank you")])
    length = max(len(left), len(right))
    both = np.stack([np.pad(side, (0, length - len(side))) for side in (left, right)])
    run = make_run(tmp_path, channels="split", formats=["json", "txt", "vtt"], chunk_seconds=30.0)
    run.run_all(make_wav(tmp_path / "a.wav", both))
    said = [(segment["speaker"], segment["text"]) for segment in transcript(run)["segments"]]
    assert said == [("channel_1", "how are you"), ("channel_2", "very well thank you"), ("channel_1", "good bye")]
    assert "<v channel_2>very well thank you" in run.read_text("transcript.vtt")
    assert run.read_text("transcript.txt").splitlines()[0] == "channel_1: how are you"


def test_punctuate_false_leaves_bare_words(tmp_path: Path) -> None:
    run = make_run(tmp_path, punctuate=False)
    run.run_all(make_wav(tmp_path / "a.wav", tones("Hello, World! It's 3.5.")))
    assert transcript(run)["text"] == "hello world it's 3.5"


@pytest.mark.parametrize("channels", ["mix", "split"])
def test_noise_is_reduced_on_demand_and_speech_stays_in_its_place(tmp_path: Path, channels: str) -> None:
    person = np.pad(load_jfk()[: 4 * 16_000], 16_000)
    noise = np.random.default_rng(3).normal(size=person.size) * 300
    recording = make_wav(tmp_path / "a.wav", np.stack([person + noise] * 2).astype(np.int16))
    tracks = {}
    for reduction in (False, True):
        params = {"model": "pocketsphinx", "noise_reduction": reduction, "channels": channels}
        run = PipelineRun("stt.transcribe", tmp_path / str(reduction), params)
        plan = run.plan(recording)
        assert plan.header["duration_s"] == 6.0
        tracks[reduction] = channels_of(run, plan.spans[0], person.size)
    assert len(tracks[True]) == len(tracks[False]) == (1 if channels == "mix" else 2)
    for noisy, clean in zip(tracks[False], tracks[True], strict=True):
        both = (noisy != 0) & (clean != 0)
        assert both.sum() > 2 * 16_000
        assert np.percentile(np.abs(clean[both]), 20) < np.percentile(np.abs(noisy[both]), 20) / 2
        correlations = [float(np.dot(np.roll(clean, lag), person)) for lag in range(-40, 41)]
        assert abs(int(np.argmax(correlations)) - 40) <= 1


def channels_of(run: PipelineRun, span: Span, length: int) -> list[np.ndarray]:
    """What the chunk file holds of each channel, every sample where it was in the recording."""
    tracks: dict[int, np.ndarray] = {}
    for window, data in zip(read_chunk(run.sink.out / span.inputs[0], span), span.data["windows"], strict=True):
        track = tracks.setdefault(window.channel, np.zeros(length))
        at = 0
        for start, count in data["pieces"]:
            track[start : start + count] = window.samples[at : at + count]
            at += count
    return [track for _, track in sorted(tracks.items())]


def test_progress_ends_at_the_units_of_the_span(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    plan = run.plan(make_wav(tmp_path / "a.wav", make_talk(*[" ".join(WORDS)] * 8)))
    assert [done for done, _ in run.sink.reports] == sorted(done for done, _ in run.sink.reports)
    assert run.sink.reports and run.sink.reports[-1][1] == pytest.approx(plan.units_total, abs=0.01)
    run.sink.reports.clear()
    for span in plan.spans:
        run.work(span, load_family(run.entry))
        assert run.sink.reports[-1][0] == pytest.approx(span.units)


def test_cancelled_plan_stops(tmp_path: Path) -> None:
    run = make_run(tmp_path)

    def stop(done: float, total: float | None = None) -> None:
        raise StepInterrupted

    run.sink.progress = stop  # type: ignore[method-assign]
    with pytest.raises(StepInterrupted):
        run.plan(make_wav(tmp_path / "a.wav", make_silence(30.0)))


def test_no_recording_at_all_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        make_run(tmp_path).plan(None)


def test_unreadable_input_names_the_upload_as_the_caller_does(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("no sound")
    with pytest.raises(UnreadableInput, match=r"“holiday\.mp3”"):
        make_run(tmp_path, source_name="holiday.mp3").plan(tmp_path / "x")


def test_provenance_names_model_revision_and_engine(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    plan = run.plan(make_wav(tmp_path / "a.wav", tones("hello")))
    part = run.work(plan.spans[0], load_family(run.entry))
    assert part.provenance == {"model": "tone-listener", "model_revision": "1", "engine": "numpy"}


def test_provenance_names_the_error_of_an_engine_that_was_measured(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    family = load_family(run.entry)
    family.selection = EngineSelection(0.02, [EngineTrial("numpy", 0.01234)])
    part = run.work(run.plan(make_wav(tmp_path / "a.wav", tones("hello"))).spans[0], family)
    assert part.provenance["engine"] == "numpy" and part.provenance["engine_error"] == "0.0123"


class FakeRecogniser:
    """Recognises the name of its family in every window, with the confidence given."""

    revision, engine = "1", "test"

    def __init__(
        self, model: str, confidence: float, language: str | None = "en", detected: tuple[str, float] | None = None
    ) -> None:
        self.entry = dataclasses.replace(Catalog().get(model, "stt"), slots=8)
        self.asked: list[TranscriptionInput] = []
        self._confidence = confidence
        self._language = language
        self._detected = detected or (None, None)

    def transcribe(self, requests: Sequence[TranscriptionInput], tick: Tick) -> list[Recognition]:
        self.asked += requests
        word = Word(self.entry.family, 0.0, 0.1, self._confidence)
        phrase = Phrase(word.word, 0.0, 0.1, word.confidence, (word,))
        return [Recognition((phrase,), self._language, None, *self._detected) for _ in requests]

    def close(self) -> None: ...


TALK = make_talk("alpha", "bravo", "charlie", pause_s=61.0)
LOW_CONFIDENCE = {"model": "tone-listener", "min_confidence": 0.6, "retry_models": ["pocketsphinx", "whisper-base"]}


def make_low_confidence(folder: Path, **params: Any) -> tuple[PipelineRun, Path]:
    return PipelineRun("stt.transcribe", folder, {**LOW_CONFIDENCE, **params}), make_wav(folder / "a.wav", TALK)


def test_speech_that_the_first_model_does_not_recognise_goes_to_the_next(tmp_path: Path) -> None:
    person = load_jfk()[: int(3.6 * 16_000)]
    silence = make_silence(61.0)
    sound = np.concatenate([tones("alpha bravo"), silence, person, silence, tones("charlie delta")])
    run = PipelineRun(
        "stt.transcribe", tmp_path, {**LOW_CONFIDENCE, "language": "en", "retry_models": ["pocketsphinx"]}
    )
    result = run.run_all(make_wav(tmp_path / "a.wav", sound))
    segments = transcript(run)["segments"]
    assert [segment["text"] for segment in segments if segment["model"] == "tone-listener"] == [
        "alpha bravo",
        "charlie delta",
    ]
    again = [segment for segment in segments if segment["model"] == "pocketsphinx-en-us"]
    assert "fellow American" in " ".join(segment["text"] for segment in again)
    assert 61.5 < again[0]["start"] < 62.5 and again[-1]["end"] < 66.5
    assert [segment["start"] for segment in segments] == sorted(segment["start"] for segment in segments)
    assert result.summary["quality"] == {
        "avg_confidence": transcript(run)["avg_confidence"],
        "windows": 3,
        "windows_heard_again": 1,
        "windows_improved": 1,
    }


def test_doubtful_windows_go_from_model_to_model_until_one_is_sure(tmp_path: Path) -> None:
    run, recording = make_low_confidence(tmp_path)
    first, second, third = (
        FakeRecogniser("tone-listener", 0.3),
        FakeRecogniser("pocketsphinx", 0.5),
        FakeRecogniser("whisper-base", 0.9),
    )
    run.run_all(recording, first, {"pocketsphinx": second, "whisper-base": third})
    assert [len(recogniser.asked) for recogniser in (first, second, third)] == [3, 3, 3]
    assert {segment["model"] for segment in transcript(run)["segments"]} == {"whisper-base"}
    assert [span.data.get("round", 1) for span, _ in run.done] == [1, 2, 3]
    assert [request.seed for request in third.asked] == [request.seed for request in first.asked]


def test_draws_of_a_window_do_not_depend_on_the_size_of_chunks(tmp_path: Path) -> None:
    seeds = []
    for seconds in (0.1, 300.0):
        run = PipelineRun(
            "stt.transcribe", tmp_path / str(seconds), {"model": "tone-listener"}, {"chunk_seconds": seconds}
        )
        recogniser = FakeRecogniser("tone-listener", 0.9)
        run.run_all(make_wav(tmp_path / "a.wav", TALK), recogniser)
        seeds.append([request.seed for request in recogniser.asked])
        assert len(run.done) == (3 if seconds < 1.0 else 1)
    assert seeds[0] == seeds[1] and len(set(seeds[0])) == 3


def test_no_further_model_is_used_once_one_is_sure(tmp_path: Path) -> None:
    run, recording = make_low_confidence(tmp_path)
    second, third = FakeRecogniser("pocketsphinx", 0.7), FakeRecogniser("whisper-base", 0.9)
    run.run_all(recording, FakeRecogniser("tone-listener", 0.3), {"pocketsphinx": second, "whisper-base": third})
    assert (len(second.asked), len(third.asked)) == (3, 0)


def test_the_first_model_keeps_what_no_other_is_surer_of(tmp_path: Path) -> None:
    run, recording = make_low_confidence(tmp_path)
    others = {"pocketsphinx": FakeRecogniser("pocketsphinx", 0.2), "whisper-base": FakeRecogniser("whisper-base", 0.4)}
    result = run.run_all(recording, FakeRecogniser("tone-listener", 0.5), others)
    assert {segment["model"] for segment in transcript(run)["segments"]} == {"tone-listener"}
    assert (result.summary["quality"]["windows_heard_again"], result.summary["quality"]["windows_improved"]) == (3, 0)


def test_only_the_doubtful_windows_are_transcribed_again(tmp_path: Path) -> None:
    run, recording = make_low_confidence(tmp_path, min_confidence=0.9)
    plan = run.plan(recording)
    (follow,) = run.work(plan.spans[0], FakeRecogniser("tone-listener", 0.5)).follow_ups
    assert (follow.model, follow.span.idx, len(follow.span.data["windows"])) == ("pocketsphinx", 0, 3)
    sure = PipelineRun("stt.transcribe", tmp_path / "sure", {**LOW_CONFIDENCE, "min_confidence": 0.9})
    assert sure.work(sure.plan(recording).spans[0], load_family(sure.entry)).follow_ups == ()


def test_a_model_is_not_used_for_a_language_that_it_does_not_know(tmp_path: Path) -> None:
    run, recording = make_low_confidence(tmp_path)
    second, third = FakeRecogniser("pocketsphinx", 0.9), FakeRecogniser("whisper-base", 0.9)
    run.run_all(recording, FakeRecogniser("tone-listener", 0.3, "de"), {"pocketsphinx": second, "whisper-base": third})
    assert (len(second.asked), len(third.asked)) == (0, 3)


def test_provenance_of_a_second_recognition_stands_beside_the_first(tmp_path: Path) -> None:
    run, recording = make_low_confidence(tmp_path)
    plan = run.plan(recording)
    (follow,) = run.work(plan.spans[0], FakeRecogniser("tone-listener", 0.3)).follow_ups
    assert run.work(follow.span, FakeRecogniser("pocketsphinx", 0.9)).provenance == {
        "retry.pocketsphinx-en-us": "1, test"
    }


@pytest.mark.parametrize(
    ("language", "detected", "warned"),
    [
        ("de", ("en", 0.97), True),
        ("de", ("en", 0.5), False),
        ("en-GB", ("en", 0.97), False),
        ("auto", ("en", 0.97), False),
        ("de", None, False),
    ],
)
def test_a_language_that_the_model_contradicts_is_warned_of(
    tmp_path: Path, language: str, detected: tuple[str, float] | None, warned: bool
) -> None:
    run = make_run(tmp_path, language=language)
    result = run.run_all(make_wav(tmp_path / "a.wav", TALK), FakeRecogniser("tone-listener", 0.9, language, detected))
    assert transcript(run)["text"] == "tone tone tone"
    assert [warning["code"] for warning in result.summary["warnings"]] == ["other_language"] * warned
    assert all("'en'" in warning["detail"] and "100%" in warning["detail"] for warning in result.summary["warnings"])


def test_sound_without_words_gives_an_empty_transcript_with_a_warning(tmp_path: Path) -> None:
    class SilentRecogniser(FakeRecogniser):
        def transcribe(self, requests: Sequence[TranscriptionInput], tick: Tick) -> list[Recognition]:
            return [Recognition(()) for _ in requests]

    run = make_run(tmp_path)
    result = run.run_all(make_wav(tmp_path / "a.wav", TALK), SilentRecogniser("tone-listener", 0.9))
    (warning,) = result.summary["warnings"]
    assert (warning["code"], transcript(run)["text"]) == ("no_speech", "")
    assert "no words were understood" in warning["detail"]


def test_a_chunk_in_the_queue_of_another_kind_of_model_is_an_error(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    plan = run.plan(make_wav(tmp_path / "a.wav", tones("hello")))
    with pytest.raises(TypeError, match="in the queue of tone"):
        run.work(plan.spans[0], load_family(Catalog().get("tone", "tts")))


def test_track_with_speech_is_transcribed_and_the_other_is_named(tmp_path: Path) -> None:
    recording = mux_tracks(tmp_path / "a.mka", [make_silence(4.0), make_talk("alpha bravo charlie")], default=0)
    run = make_run(tmp_path)
    result = run.run_all(recording)
    assert transcript(run)["text"].lower().startswith("alpha bravo charlie")
    (warning,) = result.summary["warnings"]
    assert warning["code"] == "other_tracks" and "track 1, which is silent" in warning["detail"]


def test_track_that_the_request_names_is_transcribed(tmp_path: Path) -> None:
    sounds = [make_talk("alpha bravo charlie"), make_talk("delta echo foxtrot")]
    recording = mux_tracks(tmp_path / "a.mka", sounds, languages=("deu", "eng"))
    for wanted, text in (("1", "alpha"), (2, "delta"), ("en", "delta"), ("de", "alpha")):
        run = make_run(tmp_path, audio_track=wanted)
        run.run_all(recording)
        assert transcript(run)["text"].lower().startswith(text)


def test_recording_whose_channels_cancel_each_other_is_transcribed(tmp_path: Path) -> None:
    sound = make_talk("alpha bravo charlie")
    run = make_run(tmp_path)
    run.run_all(make_recording(tmp_path / "a.flac", np.stack([sound, -sound]), rate_hz=16_000))
    assert transcript(run)["text"].lower().startswith("alpha bravo charlie")


def test_subtitles_of_two_channels_are_in_order_and_none_is_over_another(tmp_path: Path) -> None:
    left, right = (
        make_talk(*[" ".join(WORDS)] * 2, pause_s=0.5),
        make_talk("golf hotel", "india", "juliet", pause_s=3.0),
    )
    length = max(len(left), len(right))
    sound = np.stack([np.pad(each, (0, length - len(each))) for each in (left, right)])
    run = make_run(tmp_path, channels="split", formats=["srt", "vtt"])
    run.run_all(make_recording(tmp_path / "a.flac", sound, rate_hz=16_000))
    for name in ("srt", "vtt"):
        events = pysubs2.SSAFile.from_string(run.read_text(f"transcript.{name}"), format_=name).events
        assert all(one.end <= other.start for one, other in itertools.pairwise(events))
    numbers = [block.splitlines()[0] for block in run.read_text("transcript.srt").strip().split("\n\n")]
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
