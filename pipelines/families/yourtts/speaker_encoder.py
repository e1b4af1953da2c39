"""Whose voice a recording is: a ResNet with squeeze-and-excitation and attentive pooling (arXiv 2009.14153).

Reads Coqui's layout, its spectrogram included: window and filters are in the file. Waveforms in, vectors out; what a
recording must be like is in `reference`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

_ATTENTION = 128
#: Windows that a recording is heard in, and the frames of each.
_WINDOWS, _FRAMES = 10, 250
_QUIET = 1e-6


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """Sizes of an encoder; those of the published file are the defaults."""

    mels: int = 64
    fft: int = 512
    window: int = 400
    hop: int = 160
    vector: int = 512
    layers: tuple[int, ...] = (3, 4, 6, 3)
    filters: tuple[int, ...] = (32, 64, 128, 256)


class SpeakerEncoder(nn.Module):
    """Parameters carry Coqui's names."""

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.shape = shape
        self.torch_spec = nn.ModuleDict({"0": _PreEmphasis(), "1": _Mel(shape)})
        first = shape.filters[0]
        self.conv1, self.bn1 = nn.Conv2d(1, first, 3, padding=1), nn.BatchNorm2d(first)
        width = first
        for number, (blocks, filters) in enumerate(zip(shape.layers, shape.filters, strict=True)):
            strides = [1 if number == 0 else 2, *[1] * (blocks - 1)]
            layer = [_Block(width if place == 0 else filters, filters, stride) for place, stride in enumerate(strides)]
            self.add_module(f"layer{number + 1}", nn.Sequential(*layer))
            width = filters
        pooled = width * shape.mels // 8
        self.attention = nn.Sequential(
            nn.Conv1d(pooled, _ATTENTION, 1),
            nn.ReLU(),
            nn.BatchNorm1d(_ATTENTION),
            nn.Conv1d(_ATTENTION, pooled, 1),
            nn.Softmax(dim=2),
        )
        self.fc = nn.Linear(2 * pooled, shape.vector)

    def forward(self, waves: torch.Tensor) -> torch.Tensor:
        """(batch, samples) → (batch, vector), of any length."""
        mel = self.torch_spec["1"](self.torch_spec["0"](waves))
        image = functional.instance_norm(torch.log(mel + _QUIET))[:, None]
        image = self.bn1(functional.relu(self.conv1(image)))
        for number in range(len(self.shape.layers)):
            image = self.get_submodule(f"layer{number + 1}")(image)
        features = image.flatten(1, 2)
        weights = self.attention(features)
        mean = (features * weights).sum(dim=2)
        deviation = ((features.square() * weights).sum(dim=2) - mean.square()).clamp(min=1e-5).sqrt()
        return self.fc(torch.cat([mean, deviation], dim=1))

    @torch.inference_mode()
    def vector(self, wave: torch.Tensor) -> torch.Tensor:
        """The voice of a wave (samples,): the mean over windows, each brought to length 1 before."""
        length = min(_FRAMES * self.shape.hop, len(wave))
        starts: Sequence[int] = np.linspace(0, len(wave) - length, _WINDOWS).astype(int).tolist()
        windows = torch.stack([wave[start : start + length] for start in starts])
        return functional.normalize(self(windows)).mean(dim=0)


class _PreEmphasis(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filter", torch.tensor([[[-0.97, 1.0]]]))

    def forward(self, waves: torch.Tensor) -> torch.Tensor:
        return functional.conv1d(functional.pad(waves[:, None], (1, 0), "reflect"), self.get_buffer("filter"))[:, 0]


class _Mel(nn.Module):
    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self._shape = shape
        self.spectrogram, self.mel_scale = nn.Module(), nn.Module()
        self.spectrogram.register_buffer("window", torch.hamming_window(shape.window))
        self.mel_scale.register_buffer("fb", torch.zeros(shape.fft // 2 + 1, shape.mels))

    def forward(self, waves: torch.Tensor) -> torch.Tensor:
        shape, window = self._shape, self.spectrogram.get_buffer("window")
        spectrum = torch.stft(waves, shape.fft, shape.hop, shape.window, window, return_complex=True)
        power = spectrum.real.square() + spectrum.imag.square()
        return (power.transpose(1, 2) @ self.mel_scale.get_buffer("fb")).transpose(1, 2)


class _Block(nn.Module):
    def __init__(self, into: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(into, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
        self.se = _Excitation(out)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or into != out:
            self.downsample = nn.Sequential(nn.Conv2d(into, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        change = self.bn1(functional.relu(self.conv1(image)))
        change = self.se(self.bn2(self.conv2(change)))
        return functional.relu(change + self.downsample(image))


class _Excitation(nn.Module):
    def __init__(self, width: int, reduction: int = 8) -> None:
        super().__init__()
        inner = width // reduction
        self.fc = nn.Sequential(nn.Linear(width, inner), nn.ReLU(), nn.Linear(inner, width), nn.Sigmoid())

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image * self.fc(image.mean(dim=(2, 3)))[..., None, None]
