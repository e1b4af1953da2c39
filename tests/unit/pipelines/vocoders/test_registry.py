from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from pipelines.errors import ModelUnavailable
from pipelines.vocoders.mel import MelConvention
from pipelines.vocoders.registry import load_vocoder
from tests.checkpoints import FIXTURES, make_entry

CPU = torch.device("cpu")


def load(source: Path):
    return load_vocoder(make_entry(), str(source), CPU)


@pytest.mark.parametrize("kind", ["hifigan", "melgan", "waveglow"])
def test_layout_is_read_off_the_tensors(kind):
    vocoder = load(FIXTURES / kind)
    assert vocoder.kind == kind
    assert vocoder.revision.startswith("sha256:")


def test_name_of_the_file_makes_no_difference(tmp_path):
    shutil.copy(FIXTURES / "melgan" / "checkpoint.pt", tmp_path / "generator_v1")
    assert load(tmp_path).kind == load(tmp_path / "generator_v1").kind == "melgan"


def test_mel_file_beside_the_weights_wins(tmp_path):
    shutil.copy(FIXTURES / "melgan" / "checkpoint.pt", tmp_path)
    (tmp_path / "mel.json").write_text(json.dumps({"log": "log10", "fmax_hz": 7600, "sample_rate_hz": 16000}))
    assert load(tmp_path).convention == MelConvention(log="log10", fmax_hz=7600, sample_rate_hz=16000)
    (tmp_path / "mel.json").write_text('{"loud": true}')
    with pytest.raises(ModelUnavailable, match="no loud"):
        load(tmp_path)


def test_several_files_of_weights_are_refused(tmp_path):
    for name in ("a.pt", "b.pt"):
        shutil.copy(FIXTURES / "melgan" / "checkpoint.pt", tmp_path / name)
    with pytest.raises(ModelUnavailable, match=r"a\.pt, b\.pt"):
        load(tmp_path)
    assert load(tmp_path / "b.pt").kind == "melgan"  # a file may be the source


def test_folder_without_weights_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match="holds no weights"):
        load(tmp_path)


def test_hifigan_without_its_config_is_refused(tmp_path):
    shutil.copy(FIXTURES / "hifigan" / "checkpoint.pt", tmp_path)
    with pytest.raises(ModelUnavailable, match=r"config\.json"):
        load(tmp_path)


def test_tensors_of_another_model_are_refused(tmp_path):
    torch.save({"encoder.weight": torch.zeros(2)}, tmp_path / "model.pt")
    with pytest.raises(ModelUnavailable, match="no HiFi-GAN, WaveGlow or MelGAN"):
        load(tmp_path)
