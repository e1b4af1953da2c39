"""VITS with random weights in the published layouts: against the library, in batches, with its options and errors."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Iterator
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
from pipelines.families.vits import load, voices
from pipelines.families.vits.family import Vits
from pipelines.family import Speech, SynthesisInput
from pipelines.pipeline import StepInterrupted
from pipelines.text.pronunciation.phonemes import phonemise
from tests.speech_checkpoints import write_vits

TEXT = "Hello, world. The cat sat on the mat."


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("vits")
    torch.set_num_threads(1)
    return {
        "vits-vctk": write_vits(root / "vctk", speakers=3),
        "mms-eng": write_vits(root / "mms", phonemes=False),
    }


def entry(folders: dict[str, Path], name: str) -> Entry:
    return replace(Catalog().get(name, "tts"), source=str(folders[name]), threads=1)


def exact(entry: Entry) -> Vits:
    """As the library computes it; elsewhere the decoder may be faster in bfloat16."""
    return Vits(entry, Path(str(entry.source)), "cpu", VocoderSettings(precision="float32"))


@pytest.fixture(scope="module")
def many(folders: dict[str, Path]) -> Iterator[Vits]:
    yield exact(entry(folders, "vits-vctk"))


@pytest.fixture(scope="module")
def letters(folders: dict[str, Path]) -> Iterator[Vits]:
    yield exact(entry(folders, "mms-eng"))


def tick() -> None:
    """Never interrupts."""


def synthesise(family: Vits, text: str, **changes: Any) -> Speech:
    return family.synthesise([SynthesisInput(text, **{"voice": "", "language": "en", **changes})], tick)[0]


def differ(left: Speech, right: Speech) -> float:
    """The largest difference of two sounds of one length, full scale = 1."""
    assert len(left.samples) == len(right.samples)
    return float(np.abs(left.samples.astype(int) - right.samples.astype(int)).max()) / 32_767


def by_the_library(folder: Path, text: str, seed: int, **asked: Any) -> np.ndarray:
    from transformers import VitsModel, VitsTokenizer

    model = VitsModel.from_pretrained(folder, local_files_only=True).eval()
    tokenizer = VitsTokenizer.from_pretrained(folder, normalize=False, phonemize=False, local_files_only=True)
    for name in ("noise_scale", "noise_scale_duration"):
        if name in asked:
            setattr(model, name, asked.pop(name))
    torch.manual_seed(seed)
    with torch.no_grad():
        found = model(**tokenizer(text, return_tensors="pt"), **asked)
    return found.waveform[0].numpy()


def test_sounds_as_the_library_does_with_the_same_seed(folders: dict[str, Path], many: Vits, letters: Vits) -> None:
    phones = "".join(segment.text for segment in phonemise(TEXT.lower(), "en-us"))
    for family, folder, written, asked in (
        (many, folders["vits-vctk"], phones, {"speaker_id": 2}),
        (letters, folders["mms-eng"], "hello world the cat sat on the mat", {}),
    ):
        voice = f"speaker-{asked['speaker_id']}" if asked else ""
        expected = by_the_library(folder, written, 7, **asked)
        found = synthesise(family, TEXT, voice=voice, seed=7).samples / 32_767
        assert len(found) == len(expected) > 5_000
        assert np.abs(found - expected).max() < 1e-4


def test_speed_and_noise_are_the_librarys(folders: dict[str, Path], many: Vits) -> None:
    phones = "".join(segment.text for segment in phonemise(TEXT.lower(), "en-us"))
    asked = {"speaker_id": 0, "speaking_rate": 1.7, "noise_scale": 0.2, "noise_scale_duration": 0.3}
    expected = by_the_library(folders["vits-vctk"], phones, 3, **asked)
    found = (
        synthesise(many, TEXT, speed=1.7, seed=3, options={"noise_scale": 0.2, "duration_noise": 0.3}).samples / 32_767
    )
    assert len(found) == len(expected)
    assert np.abs(found - expected).max() < 1e-4


def test_a_text_sounds_the_same_first_last_and_alone(many: Vits) -> None:
    texts = [TEXT, "Yes.", "A much longer sentence of many words, which goes on and on; and on!", "…", "No?"]
    requests = [
        SynthesisInput(text, f"speaker-{number % 3}", "en", speed=1.0 + number / 10, seed=number)
        for number, text in enumerate(texts)
    ]
    alone = [many.synthesise([request], tick)[0] for request in requests]
    together, backwards = many.synthesise(requests, tick), many.synthesise(requests[::-1], tick)[::-1]
    for one, first, last in zip(alone, together, backwards, strict=True):
        assert one.marks == first.marks == last.marks
        if len(one.samples):
            assert differ(one, first) < 1e-3
            assert differ(one, last) < 1e-3


def test_the_seed_alone_decides_what_is_drawn(many: Vits) -> None:
    assert differ(synthesise(many, TEXT, seed=1), synthesise(many, TEXT, seed=1)) == 0
    first, second = synthesise(many, TEXT, seed=1), synthesise(many, TEXT, seed=2)
    assert len(first.samples) != len(second.samples)
    still = [synthesise(many, TEXT, seed=seed, options={"noise_scale": 0.0, "duration_noise": 0.0}) for seed in (1, 2)]
    assert differ(*still) == 0


def test_speakers_sound_different(many: Vits) -> None:
    options = {"duration_noise": 0.0}
    one, other = (synthesise(many, TEXT, voice=f"speaker-{number}", options=options) for number in range(2))
    assert len(one.samples) != len(other.samples) or differ(one, other) > 0.01


def test_double_speed_takes_about_half_the_time(letters: Vits) -> None:
    slow, fast = (synthesise(letters, TEXT * 3, speed=speed) for speed in (1.0, 2.0))
    assert 0.4 < len(fast.samples) / len(slow.samples) < 0.75


def test_words_are_marked_where_their_symbols_sound(many: Vits, letters: Vits) -> None:
    for family in (many, letters):
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
            assert at <= mark.start_s < mark.end_s <= len(speech.samples) / speech.sample_rate_hz
            at = mark.end_s


def test_a_long_sentence_is_decoded_in_chunks_as_the_whole_would_be(folders: dict[str, Path], letters: Vits) -> None:
    text = "the quick brown fox jumps over the lazy dog and runs into the wide green wood " * 4
    expected = by_the_library(folders["mms-eng"], text.strip(), 5)
    found = synthesise(letters, text, seed=5).samples / 32_767
    assert len(found) == len(expected) > 4 * 256 * 64
    assert np.abs(found - expected).max() < 1e-4


def test_text_without_words_is_silence(many: Vits) -> None:
    for text in ("", "…", " — ", "?!"):
        speech = synthesise(many, text)
        assert len(speech.samples) == 0
        assert not speech.marks
    assert many.synthesise([], tick) == []


@pytest.mark.parametrize(
    ("text", "sounds_like", "named"),
    [
        ("in 1984", "in", "1984"),
        ("naïve", "naive", ""),
        ("well€known", "well known", "€"),
        ("weжll", "well", "ж"),
        ("привет you", "you", "привет"),
    ],
)
def test_what_letters_lack_is_left_out_and_named(letters: Vits, text: str, sounds_like: str, named: str) -> None:
    speech = synthesise(letters, text)
    assert differ(speech, synthesise(letters, sounds_like)) == 0
    assert [warning.split()[5] for warning in speech.warnings] == [repr(sign) for sign in named]


def test_dash_that_the_set_lacks_still_parts_two_words(letters: Vits) -> None:
    assert differ(synthesise(letters, "well—known"), synthesise(letters, "well known")) == 0


def test_nasal_vowels_are_replaced_by_a_vowel_and_an_n(many: Vits) -> None:
    assert len(synthesise(many, "Blanc.").samples)


def test_given_phonemes_are_used(many: Vits) -> None:
    options = {"duration_noise": 0.0, "noise_scale": 0.0}
    speech = synthesise(many, "Nguyen sat.", options={**options, "phonemes": [(0, 6, "wˈɪn")]})
    assert differ(speech, synthesise(many, "win sat.", options=options)) < 1e-3
    assert [(mark.start_char, mark.end_char) for mark in speech.marks] == [(0, 6), (7, 10)]


def test_unknown_voice_is_refused_with_the_choices(many: Vits, letters: Vits) -> None:
    for family, voice, choices in (
        (many, "speaker-3", "speaker-2"),
        (many, "anna", "speaker-2"),
        (letters, "x", "mms-eng"),
    ):
        with pytest.raises(UnsupportedOption, match=choices) as refused:
            synthesise(family, TEXT, voice=voice)
        assert refused.value.field == "voice"


def test_voices_are_listed_from_the_config_alone(folders: dict[str, Path]) -> None:
    listed = voices(entry(folders, "vits-vctk"))
    assert [voice.id for voice in listed] == ["speaker-0", "speaker-1", "speaker-2"]
    (only,) = voices(entry(folders, "mms-eng"))
    assert (only.id, only.language, only.sample_rate_hz) == ("mms-eng", "en", 16_000)


def test_synthesis_stops_when_the_tick_raises(many: Vits) -> None:
    def stop() -> None:
        raise StepInterrupted

    with pytest.raises(StepInterrupted):
        many.synthesise([SynthesisInput(TEXT, "", "en")], stop)


# -- what does not fit -------------------------------------------------------------------------------------------------
def changed(folders: dict[str, Path], into: Path, name: str = "mms-eng") -> Entry:
    shutil.copytree(folders[name], into)
    return replace(entry(folders, name), source=str(into))


def test_checkpoint_that_lacks_a_tensor_is_refused_by_its_name(folders: dict[str, Path], tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    there = changed(folders, tmp_path / "model")
    tensors = load_file(tmp_path / "model" / "model.safetensors")
    del tensors["decoder.conv_pre.weight"]
    tensors["text_encoder.project.bias"] = torch.zeros(3)
    save_file(tensors, tmp_path / "model" / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelUnavailable, match=r"decoder\.conv_pre\.weight.*text_encoder\.project\.bias"):
        load(there, "cpu")


def test_training_only_tensors_may_be_missing(folders: dict[str, Path], tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    there = changed(folders, tmp_path / "model")
    tensors = load_file(tmp_path / "model" / "model.safetensors")
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith("posterior_encoder.")}
    assert len(kept) < len(tensors)
    save_file(kept, tmp_path / "model" / "model.safetensors", {"format": "pt"})
    assert len(synthesise(load(there, "cpu"), TEXT).samples)


def test_training_only_tensors_may_hold_anything(folders: dict[str, Path], tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    there = changed(folders, tmp_path / "model")
    tensors = load_file(tmp_path / "model" / "model.safetensors")
    for name, tensor in tensors.items():
        if name.startswith("posterior_encoder."):
            tensor.fill_(float("nan"))
    save_file(tensors, tmp_path / "model" / "model.safetensors", {"format": "pt"})
    assert len(synthesise(load(there, "cpu"), TEXT).samples)


def test_pickle_that_would_run_code_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    there = changed(folders, tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").unlink()
    planted = tmp_path / "planted"

    class Bomb:
        def __reduce__(self) -> Any:
            return Path.touch, (planted,)

    torch.save({"decoder.conv_pre.weight": Bomb()}, tmp_path / "model" / "pytorch_model.bin", pickle_module=pickle)
    with pytest.raises(ModelUnavailable, match=r"run code|not plain tensors|Weights only"):
        load(there, "cpu")
    assert not planted.exists()


def test_weights_saved_by_torch_are_read_too(folders: dict[str, Path], tmp_path: Path, letters: Vits) -> None:
    from safetensors.torch import load_file

    there = changed(folders, tmp_path / "model")
    weights = tmp_path / "model" / "model.safetensors"
    torch.save(load_file(weights), tmp_path / "model" / "pytorch_model.bin")
    weights.unlink()
    assert differ(synthesise(exact(there), TEXT), synthesise(letters, TEXT)) < 1e-4


@pytest.mark.parametrize("name", ["vocab.json", "config.json", "tokenizer_config.json", "model.safetensors"])
def test_missing_file_is_named(folders: dict[str, Path], tmp_path: Path, name: str) -> None:
    there = changed(folders, tmp_path / "model")
    (tmp_path / "model" / name).unlink()
    with pytest.raises(ModelUnavailable, match=name):
        load(there, "cpu")


def test_checkpoint_of_another_rate_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    there = changed(folders, tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "sampling_rate": 24_000}))
    with pytest.raises(ModelUnavailable, match="24000"):
        load(there, "cpu")
