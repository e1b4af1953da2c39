from __future__ import annotations

import json

import pytest
import torch

from pipelines.catalog.weights import load_state_dict
from pipelines.errors import ModelUnavailable
from pipelines.families.tacotron2.checkpoint import InferenceSettings, read_checkpoint, read_symbols, rename_tensors
from pipelines.families.tacotron2.frontend import SYMBOLS
from pipelines.vocoders.mel import MelConvention
from tests.checkpoints import FIXTURES, make_entry

CHECKPOINT = FIXTURES / "tacotron2" / "checkpoint.pt"


@pytest.fixture(scope="module")
def tensors():
    return load_state_dict(make_entry(), CHECKPOINT)


def same(left, right) -> bool:
    right = right.state_dict()
    return all(torch.equal(tensor, right[name]) for name, tensor in left.state_dict().items())


@pytest.mark.parametrize("prefix", ["module.", "module.1."])
def test_files_of_deep_learning_examples_are_the_same_model(tmp_path, tensors, prefix):
    held = {"epoch": 3, "config": {"n_symbols": 148}, "state_dict": {prefix + k: v for k, v in tensors.items()}}
    torch.save({**held, "optimizer": {"state": {}}}, tmp_path / "nvidia_tacotron2pyt_fp32.pt")
    assert same(read_checkpoint(make_entry(), tmp_path)[0], read_checkpoint(make_entry(), FIXTURES / "tacotron2")[0])


def test_counters_of_old_files_may_lack(tmp_path, tensors):
    kept = {name: tensor for name, tensor in tensors.items() if "num_batches_tracked" not in name}
    torch.save({"state_dict": kept}, tmp_path / "old.pt")
    assert same(read_checkpoint(make_entry(), tmp_path)[0], read_checkpoint(make_entry(), FIXTURES / "tacotron2")[0])


def test_missing_tensors_are_named(tmp_path, tensors):
    lost = ("decoder.gate_layer.linear_layer.bias", "encoder.lstm.bias_hh_l0")
    torch.save({name: tensor for name, tensor in tensors.items() if name not in lost}, tmp_path / "model.pt")
    with pytest.raises(ModelUnavailable, match=r"lacks decoder\.gate_layer\.bias, encoder\.lstm\.bias_hh_l0"):
        read_checkpoint(make_entry(), tmp_path)


def test_weights_of_something_else_are_refused(tmp_path):
    torch.save({"encoder.weight": torch.zeros(3)}, tmp_path / "model.pt")
    with pytest.raises(ModelUnavailable, match="no weights of a Tacotron 2"):
        read_checkpoint(make_entry(), tmp_path)


def test_names_lose_what_frameworks_put_into_them(tensors):
    names = rename_tensors(tensors)
    assert "decoder.attention_layer.location_layer.location_conv.weight" in names
    assert not any("running" in name or "linear_layer" in name for name in names)


def test_settings_are_the_published_ones_where_the_config_is_silent():
    assert InferenceSettings.from_config({}, 80) == InferenceSettings(MelConvention(), 0.5, 1000)
    other = InferenceSettings.from_config({"sampling_rate": 16_000, "mel_fmax": 7600.0, "max_decoder_steps": 5}, 40)
    assert other.mel == MelConvention(sample_rate_hz=16_000, fmax_hz=7600.0, bins=40)
    assert other.max_frames == 5


def test_symbols_are_the_published_ones_or_those_beside_the_weights(tmp_path):
    assert read_symbols(make_entry(), tmp_path, 148) == SYMBOLS
    with pytest.raises(ModelUnavailable, match="has 3 symbols"):
        read_symbols(make_entry(), tmp_path, 3)
    (tmp_path / "symbols.json").write_text('["_", " ", "a"]')
    assert read_symbols(make_entry(), tmp_path, 3) == ["_", " ", "a"]


def test_published_symbols_are_in_their_places():
    assert list(SYMBOLS) == json.loads((FIXTURES / "tacotron2" / "symbols.json").read_text())
