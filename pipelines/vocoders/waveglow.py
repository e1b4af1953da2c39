"""WaveGlow (Prenger, Valle and Catanzaro, arXiv 1811.00002) in NVIDIA's layout: from noise to waveform by a flow.

Inference only. Files of DeepLearningExamples hold one conditioning layer per WaveNet layer (`cond_layers.i`), those of
NVIDIA/waveglow one for all (`cond_layer`): the former are joined when loaded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from pipelines.catalog.entry import Entry
from pipelines.catalog.vocoder_settings import VocoderSettings
from pipelines.catalog.weights import fill_module
from pipelines.errors import ModelUnavailable

from .checkpoint import VocoderCheckpoint, VocoderLayout
from .mel import MelConvention
from .noise import draw_gaussian
from .vocoder import FrameContext
from .weight_norm import fold_weight_norm

WAVEGLOW_MEL = MelConvention()
_HOP, _UPSAMPLE_KERNEL = 256, 1024
#: Frames that are kept of a chunk: enough that its overlap, 104 frames on both sides at the real size, is a small part.
_KEPT_FRAMES = 768
#: The denoiser's transform, and the length in frames of the silence from which the model's bias is computed.
_DENOISER_FFT, _DENOISER_HOP, _SILENCE_FRAMES = 1024, 256, 88


@dataclass(frozen=True, slots=True)
class WaveGlowDimensions:
    """Sizes of a model, named as in its config file."""

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
    def receptive_field(self) -> int:
        """Frames on each side that a sample depends on: the dilated layers of each flow, all flows in sequence."""
        groups = self.flows * (self.kernel - 1) // 2 * (2**self.layers - 1)
        return -(-groups * self.group // _HOP) + _UPSAMPLE_KERNEL // _HOP

    def count_channels(self, flow: int) -> int:
        """Channels that a flow transforms; every few flows, some leave early."""
        return self.group - flow // self.early_every * self.early_size


class WaveGlow(nn.Module):
    """Parameters have the original's names, weight norm folded."""

    def __init__(self, dimensions: WaveGlowDimensions) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.upsample = nn.ConvTranspose1d(dimensions.bins, dimensions.bins, _UPSAMPLE_KERNEL, _HOP)
        flows = range(dimensions.flows)
        self.WN = nn.ModuleList(_WaveNet(dimensions, dimensions.count_channels(flow) // 2) for flow in flows)
        self.convinv = nn.ModuleList(_InverseConvolution(dimensions.count_channels(flow)) for flow in flows)

    def forward(self, mel: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """(batch, bins, frames) and noise (batch, group, frames × hop / group) → (batch, frames × hop).

        The noise is already scaled: first that of the innermost flow, then that of the channels that left early.
        """
        dimensions = self.dimensions
        conditions = self._condition(mel)
        used = dimensions.count_channels(dimensions.flows - 1)
        hidden = noise[:, :used]
        for flow in reversed(range(dimensions.flows)):
            fixed, changed = hidden.chunk(2, dim=1)
            shift, log_scale = self.WN[flow](fixed, conditions).chunk(2, dim=1)
            hidden = self.convinv[flow](torch.cat([fixed, (changed - shift) * torch.exp(-log_scale)], dim=1))
            if flow and flow % dimensions.early_every == 0:
                hidden = torch.cat([noise[:, used : used + dimensions.early_size], hidden], dim=1)
                used += dimensions.early_size
        return hidden.transpose(1, 2).flatten(1)

    def _condition(self, mel: torch.Tensor) -> torch.Tensor:
        """The mel at the rate of groups: (batch, bins × group, groups)."""
        upsampled = self.upsample(mel)[..., : mel.shape[-1] * _HOP]
        grouped = upsampled.unflatten(-1, (-1, self.dimensions.group))  # batch, bins, groups, group
        return grouped.transpose(2, 3).flatten(1, 2)


class _WaveNet(nn.Module):
    """Shift and scale of one half of the channels, from the other half and the mel."""

    def __init__(self, dimensions: WaveGlowDimensions, half: int) -> None:
        super().__init__()
        width, layers, kernel = dimensions.channels, dimensions.layers, dimensions.kernel
        self._width = width
        self.start = nn.Conv1d(half, width, 1)
        self.cond_layer = nn.Conv1d(dimensions.bins * dimensions.group, 2 * width * layers, 1)
        self.in_layers, self.res_skip_layers = nn.ModuleList(), nn.ModuleList()
        for number in range(layers):
            dilation = 2**number
            padding = (kernel - 1) // 2 * dilation
            self.in_layers.append(nn.Conv1d(width, 2 * width, kernel, dilation=dilation, padding=padding))
            self.res_skip_layers.append(nn.Conv1d(width, 2 * width if number < layers - 1 else width, 1))
        self.end = nn.Conv1d(width, 2 * half, 1)

    def forward(self, fixed: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
        hidden = self.start(fixed)
        # The conditions of all layers at once would be most of the memory.
        layers = len(self.in_layers)
        named = dict(self.cond_layer.named_parameters())
        weights, biases = named["weight"].chunk(layers), named["bias"].chunk(layers)
        skipped = torch.zeros_like(hidden)
        for layer, res_skip, weight, bias in zip(self.in_layers, self.res_skip_layers, weights, biases, strict=True):
            wave, gate = (layer(hidden) + functional.conv1d(conditions, weight, bias)).chunk(2, dim=1)
            out = res_skip(torch.tanh(wave) * torch.sigmoid(gate))
            if out.shape[1] > self._width:
                hidden = hidden + out[:, : self._width]
            skipped = skipped + out[:, -self._width :]
        return self.end(skipped)


class _InverseConvolution(nn.Module):
    """The inverse of the 1 × 1 convolution that mixes channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, 1, bias=False)
        self._inverse: torch.Tensor | None = None

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        if self._inverse is None:
            # Inverted on the CPU in double precision: half-precision files and small pivots lose digits otherwise.
            matrix = self.conv.weight.squeeze(-1).double().cpu()
            self._inverse = torch.linalg.inv(matrix).to(self.conv.weight).unsqueeze(-1)
        return functional.conv1d(hidden, self._inverse)


class WaveGlowVocoder:
    """See `Vocoder`."""

    kind = "waveglow"
    engine = "torch/float32"
    batch_size = 1

    def __init__(
        self,
        model: WaveGlow,
        convention: MelConvention = WAVEGLOW_MEL,
        *,
        device: torch.device | str = "cpu",
        revision: str = "",
        settings: VocoderSettings = VocoderSettings(),
    ) -> None:
        self._device = torch.device(device)
        self._model = model.to(self._device).eval().requires_grad_(False)
        self._settings = settings
        self._bias: torch.Tensor | None = None
        self.convention = convention
        self.hop = convention.hop
        # The denoiser adds one window on each side.
        self.receptive_field = model.dimensions.receptive_field + _DENOISER_FFT // _HOP
        self.chunk_frames = 2 * self.receptive_field + _KEPT_FRAMES
        self.revision = revision

    @torch.inference_mode()
    def synthesise(self, mels: torch.Tensor, contexts: Sequence[FrameContext]) -> torch.Tensor:
        """See `Vocoder`. Noise depends on the seed and the frame."""
        frames, group = mels.shape[-1], self._model.dimensions.group
        drawn = draw_gaussian(contexts, frames, _HOP).view(len(contexts), frames * _HOP // group, group).transpose(1, 2)
        noise = (drawn * self._settings.sigma).to(self._device)
        wave = self._model(mels.to(self._device, torch.float32), noise)
        return self._denoise(wave).clamp(-1, 1).cpu()

    def _denoise(self, wave: torch.Tensor) -> torch.Tensor:
        """Subtract the spectrum that the model gives for silence, times the setting `denoiser`."""
        if not self._settings.denoiser:
            return wave
        if self._bias is None:
            dimensions = self._model.dimensions
            silence = torch.zeros(1, dimensions.bins, _SILENCE_FRAMES, device=self._device)
            zeros = torch.zeros(1, dimensions.group, _SILENCE_FRAMES * _HOP // dimensions.group, device=self._device)
            self._bias = self._stft(self._model(silence, zeros))[..., :1].abs()
        spectrum = self._stft(wave)
        magnitude = (spectrum.abs() - self._bias * self._settings.denoiser).clamp(min=0)
        window = torch.hann_window(_DENOISER_FFT, device=self._device)
        denoised = torch.polar(magnitude, spectrum.angle())
        return torch.istft(denoised, _DENOISER_FFT, _DENOISER_HOP, window=window, length=wave.shape[-1])

    def _stft(self, wave: torch.Tensor) -> torch.Tensor:
        window = torch.hann_window(_DENOISER_FFT, device=self._device)
        return torch.stft(wave, _DENOISER_FFT, _DENOISER_HOP, window=window, return_complex=True)


def build_model(entry: Entry, tensors: Mapping[str, torch.Tensor]) -> WaveGlow:
    """The model of a state dict of either layout; sizes are read from it.

    Raises `ModelUnavailable` naming what does not fit.
    """
    folded = fold_weight_norm({name.removeprefix("module."): tensor for name, tensor in tensors.items()})
    joined = _join_conditioning(folded)
    try:
        dimensions = _read_dimensions(joined)
    except (KeyError, ValueError) as error:
        raise ModelUnavailable(f"{entry.name}: these are no weights of a WaveGlow: {error}") from error
    model = WaveGlow(dimensions)
    fill_module(entry, model, {name: tensor.float() for name, tensor in joined.items()})
    return model


def _read_dimensions(tensors: Mapping[str, torch.Tensor]) -> WaveGlowDimensions:
    bins = tensors["upsample.weight"].shape[0]
    sizes = [tensors[f"convinv.{flow}.conv.weight"].shape[0] for flow in range(_count(tensors, r"convinv\.(\d+)\."))]
    steps = [flow for flow in range(1, len(sizes)) if sizes[flow] < sizes[flow - 1]]
    width, _, kernel = tensors["WN.0.in_layers.0.weight"].shape
    return WaveGlowDimensions(
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


def _join_conditioning(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """`cond_layers.0 … n` as the one `cond_layer` that they are the rows of."""
    rows: dict[str, list[tuple[int, torch.Tensor]]] = {}
    joined = {}
    for name, tensor in tensors.items():
        found = re.fullmatch(r"(WN\.\d+\.cond_layer)s\.(\d+)\.(weight|bias)", name)
        if found is None:
            joined[name] = tensor
        else:
            rows.setdefault(f"{found[1]}.{found[3]}", []).append((int(found[2]), tensor))
    for name, several in rows.items():
        joined[name] = torch.cat([tensor for _, tensor in sorted(several, key=lambda row: row[0])])
    return joined


def _read_mel_convention(checkpoint: VocoderCheckpoint, bins: int) -> MelConvention:
    data = checkpoint.config.get("data_config", {})
    return MelConvention(
        sample_rate_hz=data.get("sampling_rate", 22_050),
        fft=data.get("filter_length", 1024),
        hop=data.get("hop_length", 256),
        window=data.get("win_length", 1024),
        bins=bins,
        fmin_hz=data.get("mel_fmin", 0.0),
        fmax_hz=data.get("mel_fmax", 8000.0),
    )


def _detect(tensors: Mapping[str, torch.Tensor]) -> bool:
    return any("convinv.0." in name for name in tensors)


def _load(checkpoint: VocoderCheckpoint) -> WaveGlowVocoder:
    model = build_model(checkpoint.entry, checkpoint.tensors)
    return WaveGlowVocoder(
        model,
        checkpoint.mel or _read_mel_convention(checkpoint, model.dimensions.bins),
        device=checkpoint.device,
        revision=checkpoint.revision,
        settings=checkpoint.settings,
    )


LAYOUT = VocoderLayout("WaveGlow", _detect, _load)
