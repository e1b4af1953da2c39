"""Which folders are accepted as Whisper checkpoints, and why others are refused."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.catalog.entry import Entry
from pipelines.engines import memory
from pipelines.errors import ModelUnavailable
from pipelines.families.whisper import load
from pipelines.families.whisper.checkpoint import read_checkpoint


def variant(published: Path, to: Path, **changes: Callable[[dict[str, Any]], Any]) -> Path:
    """The checkpoint again, some of its JSON files changed."""
    for path in published.iterdir():
        (to / path.name).symlink_to(path)
    for name, change in changes.items():
        settings = json.loads((published / f"{name}.json").read_text())
        change(settings)
        (to / f"{name}.json").unlink()
        (to / f"{name}.json").write_text(json.dumps(settings))
    return to


def at(entry: Entry, folder: Path, **changes: Any) -> Entry:
    return dataclasses.replace(entry, source=str(folder), **changes)


def test_settings_are_those_of_the_generation_config(entry: Entry) -> None:
    checkpoint = read_checkpoint(entry)
    assert checkpoint.resolve_alignment_heads() == [(0, 1), (1, 0), (1, 2), (1, 3)]
    assert len(checkpoint.suppressed) == 90 or 50362 in checkpoint.suppressed
    assert checkpoint.suppressed_first == (220, 50257) and checkpoint.max_tokens == 448


def test_without_alignment_heads_the_upper_layers_are_taken(entry: Entry, published: Path, tmp_path: Path) -> None:
    folder = variant(published, tmp_path, generation_config=lambda settings: settings.pop("alignment_heads"))
    assert read_checkpoint(at(entry, folder)).resolve_alignment_heads() == [(1, head) for head in range(4)]


def test_older_checkpoints_have_their_settings_in_config_json(entry: Entry, published: Path, tmp_path: Path) -> None:
    folder = variant(published, tmp_path)
    (folder / "generation_config.json").unlink()
    assert read_checkpoint(at(entry, folder)).suppressed == read_checkpoint(entry).suppressed


def test_other_architecture_is_refused_by_name(entry: Entry, published: Path, tmp_path: Path) -> None:
    folder = variant(published, tmp_path, config=lambda settings: settings.update(model_type="wav2vec2"))
    with pytest.raises(ModelUnavailable, match="'wav2vec2', not 'whisper'"):
        load(at(entry, folder), "cpu")


def test_config_without_a_size_is_refused_by_its_name(entry: Entry, published: Path, tmp_path: Path) -> None:
    folder = variant(published, tmp_path, config=lambda settings: settings.pop("num_mel_bins"))
    with pytest.raises(ModelUnavailable, match=r"config\.json lacks num_mel_bins"):
        load(at(entry, folder), "cpu")


def test_damaged_weights_are_refused(entry: Entry, published: Path, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    folder = variant(published, tmp_path)
    half = (published / "model.safetensors").read_bytes()[:100_000]
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").write_bytes(half)
    with pytest.raises(ModelUnavailable, match=r"model\.safetensors is damaged"):
        load(at(entry, folder), "cpu")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda tensors: tensors.pop("model.encoder.conv1.weight"), r"lacks model\.encoder\.conv1\.weight"),
        (lambda tensors: tensors.update(stray=np.zeros(1, np.float32)), "has unknown stray"),
        (
            lambda tensors: tensors.update({"model.encoder.conv1.bias": np.zeros(4, np.float32)}),
            r"model\.encoder\.conv1\.bias \[4\] instead of \[16\]",
        ),
    ],
    ids=["missing", "unknown", "of another shape"],
)
def test_tensors_that_do_not_fit_are_named(
    entry: Entry, published: Path, tmp_path: Path, change: Callable[[Any], Any], complaint: str
) -> None:
    pytest.importorskip("transformers")
    from safetensors.numpy import load_file, save_file

    folder = variant(published, tmp_path)
    tensors = load_file(published / "model.safetensors")
    change(tensors)
    (folder / "model.safetensors").unlink()
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(ModelUnavailable, match=complaint):
        load(at(entry, folder), "cpu")


def test_pickled_weights_are_read_and_give_the_same_model(entry: Entry, published: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    from pipelines.families.whisper.engines.torch_module import load_module

    folder = variant(published, tmp_path)
    (folder / "model.safetensors").unlink()
    torch.save(load_file(published / "model.safetensors"), folder / "pytorch_model.bin")
    there, here = (load_module(entry, read_checkpoint(each)).state_dict() for each in (entry, at(entry, folder)))
    assert all(torch.equal(there[name], here[name]) for name in there)


def test_too_large_a_model_is_refused_with_the_figures(entry: Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "measure_free_bytes", lambda device: 150_000_000)
    with pytest.raises(ModelUnavailable, match=r"too large for cpu: it needs about 0\.2 GB and 0\.1 GB are free"):
        load(entry, "cpu")


def test_engine_without_the_published_weights_it_needs_is_refused(entry: Entry, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    from tests.whisper_ctranslate2_checkpoint import write_ctranslate2_whisper

    converted = write_ctranslate2_whisper(tmp_path / "model")
    with pytest.raises(ModelUnavailable, match="conversion for CTranslate2; this engine needs"):
        load(at(entry, converted, engine="torch"), "cpu")
