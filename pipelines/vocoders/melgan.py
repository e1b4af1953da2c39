"""MelGAN (Kumar et al., arXiv 1910.06711) in descript's published layout: one sequence, numbered as it was saved.

The published files have no config: sizes are read off the tensors. They were trained on log10 mels up to half the rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from pipelines.catalog.entry import Entry
from pipelines.catalog.weights import fill
from pipelines.errors import ModelUnavailable

from .mel import MelConvention
from .receptive_field import Reach
from .vocoder import Place
from .weight_norm import folded

MELGAN_MEL = MelConvention(fmax_hz=11_025.0, log="log10")
_RATES = (8, 8, 2, 2)
_SLOPE = 0.2
_SHORTEST = 4


class Generator(nn.Module):
    """Parameters carry the original's names, weight norm folded: `model.1`, `model.4.block.2`, `model.4.shortcut` …"""

    def __init__(self, bins: int, width: int, blocks: int) -> None:
        """`width`: channels behind the last upsampling; `blocks`: residual blocks behind each."""
        super().__init__()
        self.blocks = blocks
        channels = width * 2 ** len(_RATES)
        layers: list[nn.Module] = [nn.ReflectionPad1d(3), nn.Conv1d(bins, channels, 7)]
        for rate in _RATES:
            layers += [nn.LeakyReLU(_SLOPE), nn.ConvTranspose1d(channels, channels // 2, 2 * rate, rate, rate // 2)]
            channels //= 2
            layers += [_Block(channels, 3**number) for number in range(blocks)]
        layers += [nn.LeakyReLU(_SLOPE), nn.ReflectionPad1d(3), nn.Conv1d(channels, 1, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)

    @property
    def reach(self) -> int:
        """Frames to either side that a sample depends on."""
        reach = Reach().through(7)
        for rate in reversed(_RATES):
            for number in range(self.blocks):
                reach.through(3, 3**number)
            reach.up(2 * rate, rate, rate // 2)
        return reach.through(7).positions

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        """(batch, bins, frames) → (batch, frames × 256)."""
        return self.model(mel).squeeze(1)


class _Block(nn.Module):
    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            nn.LeakyReLU(_SLOPE),
            nn.ReflectionPad1d(dilation),
            nn.Conv1d(width, width, 3, dilation=dilation),
            nn.LeakyReLU(_SLOPE),
            nn.Conv1d(width, width, 1),
        )
        self.shortcut = nn.Conv1d(width, width, 1)

    def forward(self, sound: torch.Tensor) -> torch.Tensor:
        return self.shortcut(sound) + self.block(sound)


class MelGan:
    """See `Vocoder`."""

    kind = "melgan"
    engine = "torch/float32"
    tile = 256

    def __init__(
        self,
        generator: Generator,
        convention: MelConvention = MELGAN_MEL,
        *,
        device: torch.device | str = "cpu",
        revision: str = "",
    ) -> None:
        self._device = torch.device(device)
        self._generator = generator.to(self._device).eval().requires_grad_(False)
        self.convention = convention
        self.hop = convention.hop
        self.reach = generator.reach
        self.slots = 16 if self._device.type == "cuda" else 1
        self.revision = revision

    @torch.inference_mode()
    def samples(self, mels: torch.Tensor, places: Sequence[Place]) -> torch.Tensor:
        """See `Vocoder`. Nothing is drawn at random."""
        frames = mels.shape[-1]
        if frames < _SHORTEST:
            # Nothing shorter can be reflected at its ends: the last frame is held, and cut off again.
            mels = torch.cat([mels, mels[..., -1:].expand(-1, -1, _SHORTEST - frames)], dim=-1)
        made = self._generator(mels.to(self._device, torch.float32))
        return made[:, : frames * self.hop].cpu()


def generator_of(entry: Entry, tensors: Mapping[str, torch.Tensor]) -> Generator:
    """The generator of a checkpoint. Raises `ModelUnavailable` naming what does not fit."""
    plain = folded(tensors)
    try:
        channels, bins, _ = plain["model.1.weight"].shape
        blocks = sum(1 for name in plain if name.endswith(".shortcut.weight")) // len(_RATES)
        generator = Generator(bins, channels // 2 ** len(_RATES), blocks)
    except (KeyError, ValueError) as error:
        raise ModelUnavailable(f"{entry.name}: these are no weights of a MelGAN: {error}") from error
    fill(entry, generator, plain)
    return generator
