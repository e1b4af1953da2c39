"""WaveGlow (Prenger, Valle and Catanzaro, arXiv 1811.00002) in NVIDIA's layout: from noise to sound by a flow.

Only the way from noise to sound is here; training is not. Files of DeepLearningExamples hold one conditioning layer per
WaveNet layer (`cond_layers.i`), those of NVIDIA/waveglow one for all (`cond_layer`): the former are joined when loaded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from pipelines.catalog.entry import Entry
from pipelines.catalog.vocoder_settings import Knobs
from pipelines.catalog.weights import fill
from pipelines.errors import ModelUnavailable

from .mel import MelConvention
from .noise import gaussian
from .vocoder import Place
from .weight_norm import folded

WAVEGLOW_MEL = MelConvention()
_HOP, _UPSAMPLE_KERNEL = 256, 1024
#: Frames that are kept of a tile: enough that its overlap, 104 frames on both sides at the real size, is a small part.
_KEPT = 768
#: The denoiser's transform, and the length in frames of the silence that it learns the hum from.
_DENOISER_FFT, _DENOISER_HOP, _SILENCE = 1024, 256, 88


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a model, in the words of its config file."""

    bins: int
    flows: int
    #: Samples that are transformed together.
    group: int
    early_every: int
    early_size: int
    layers: int
    channels: int
    kernel: int = 3

    @property
    def reach(self) -> int:
        """Frames to either side that a sample depends on: what each flow's dilated layers hear, all flows in a row."""
        groups = self.flows * (self.kernel - 1) // 2 * (2**self.layers - 1)
        return -(-groups * self.group // _HOP) + _UPSAMPLE_KERNEL // _HOP

    def channels_of(self, flow: int) -> int:
        """Channels that a flow transforms; every few flows, some leave early."""
        return self.group - flow // self.early_every * self.early_size


class WaveGlow(nn.Module):
    """Parameters carry the original's names, weight norm folded."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.upsample = nn.ConvTranspose1d(shape.bins, shape.bins, _UPSAMPLE_KERNEL, _HOP)
        flows = range(shape.flows)
        self.WN = nn.ModuleList(_WaveNet(shape, shape.channels_of(flow) // 2) for flow in flows)
        self.convinv = nn.ModuleList(_Mixing(shape.channels_of(flow)) for flow in flows)

    def forward(self, mel: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """(batch, bins, frames) and noise (batch, group, frames × hop / group) → (batch, frames × hop).

        The noise is spread as wanted: first that of the innermost flow, then that of the parts that left early.
        """
        shape = self.shape
        heard = self._conditions(mel)
        taken = shape.channels_of(shape.flows - 1)
        sound = noise[:, :taken]
        for flow in reversed(range(shape.flows)):
            still, moved = sound.chunk(2, dim=1)
            shift, log_scale = self.WN[flow](still, heard).chunk(2, dim=1)
            sound = self.convinv[flow](torch.cat([still, (moved - shift) * torch.exp(-log_scale)], dim=1))
            if flow and flow % shape.early_every == 0:
                sound = torch.cat([noise[:, taken : taken + shape.early_size], sound], dim=1)
                taken += shape.early_size
        return sound.transpose(1, 2).flatten(1)

    def _conditions(self, mel: torch.Tensor) -> torch.Tensor:
        """The mel at the rate of groups: (batch, bins × group, groups)."""
        upsampled = self.upsample(mel)[..., : mel.shape[-1] * _HOP]
        grouped = upsampled.unflatten(-1, (-1, self.shape.group))  # batch, bins, groups, group
        return grouped.transpose(2, 3).flatten(1, 2)


class _WaveNet(nn.Module):
    """What one half of the channels, and the mel, say about how to move the other half."""

    def __init__(self, shape: Shape, half: int) -> None:
        super().__init__()
        width = shape.channels
        self._width = width
        self.start = nn.Conv1d(half, width, 1)
        self.cond_layer = nn.Conv1d(shape.bins * shape.group, 2 * width * shape.layers, 1)
        self.in_layers, self.res_skip_layers = nn.ModuleList(), nn.ModuleList()
        for number in range(shape.layers):
            dilation = 2**number
            padding = (shape.kernel - 1) // 2 * dilation
            self.in_layers.append(nn.Conv1d(width, 2 * width, shape.kernel, dilation=dilation, padding=padding))
            self.res_skip_layers.append(nn.Conv1d(width, 2 * width if number < shape.layers - 1 else width, 1))
        self.end = nn.Conv1d(width, 2 * half, 1)

    def forward(self, still: torch.Tensor, heard: torch.Tensor) -> torch.Tensor:
        sound = self.start(still)
        # The conditions of all layers at once would be most of the memory.
        layers = len(self.in_layers)
        named = dict(self.cond_layer.named_parameters())
        weights, biases = named["weight"].chunk(layers), named["bias"].chunk(layers)
        skipped = torch.zeros_like(sound)
        for layer, leave, weight, bias in zip(self.in_layers, self.res_skip_layers, weights, biases, strict=True):
            wave, gate = (layer(sound) + functional.conv1d(heard, weight, bias)).chunk(2, dim=1)
            out = leave(torch.tanh(wave) * torch.sigmoid(gate))
            if out.shape[1] > self._width:
                sound = sound + out[:, : self._width]
            skipped = skipped + out[:, -self._width :]
        return self.end(skipped)


class _Mixing(nn.Module):
    """The 1 × 1 convolution that mixes channels, run backwards."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, 1, bias=False)
        self._inverse: torch.Tensor | None = None

    def forward(self, sound: torch.Tensor) -> torch.Tensor:
        if self._inverse is None:
            # Inverted on the CPU in double precision: half-precision files and small pivots lose digits otherwise.
            matrix = self.conv.weight.squeeze(-1).double().cpu()
            self._inverse = torch.linalg.inv(matrix).to(self.conv.weight).unsqueeze(-1)
        return functional.conv1d(sound, self._inverse)


class WaveGlowVocoder:
    """See `Vocoder`."""

    kind = "waveglow"
    engine = "torch/float32"
    slots = 1

    def __init__(
        self,
        model: WaveGlow,
        convention: MelConvention = WAVEGLOW_MEL,
        *,
        device: torch.device | str = "cpu",
        revision: str = "",
        knobs: Knobs = Knobs(),
    ) -> None:
        self._device = torch.device(device)
        self._model = model.to(self._device).eval().requires_grad_(False)
        self._knobs = knobs
        self._hum: torch.Tensor | None = None
        self.convention = convention
        self.hop = convention.hop
        # The denoiser hears one window to either side.
        self.reach = model.shape.reach + _DENOISER_FFT // _HOP
        self.tile = 2 * self.reach + _KEPT
        self.revision = revision

    @torch.inference_mode()
    def samples(self, mels: torch.Tensor, places: Sequence[Place]) -> torch.Tensor:
        """See `Vocoder`. Noise depends on the seed and the frame."""
        frames, group = mels.shape[-1], self._model.shape.group
        drawn = gaussian(places, frames, _HOP).view(len(places), frames * _HOP // group, group).transpose(1, 2)
        noise = (drawn * self._knobs.sigma).to(self._device)
        sound = self._model(mels.to(self._device, torch.float32), noise)
        return self._denoised(sound).clamp(-1, 1).cpu()

    def _denoised(self, sound: torch.Tensor) -> torch.Tensor:
        """Spectral subtraction of what the model makes of silence, strength times."""
        if not self._knobs.denoiser:
            return sound
        if self._hum is None:
            shape = self._model.shape
            silence = torch.zeros(1, shape.bins, _SILENCE, device=self._device)
            still = torch.zeros(1, shape.group, _SILENCE * _HOP // shape.group, device=self._device)
            self._hum = self._spectrum(self._model(silence, still))[..., :1].abs()
        spectrum = self._spectrum(sound)
        magnitude = (spectrum.abs() - self._hum * self._knobs.denoiser).clamp(min=0)
        window = torch.hann_window(_DENOISER_FFT, device=self._device)
        cleaned = torch.polar(magnitude, spectrum.angle())
        return torch.istft(cleaned, _DENOISER_FFT, _DENOISER_HOP, window=window, length=sound.shape[-1])

    def _spectrum(self, sound: torch.Tensor) -> torch.Tensor:
        window = torch.hann_window(_DENOISER_FFT, device=self._device)
        return torch.stft(sound, _DENOISER_FFT, _DENOISER_HOP, window=window, return_complex=True)


def model_of(entry: Entry, tensors: Mapping[str, torch.Tensor]) -> WaveGlow:
    """The model of a state dict of either layout; sizes are read off it.

    Raises `ModelUnavailable` naming what is wrong.
    """
    plain = _joined(folded({name.removeprefix("module."): tensor for name, tensor in tensors.items()}))
    try:
        shape = _shape_of(plain)
    except (KeyError, ValueError) as error:
        raise ModelUnavailable(f"{entry.name}: these are no weights of a WaveGlow: {error}") from error
    model = WaveGlow(shape)
    fill(entry, model, {name: tensor.float() for name, tensor in plain.items()})
    return model


def _shape_of(tensors: Mapping[str, torch.Tensor]) -> Shape:
    bins = tensors["upsample.weight"].shape[0]
    sizes = [tensors[f"convinv.{flow}.conv.weight"].shape[0] for flow in range(_count(tensors, r"convinv\.(\d+)\."))]
    steps = [flow for flow in range(1, len(sizes)) if sizes[flow] < sizes[flow - 1]]
    width, _, kernel = tensors["WN.0.in_layers.0.weight"].shape
    return Shape(
        bins=bins,
        flows=len(sizes),
        group=sizes[0],
        early_every=steps[0] if steps else len(sizes),
        early_size=sizes[0] - sizes[steps[0]] if steps else 0,
        layers=_count(tensors, r"WN\.0\.in_layers\.(\d+)\."),
        channels=width // 2,
        kernel=kernel,
    )


def _count(tensors: Mapping[str, torch.Tensor], pattern: str) -> int:
    """One more than the highest number in names of a pattern."""
    return 1 + max((int(found[1]) for name in tensors if (found := re.match(pattern, name))), default=-1)


def _joined(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """`cond_layers.0 … n` as the one `cond_layer` that they are the rows of."""
    rows: dict[str, list[tuple[int, torch.Tensor]]] = {}
    kept = {}
    for name, tensor in tensors.items():
        found = re.fullmatch(r"(WN\.\d+\.cond_layer)s\.(\d+)\.(weight|bias)", name)
        if found is None:
            kept[name] = tensor
        else:
            rows.setdefault(f"{found[1]}.{found[3]}", []).append((int(found[2]), tensor))
    for name, several in rows.items():
        kept[name] = torch.cat([tensor for _, tensor in sorted(several, key=lambda row: row[0])])
    return kept
