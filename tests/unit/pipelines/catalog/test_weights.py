"""Checkpoints are found, opened without running code, and refused by what is wrong with them."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from pipelines.catalog import weights
from pipelines.catalog.entries import ENTRIES
from pipelines.errors import ModelUnavailable

ENTRY = replace(ENTRIES[0], name="small", family="toy")


class Planted:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_directory_is_taken_as_it_is_and_missing_files_are_named(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    entry = replace(ENTRY, source=str(tmp_path))
    assert weights.checkpoint(entry, "config.json") == tmp_path
    with pytest.raises(ModelUnavailable, match=r"lacks vocab\.json, model\.safetensors or pytorch_model\.bin"):
        weights.checkpoint(entry, "config.json", "vocab.json", "model.safetensors|pytorch_model.bin")


@pytest.mark.parametrize("source", [None, "./nowhere", "/nowhere/at/all", "s3://bucket/model"])
def test_sources_that_are_no_directory_say_what_to_do(source):
    with pytest.raises(ModelUnavailable, match=r"models\.toml"):
        weights.checkpoint(replace(ENTRY, source=source))


def test_safetensors_and_plain_state_dicts_are_opened(tmp_path):
    tensors = {"a": torch.arange(3.0)}
    save_file(tensors, tmp_path / "model.safetensors")
    torch.save(tensors, tmp_path / "model.bin")
    for name in ("model.safetensors", "model.bin"):
        assert torch.equal(weights.weights(ENTRY, tmp_path / name)["a"], tensors["a"])


@pytest.mark.parametrize("form", ["torch", "pickle"])
def test_pickle_that_would_run_code_is_refused_and_runs_nothing(tmp_path, form):
    trap = tmp_path / "was_run"
    if form == "torch":
        torch.save({"a": torch.zeros(1), "evil": Planted(trap)}, tmp_path / "model.pt")
    else:
        (tmp_path / "model.pt").write_bytes(pickle.dumps(Planted(trap), protocol=2))
    with pytest.raises(ModelUnavailable, match="could run code"):
        weights.weights(ENTRY, tmp_path / "model.pt")
    assert not trap.exists()


@pytest.mark.parametrize("name", ["model.safetensors", "model.pt"])
@pytest.mark.parametrize("cut", [0, 5, 200])
def test_damaged_weights_are_refused_by_name(tmp_path, name, cut):
    save_file({"a": torch.arange(99.0)}, tmp_path / "model.safetensors")
    torch.save({"a": torch.arange(99.0)}, tmp_path / "model.pt")
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ModelUnavailable, match=rf"small: {name}"):
        weights.weights(ENTRY, path)


def test_module_is_filled_and_what_does_not_fit_is_named():
    module = torch.nn.Linear(2, 3)
    fitting = {"weight": torch.ones(3, 2), "bias": torch.ones(3), "optimizer.step": torch.ones(1)}
    weights.fill(ENTRY, module, fitting, spare=("optimizer.",))
    assert module.weight.sum() == 6
    with pytest.raises(ModelUnavailable) as refused:
        weights.fill(ENTRY, module, {"weight": torch.ones(3, 4), "extra": torch.ones(1)})
    assert "lacks bias" in str(refused.value) and "unknown extra" in str(refused.value)
    assert "weight [3, 4] instead of [3, 2]" in str(refused.value)


def test_tensor_that_is_no_number_is_named_with_its_file(tmp_path):
    module = torch.nn.Linear(2, 3)
    spoilt = torch.ones(3, 2)
    spoilt[1, 1] = torch.nan
    with pytest.raises(ModelUnavailable, match=r"small: .*model\.safetensors does not fit .*: it has NaN in weight\."):
        weights.fill(ENTRY, module, {"weight": spoilt, "bias": torch.zeros(3)}, file=tmp_path / "model.safetensors")
    masks = {"weight": torch.ones(3, 2), "bias": torch.full((3,), -torch.inf)}
    weights.fill(ENTRY, module, masks)


def test_conversion_happens_once_for_each_content(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder, made = tmp_path / "model", []
    folder.mkdir()
    (folder / "config.json").write_text("{}")

    def make(target: Path) -> None:
        made.append(target)
        (target / "graph.onnx").write_text("graph")

    first = weights.converted(folder, "onnx", make)
    assert weights.converted(folder, "onnx", make) == first and (first / "graph.onnx").read_text() == "graph"
    (folder / "config.json").write_text("{ }")
    assert weights.converted(folder, "onnx", make) != first
    assert len(made) == 2


def test_conversion_that_fails_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def make(target: Path) -> None:
        (target / "half").write_text("")
        raise ModelUnavailable("no")

    with pytest.raises(ModelUnavailable):
        weights.converted(tmp_path, "onnx", make)
    assert not list((tmp_path / "voicemill" / "converted").iterdir())


def test_readme_makes_no_other_model(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    before = weights.content_hash(tmp_path)
    (tmp_path / "README.md").write_text("hello")
    assert weights.content_hash(tmp_path) == before
    assert weights.revision(tmp_path) == f"sha256:{before[:16]}"


@pytest.mark.parametrize("wrap", [lambda t: t, lambda t: {"epoch": 1, "state_dict": t}, lambda t: {"generator": t}])
def test_tensors_are_found_wherever_the_model_was_saved(tmp_path, wrap):
    torch.save(wrap({"a": torch.arange(3.0)}), tmp_path / "model.pt")
    assert weights.state_dict(ENTRY, tmp_path / "model.pt").keys() == {"a"}


def test_a_file_without_tensors_by_name_is_refused(tmp_path):
    torch.save([torch.zeros(1)], tmp_path / "model.pt")
    with pytest.raises(ModelUnavailable, match="no tensors by name"):
        weights.state_dict(ENTRY, tmp_path / "model.pt")


def test_the_one_file_of_weights_is_found_whatever_its_name(tmp_path):
    (tmp_path / "LICENCE").write_text("short")
    with pytest.raises(ModelUnavailable, match="holds no weights"):
        weights.weights_file(ENTRY, tmp_path)
    for name in ("generator_v1", "model.pth", "model.safetensors"):
        (tmp_path / name).write_bytes(bytes(1000))
        assert weights.weights_file(ENTRY, tmp_path).name == name
    (tmp_path / "other.safetensors").write_bytes(bytes(1000))
    with pytest.raises(ModelUnavailable, match=r"model\.safetensors, other\.safetensors"):
        weights.weights_file(ENTRY, tmp_path)
