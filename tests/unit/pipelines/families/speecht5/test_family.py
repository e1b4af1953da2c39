"""SpeechT5 and its HiFi-GAN with random weights: against the library, in batches, with x-vectors and errors."""

from __future__ import annotations

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
from pipelines.errors import BadInput, ModelUnavailable, UnsupportedOption
from pipelines.families.speecht5 import load, voices
from pipelines.families.speecht5.family import SpeechT5
from pipelines.families.speecht5.network import Row, SpeechT5Network
from pipelines.family import Speech, SynthesisInput
from pipelines.pipeline import StepInterrupted
from tests.speech_checkpoints import write_hifigan, write_speecht5

TEXT = "Hello, world. The cat sat on the mat."


@pytest.fixture(scope="module")
def entry(tmp_path_factory: pytest.TempPathFactory) -> Entry:
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("speecht5")
    vocoder = write_hifigan(root / "vocoder", kind="SpeechT5")
    found = Catalog().get("speecht5", "tts")
    return replace(
        found, source=str(write_speecht5(root / "model")), components={"vocoder.hifigan": str(vocoder)}, threads=1
    )


@pytest.fixture(scope="module")
def family(entry: Entry) -> SpeechT5:
    return SpeechT5(entry, Path(str(entry.source)), "cpu", VocoderSettings(precision="float32"))


@pytest.fixture(scope="module")
def library(entry: Entry) -> Any:
    from transformers import SpeechT5ForTextToSpeech

    return SpeechT5ForTextToSpeech.from_pretrained(entry.source, local_files_only=True).eval()


@pytest.fixture(scope="module")
def vectors(entry: Entry) -> dict[str, np.ndarray]:
    with np.load(Path(str(entry.source)) / "voices.npz", allow_pickle=False) as file:
        return dict(file)


def tick() -> None:
    """Never interrupts."""


def synthesise(family: SpeechT5, text: str, **changes: Any) -> Speech:
    return family.synthesise([SynthesisInput(text, **{"voice": "", "language": "en", **changes})], tick)[0]


