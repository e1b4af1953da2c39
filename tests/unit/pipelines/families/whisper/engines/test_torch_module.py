from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable
from pipelines.families.whisper.checkpoint import read_checkpoint
from pipelines.families.whisper.engines.torch_module import load_module
from tests.whisper_huggingface_checkpoint import write_huggingface_whisper


def test_every_tensor_is_that_of_the_file_and_the_output_shares_the_embedding(entry: Entry, published: Path) -> None:
    module = load_module(entry, read_checkpoint(entry))
    assert not module.training
    state = module.state_dict()
    for name, tensor in load_file(published / "model.safetensors").items():
        assert torch.equal(state[name], tensor.float()), name
    assert torch.equal(state["proj_out.weight"], state["model.decoder.embed_tokens.weight"])


def test_a_missing_tensor_is_refused_by_name(entry: Entry, tmp_path: Path) -> None:
    folder = write_huggingface_whisper(tmp_path)
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.decoder.layer_norm.bias"]
    save_file(tensors, folder / "model.safetensors")
    damaged = replace(entry, source=str(folder))
    with pytest.raises(ModelUnavailable, match=r"lacks model\.decoder\.layer_norm\.bias"):
        load_module(damaged, read_checkpoint(damaged))


def test_a_conversion_for_ctranslate2_is_refused(entry: Entry) -> None:
    checkpoint = replace(read_checkpoint(entry), published=None)
    with pytest.raises(ModelUnavailable, match="is a conversion for CTranslate2"):
        load_module(entry, checkpoint)
