"""Coqui's speaker encoder: a ResNet with squeeze-and-excitation and attentive pooling (arXiv 2009.14153).

Reads Coqui's layout, spectrogram included: window and filters are in the file. Waveforms in, speaker embeddings out.
Requirements on recordings are in `pipelines.speaker_embeddings.reference_audio`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

_ATTENTION = 128
#: Windows that an embedding is averaged over, and the frames of each.
_WINDOWS, _FRAMES = 10, 250
_EPSILON = 1e-6


@dataclass(frozen=True, slots=True)
class SpeakerEncoderDimensions:
    """Sizes of an encoder; the defaults are those of the published file."""

    mels: int = 64
    fft: int = 512
    window: int = 400
    hop: int = 160
    embedding: int = 512
    layers: tuple[int, ...] = (3, 4, 6, 3)
    filters: tuple[int, ...] = (32, 64, 128, 256)


class ResNetSpeakerEncoder(nn.Module):
    """Parameters have Coqui's names."""

    def __init__(self, dimensions: SpeakerEncoderDimensions) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.torch_spec = nn.ModuleDict({"0": _PreEmphasis(), "1": _MelSpectrogram(dimensions)})
        first = dimensions.filters[0]
        self.conv1, self.bn1 = nn.Conv2d(1, first, 3, padding=1), nn.BatchNorm2d(first)
        width = first
        for number, (blocks, filters) in enumerate(zip(dimensions.layers, dimensions.filters, strict=True)):
            strides = [1 if number == 0 else 2, *[1] * (blocks - 1)]
            layer = [_ResidualBlock(filters if k else width, filters, stride) for k, stride in enumerate(strides)]
            self.add_module(f"layer{number + 1}", nn.Sequential(*layer))
            width = filters
        pooled = width * dimensions.mels // 8
        self.attention = nn.Sequential(
            nn.Conv1d(pooled, _ATTENTION, 1),
            nn.ReLU(),
            nn.BatchNorm1d(_ATTENTION),
            nn.Conv1d(_ATTENTION, pooled, 1),
            nn.Softmax(dim=2),
        )
        self.fc = nn.Linear(2 * pooled, dimensions.embedding)

    def forward(self, waves: torch.Tensor) -> torch.Tensor:
        """(batch, samples) → (batch, embedding), of any length."""
        mel = self.torch_spec["1"](self.torch_spec["0"](waves))
        image = functional.instance_norm(torch.log(mel + _EPSILON))[:, None]
        image = self.bn1(functional.relu(self.conv1(image)))
        for number in range(len(self.dimensions.layers)):
            image = self.get_submodule(f"layer{number + 1}")(image)
        features = image.flatten(1, 2)
        weights = self.attention(features)
        mean = (features * weights).sum(dim=2)
        deviation = ((features.square() * weights).sum(dim=2) - mean.square()).clamp(min=1e-5).sqrt()
        return self.fc(torch.cat([mean, deviation], dim=1))

    @torch.inference_mode()
    def embed(self, wave: torch.Tensor) -> torch.Tensor:
        """The embedding of a wave (samples,): the mean of its windows' embeddings, each scaled to length 1 before."""
        length = min(_FRAMES * self.dimensions.hop, len(wave))
        starts: Sequence[int] = np.linspace(0, len(wave) - length, _WINDOWS).astype(int).tolist()
        windows = torch.stack([wave[start : start + length] for start in starts])
        return functional.normalize(self(windows)).mean(dim=0)


class _PreEmphasis(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filter", torch.tensor([[[-0.97, 1.0]]]))

    def forward(self, waves: torch.Tensor) -> torch.Tensor:
        return functional.conv1d(functional.pad(waves[:, None], (1, 0), "reflect"), self.get_buffer("filter"))[:, 0]


class _MelSpectrogram(nn.Module):
    def __init__(self, dimensions: SpeakerEncoderDimensions) -> None:
        super().__init__()
        self._dimensions = dimensions
        self.spectrogram, self.mel_scale = nn.Module(), nn.Module()
        self.spectrogram.register_buffer("window", torch.hamming_window(dimensions.window))
        self.mel_scale.register_buffer("fb", torch.zeros(dimensions.fft // 2 + 1, dimensions.mels))

    def forward(self, waves: torch.Tensor) -> torch.Tensor:
        sizes, window = self._dimensions, self.spectrogram.get_buffer("window")
        spectrum = torch.stft(waves, sizes.fft, sizes.hop, sizes.window, window, return_complex=True)
        power = spectrum.real.square() + spectrum.imag.square()
        return (power.transpose(1, 2) @ self.mel_scale.get_buffer("fb")).transpose(1, 2)


class _ResidualBlock(nn.Module):
    def __init__(self, into: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(into, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
        self.se = _SqueezeExcitation(out)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or into != out:
            self.downsample = nn.Sequential(nn.Conv2d(into, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        residual = self.bn1(functional.relu(self.conv1(image)))
        residual = self.se(self.bn2(self.conv2(residual)))
        return functional.relu(residual + self.downsample(image))


class _SqueezeExcitation(nn.Module):
    def __init__(self, width: int, reduction: int = 8) -> None:
        super().__init__()
        inner = width // reduction
        self.fc = nn.Sequential(nn.Linear(width, inner), nn.ReLU(), nn.Linear(inner, width), nn.Sigmoid())

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image * self.fc(image.mean(dim=(2, 3)))[..., None, None]
