from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch.nn import functional

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.weights import load_state_dict
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.families.tacotron2 import load, voices
from pipelines.families.tacotron2.family import SeededDropout, Tacotron2, change_speed
from pipelines.families.tacotron2.network import AlignedSpectrogram
from pipelines.family import SynthesisInput
from pipelines.pipeline import StepInterrupted
from tests.checkpoints import FIXTURES, make_entry
from tests.pipeline_runner import PipelineRun

TEXTS = ("The quick brown fox.", "Yes.", "A longer sentence, with a pause: and an end!")


def tick() -> None:
    """Never interrupts."""


def entry_of(folder, **components: str):
    entry = Catalog().get("tacotron2", "tts")
    return replace(entry, source=str(folder), threads=1, components=components)


@pytest.fixture(scope="module")
def family() -> Tacotron2:
    hifigan = str(FIXTURES / "hifigan")
    return load(entry_of(FIXTURES / "tacotron2", vocoder=hifigan), "cpu")


@pytest.fixture(scope="module")
def stopping(tmp_path_factory):
    """A checkpoint whose gate opens sooner or later, by what the dropout draws."""
    folder = tmp_path_factory.mktemp("stopping")
    tensors = load_state_dict(make_entry(), FIXTURES / "tacotron2" / "checkpoint.pt")
    random = torch.Generator().manual_seed(4)
    tensors["decoder.gate_layer.linear_layer.weight"].normal_(std=2.0, generator=random)
    torch.save({"state_dict": tensors}, folder / "tacotron2_statedict.pt")
    shutil.copy(FIXTURES / "tacotron2" / "config.json", folder)
    return folder


def make_input(text: str, **changes) -> SynthesisInput:
    return SynthesisInput(text, **{"voice": "", "language": "en", "seed": 7, **changes})


def test_a_text_sounds_the_same_first_last_and_alone(family):
    requests = [make_input(text, seed=number) for number, text in enumerate(TEXTS)]
    alone = [family.synthesise([request], tick)[0] for request in requests]
    for together in (family.synthesise(requests, tick), family.synthesise(requests[::-1], tick)[::-1]):
        for one, other in zip(alone, together, strict=True):
            assert len(one.samples) == len(other.samples)
            # A step of 16-bit sound is 1; bfloat16 rounds what differs in the last digit of float32.
            assert np.abs(one.samples.astype(int) - other.samples).max() < 700
            assert len(one.marks) == len(other.marks)


def test_what_the_entry_sets_reaches_the_vocoder():
    made = entry_of(FIXTURES / "tacotron2")
    few, many = (
        load(replace(made, vocoder_settings={"iterations": rounds}), "cpu")
        .synthesise([make_input(TEXTS[1])], tick)[0]
        .samples
        for rounds in (1, 8)
    )
    assert len(few) == len(many)
    assert not np.array_equal(few, many)
    named = entry_of(FIXTURES / "tacotron2", **{"vocoder.hifigan": str(FIXTURES / "hifigan")})
    exact = load(replace(named, vocoder_settings={"precision": "float32"}), "cpu")
    assert exact.engine == "torch/float32, hifigan torch/float32"


def test_a_seed_decides_what_dropout_does(family):
    # Each by itself: with the instructions of some processors the last bit of a row depends on its place in a batch.
    one, same, other = (family.synthesise([make_input(TEXTS[0], seed=seed)], tick)[0] for seed in (1, 1, 2))
    assert np.array_equal(one.samples, same.samples)
    assert not np.array_equal(one.samples, other.samples)


def test_marks_are_words_in_order_within_the_sound(family):
    (speech,) = family.synthesise([make_input(TEXTS[2], speed=0.8)], tick)
    seconds = len(speech.samples) / speech.sample_rate_hz
    assert [TEXTS[2][mark.start_char : mark.end_char] for mark in speech.marks] == [
        "A",
        "longer",
        "sentence",
        "with",
        "a",
        "pause",
        "and",
        "an",
        "end",
    ]
    at = 0.0
    for mark in speech.marks:
        assert at <= mark.start_s <= mark.end_s <= seconds + 1e-6
        at = mark.start_s


def test_double_speed_takes_half_the_frames_at_the_same_pitch(family):
    slow, fast = family.synthesise([make_input(TEXTS[0], speed=speed) for speed in (1.0, 2.0)], tick)
    assert len(fast.samples) * 2 == len(slow.samples) == 32 * 256
    mel = torch.arange(12.0).repeat(3, 1)
    assert change_speed(mel, 1.0) is mel
    assert torch.allclose(change_speed(mel, 2.0), torch.arange(0.5, 12, 2).repeat(3, 1))


def test_a_long_text_is_synthesised_in_parts(family):
    (speech,) = family.synthesise([make_input("One more clause of the same kind, " * 12)], tick)
    assert len(speech.samples) == 3 * 32 * 256 + 2 * 2205
    assert len(speech.marks) == 12 * 7


