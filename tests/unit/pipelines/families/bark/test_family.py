"""Bark with random weights: against the library, in batches, with presets, tags, long passages and errors."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.families.bark import load, voices
from pipelines.families.bark.family import Bark
from pipelines.families.bark.network import BarkNetwork, Row
from pipelines.families.bark.voice_presets import HistoryPrompt, VoicePresets
from pipelines.family import Speech, SynthesisInput
from pipelines.pipeline import StepInterrupted
from tests.speech_checkpoints import write_bark

TEXT = "Hello, world. The cat sat."


def entry_at(folder: Path) -> Entry:
    return replace(Catalog().get("bark", "tts"), source=str(folder), threads=1)


@pytest.fixture(scope="module")
def entry(tmp_path_factory: pytest.TempPathFactory) -> Entry:
    torch.set_num_threads(1)
    return entry_at(write_bark(tmp_path_factory.mktemp("bark") / "model"))


@pytest.fixture(scope="module")
def family(entry: Entry) -> Bark:
    return load(entry, "cpu")


@pytest.fixture(scope="module")
def library(entry: Entry) -> Any:
    from transformers import BarkModel

    return BarkModel.from_pretrained(entry.source, local_files_only=True).eval()


def preset(entry: Entry, name: str) -> HistoryPrompt:
    return VoicePresets(entry, Path(str(entry.source))).get(name)


def tick() -> None:
    """Never interrupts."""


def synthesise(family: Bark, text: str, **changes: Any) -> Speech:
    return family.synthesise([SynthesisInput(text, **{"voice": "", "language": "en", **changes})], tick)[0]


def by_the_library(model: Any, ids: list[int], history: HistoryPrompt | None, seed: int) -> np.ndarray:
    width = model.generation_config.semantic_config["max_input_semantic_length"]
    text, mask = torch.zeros(1, width, dtype=torch.long), torch.zeros(1, width, dtype=torch.long)
    text[0, : len(ids)], mask[0, : len(ids)] = torch.tensor(ids), 1
    prompt = None
    if history is not None:
        prompt = {f"{name}_prompt": torch.from_numpy(getattr(history, name)) for name in ("semantic", "coarse", "fine")}
    torch.manual_seed(seed)
    return model.generate(input_ids=text, attention_mask=mask, history_prompt=prompt)[0].numpy()


@pytest.mark.parametrize("seed", [0, 2])
def test_sounds_as_the_library_does_with_the_same_seed(family: Bark, library: Any, entry: Entry, seed: int) -> None:
    (ids,) = family._tokenizer.encode_parts(TEXT, None, 32)
    for voice in ("v2/en_speaker_0", "v2/de_speaker_1"):
        expected = by_the_library(library, ids, preset(entry, voice), seed)
        found = synthesise(family, TEXT, voice=voice, seed=seed).samples / 32_767
        assert len(found) == len(expected) > 500
        assert np.abs(expected).max() > 0.05
        assert np.abs(found - expected).max() < 1e-4


@pytest.mark.parametrize("settings", [{"samples": False}, {"top_k": 5, "top_p": 0.7}])
def test_ways_of_drawing_are_the_librarys(tmp_path: Path, settings: dict[str, Any]) -> None:
    from transformers import BarkModel

    model = BarkModel.from_pretrained(write_bark(tmp_path / "model", **settings), local_files_only=True).eval()
    ids = list(range(3, 15))
    expected = by_the_library(model, ids, None, 4)
    (found,) = BarkNetwork(model).synthesise([Row(ids, None, torch.Generator().manual_seed(4))], tick)
    assert np.array_equal(found, expected)


def test_the_end_comes_as_soon_as_the_checkpoint_is_sure_enough(tmp_path: Path) -> None:
    """transformers' own `generate` drops the config's `min_eos_p`; the original had 0.2."""
    from transformers import BarkModel

    def tokens(**settings: Any) -> int:
        folder = write_bark(tmp_path / str(settings), **settings)
        row = Row(list(range(3, 15)), None, torch.Generator().manual_seed(1))
        BarkNetwork(BarkModel.from_pretrained(folder, local_files_only=True).eval()).synthesise([row], tick)
        return len(row.semantic)

    assert tokens(min_eos_p=1e-9) == 0
    assert tokens() > 5


def test_a_text_sounds_the_same_first_last_and_alone(family: Bark) -> None:
    texts = [TEXT, "Yes. [laughs]", "…", "No?"]
    requests = [
        SynthesisInput(text, "", "de" if number % 2 else "en", seed=number) for number, text in enumerate(texts)
    ]
    alone = [family.synthesise([request], tick)[0] for request in requests]
    assert len({len(speech.samples) for speech in alone}) > 1
    for answers in (family.synthesise(requests, tick), family.synthesise(requests[::-1], tick)[::-1]):
        for one, other in zip(alone, answers, strict=True):
            assert len(one.samples) == len(other.samples)
            assert np.abs(one.samples.astype(int) - other.samples).max(initial=0) <= 40


def test_voices_with_histories_of_other_lengths_share_a_batch(library: Any, entry: Entry) -> None:
    long, network = preset(entry, "v2/en_speaker_0"), BarkNetwork(library)
    short = HistoryPrompt(long.semantic[:6], long.coarse[:, :9], long.fine[:, :9])

    def rows() -> list[Row]:
        return [
            Row(list(range(3, 12)), history, torch.Generator().manual_seed(seed))
            for seed, history in enumerate((long, None, short, None))
        ]

    alone = [network.synthesise([row], tick)[0] for row in rows()]
    for one, other in zip(alone, network.synthesise(rows(), tick), strict=True):
        assert len(one) == len(other)
        assert np.abs(one - other).max(initial=0) < 1e-3


def test_the_seed_and_the_voice_decide(family: Bark) -> None:
    one, again, other = (synthesise(family, TEXT, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.samples, again.samples)
    assert not np.array_equal(one.samples, other.samples)
    assert not np.array_equal(one.samples, synthesise(family, TEXT, seed=1, voice="v2/de_speaker_1").samples)


def test_each_part_of_a_long_passage_is_conditioned_on_the_one_before(family: Bark, entry: Entry, library: Any) -> None:
    text = "One two three four five six. Seven more words!"
    whole = synthesise(family, text, seed=3)
    parts = list(family._tokenizer.encode_parts(text, None, 32))
    assert len(parts) == 2
    history, generator, sounds = preset(entry, "v2/en_speaker_0"), torch.Generator().manual_seed(3), []
    for ids in parts:
        row = Row(ids, history, generator)
        sounds += BarkNetwork(library).synthesise([row], tick)
        history = row.next_prompt
    assert history is not None and np.array_equal(history.semantic, row.semantic)
    expected = np.concatenate(sounds)
    assert len(whole.samples) == len(expected)
    assert np.abs(whole.samples / 32_767 - expected).max() < 1e-3


@pytest.fixture(scope="module")
def nameless(tmp_path_factory: pytest.TempPathFactory) -> Entry:
    return entry_at(write_bark(tmp_path_factory.mktemp("nameless") / "model", voices=0))


def prompts_of(
    family: Bark, requests: list[SynthesisInput], monkeypatch: pytest.MonkeyPatch
) -> list[HistoryPrompt | None]:
    """The prompt of each row."""
    seen: list[HistoryPrompt | None] = []
    synthesise = BarkNetwork.synthesise

    def watched(network: BarkNetwork, rows: Any, tick: Any) -> Any:
        seen.extend(row.prompt for row in rows)
        return synthesise(network, rows, tick)

    with monkeypatch.context() as patch:
        patch.setattr(BarkNetwork, "synthesise", watched)
        family.synthesise(requests, tick)
    return seen


def test_without_presets_every_sentence_of_every_chunk_has_the_default_voice(
    nameless: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = load(nameless, "cpu"), load(nameless, "cpu")
    inputs = [SynthesisInput(text, "", "en-GB", seed=seed) for seed, text in enumerate(("One two.", "Three!"))]
    introduction, *first = prompts_of(here, inputs, monkeypatch)
    _, *other = prompts_of(elsewhere, inputs[::-1], monkeypatch)
    again = prompts_of(here, inputs, monkeypatch)
    assert introduction is None
    assert len(first) == len(other) == len(again) == 2
    for history in (*first, *other, *again):
        assert history is not None and first[0] is not None
        assert np.array_equal(history.semantic, first[0].semantic) and len(history.semantic)
        assert np.array_equal(history.fine, first[0].fine)


def test_without_presets_each_language_has_its_own_voice_and_unknown_ones_the_english(nameless: Entry) -> None:
    prompts = load(nameless, "cpu")._default_prompts
    english, german, unknown, none = (prompts.get(tag, tick) for tag in ("en", "de-AT", "xx", ""))
    assert english is not None and german is not None and unknown is not None and none is not None
    assert not np.array_equal(english.semantic, german.semantic)
    assert np.array_equal(english.fine, unknown.fine) and np.array_equal(english.fine, none.fine)


def test_with_presets_every_sentence_begins_from_the_preset(
    family: Bark, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = [SynthesisInput(text, "v2/de_speaker_1", "en", seed=seed) for seed, text in enumerate(("One.", "Two."))]
    used_prompts = prompts_of(family, inputs, monkeypatch)
    wanted = preset(entry, "v2/de_speaker_1")
    assert [np.array_equal(history.fine, wanted.fine) for history in used_prompts if history] == [True, True]


def test_emotions_are_tags_before_the_text(family: Bark) -> None:
    happy = synthesise(family, TEXT, options={"emotion": "Happy"}, seed=1)
    assert np.array_equal(happy.samples, synthesise(family, f"[laughs] {TEXT}", seed=1).samples)
    assert not np.array_equal(happy.samples, synthesise(family, TEXT, seed=1).samples)
    with pytest.raises(UnsupportedOption, match="happy, amused") as refused:
        synthesise(family, TEXT, options={"emotion": "sarcastic"})
    assert refused.value.field == "emotion"


def test_text_without_words_is_silence_and_unknown_signs_are_left_out_and_named(family: Bark) -> None:
    for text in ("", "…", "?!"):
        assert len(synthesise(family, text).samples) == 0
    assert family.synthesise([], tick) == []
    odd, plain = synthesise(family, "she saиd🙂to me", seed=1), synthesise(family, "she sad to me", seed=1)
    assert np.array_equal(odd.samples, plain.samples)
    assert ["'и'" in odd.warnings[0], "'🙂'" in odd.warnings[1]] == [True, True]
    assert not plain.warnings
    assert len(synthesise(family, "привет").samples) == 0


def test_voices_are_chosen_by_name_then_by_language(family: Bark, entry: Entry) -> None:
    assert {voice.id: voice.language for voice in voices(entry)} == {"v2/de_speaker_1": "de", "v2/en_speaker_0": "en"}
    german = synthesise(family, TEXT, language="de-AT", seed=1)
    assert np.array_equal(german.samples, synthesise(family, TEXT, voice="v2/de_speaker_1", seed=1).samples)
    with pytest.raises(UnsupportedOption, match="v2/en_speaker_0") as refused:
        synthesise(family, TEXT, voice="anna")
    assert refused.value.field == "voice"


def test_presets_of_the_published_index_are_read_too(entry: Entry, tmp_path: Path) -> None:
    source = preset(entry, "v2/en_speaker_0")
    paths = {}
    for name in ("semantic", "coarse", "fine"):
        np.save(tmp_path / f"en_speaker_9_{name}.npy", getattr(source, name))
        paths[f"{name}_prompt"] = f"en_speaker_9_{name}.npy"
    (tmp_path / "speaker_embeddings_path.json").write_text(
        json.dumps({"repo_or_path": "somewhere/else", "v2/en_speaker_9": paths, "gone": dict.fromkeys(paths, "no.npy")})
    )
    presets = VoicePresets(entry, tmp_path)
    assert [voice.id for voice in presets.voices()] == ["v2/en_speaker_9"]
    assert np.array_equal(presets.get("v2/en_speaker_9").fine, source.fine)


@pytest.mark.parametrize("path", ["../outside.npy", "/etc/hostname", "a/../../outside.npy"])
def test_an_index_that_leads_out_of_the_checkpoint_is_refused(entry: Entry, tmp_path: Path, path: str) -> None:
    np.save(tmp_path / "outside.npy", np.zeros(3))
    folder = tmp_path / "model"
    folder.mkdir()
    parts = dict.fromkeys(("semantic_prompt", "coarse_prompt", "fine_prompt"), path)
    (folder / "speaker_embeddings_path.json").write_text(json.dumps({"evil": parts}))
    with pytest.raises(ModelUnavailable, match="outside the checkpoint"):
        VoicePresets(entry, folder)


def test_a_pickled_preset_is_refused(entry: Entry, tmp_path: Path) -> None:
    planted = tmp_path / "planted"

    class Bomb:
        def __reduce__(self) -> Any:
            return Path.touch, (planted,)

    (tmp_path / "speaker_embeddings").mkdir()
    arrays = {f"{name}_prompt": np.array([Bomb()], dtype=object) for name in ("semantic", "coarse", "fine")}
    np.savez(tmp_path / "speaker_embeddings" / "en_bomb.npz", **arrays)
    with pytest.raises(ModelUnavailable, match="en_bomb"):
        VoicePresets(entry, tmp_path).get("en_bomb")
    assert not planted.exists()


def test_synthesis_stops_when_the_tick_raises(family: Bark) -> None:
    calls = 0

    def stop() -> None:
        nonlocal calls
        calls += 1
        if calls > 5:
            raise StepInterrupted

    with pytest.raises(StepInterrupted):
        family.synthesise([SynthesisInput(TEXT, "", "en")], stop)


def test_missing_file_is_named(entry: Entry, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match=r"generation_config\.json"):
        load(replace(entry, source=str(tmp_path)), "cpu")
