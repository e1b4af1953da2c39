"""The flow between what text says and what sound is like (arXiv 2106.06103): run backwards, told of the speaker."""

from __future__ import annotations

import torch
from torch import nn

from .dimensions import Shape

_COUPLINGS = 4


class Flow(nn.Module):
    """Parameters carry Coqui's names, weight norm folded."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.flows = nn.ModuleList(_Coupling(shape) for _ in range(_COUPLINGS))

    def forward(self, said: torch.Tensor, speaker: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """(batch, hidden, frames) as text says it → as sound is like."""
        for coupling in reversed(self.flows):
            still, moved = said.flip(1).chunk(2, dim=1)
            said = torch.cat([still, (moved - coupling(still, speaker, real)) * real], dim=1)
        return said


class _Coupling(nn.Module):
    """How far one half of the channels moves the other."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.pre = nn.Conv1d(shape.hidden // 2, shape.hidden, 1)
        self.enc = _WaveNet(shape)
        self.post = nn.Conv1d(shape.hidden, shape.hidden // 2, 1)

    def forward(self, still: torch.Tensor, speaker: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        return self.post(self.enc(self.pre(still) * real, speaker, real)) * real


class _WaveNet(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width, kernel, layers = shape.hidden, shape.flow_kernel, shape.flow_layers
        self._width = width
        self.cond_layer = nn.Conv1d(shape.speaker, 2 * width * layers, 1)
        self.in_layers, self.res_skip_layers = nn.ModuleList(), nn.ModuleList()
        for number in range(layers):
            dilation = shape.flow_dilation**number
            self.in_layers.append(nn.Conv1d(width, 2 * width, kernel, dilation=dilation, padding="same"))
            self.res_skip_layers.append(nn.Conv1d(width, 2 * width if number < layers - 1 else width, 1))

    def forward(self, hidden: torch.Tensor, speaker: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        told = self.cond_layer(speaker[..., None]).chunk(len(self.in_layers), dim=1)
        skipped = torch.zeros_like(hidden)
        for layer, leave, condition in zip(self.in_layers, self.res_skip_layers, told, strict=True):
            wave, gate = (layer(hidden) + condition).chunk(2, dim=1)
            out = leave(torch.tanh(wave) * torch.sigmoid(gate))
            if out.shape[1] > self._width:
                hidden = (hidden + out[:, : self._width]) * real
            skipped = skipped + out[:, -self._width :]
        return skipped * real
