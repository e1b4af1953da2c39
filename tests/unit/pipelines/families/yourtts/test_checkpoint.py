from __future__ import annotations

import json
import shutil

import pytest
import torch

from pipelines.catalog.weights import load_state_dict
from pipelines.errors import ModelUnavailable
from pipelines.families.yourtts.checkpoint import InferenceSettings, read_network, read_reference_encoder
from tests.checkpoints import FIXTURES, make_entry

FOLDER = FIXTURES / "yourtts"
CONFIG = json.loads((FOLDER / "config.json").read_text())


@pytest.fixture(scope="module")
def tensors():
    return load_state_dict(make_entry(), FOLDER / "model_file.pth")


def same(left, right) -> bool:
    right = right.state_dict()
    return all(torch.allclose(tensor, right[name], atol=1e-6) for name, tensor in left.state_dict().items())


def test_what_only_training_needs_may_be_there(tmp_path, tensors):
    training = (
        "disc.nets.0.weight",
        "posterior_encoder.pre.weight",
        "duration_predictor.post_pre.bias",
        "duration_predictor.flows.1.pre.weight",
        "speaker_encoder.fc.weight",
    )
    torch.save(
        {"model": {**tensors, **dict.fromkeys(training, torch.zeros(2))}, "step": 1}, tmp_path / "model_file.pth"
    )
    assert same(read_network(make_entry(), tmp_path, CONFIG), read_network(make_entry(), FOLDER, CONFIG))


def test_newer_names_of_weight_norm_are_the_same_model(tmp_path, tensors):
    new = {
        name.replace(".weight_g", ".parametrizations.weight.original0").replace(
            ".weight_v", ".parametrizations.weight.original1"
        ): tensor
        for name, tensor in tensors.items()
    }
    assert new.keys() != tensors.keys()
    torch.save({"model": new}, tmp_path / "model_file.pth")
    assert same(read_network(make_entry(), tmp_path, CONFIG), read_network(make_entry(), FOLDER, CONFIG))


def test_missing_and_unknown_tensors_are_named(tmp_path, tensors):
    changed = {name: tensor for name, tensor in tensors.items() if name != "text_encoder.proj.bias"}
    torch.save({"model": {**changed, "emb_g.weight": torch.zeros(1)}}, tmp_path / "model_file.pth")
    with pytest.raises(ModelUnavailable, match=r"lacks text_encoder\.proj\.bias; it has unknown emb_g\.weight"):
        read_network(make_entry(), tmp_path, CONFIG)


def test_a_model_of_another_kind_is_refused(tmp_path):
    torch.save({"model": {"encoder.weight": torch.zeros(1)}}, tmp_path / "model_file.pth")
    with pytest.raises(ModelUnavailable, match="of no YourTTS"):
        read_network(make_entry(), tmp_path, CONFIG)


def test_settings_are_those_of_the_config():
    assert InferenceSettings.from_config(CONFIG) == InferenceSettings(16_000, 1.5, 0.3, 0.3)


def test_speaker_encoder_is_optional_and_another_kind_is_refused(tmp_path):
    assert read_reference_encoder(make_entry(), tmp_path) is None
    shutil.copy(FOLDER / "model_se.pth", tmp_path)
    (tmp_path / "config_se.json").write_text('{"model_params": {"model_name": "lstm"}}')
    with pytest.raises(ModelUnavailable, match="ResNet"):
        read_reference_encoder(make_entry(), tmp_path)
