"""The flow from the text's latents to the decoder's (arXiv 2106.06103), in reverse, conditioned on the speaker."""

from __future__ import annotations

import torch
from torch import nn

from .dimensions import YourTtsDimensions

_COUPLINGS = 4


class Flow(nn.Module):
    """Parameters have Coqui's names, weight norm folded."""

    def __init__(self, dimensions: YourTtsDimensions) -> None:
        super().__init__()
        self.flows = nn.ModuleList(_Coupling(dimensions) for _ in range(_COUPLINGS))

    def forward(self, latents: torch.Tensor, speaker: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        """The text's latents (batch, hidden, frames) → the decoder's."""
        for coupling in reversed(self.flows):
            fixed, changed = latents.flip(1).chunk(2, dim=1)
            latents = torch.cat([fixed, (changed - coupling(fixed, speaker, present)) * present], dim=1)
        return latents


class _Coupling(nn.Module):
    """The shift of one half of the channels, from the other half."""

    def __init__(self, dimensions: YourTtsDimensions) -> None:
        super().__init__()
        self.pre = nn.Conv1d(dimensions.hidden // 2, dimensions.hidden, 1)
        self.enc = _WaveNet(dimensions)
        self.post = nn.Conv1d(dimensions.hidden, dimensions.hidden // 2, 1)

    def forward(self, fixed: torch.Tensor, speaker: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        return self.post(self.enc(self.pre(fixed) * present, speaker, present)) * present


class _WaveNet(nn.Module):
    def __init__(self, dimensions: YourTtsDimensions) -> None:
        super().__init__()
        width, kernel, layers = dimensions.hidden, dimensions.flow_kernel, dimensions.flow_layers
        self._width = width
        self.cond_layer = nn.Conv1d(dimensions.speaker, 2 * width * layers, 1)
        self.in_layers, self.res_skip_layers = nn.ModuleList(), nn.ModuleList()
        for number in range(layers):
            dilation = dimensions.flow_dilation**number
            self.in_layers.append(nn.Conv1d(width, 2 * width, kernel, dilation=dilation, padding="same"))
            self.res_skip_layers.append(nn.Conv1d(width, 2 * width if number < layers - 1 else width, 1))

    def forward(self, hidden: torch.Tensor, speaker: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        conditions = self.cond_layer(speaker[..., None]).chunk(len(self.in_layers), dim=1)
        skipped = torch.zeros_like(hidden)
        for layer, res_skip, condition in zip(self.in_layers, self.res_skip_layers, conditions, strict=True):
            wave, gate = (layer(hidden) + condition).chunk(2, dim=1)
            out = res_skip(torch.tanh(wave) * torch.sigmoid(gate))
            if out.shape[1] > self._width:
                hidden = (hidden + out[:, : self._width]) * present
            skipped = skipped + out[:, -self._width :]
        return skipped * present
