from __future__ import annotations

import pytest
import torch

from pipelines.speaker_embeddings.xvector import LAYOUT, XVector, XVectorDimensions

SMALL = XVectorDimensions(bands=4, channels=(8, 8, 12), kernels=(5, 3, 1), dilations=(1, 2, 1), embedding=6)


def test_sizes_are_read_from_the_tensors() -> None:
    found = XVectorDimensions.from_tensors(XVector(SMALL).state_dict(), SMALL.dilations)
    assert (found.bands, list(found.channels), list(found.kernels), found.embedding) == (4, [8, 8, 12], [5, 3, 1], 6)


def test_layout_builds_the_network_of_its_marker() -> None:
    tensors = XVector(SMALL).state_dict()
    assert LAYOUT.marker in tensors
    network = LAYOUT.build(tensors, SMALL.dilations)
    assert (network.bands, network.embedding_size) == (4, 6)


def test_the_same_frames_give_the_same_embedding() -> None:
    """The original adds random noise to the mean."""
    network = XVector(SMALL).eval()
    frames = torch.randn(1, 20, 4)
    with torch.inference_mode():
        assert torch.equal(network(frames), network(frames))


def test_another_number_of_dilations_than_of_convolutions_is_an_error() -> None:
    with pytest.raises(ValueError, match="shorter"):
        LAYOUT.build(XVector(SMALL).state_dict(), (1, 2))
