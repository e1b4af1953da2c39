"""The files of checkpoints: where they are, what identifies them, and conversions of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.catalog import checkpoint
from pipelines.catalog.checkpoint import (
    checkpoint_revision,
    content_hash,
    convert_cached,
    find_checkpoint,
    has_weights_here,
)
from pipelines.catalog.entries import ENTRIES
from pipelines.errors import ModelUnavailable

ENTRY = replace(ENTRIES[0], name="small", family="toy")


def test_directory_is_taken_as_it_is_and_missing_files_are_named(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    entry = replace(ENTRY, source=str(tmp_path))
    assert find_checkpoint(entry, "config.json") == tmp_path
    with pytest.raises(ModelUnavailable, match=r"lacks vocab\.json, model\.safetensors or pytorch_model\.bin"):
        find_checkpoint(entry, "config.json", "vocab.json", "model.safetensors|pytorch_model.bin")


@pytest.mark.parametrize("source", [None, "./nowhere", "/nowhere/at/all", "s3://bucket/model"])
def test_source_that_is_not_a_directory_is_refused_with_the_cure(source):
    with pytest.raises(ModelUnavailable, match=r"models\.toml"):
        find_checkpoint(replace(ENTRY, source=source))


def test_weights_are_here_in_the_package_and_in_a_directory(tmp_path):
    assert has_weights_here(replace(ENTRY, source=None))
    assert has_weights_here(replace(ENTRY, source=str(tmp_path)))
    assert not any(has_weights_here(replace(ENTRY, source=source)) for source in ("./nowhere", "s3://bucket/model"))


def test_weights_of_a_hub_are_here_once_they_were_downloaded(tmp_path, monkeypatch):
    found = {"here/model": tmp_path}
    monkeypatch.setattr(checkpoint, "_find_snapshot", lambda entry, source, *, download: found.get(source))
    assert has_weights_here(replace(ENTRY, source="here/model"))
    assert not has_weights_here(replace(ENTRY, source="not/here"))


def test_conversion_happens_once_for_each_content(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder, made = tmp_path / "model", []
    folder.mkdir()
    (folder / "config.json").write_text("{}")

    def make(target: Path) -> None:
        made.append(target)
        (target / "graph.onnx").write_text("graph")

    first = convert_cached(folder, "onnx", make)
    assert convert_cached(folder, "onnx", make) == first and (first / "graph.onnx").read_text() == "graph"
    (folder / "config.json").write_text("{ }")
    assert convert_cached(folder, "onnx", make) != first
    assert len(made) == 2


def test_conversion_that_fails_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def make(target: Path) -> None:
        (target / "half").write_text("")
        raise ModelUnavailable("no")

    with pytest.raises(ModelUnavailable):
        convert_cached(tmp_path, "onnx", make)
    assert not list((tmp_path / "voicemill" / "converted").iterdir())


def test_readme_does_not_change_the_revision(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    before = content_hash(tmp_path)
    (tmp_path / "README.md").write_text("hello")
    assert content_hash(tmp_path) == before
    assert checkpoint_revision(tmp_path) == f"sha256:{before[:16]}"
