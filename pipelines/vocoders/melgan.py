"""MelGAN (Kumar et al., arXiv 1910.06711) in descript's published layout: one sequence of numbered layers.

The published files have no config: sizes are read from the tensors. They were trained on log10 mels up to half the
sample rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from pipelines.catalog.entry import Entry
from pipelines.catalog.weights import fill_module
from pipelines.errors import ModelUnavailable

from .checkpoint import VocoderCheckpoint, VocoderLayout
from .mel import MelConvention
from .receptive_field import ReceptiveField
from .vocoder import FrameContext
from .weight_norm import fold_weight_norm

MELGAN_MEL = MelConvention(fmax_hz=11_025.0, log="log10")
_RATES = (8, 8, 2, 2)
_SLOPE = 0.2
#: Frames of the shortest input that reflection padding accepts.
_MIN_FRAMES = 4


class MelGanGenerator(nn.Module):
    """Parameters have the original's names, weight norm folded: `model.1`, `model.4.block.2`, `model.4.shortcut` …"""

    def __init__(self, bins: int, width: int, blocks: int) -> None:
        """`width`: channels after the last upsampling; `blocks`: residual blocks after each."""
        super().__init__()
        self.blocks = blocks
        channels = width * 2 ** len(_RATES)
        layers: list[nn.Module] = [nn.ReflectionPad1d(3), nn.Conv1d(bins, channels, 7)]
        for rate in _RATES:
            layers += [nn.LeakyReLU(_SLOPE), nn.ConvTranspose1d(channels, channels // 2, 2 * rate, rate, rate // 2)]
            channels //= 2
            layers += [_ResidualBlock(channels, 3**number) for number in range(blocks)]
        layers += [nn.LeakyReLU(_SLOPE), nn.ReflectionPad1d(3), nn.Conv1d(channels, 1, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)

    @property
    def receptive_field(self) -> int:
        """Frames on each side that a sample depends on."""
        field = ReceptiveField().add_convolution(7)
        for rate in reversed(_RATES):
            for number in range(self.blocks):
                field.add_convolution(3, 3**number)
            field.add_upsampling(2 * rate, rate, rate // 2)
        return field.add_convolution(7).positions

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        """(batch, bins, frames) → (batch, frames × 256)."""
        return self.model(mel).squeeze(1)


class _ResidualBlock(nn.Module):
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

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return self.shortcut(hidden) + self.block(hidden)


class MelGanVocoder:
    """See `Vocoder`."""

    kind = "melgan"
    engine = "torch/float32"
    chunk_frames = 256

    def __init__(
        self,
        generator: MelGanGenerator,
        convention: MelConvention = MELGAN_MEL,
        *,
        device: torch.device | str = "cpu",
        revision: str = "",
    ) -> None:
        self._device = torch.device(device)
        self._generator = generator.to(self._device).eval().requires_grad_(False)
        self.convention = convention
        self.hop = convention.hop
        self.receptive_field = generator.receptive_field
        self.batch_size = 16 if self._device.type == "cuda" else 1
        self.revision = revision

    @torch.inference_mode()
    def synthesise(self, mels: torch.Tensor, contexts: Sequence[FrameContext]) -> torch.Tensor:
        """See `Vocoder`. Deterministic."""
        frames = mels.shape[-1]
        if frames < _MIN_FRAMES:
            # Shorter inputs cannot be reflected at their ends: the last frame is repeated, and cut off again.
            mels = torch.cat([mels, mels[..., -1:].expand(-1, -1, _MIN_FRAMES - frames)], dim=-1)
        waves = self._generator(mels.to(self._device, torch.float32))
        return waves[:, : frames * self.hop].cpu()


def build_generator(entry: Entry, tensors: Mapping[str, torch.Tensor]) -> MelGanGenerator:
    """The generator of a checkpoint. Raises `ModelUnavailable` naming what does not fit."""
    folded = fold_weight_norm(tensors)
    try:
        channels, bins, _ = folded["model.1.weight"].shape
        blocks = sum(1 for name in folded if name.endswith(".shortcut.weight")) // len(_RATES)
        generator = MelGanGenerator(bins, channels // 2 ** len(_RATES), blocks)
    except (KeyError, ValueError) as error:
        raise ModelUnavailable(f"{entry.name}: these are no weights of a MelGAN: {error}") from error
    fill_module(entry, generator, folded)
    return generator


def _detect(tensors: Mapping[str, torch.Tensor]) -> bool:
    return any(name.startswith("model.1.weight") for name in tensors)


def _load(checkpoint: VocoderCheckpoint) -> MelGanVocoder:
    return MelGanVocoder(
        build_generator(checkpoint.entry, checkpoint.tensors),
        checkpoint.mel or MELGAN_MEL,
        device=checkpoint.device,
        revision=checkpoint.revision,
    )


LAYOUT = VocoderLayout("MelGAN", _detect, _load)
