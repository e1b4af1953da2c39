"""The family as a whole: transcriptions of a loaded checkpoint, and which checkpoints are refused, and why."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import ModelUnavailable
from pipelines.families.wav2vec2 import load
from pipelines.families.wav2vec2.family import Wav2Vec2
from pipelines.family import Recognition, TranscriptionInput
from tests.audio_factories import load_jfk, make_silence, make_wav
from tests.pipeline_runner import PipelineRun
from tests.wav2vec2_checkpoint import FOLDER, load_expected, make_entry, write_wav2vec2


@pytest.fixture(scope="module")
def family() -> Iterator[Wav2Vec2]:
    loaded = load(make_entry(), "cpu")
    yield loaded
    loaded.close()


def transcribe_jfk(family: Wav2Vec2, **changes: Any) -> Recognition:
    return family.transcribe([TranscriptionInput(load_jfk(), **changes)], lambda: None)[0]


def text(answer: Recognition) -> str:
    return " ".join(phrase.text for phrase in answer.phrases)


def test_a_window_is_decoded_letter_by_letter(family: Wav2Vec2) -> None:
    answer = transcribe_jfk(family)
    assert text(answer).upper().split() == str(load_expected()["text"]).split()
    assert answer.language == "en"
    assert all(" ".join(word.word for word in phrase.words) == phrase.text for phrase in answer.phrases)


def test_words_are_timed_by_the_models_frames(family: Wav2Vec2) -> None:
    for phrase in transcribe_jfk(family).phrases:
        for word in phrase.words:
            assert round(word.start / 0.02, 6).is_integer() and round(word.end / 0.02, 6).is_integer()
            assert word.start < word.end <= 11.0


def test_phrases_part_at_pauses(family: Wav2Vec2) -> None:
    phrases = transcribe_jfk(family).phrases
    assert all(after.start - before.end > 0.44 for before, after in pairwise(phrases))


def test_words_come_when_they_are_wanted(family: Wav2Vec2) -> None:
    assert not any(phrase.words for phrase in transcribe_jfk(family, words=False).phrases)


def test_confidence_of_a_phrase_is_its_words_by_their_length(family: Wav2Vec2) -> None:
    for phrase in transcribe_jfk(family).phrases:
        letters = sum(len(word.word) for word in phrase.words)
        mean = sum(word.confidence * len(word.word) for word in phrase.words) / letters
        assert phrase.confidence == pytest.approx(mean)


def test_a_window_too_short_for_a_frame_has_nothing_in_it(family: Wav2Vec2) -> None:
    requests = [TranscriptionInput(load_jfk()[:length]) for length in (0, 1, 399)]
    assert [answer.phrases for answer in family.transcribe(requests, lambda: None)] == [(), (), ()]


def test_engines_and_their_precision_are_named(family: Wav2Vec2, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert family.engine == "torch/float32" and family.revision.startswith("sha256:")
    onnx = load(make_entry(engine="onnx"), "cpu")
    assert onnx.engine == "onnx/float32"
    assert text(transcribe_jfk(onnx)) == text(transcribe_jfk(family))
    assert load(make_entry(engine="torch"), "cpu").engine in ("torch/bfloat16", "torch/float32")


def test_a_language_model_decides_among_its_words(tmp_path: Path) -> None:
    model = tmp_path / "words.arpa"
    model.write_text(
        "\\data\\\nngram 1=4\nngram 2=1\n\n\\1-grams:\n-9\t<unk>\n-99\t<s>\t0\n-1\t</s>\n-1\tASK\t0\n\n"
        "\\2-grams:\n-1\t<s> ASK\n\n\\end\\\n"
    )
    beam = load(make_entry(components={"language_model": str(model)}), "cpu")
    assert set(text(transcribe_jfk(beam)).split()) <= {"ask"}


def test_job_with_wav2vec2_gives_a_transcript(family: Wav2Vec2, tmp_path: Path) -> None:
    run = PipelineRun("stt.transcribe", tmp_path, {"model": "wav2vec2", "formats": ["json", "vtt"]})
    run.run_all(make_wav(tmp_path / "a.wav", load_jfk()), family)
    assert '"model": "wav2vec2-base-960h"' in run.read_text("transcript.json")
    assert run.read_text("transcript.vtt").startswith("WEBVTT")


def test_silence_is_answered_without_failing(family: Wav2Vec2) -> None:
    answer = family.transcribe([TranscriptionInput(make_silence(2.0))], lambda: None)[0]
    assert all(0 <= phrase.start <= phrase.end <= 2.0 for phrase in answer.phrases)


# -- errors ----------------------------------------------------------------------------------------------------------
def refused(folder: Path, reason: str, **changes: Any) -> None:
    with pytest.raises(ModelUnavailable, match=reason):
        load(make_entry(folder, **changes), "cpu")


@pytest.mark.parametrize("missing", ["config.json", "vocab.json", "preprocessor_config.json"])
def test_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    refused(write_wav2vec2(tmp_path / "model", leave_out=(missing,)), f"lacks {missing}")


def test_missing_weights_are_named(tmp_path: Path) -> None:
    folder = write_wav2vec2(tmp_path / "model", leave_out=("model.safetensors", "pytorch_model.bin"))
    refused(folder, "lacks model.safetensors or pytorch_model.bin")


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_damaged_weights_are_refused(tmp_path: Path, name: str) -> None:
    other = {"model.safetensors": "pytorch_model.bin", "pytorch_model.bin": "model.safetensors"}[name]
    folder = write_wav2vec2(tmp_path / "model", leave_out=(other,))
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    refused(folder, "wav2vec2-base-960h: ")


def test_weights_of_another_size_are_refused(tmp_path: Path) -> None:
    refused(write_wav2vec2(tmp_path / "model", config={"hidden_size": 48}), "does not fit wav2vec2.*other sizes")


def test_model_before_its_ctc_training_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = write_wav2vec2(tmp_path / "model", leave_out=("pytorch_model.bin",))
    tensors = load_file(folder / "model.safetensors")
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith("lm_head")}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    refused(folder, "lacks lm_head.bias, lm_head.weight")


def test_another_architecture_is_refused_by_name(tmp_path: Path) -> None:
    folder = write_wav2vec2(tmp_path / "model", config={"model_type": "hubert", "architectures": ["HubertForCTC"]})
    refused(folder, "HubertForCTC of type 'hubert'; this family loads Wav2Vec2ForCTC")


def test_another_sampling_rate_is_refused(tmp_path: Path) -> None:
    refused(write_wav2vec2(tmp_path / "model", preprocessor_config={"sampling_rate": 8000}), "trained at 8000 Hz")


@pytest.mark.parametrize(
    "changes",
    [{"conv_kernel": None}, {"conv_kernel": [10, 3]}, {"num_attention_heads": 5}, {"hidden_act": "squirrel"}],
)
def test_config_that_describes_no_network_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    refused(write_wav2vec2(tmp_path / "model", config=changes), "wav2vec2-base-960h: ")


def test_model_without_room_is_refused_with_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.engines import memory

    monkeypatch.setattr(memory, "measure_free_bytes", lambda device: 1_000)
    refused(FOLDER, r"too large for cpu: it needs about .* GB and 0\.0 GB are")


def test_unknown_engine_or_component_is_refused() -> None:
    refused(FOLDER, "does not run on the engine 'tensorrt'", engine="tensorrt")
    refused(FOLDER, "has no component vocoder", components={"vocoder": "x"})
