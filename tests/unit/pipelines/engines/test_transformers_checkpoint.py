from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import Wav2Vec2ForCTC

from pipelines.engines.transformers_checkpoint import load_pretrained
from pipelines.errors import ModelUnavailable
from tests.wav2vec2_checkpoint import FOLDER, make_entry, write_wav2vec2

UNUSED = ("wav2vec2.masked_spec_embed",)


def load(folder: Path) -> torch.nn.Module:
    return load_pretrained(make_entry(folder), Wav2Vec2ForCTC, folder, "cpu", unused=UNUSED)


def change_tensors(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> Path:
    write_wav2vec2(folder, leave_out=("pytorch_model.bin", "model.safetensors"))
    tensors = load_file(FOLDER / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    return folder


def test_model_is_ready_for_inference_with_plain_weights() -> None:
    model = load(FOLDER)
    assert not model.training and not any(parameter.requires_grad for parameter in model.parameters())
    assert not any("parametrizations" in name for name in model.state_dict())


def test_tensors_that_only_training_needs_may_be_missing(tmp_path: Path) -> None:
    load(change_tensors(tmp_path, lambda tensors: tensors.pop(UNUSED[0], None)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors: tensors.pop("lm_head.bias"), r"it lacks lm_head\.bias"),
        (lambda tensors: tensors.update({"lm_head.bias": torch.zeros(3)}), r"it has other sizes for lm_head\.bias"),
        (lambda tensors: tensors["lm_head.bias"].fill_(torch.nan), r"it has NaN in lm_head\.bias"),
    ],
    ids=["missing", "another shape", "NaN"],
)
def test_tensors_that_do_not_fit_are_refused_by_name(
    change: Callable[[dict[str, torch.Tensor]], object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelUnavailable, match=message):
        load(change_tensors(tmp_path, change))
