"""Weights are read without running code, and refused with what is wrong with them."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from pipelines.catalog.entries import ENTRIES
from pipelines.catalog.weights import fill_module, find_weights_file, load_state_dict, load_weights
from pipelines.errors import ModelUnavailable

ENTRY = replace(ENTRIES[0], name="small", family="toy")


class Planted:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_safetensors_and_plain_state_dicts_are_loaded(tmp_path):
    tensors = {"a": torch.arange(3.0)}
    save_file(tensors, tmp_path / "model.safetensors")
    torch.save(tensors, tmp_path / "model.bin")
    for name in ("model.safetensors", "model.bin"):
        assert torch.equal(load_weights(ENTRY, tmp_path / name)["a"], tensors["a"])


@pytest.mark.parametrize("form", ["torch", "pickle"])
def test_pickle_that_would_run_code_is_refused_and_runs_nothing(tmp_path, form):
    trap = tmp_path / "was_run"
    if form == "torch":
        torch.save({"a": torch.zeros(1), "evil": Planted(trap)}, tmp_path / "model.pt")
    else:
        (tmp_path / "model.pt").write_bytes(pickle.dumps(Planted(trap), protocol=2))
    with pytest.raises(ModelUnavailable, match="could run code"):
        load_weights(ENTRY, tmp_path / "model.pt")
    assert not trap.exists()


@pytest.mark.parametrize("name", ["model.safetensors", "model.pt"])
@pytest.mark.parametrize("cut", [0, 5, 200])
def test_damaged_weights_are_refused_by_name(tmp_path, name, cut):
    save_file({"a": torch.arange(99.0)}, tmp_path / "model.safetensors")
    torch.save({"a": torch.arange(99.0)}, tmp_path / "model.pt")
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ModelUnavailable, match=rf"small: {name}"):
        load_weights(ENTRY, path)


def test_module_is_filled_and_what_does_not_fit_is_named():
    module = torch.nn.Linear(2, 3)
    fitting = {"weight": torch.ones(3, 2), "bias": torch.ones(3), "optimizer.step": torch.ones(1)}
    fill_module(ENTRY, module, fitting, spare=("optimizer.",))
    assert module.weight.sum() == 6
    with pytest.raises(ModelUnavailable) as refused:
        fill_module(ENTRY, module, {"weight": torch.ones(3, 4), "extra": torch.ones(1)})
    assert "lacks bias" in str(refused.value) and "unknown extra" in str(refused.value)
    assert "weight [3, 4] instead of [3, 2]" in str(refused.value)


def test_tensor_that_is_no_number_is_named_with_its_file(tmp_path):
    module = torch.nn.Linear(2, 3)
    spoilt = torch.ones(3, 2)
    spoilt[1, 1] = torch.nan
    with pytest.raises(ModelUnavailable, match=r"small: .*model\.safetensors does not fit .*: it has NaN in weight\."):
        fill_module(ENTRY, module, {"weight": spoilt, "bias": torch.zeros(3)}, file=tmp_path / "model.safetensors")
    masks = {"weight": torch.ones(3, 2), "bias": torch.full((3,), -torch.inf)}
    fill_module(ENTRY, module, masks)


@pytest.mark.parametrize("wrap", [lambda t: t, lambda t: {"epoch": 1, "state_dict": t}, lambda t: {"generator": t}])
def test_tensors_are_found_wherever_the_model_was_saved(tmp_path, wrap):
    torch.save(wrap({"a": torch.arange(3.0)}), tmp_path / "model.pt")
    assert load_state_dict(ENTRY, tmp_path / "model.pt").keys() == {"a"}


def test_a_file_without_tensors_by_name_is_refused(tmp_path):
    torch.save([torch.zeros(1)], tmp_path / "model.pt")
    with pytest.raises(ModelUnavailable, match="no tensors by name"):
        load_state_dict(ENTRY, tmp_path / "model.pt")


def test_the_one_file_of_weights_is_found_whatever_its_name(tmp_path):
    (tmp_path / "LICENCE").write_text("short")
    with pytest.raises(ModelUnavailable, match="holds no weights"):
        find_weights_file(ENTRY, tmp_path)
    for name in ("generator_v1", "model.pth", "model.safetensors"):
        (tmp_path / name).write_bytes(bytes(1000))
        assert find_weights_file(ENTRY, tmp_path).name == name
    (tmp_path / "other.safetensors").write_bytes(bytes(1000))
    with pytest.raises(ModelUnavailable, match=r"model\.safetensors, other\.safetensors"):
        find_weights_file(ENTRY, tmp_path)