def by_the_library(model: Any, vocoder: str | None, ids: list[int], vector: np.ndarray, seed: int) -> np.ndarray:
    """`generate_speech`, its dropout drawn as ours is: 64 steps together, and the last frame alone matters."""
    prenet, settings = model.speecht5.decoder.prenet, model.config
    generator = torch.Generator().manual_seed(seed)
    drawn: list[torch.Tensor] = []
    calls = 0

    def dropout(values: torch.Tensor, p: float) -> torch.Tensor:
        nonlocal calls
        step, layer = divmod(calls, settings.speech_decoder_prenet_layers)
        calls += 1
        if step == 64 * len(drawn):
            shape = (64, settings.speech_decoder_prenet_layers, settings.speech_decoder_prenet_units)
            drawn.append(torch.bernoulli(torch.full(shape, p), generator=generator))
        return values * drawn[step // 64][step % 64, layer] / (1 - p)

    prenet._consistent_dropout = dropout
    try:
        from transformers import SpeechT5HifiGan

        made = None if vocoder is None else SpeechT5HifiGan.from_pretrained(vocoder, local_files_only=True).eval()
        return model.generate_speech(torch.tensor([ids]), torch.from_numpy(vector)[None], vocoder=made).numpy()
    finally:
        del prenet._consistent_dropout


def test_sounds_as_the_library_does_with_the_same_dropout(
    family: SpeechT5, library: Any, entry: Entry, vectors: dict[str, np.ndarray]
) -> None:
    ids = library_ids(entry, TEXT)
    for seed, voice in ((0, "voice-0"), (3, "voice-1")):
        expected = by_the_library(library, entry.components["vocoder.hifigan"], ids, vectors[voice], seed)
        found = synthesise(family, TEXT, seed=seed, voice=voice).samples / 32_767
        assert len(found) == len(expected) > 2_000
        assert np.abs(expected).max() > 0.05
        assert np.abs(found - expected).max() < 1e-4


def library_ids(entry: Entry, text: str) -> list[int]:
    from transformers import SpeechT5Tokenizer

    return SpeechT5Tokenizer.from_pretrained(entry.source, local_files_only=True)(text)["input_ids"]


def test_characters_are_those_of_the_librarys_tokenizer(family: SpeechT5, entry: Entry) -> None:
    for text in (TEXT, "  Don't  \n stop: “why?” Café! "):
        written = family._tokenizer.normalise(text)
        plain = " ".join(text.split()).translate({ord("“"): '"', ord("”"): '"'})
        assert family._tokenizer.encode(written) == library_ids(entry, plain)


def test_rows_that_end_early_late_and_never_are_as_they_are_alone(library: Any, vectors: dict[str, np.ndarray]) -> None:
    network = SpeechT5Network(library)
    lengths = (30, 2, 60, 9, 1)
    rows = [Row([4, *range(5, 5 + length), 2], vectors["voice-0"], seed) for seed, length in enumerate(lengths)]
    alone = [network.synthesise([row], tick)[0] for row in rows]
    longest = [int(len(row.ids) * 20 / 2) * 2 for row in rows]
    assert any(mel.shape[1] < most for mel, most in zip(alone, longest, strict=True))
    for answers in (network.synthesise(rows, tick), network.synthesise(rows[::-1], tick)[::-1]):
        for one, other in zip(alone, answers, strict=True):
            assert one.shape == other.shape
            assert torch.allclose(one, other, atol=1e-3)


def test_a_row_without_an_end_stops_at_the_librarys_limit(library: Any, vectors: dict[str, np.ndarray]) -> None:
    bias = library.speech_decoder_postnet.prob_out.bias
    with torch.no_grad():
        before = bias.clone()
        bias.fill_(-100.0)
        try:
            (mel,) = SpeechT5Network(library).synthesise([Row([4, 5, 6, 2], vectors["voice-0"], 0)], tick)
            expected = by_the_library(library, None, [4, 5, 6, 2], vectors["voice-0"], 0)
        finally:
            bias.copy_(before)
    assert mel.shape[1] == len(expected) == 80
    assert np.abs(mel.T.numpy() - expected).max() < 1e-3


def test_the_seed_and_the_vector_decide_alone(family: SpeechT5, vectors: dict[str, np.ndarray]) -> None:
    one, again, other = (synthesise(family, TEXT, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.samples, again.samples)
    assert not np.array_equal(one.samples, other.samples)
    named = synthesise(family, TEXT, voice="voice-1", seed=4)
    given = synthesise(family, TEXT, voice="Anna", seed=4, options={"reference": vectors["voice-1"]})
    assert np.array_equal(named.samples, given.samples)
    assert not np.array_equal(named.samples, synthesise(family, TEXT, voice="voice-0", seed=4).samples)


def test_a_text_sounds_the_same_first_last_and_alone(family: SpeechT5) -> None:
    texts = [TEXT, "Yes.", "…", "A longer sentence of many words, which goes on.", "No?"]
    requests = [SynthesisInput(text, f"voice-{n % 2}", "en", seed=n) for n, text in enumerate(texts)]
    alone = [family.synthesise([request], tick)[0] for request in requests]
    for answers in (family.synthesise(requests, tick), family.synthesise(requests[::-1], tick)[::-1]):
        for one, other in zip(alone, answers, strict=True):
            assert len(one.samples) == len(other.samples)
            assert np.abs(one.samples.astype(int) - other.samples).max(initial=0) <= 40


def test_a_passage_longer_than_the_models_limit_is_synthesised_in_parts(entry: Entry, tmp_path: Path) -> None:
    small = replace(entry, source=str(write_speecht5(tmp_path / "small", max_text_positions=20)))
    family = SpeechT5(small, tmp_path / "small", "cpu", VocoderSettings(precision="float32"))
    whole = synthesise(family, "The first part, and the second part.", seed=9)
    parts = [
        synthesise(family, text, seed=seed)
        for text, seed in (("The first part,", 9), ("and the second", 9 + (1 << 40)))
    ]
    first = len(parts[0].samples)
    assert np.abs(whole.samples[:first].astype(int) - parts[0].samples).max() <= 40
    assert not whole.samples[first : first + 2400].any()
    assert len(whole.samples) > first + 2400


def test_characters_that_it_lacks_are_left_out_and_named(family: SpeechT5) -> None:
    odd, plain = synthesise(family, "It was naïve😀of Eω."), synthesise(family, "It was naive of E.")
    assert np.array_equal(odd.samples, plain.samples)
    assert not plain.warnings
    assert ["'😀'" in odd.warnings[0], "'ω'" in odd.warnings[1]] == [True, True]
    assert len(synthesise(family, "привет").samples) == 0


def test_text_without_words_is_silence(family: SpeechT5) -> None:
    for text in ("", "…", " — ", "?!"):
        assert len(synthesise(family, text).samples) == 0
    assert family.synthesise([], tick) == []


def test_unknown_voices_and_wrong_vectors_are_refused(family: SpeechT5) -> None:
    with pytest.raises(UnsupportedOption, match="voice-0, voice-1") as refused:
        synthesise(family, TEXT, voice="anna")
    assert refused.value.field == "voice"
    for vector in (np.ones(7), np.zeros(8), np.full(8, np.nan)):
        with pytest.raises(BadInput, match="8 numbers"):
            synthesise(family, TEXT, options={"reference": vector})


def test_voices_are_the_arrays_beside_the_weights_and_of_a_component(entry: Entry, tmp_path: Path) -> None:
    folder = tmp_path / "vectors"
    folder.mkdir()
    np.save(folder / "cmu_us_slt_arctic-wav-arctic_a0001.npy", np.ones(8, np.float32))
    more = replace(entry, components={**entry.components, "voices": str(folder)})
    listed = {voice.id: voice.gender for voice in voices(more)}
    assert listed == {"voice-0": None, "voice-1": None, "cmu_us_slt_arctic-wav-arctic_a0001": "female"}


def test_a_pickled_vector_is_refused(entry: Entry, tmp_path: Path) -> None:
    planted = tmp_path / "planted"

    class Bomb:
        def __reduce__(self) -> Any:
            return Path.touch, (planted,)

    folder = tmp_path / "vectors"
    folder.mkdir()
    np.save(folder / "bomb.npy", np.array([Bomb()], dtype=object), allow_pickle=True)
    with pytest.raises(ModelUnavailable, match=r"bomb\.npy"):
        voices(replace(entry, components={**entry.components, "voices": str(folder)}))
    assert not planted.exists()


def test_a_checkpoint_without_vectors_is_refused_with_the_cure(entry: Entry, tmp_path: Path) -> None:
    bare = replace(entry, source=str(write_speecht5(tmp_path / "bare", voices=0)))
    assert voices(bare) == []
    with pytest.raises(UnsupportedOption, match=r"voices\.npz"):
        synthesise(load(bare, "cpu"), TEXT)


def test_synthesis_stops_when_the_tick_raises(family: SpeechT5) -> None:
    calls = 0

    def stop() -> None:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise StepInterrupted

    with pytest.raises(StepInterrupted):
        family.synthesise([SynthesisInput(TEXT, "", "en")], stop)


def test_missing_tokenizer_is_named(entry: Entry, tmp_path: Path) -> None:
    shutil.copytree(str(entry.source), tmp_path / "model")
    (tmp_path / "model" / "spm_char.model").unlink()
    with pytest.raises(ModelUnavailable, match=r"spm_char\.model"):
        load(replace(entry, source=str(tmp_path / "model")), "cpu")