def test_text_without_words_is_silence_and_unknown_characters_are_named(family):
    assert [len(speech.samples) for speech in family.synthesise([make_input("..."), make_input("")], tick)] == [0, 0]
    (strange,) = family.synthesise([make_input("Привет")], tick)
    assert len(strange.samples) == 0
    assert len(strange.warnings) == len("Привет")


def test_vocoder_is_that_of_the_request(family):
    default, rough = family.synthesise(
        [make_input(TEXTS[0]), make_input(TEXTS[0], options={"vocoder": "griffin-lim"})], tick
    )
    assert len(default.samples) == len(rough.samples)
    assert not np.array_equal(default.samples, rough.samples)
    with pytest.raises(UnsupportedOption, match="it has: griffin-lim") as refused:
        family.synthesise([make_input(TEXTS[0], options={"vocoder": "waveglow"})], tick)
    assert refused.value.field == "vocoder"


def test_vocoder_of_other_mels_is_refused_when_the_model_is_loaded():
    with pytest.raises(UnsupportedOption, match="fmax_hz"):
        load(entry_of(FIXTURES / "tacotron2", vocoder=str(FIXTURES / "melgan")), "cpu")


def test_other_voices_are_refused(family):
    assert [voice.id for voice in voices(family.entry)] == ["tacotron2"]
    family.synthesise([make_input("Yes.", voice="tacotron2")], tick)
    with pytest.raises(UnsupportedOption, match="one voice") as refused:
        family.synthesise([make_input("Yes.", voice="bob")], tick)
    assert refused.value.field == "voice"


def test_an_utterance_that_never_stops_is_tried_with_other_dropout(stopping):
    """Frames of one attempt are cut at 32; a seed is found whose first attempt is, and whose answer is not."""
    family = load(entry_of(stopping), "cpu")
    (encoded,) = family._frontend.encode_parts(TEXTS[0])
    recovered = []
    for seed in range(1, 9):
        first = family._network.synthesise([encoded.ids], SeededDropout([seed], 24), tick, limits=[32])[0]
        (speech,) = family.synthesise([make_input(TEXTS[0], seed=seed)], tick)
        if first.stopped:
            continue
        recovered.append(len(speech.samples) < 32 * 256)
    assert any(recovered)


class Reading:
    """A network whose attention is given, one alignment for each attempt; the last one repeats."""

    def __init__(self, network, *attempts) -> None:
        self.dimensions, self.bins = network.dimensions, network.dimensions.bins
        self.call_count = 0
        self._attempts = attempts

    def synthesise(self, ids, dropout, tick, *, limits, threshold):
        attempt = self._attempts[min(self.call_count, len(self._attempts) - 1)]
        self.call_count += 1
        return [attempt(len(one), self.bins) for one in ids]


def well(symbols, bins, *, stopped=True):
    frames = torch.arange(symbols).repeat_interleave(3)
    return AlignedSpectrogram(torch.zeros(bins, len(frames)), functional.one_hot(frames, symbols).float(), stopped)


def skipping(symbols, bins):
    whole = well(symbols, bins)
    return AlignedSpectrogram(whole.mel[:, :-18], torch.cat([whole.alignment[:9], whole.alignment[27:]]), stopped=True)


@pytest.mark.parametrize(
    ("attempts", "call_count", "faults"),
    [
        ([well], 1, ()),
        ([skipping, well], 2, ()),
        ([skipping], 3, ("attention",)),
        ([partial(well, stopped=False)], 3, ("attention",)),
    ],
    ids=["well", "well at last", "skipping", "endless"],
)
def test_attention_faults_that_remain_are_reported(family, monkeypatch, attempts, call_count, faults):
    network = Reading(family._network, *attempts)
    monkeypatch.setattr(family, "_network", network)
    (speech,) = family.synthesise([make_input(TEXTS[0])], tick)
    assert (network.call_count, speech.faults) == (call_count, faults)


def test_a_sentence_in_which_attention_was_lost_is_in_the_result_of_a_job(family, tmp_path):
    """Random weights never stop."""
    run = PipelineRun("tts.synthesize", tmp_path, {"model": "tacotron2", "text": " ".join(TEXTS)})
    summary = run.run_all(None, family).summary
    assert summary["quality"]["faults"]["attention"] == 3
    assert "attention" in [warning["code"] for warning in summary["warnings"]]


def test_synthesis_stops_when_the_tick_raises(family):
    def stop() -> None:
        raise StepInterrupted

    with pytest.raises(StepInterrupted):
        family.synthesise([make_input(TEXTS[0])], stop)


def test_provenance_names_weights_engine_and_vocoder(family):
    assert family.revision.startswith("sha256:")
    assert family.engine.startswith("torch/float32, hifigan torch/")


def test_rate_of_the_checkpoint_is_that_of_the_entry():
    with pytest.raises(ModelUnavailable, match="sample_rate_hz = 22050"):
        load(replace(entry_of(FIXTURES / "tacotron2"), sample_rate_hz=16_000), "cpu")


def test_a_missing_directory_is_an_error_with_the_cure():
    entry = Catalog().get("tacotron2", "tts")
    with pytest.raises(ModelUnavailable, match=r"models\.toml"):
        load(replace(entry, source="./not-there"), "cpu")
