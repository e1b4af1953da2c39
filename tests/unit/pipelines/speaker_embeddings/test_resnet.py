from __future__ import annotations

import pytest
import torch

from pipelines.speaker_embeddings.resnet import BANDS, ResNet, ResNetDimensions

SMALL = ResNetDimensions(blocks=(1, 2, 1, 1), width=4, embedding=6)


def test_sizes_are_read_from_the_tensors() -> None:
    found = ResNetDimensions.from_tensors(ResNet(SMALL).state_dict())
    assert (list(found.blocks), found.width, found.embedding) == ([1, 2, 1, 1], 4, 6)


def test_a_missing_tensor_is_named() -> None:
    tensors = ResNet(SMALL).state_dict()
    del tensors["seg_1.weight"]
    with pytest.raises(KeyError, match=r"seg_1\.weight"):
        ResNetDimensions.from_tensors(tensors)


def test_embedding_has_its_size_for_every_number_of_frames() -> None:
    network = ResNet(SMALL).eval()
    with torch.inference_mode():
        for frames in (9, 64):
            assert network(torch.randn(2, frames, BANDS)).shape == (2, 6)
