from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from pipelines.errors import ModelUnavailable
from pipelines.vocoders.checkpoint import VocoderCheckpoint, read_checkpoint
from pipelines.vocoders.mel import MelConvention
from tests.checkpoints import FIXTURES, make_entry


def read(source: Path) -> VocoderCheckpoint:
    return read_checkpoint(make_entry(), str(source), torch.device("cpu"))


def test_config_and_mel_convention_are_optional(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(300)}, tmp_path / "model.safetensors")
    found = read(tmp_path)
    assert (found.config, found.mel, list(found.tensors)) == ({}, None, ["weight"])
    (tmp_path / "config.json").write_text('{"hop_size": 256}')
    (tmp_path / "mel.json").write_text(json.dumps({"log": "log10", "mean": [1.0, 2.0]}))
    found = read(tmp_path)
    assert found.config == {"hop_size": 256}
    assert found.mel == MelConvention(log="log10", mean=(1.0, 2.0))


def test_a_file_is_read_with_what_lies_beside_it(tmp_path: Path) -> None:
    for name in ("one", "other"):
        save_file({name: torch.zeros(300)}, tmp_path / f"{name}.safetensors")
    (tmp_path / "config.json").write_text('{"rate": 1}')
    found = read(tmp_path / "other.safetensors")
    assert list(found.tensors) == ["other"] and found.config == {"rate": 1}


def test_tensors_of_a_pickled_module_are_read_without_running_it() -> None:
    found = read(FIXTURES / "waveglow" / "checkpoint_pickled_module.pt")
    assert any("convinv.0" in name for name in found.tensors)


def test_a_damaged_safetensors_file_is_not_tried_as_a_pickle(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 600)
    with pytest.raises(ModelUnavailable, match=r"model\.safetensors is damaged"):
        read(tmp_path)
