from __future__ import annotations

import pytest
import torch
from torch import nn

from pipelines.vocoders.receptive_field import ReceptiveField


def test_convolutions_and_known_blocks_add_up() -> None:
    assert ReceptiveField().add_convolution(7).add_convolution(3, 9).add_positions(2).positions == 3 + 9 + 2


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(16, 8, 4), (4, 2, 1), (7, 3, 2)])
def test_upsampling_reaches_as_far_as_a_real_transposed_convolution(kernel: int, stride: int, padding: int) -> None:
    layer = nn.ConvTranspose1d(1, 1, kernel, stride, padding=padding, bias=False).requires_grad_(False)
    layer.weight.fill_(1.0)
    impulse = torch.zeros(1, 1, 41)
    impulse[..., 20] = 1.0
    touched = torch.nonzero(layer(impulse)[0, 0]).flatten() // stride - 20
    field = ReceptiveField().add_upsampling(kernel, stride, padding)
    assert max(-int(touched.min()), int(touched.max())) <= field.positions <= kernel // stride
