from __future__ import annotations

import pytest
import torch

from pipelines.speaker_embeddings.layers import Convolution, Norm


@pytest.mark.parametrize(("kernel", "dilation"), [(1, 1), (5, 1), (3, 4)])
def test_convolution_keeps_the_number_of_frames(kernel: int, dilation: int) -> None:
    assert Convolution(2, 3, kernel, dilation)(torch.zeros(1, 2, 11)).shape == (1, 3, 11)


def test_convolution_pads_by_reflection() -> None:
    layer = Convolution(1, 1, 3).requires_grad_(False)
    layer.conv.weight.copy_(torch.tensor([[[1.0, 0.0, 0.0]]]))
    layer.conv.bias.zero_()
    assert layer(torch.tensor([[[1.0, 2.0, 3.0]]])).tolist() == [[[2.0, 1.0, 2.0]]]


def test_norm_uses_the_statistics_of_the_training() -> None:
    layer = Norm(1).eval().requires_grad_(False)
    layer.norm.running_mean.fill_(2.0)
    layer.norm.running_var.fill_(4.0)
    assert torch.allclose(layer(torch.tensor([[[6.0, 2.0]]])), torch.tensor([[[2.0, 0.0]]]), atol=1e-4)
