"""Where weights come from, what is required of them, and the errors when they are missing."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import Entry
from pipelines.engines.ctranslate2_saturation import has_exact_int8_sums
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.families.whisper import Whisper, load
from pipelines.families.whisper.accuracy import AccuracyCheck
from pipelines.family import TranscriptionInput
from tests.audio_factories import load_jfk, make_wav
from tests.pipeline_runner import PipelineRun
from tests.whisper_ctranslate2_checkpoint import write_ctranslate2_whisper

#: What stands for 8 bits on this processor, and what is chosen here.
EIGHT_BITS = "ctranslate2/int8" if has_exact_int8_sums() else "ctranslate2/int8_reduced_range"
MIXED = "ctranslate2/float32 + ctranslate2/int8_reduced_range"
CHOSEN = EIGHT_BITS if has_exact_int8_sums() else MIXED


def make_entry(source: str | Path, **changes: Any) -> Entry:
    return dataclasses.replace(Catalog().get("whisper-tiny", "stt"), source=str(source), **changes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ctranslate2_whisper(tmp_path_factory.mktemp("whisper") / "model")


@pytest.fixture(scope="module")
def whisper(folder: Path) -> Whisper:
    return load(make_entry(folder), "cpu")


def transcribe_noise(whisper: Whisper, **changes: Any) -> Any:
    return whisper.transcribe([TranscriptionInput(load_jfk()[:32_000], **changes)], lambda: None)[0]


def test_model_loads_from_a_directory_with_its_digest_as_revision(whisper: Whisper) -> None:
    assert whisper.revision.startswith("sha256:") and whisper.engine == CHOSEN


def test_engine_of_8_bits_takes_no_other_weights(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(make_entry(folder, engine="ctranslate2-int8"), "cpu").engine == EIGHT_BITS
    assert load(make_entry(folder, engine="ctranslate2-float32"), "cpu").engine == "ctranslate2/float32"
    monkeypatch.setattr("ctranslate2.get_supported_compute_types", lambda kind, index: {"float32"})
    assert load(make_entry(folder), "cpu").engine == "ctranslate2/float32"
    with pytest.raises(ModelUnavailable, match="whisper-tiny: CTranslate2 has no weights of 8 bits on cpu"):
        load(make_entry(folder, engine="ctranslate2-int8"), "cpu")


def test_weights_of_7_bits_take_the_place_of_8_where_sums_are_cut(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.engines.ctranslate2_engine.has_exact_int8_sums", lambda: False)
    whisper = load(make_entry(folder), "cpu")
    assert whisper.engine == MIXED and transcribe_noise(whisper, language="en").phrases
    small = load(make_entry(folder, engine="ctranslate2-int8"), "cpu")
    assert small.engine == "ctranslate2/int8_reduced_range" and transcribe_noise(small, language="en").phrases
    whisper.close()


def test_engine_with_too_large_an_error_gives_way_to_float32(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = {"ctranslate2/float32": 0.0}
    monkeypatch.setattr(
        AccuracyCheck, "measure_error", lambda self, decoder, encoded, reference: errors.get(decoder.name, 0.3)
    )
    whisper = load(make_entry(folder), "cpu")
    assert whisper.engine == "ctranslate2/float32" and whisper.selection is not None
    assert [(each.engine, each.error) for each in whisper.selection.candidates] == [
        (CHOSEN, 0.3),
        ("ctranslate2/float32", 0.0),
    ]
    named = load(make_entry(folder, engine="ctranslate2-int8"), "cpu")
    assert named.engine == EIGHT_BITS and named.selection is not None
    assert "0.300 instead of 0.020" in named.selection.warning


def test_engine_that_decodes_otherwise_in_batches_decodes_window_by_window(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load(make_entry(folder), "cpu")._decoder.decodes_in_batches
    monkeypatch.setattr(AccuracyCheck, "is_equal_in_batches", lambda *_: False)
    whisper = load(make_entry(folder), "cpu")
    assert not whisper._decoder.decodes_in_batches
    requests = [TranscriptionInput(load_jfk()[:size], language="en") for size in (32_000, 16_000)]
    alone = [whisper.transcribe([request], lambda: None)[0] for request in requests]
    assert whisper.transcribe(requests, lambda: None) == alone


def test_model_that_does_not_fit_in_float32_is_loaded_without_a_comparison(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.families.whisper.loading.measure_free_bytes", lambda device: 1_000_000)
    whisper = load(make_entry(folder), "cpu")
    assert whisper.engine == EIGHT_BITS and whisper.selection is not None
    assert whisper.selection.chosen.error is None
    assert "too little memory to load the model in float32" in whisper.selection.warning


def test_revision_of_a_snapshot_is_its_commit(folder: Path, tmp_path: Path) -> None:
    snapshot = tmp_path / "snapshots" / ("0123456789abcdef" * 2)
    snapshot.parent.mkdir()
    snapshot.symlink_to(folder)
    assert load(make_entry(snapshot), "cpu").revision == snapshot.name


@pytest.mark.parametrize(("tag", "answer"), [("de", "de"), ("de-AT", "de"), ("nb", "no"), ("jv", "jv"), ("fil", "tl")])
def test_languages_go_by_their_bcp_47_tags(whisper: Whisper, tag: str, answer: str) -> None:
    assert transcribe_noise(whisper, language=tag).language == answer


def test_language_is_detected_where_none_is_named(whisper: Whisper) -> None:
    answer = transcribe_noise(whisper)
    assert answer.language and 0 < answer.language_confidence < 1


def test_unknown_language_is_refused(whisper: Whisper) -> None:
    with pytest.raises(UnsupportedOption, match="tlh"):
        transcribe_noise(whisper, language="tlh")


def test_translation_is_english(whisper: Whisper) -> None:
    assert transcribe_noise(whisper, task="translate", language="de").language == "en"


def test_words_come_when_they_are_wanted(whisper: Whisper) -> None:
    assert all(phrase.words for phrase in transcribe_noise(whisper, language="en").phrases)
    assert not any(phrase.words for phrase in transcribe_noise(whisper, language="en", words=False).phrases)


def test_vocabulary_and_prompt_change_the_text(whisper: Whisper) -> None:
    plain = transcribe_noise(whisper, language="en")
    assert transcribe_noise(whisper, language="en", vocabulary=("Kennedy", "Americans")) != plain
    assert transcribe_noise(whisper, language="en", prompt="The president spoke to the Americans.") != plain


def test_catalogue_knows_every_language_of_the_model(whisper: Whisper) -> None:
    tags = set(Catalog().get("whisper-large-v2", "stt").languages)
    assert set(whisper.languages) == tags - {"nb"}


def test_job_with_whisper_gives_a_transcript(folder: Path, whisper: Whisper, tmp_path: Path) -> None:
    run = PipelineRun("stt.transcribe", tmp_path, {"model": "whisper-tiny", "formats": ["json", "vtt"]})
    run.run_all(make_wav(tmp_path / "a.wav", load_jfk()), whisper)
    assert '"model": "whisper-tiny"' in run.read_text("transcript.json")
    assert run.read_text("transcript.vtt").startswith("WEBVTT")


def test_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="there is no directory"):
        load(make_entry(tmp_path / "nowhere"), "cpu")


@pytest.mark.parametrize("missing", ["model.bin", "tokenizer.json"])
def test_missing_file_is_named_and_never_fetched(folder: Path, tmp_path: Path, missing: str) -> None:
    for path in folder.iterdir():
        if path.name != missing:
            (tmp_path / path.name).symlink_to(path)
    with pytest.raises(ModelUnavailable, match=missing):
        load(make_entry(tmp_path), "cpu")


def copy_of(folder: Path, to: Path, **changes: bytes) -> Path:
    """The checkpoint again, some of its files with other contents."""
    for path in folder.iterdir():
        (to / path.name).symlink_to(path)
    for name, data in changes.items():
        (to / name.replace("_", ".")).unlink()
        (to / name.replace("_", ".")).write_bytes(data)
    return to


def test_damaged_weights_are_refused(folder: Path, tmp_path: Path) -> None:
    half = (folder / "model.bin").read_bytes()[:500_000]
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load(make_entry(copy_of(folder, tmp_path, model_bin=half)), "cpu")


@pytest.mark.parametrize("tokenizer", [b"{}", b"no JSON", b'{"model": {"type": "WordPiece"}}'])
def test_other_tokenizer_is_refused(folder: Path, tmp_path: Path, tokenizer: bytes) -> None:
    with pytest.raises(ModelUnavailable, match=r"tokenizer\.json"):
        load(make_entry(copy_of(folder, tmp_path, tokenizer_json=tokenizer)), "cpu")


def test_bucket_is_not_read_but_explained() -> None:
    with pytest.raises(ModelUnavailable, match="copy s3://models/whisper into a directory"):
        load(make_entry("s3://models/whisper"), "cpu")


def test_cuda_without_a_device_is_refused(folder: Path) -> None:
    import ctranslate2

    if ctranslate2.get_cuda_device_count():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(ModelUnavailable, match="CUDA"):
        load(make_entry(folder), "cuda:0")


def test_weights_that_cannot_be_fetched_come_with_the_way_to_get_them(tmp_path: Path) -> None:
    """In a process of its own: Hugging Face's library reads its environment when it is imported."""
    code = (
        "from pipelines.catalog.catalog import Catalog\n"
        "from pipelines.errors import ModelUnavailable\n"
        "from pipelines.families.whisper import load\n"
        "try: load(Catalog().get('whisper-tiny', 'stt'), 'cpu')\n"
        "except ModelUnavailable as error: print(error)\n"
    )
    elsewhere = {"HF_HOME": str(tmp_path), "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_DOWNLOAD_TIMEOUT": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, **elsewhere}
    )
    assert "hf download Systran/faster-whisper-tiny" in ran.stdout
