from __future__ import annotations

import pytest
import torch
from torch import nn

from pipelines.vocoders.channels_last import convert_to_channels_last


@pytest.mark.parametrize(
    "layer",
    [
        lambda: nn.Conv1d(4, 6, 5, padding=4, dilation=2),
        lambda: nn.Conv1d(4, 6, 3, stride=2, groups=2, bias=False),
        lambda: nn.ConvTranspose1d(4, 6, 16, 8, padding=4),
        lambda: nn.ConvTranspose1d(4, 6, 5, 3, padding=1, output_padding=2),
    ],
    ids=["dilated", "grouped", "transposed", "with output padding"],
)
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_the_sound_is_the_same(layer, precision):
    torch.manual_seed(3)
    module = nn.Sequential(layer(), nn.Sequential(nn.LeakyReLU(0.1), nn.Conv1d(6, 2, 1))).to(precision)
    sound = torch.randn(2, 4, 33).to(precision)
    with torch.inference_mode():
        wanted = module(sound)
        convert_to_channels_last(module)
        made = module(sound)
    assert made.shape == wanted.shape
    assert torch.allclose(made, wanted, atol=1e-5 if precision == torch.float32 else 3e-2)
    assert not any(isinstance(each, nn.Conv1d | nn.ConvTranspose1d) for each in module.modules())
