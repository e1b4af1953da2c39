"""FastSpeech2 and its HiFi-GAN with random weights: against the library, in batches, with its controls and errors."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import Entry
from pipelines.catalog.vocoder_settings import VocoderSettings
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.families.fastspeech2 import load, voices
from pipelines.families.fastspeech2.family import FastSpeech2
from pipelines.families.fastspeech2.frontend import Frontend
from pipelines.families.fastspeech2.network import FastSpeech2Network, Row
from pipelines.family import Speech, SynthesisInput
from pipelines.pipeline import StepInterrupted
from tests.speech_checkpoints import ARPABET_SYMBOLS, write_fastspeech2, write_hifigan

TEXT = "Hello, world. The cat sat on the mat."


@pytest.fixture(scope="module")
def entry(tmp_path_factory: pytest.TempPathFactory) -> Entry:
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("fastspeech2")
    vocoder = write_hifigan(root / "vocoder")
    found = Catalog().get("fastspeech2", "tts")
    return replace(
        found, source=str(write_fastspeech2(root / "model")), components={"vocoder.hifigan": str(vocoder)}, threads=1
    )


@pytest.fixture(scope="module")
def family(entry: Entry) -> FastSpeech2:
    # As the library computes it; elsewhere the vocoder may be faster in bfloat16.
    return FastSpeech2(entry, Path(str(entry.source)), "cpu", VocoderSettings(precision="float32"))


@pytest.fixture(scope="module")
def library(entry: Entry) -> Any:
    from transformers import FastSpeech2ConformerHifiGan, FastSpeech2ConformerModel

    model = FastSpeech2ConformerModel.from_pretrained(entry.source, local_files_only=True).eval()
    vocoder = FastSpeech2ConformerHifiGan.from_pretrained(
        entry.components["vocoder.hifigan"], local_files_only=True
    ).eval()
    return model, vocoder


@pytest.fixture(scope="module")
def network(library: Any) -> FastSpeech2Network:
    import copy

    return FastSpeech2Network(copy.deepcopy(library[0]))


def tick() -> None:
    """Never interrupts."""


def synthesise(family: FastSpeech2, text: str, **changes: Any) -> Speech:
    return family.synthesise([SynthesisInput(text, **{"voice": "", "language": "en", **changes})], tick)[0]


def symbols(family: FastSpeech2, text: str) -> list[str]:
    return [ARPABET_SYMBOLS[number] for number in family._frontend.encode(text).ids]


def test_text_is_spelt_in_arpabet_with_its_marks_and_an_end(family: FastSpeech2) -> None:
    assert " ".join(symbols(family, "Hello; world — yes…")) == "HH AH0 L OW1 , W ER1 L D , Y EH1 S .. <sos/eos>"


def test_given_phonemes_are_used(family: FastSpeech2) -> None:
    given = synthesise(family, "Nguyen sat.", options={"phonemes": [(0, 6, "wˈɪn")]})
    assert np.abs(given.samples.astype(int) - synthesise(family, "win sat.").samples).max() <= 4
    assert [(mark.start_char, mark.end_char) for mark in given.marks] == [(0, 6), (7, 10)]


def test_a_vowel_is_replaced_by_one_with_another_stress(entry: Entry, tmp_path: Path) -> None:
    known = [symbol for symbol in ARPABET_SYMBOLS if symbol != "OW1"]
    (tmp_path / "vocab.json").write_text(json.dumps({symbol: number for number, symbol in enumerate(known)}))
    ids = Frontend(entry, tmp_path).encode("Hello").ids
    assert [known[number] for number in ids] == ["HH", "AH0", "L", "OW0", "<sos/eos>"]


def test_sounds_as_the_library_does(family: FastSpeech2, library: Any) -> None:
    model, vocoder = library
    with torch.no_grad():
        mel = model(torch.tensor([family._frontend.encode(TEXT).ids]), return_dict=True).spectrogram
        expected = vocoder(mel)[0].numpy()
    found = synthesise(family, TEXT).samples / 32_767
    assert len(found) == len(expected) > 10_000
    assert np.abs(expected).max() > 0.05
    assert np.abs(found - expected).max() < 1e-4


def test_speed_is_the_librarys_own(network: FastSpeech2Network, library: Any) -> None:
    model, _ = library
    ids = list(range(2, 40))
    model.config.speaking_speed = 1 / 1.6
    try:
        with torch.no_grad():
            expected = model(torch.tensor([ids]), return_dict=True)
    finally:
        model.config.speaking_speed = 1.0
    (found,) = network.synthesise([Row(ids, speed=1.6)], tick)
    assert found.mel.shape[1] < sum(network.synthesise([Row(ids)], tick)[0].durations)
    assert torch.allclose(found.mel.T, expected.spectrogram[0], atol=1e-4)


def test_a_row_is_the_same_in_every_batch(network: FastSpeech2Network) -> None:
    rows = [
        Row(list(range(2, 2 + length)), 1.0 + number / 10, pitch=number / 2, energy=-number / 3)
        for number, length in enumerate((30, 3, 70, 1))
    ]
    alone = [network.synthesise([row], tick)[0] for row in rows]
    for answers in (network.synthesise(rows, tick), network.synthesise(rows[::-1], tick)[::-1]):
        for one, other in zip(alone, answers, strict=True):
            assert one.durations == other.durations
            assert torch.allclose(one.mel, other.mel, atol=1e-4)


def test_pitch_and_energy_move_the_prediction_by_standard_deviations(network: FastSpeech2Network, library: Any) -> None:
    model, _ = library
    ids = list(range(2, 30))
    for field in ("pitch", "energy"):
        predictor = getattr(model, f"{field}_predictor").linear
        with torch.no_grad():
            predictor.bias += 1.5
            try:
                expected = model(torch.tensor([ids]), return_dict=True).spectrogram[0]
            finally:
                predictor.bias -= 1.5
        (found,) = network.synthesise([Row(ids, **{field: 1.5})], tick)
        (plain,) = network.synthesise([Row(ids)], tick)
        assert torch.allclose(found.mel.T, expected, atol=1e-4)
        assert not torch.allclose(found.mel, plain.mel, atol=1e-2)


def test_options_of_a_request_reach_the_model(family: FastSpeech2) -> None:
    plain = synthesise(family, TEXT)
    for options in ({"pitch": 2.0}, {"energy": -2.0}):
        moved = synthesise(family, TEXT, options=options)
        assert len(moved.samples) == len(plain.samples)
        assert np.abs(moved.samples.astype(int) - plain.samples).max() > 300
    fast = synthesise(family, TEXT, speed=2.0)
    assert 0.35 < len(fast.samples) / len(plain.samples) < 0.7


def test_a_text_sounds_the_same_first_last_and_alone(family: FastSpeech2) -> None:
    texts = [TEXT, "Yes.", "…", "A much longer sentence of many words, which goes on and on!", "No?"]
    requests = [SynthesisInput(text, "", "en", seed=number) for number, text in enumerate(texts)]
    alone = [family.synthesise([request], tick)[0] for request in requests]
    for answers in (family.synthesise(requests, tick), family.synthesise(requests[::-1], tick)[::-1]):
        for one, other in zip(alone, answers, strict=True):
            assert one.marks == other.marks
            assert len(one.samples) == len(other.samples)
            assert np.abs(one.samples.astype(int) - other.samples).max(initial=0) <= 4


def test_words_are_marked_where_their_symbols_sound(family: FastSpeech2) -> None:
    speech = synthesise(family, TEXT)
    assert [TEXT[m.start_char : m.end_char] for m in speech.marks] == [
        "Hello",
        "world",
        "The",
        "cat",
        "sat",
        "on",
        "the",
        "mat",
    ]
    at = 0.0
    for mark in speech.marks:
        assert at <= mark.start_s < mark.end_s <= len(speech.samples) / speech.sample_rate_hz + 1e-9
        at = mark.end_s


def test_another_vocoder_can_be_chosen_and_an_unknown_one_is_refused(family: FastSpeech2) -> None:
    chosen: tuple[dict[str, str], ...] = ({}, {"vocoder": "griffin-lim"}, {"vocoder": "hifigan"})
    one, other, named = family.synthesise([SynthesisInput(TEXT, "", "en", options=options) for options in chosen], tick)
    assert np.abs(one.samples.astype(int) - named.samples).max() <= 4
    assert len(one.samples) == len(other.samples)
    assert np.abs(one.samples.astype(int) - other.samples).max() > 1000
    with pytest.raises(UnsupportedOption) as refused:
        synthesise(family, TEXT, options={"vocoder": "waveglow"})
    assert refused.value.field == "vocoder"


def test_other_voices_are_refused(family: FastSpeech2, entry: Entry) -> None:
    assert [voice.id for voice in voices(entry)] == ["ljspeech"]
    assert len(synthesise(family, "Yes.", voice="ljspeech").samples)
    with pytest.raises(UnsupportedOption, match="ljspeech") as refused:
        synthesise(family, TEXT, voice="anna")
    assert refused.value.field == "voice"


def test_synthesis_stops_when_the_tick_raises(family: FastSpeech2) -> None:
    def stop() -> None:
        raise StepInterrupted

    with pytest.raises(StepInterrupted):
        family.synthesise([SynthesisInput(TEXT, "", "en")], stop)


def test_vocabulary_without_arpabet_and_models_of_many_speakers_are_refused(entry: Entry, tmp_path: Path) -> None:
    for number, (file, content, reason) in enumerate(
        (("vocab.json", {"a": 1, "<sos/eos>": 2}, "ARPAbet"), ("config.json", {"num_speakers": 4}, "num_speakers"))
    ):
        folder = tmp_path / str(number)
        shutil.copytree(str(entry.source), folder)
        path = folder / file
        path.write_text(json.dumps(content if file == "vocab.json" else {**json.loads(path.read_text()), **content}))
        with pytest.raises(ModelUnavailable, match=reason):
            load(replace(entry, source=str(folder)), "cpu")


def test_missing_file_is_named(entry: Entry, tmp_path: Path) -> None:
    shutil.copytree(str(entry.source), tmp_path / "model")
    (tmp_path / "model" / "vocab.json").unlink()
    with pytest.raises(ModelUnavailable, match=r"vocab\.json"):
        load(replace(entry, source=str(tmp_path / "model")), "cpu")
