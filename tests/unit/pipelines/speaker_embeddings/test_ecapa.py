from __future__ import annotations

import pytest
import torch

from pipelines.speaker_embeddings.ecapa import LAYOUT, Ecapa, EcapaDimensions

SMALL = EcapaDimensions(
    bands=8,
    channels=(16, 16, 16, 24),
    kernels=(5, 3, 3, 1),
    dilations=(1, 2, 3, 1),
    attention=4,
    scale=4,
    squeeze=4,
    embedding=6,
)


def test_sizes_are_read_from_the_tensors() -> None:
    tensors = Ecapa(SMALL).state_dict()
    found = EcapaDimensions.from_tensors(tensors, SMALL.dilations)
    assert Ecapa(found).state_dict().keys() == tensors.keys()
    assert (found.bands, found.embedding, found.scale, list(found.channels)) == (8, 6, 4, [16, 16, 16, 24])


def test_layout_builds_the_network_of_its_marker() -> None:
    tensors = Ecapa(SMALL).state_dict()
    assert LAYOUT.marker in tensors
    network = LAYOUT.build(tensors, SMALL.dilations)
    assert (network.bands, network.embedding_size) == (8, 6)


def test_embedding_has_its_size_for_every_number_of_frames() -> None:
    network = Ecapa(SMALL).eval()
    with torch.inference_mode():
        for frames in (10, 57):
            assert network(torch.randn(2, frames, 8)).shape == (2, 6)


def test_another_number_of_dilations_than_of_blocks_is_an_error() -> None:
    with pytest.raises(ValueError, match="shorter"):
        LAYOUT.build(Ecapa(SMALL).state_dict(), (1, 2, 3))
