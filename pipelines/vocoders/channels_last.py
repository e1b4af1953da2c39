"""Convolutions over time run as convolutions over an image one pixel high, the channels of a pixel side by side.

On processors oneDNN is quicker so: it need not turn each layer's input and output round. The arithmetic is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional


def run_channels_last(module: nn.Module) -> None:
    """Replace every convolution in `module`, for good; weights keep their names, and gain a dimension."""
    for name, child in list(module.named_children()):
        if isinstance(child, nn.Conv1d | nn.ConvTranspose1d):
            setattr(module, name, _ImageConvolution(child))
        else:
            run_channels_last(child)


class _ImageConvolution(nn.Module):
    def __init__(self, conv: nn.Conv1d | nn.ConvTranspose1d) -> None:
        super().__init__()
        weight = conv.weight.detach()[:, :, None].contiguous(memory_format=torch.channels_last)
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.bias = conv.bias
        sides: dict[str, Any] = {
            "stride": (1, conv.stride[0]),
            "padding": (0, conv.padding[0]),
            "dilation": (1, conv.dilation[0]),
            "groups": conv.groups,
        }
        self._run: Callable[..., torch.Tensor]
        if isinstance(conv, nn.ConvTranspose1d):
            self._run = partial(functional.conv_transpose2d, output_padding=(0, conv.output_padding[0]), **sides)
        else:
            self._run = partial(functional.conv2d, **sides)

    def forward(self, sound: torch.Tensor) -> torch.Tensor:
        return self._run(sound[:, :, None], self.weight, self.bias)[:, :, 0]
