"""HiFi-GAN (Kong, Kim and Bae, arXiv 2010.05646): transposed convolutions, each followed by parallel residual blocks.

Reads the original layout (`config.json` beside a "generator" state dict) and that of transformers' SpeechT5HifiGan and
FastSpeech2ConformerHifiGan, with weight norm in place or folded. The sizes of a model are its `HifiGanDimensions`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from pipelines.catalog.entry import Entry
from pipelines.catalog.vocoder_settings import VocoderSettings
from pipelines.catalog.weights import fill_module
from pipelines.engines.torch_engine import has_fast_bfloat16
from pipelines.errors import ModelUnavailable

from .channels_last import convert_to_channels_last
from .checkpoint import VocoderCheckpoint, VocoderLayout
from .mel import MelConvention
from .receptive_field import ReceptiveField
from .vocoder import FrameContext
from .weight_norm import fold_weight_norm

#: What transformers' own checkpoints were trained on; their config files do not say.
SPEECHT5_MEL = MelConvention(
    sample_rate_hz=16_000, fmin_hz=80.0, fmax_hz=7600.0, log="log10", floor=1e-10, fft=1024, hop=256, window=1024
)
ESPNET_MEL = MelConvention(sample_rate_hz=22_050, fmin_hz=80.0, fmax_hz=7600.0, log="log10", floor=1e-10)
_TRANSFORMERS_MELS = {"speecht5_hifigan": SPEECHT5_MEL, "fastspeech2_conformer_hifigan": ESPNET_MEL}

#: Largest accepted deviation of the waveform in bfloat16, relative to the waveform: 25 dB below it.
MAX_DIFFERENCE = 10 ** (-25 / 20)
#: Frames of the mel that it is measured with.
_MEASURED_FRAMES = 32


@dataclass(frozen=True, slots=True)
class HifiGanDimensions:
    """Sizes of a generator, named as in its config file."""

    bins: int
    channels: int
    rates: tuple[int, ...]
    kernels: tuple[int, ...]
    block_kernels: tuple[int, ...]
    block_dilations: tuple[tuple[int, ...], ...]
    #: 1 = pairs of convolutions ("convs1", "convs2"), 2 = single ones ("convs").
    block: int = 1
    slope: float = 0.1
    #: Whether the mel is normalised by the checkpoint's own `mean` and `scale` first.
    normalises: bool = False
    #: Size of the speaker embedding that the model is conditioned on; 0 = one voice.
    speaker: int = 0
    #: Whether the last convolution has a bias.
    last_bias: bool = True

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> HifiGanDimensions:
        """From a config.json of either layout. Raises KeyError for a missing field."""
        block = int(config.get("resblock", 1))
        # The original makes single blocks of two convolutions, however many dilations are listed.
        dilations = (tuple(each if block == 1 else each[:2]) for each in config["resblock_dilation_sizes"])
        return cls(
            bins=config["model_in_dim"] if "model_in_dim" in config else config["num_mels"],
            channels=config["upsample_initial_channel"],
            rates=tuple(config["upsample_rates"]),
            kernels=tuple(config["upsample_kernel_sizes"]),
            block_kernels=tuple(config["resblock_kernel_sizes"]),
            block_dilations=tuple(dilations),
            block=block,
            slope=float(config.get("leaky_relu_slope", 0.1)),
            normalises=bool(config.get("normalize_before", False)),
        )

    @property
    def hop(self) -> int:
        """Samples per frame."""
        product = 1
        for rate in self.rates:
            product *= rate
        return product

    @property
    def receptive_field(self) -> int:
        """Frames on each side that a sample depends on."""
        field = ReceptiveField().add_convolution(7)
        block = max(
            sum((kernel - 1) // 2 * (dilation + (1 if self.block == 1 else 0)) for dilation in dilations)
            for kernel, dilations in zip(self.block_kernels, self.block_dilations, strict=True)
        )
        for rate, kernel in zip(reversed(self.rates), reversed(self.kernels), strict=True):
            field.add_positions(block).add_upsampling(kernel, rate, (kernel - rate) // 2)
        return field.add_convolution(7).positions


class HifiGanGenerator(nn.Module):
    """Parameters have the original's names, weight norm folded."""

    def __init__(self, dimensions: HifiGanDimensions) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.mean: torch.Tensor
        self.scale: torch.Tensor
        self.conv_pre = nn.Conv1d(dimensions.bins, dimensions.channels, 7, padding=3)
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        block_class = _PairedBlock if dimensions.block == 1 else _SingleBlock
        width = dimensions.channels
        for rate, kernel in zip(dimensions.rates, dimensions.kernels, strict=True):
            self.ups.append(nn.ConvTranspose1d(width, width // 2, kernel, rate, padding=(kernel - rate) // 2))
            width //= 2
            for size, dilations in zip(dimensions.block_kernels, dimensions.block_dilations, strict=True):
                self.resblocks.append(block_class(width, size, dilations, dimensions.slope))
        self.conv_post = nn.Conv1d(width, 1, 7, padding=3, bias=dimensions.last_bias)
        if dimensions.speaker:
            self.cond_layer = nn.Conv1d(dimensions.speaker, dimensions.channels, 1)
        if dimensions.normalises:
            self.register_buffer("mean", torch.zeros(dimensions.bins))
            self.register_buffer("scale", torch.ones(dimensions.bins))

    def forward(self, mel: torch.Tensor, speaker: torch.Tensor | None = None) -> torch.Tensor:
        """(batch, bins, frames), and (batch, speaker) where there are speakers → (batch, frames × hop), in float32."""
        if self.dimensions.normalises:
            mel = (mel - self.mean[:, None]) / self.scale[:, None]
        hidden = self.conv_pre(mel.to(self.conv_pre.weight.dtype))
        if speaker is not None:
            hidden = hidden + self.cond_layer(speaker.to(hidden.dtype)[..., None])
        parallel = len(self.dimensions.block_kernels)
        for number, upsample in enumerate(self.ups):
            hidden = upsample(functional.leaky_relu_(hidden, self.dimensions.slope))
            blocks = self.resblocks[number * parallel : (number + 1) * parallel]
            total = blocks[0](hidden)
            for block in blocks[1:]:
                total += block(hidden)
            hidden = total.div_(parallel)
        # The last slope is torch's default in the original and its ports, not the model's own.
        return torch.tanh(self.conv_post(functional.leaky_relu_(hidden)).float()).squeeze(1)


class _PairedBlock(nn.Module):
    def __init__(self, width: int, kernel: int, dilations: Sequence[int], slope: float) -> None:
        super().__init__()
        self._slope = slope
        self.convs1 = nn.ModuleList(_same_size_convolution(width, kernel, dilation) for dilation in dilations)
        self.convs2 = nn.ModuleList(_same_size_convolution(width, kernel, 1) for _ in dilations)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            residual = dilated(functional.leaky_relu(hidden, self._slope))
            hidden = hidden + plain(functional.leaky_relu_(residual, self._slope))
        return hidden


class _SingleBlock(nn.Module):
    def __init__(self, width: int, kernel: int, dilations: Sequence[int], slope: float) -> None:
        super().__init__()
        self._slope = slope
        self.convs = nn.ModuleList(_same_size_convolution(width, kernel, dilation) for dilation in dilations)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        for conv in self.convs:
            hidden = hidden + conv(functional.leaky_relu(hidden, self._slope))
        return hidden


def _same_size_convolution(width: int, kernel: int, dilation: int) -> nn.Conv1d:
    return nn.Conv1d(width, width, kernel, dilation=dilation, padding=(kernel - 1) // 2 * dilation)


class HifiGanVocoder:
    """See `Vocoder`."""

    kind = "hifigan"
    chunk_frames = 256

    def __init__(
        self,
        generator: HifiGanGenerator,
        convention: MelConvention,
        *,
        device: torch.device | str = "cpu",
        revision: str = "",
        settings: VocoderSettings = VocoderSettings(),
    ) -> None:
        self._device = torch.device(device)
        self._generator, precision = _choose_precision(generator.to(self._device).eval(), settings.precision)
        self.convention = convention
        self.hop = convention.hop
        self.receptive_field = generator.dimensions.receptive_field
        # One chunk keeps all cores of a CPU busy; several together only exceed its caches.
        self.batch_size = 16 if self._device.type == "cuda" else 1
        self.engine = f"torch/{precision}"
        self.revision = revision

    @torch.inference_mode()
    def synthesise(self, mels: torch.Tensor, contexts: Sequence[FrameContext]) -> torch.Tensor:
        """See `Vocoder`. Deterministic."""
        speakers = [context.speaker for context in contexts if context.speaker is not None]
        speaker = torch.stack(speakers).to(self._device, torch.float32) if speakers else None
        return self._generator(mels.to(self._device, torch.float32), speaker).cpu()


def _choose_precision(generator: HifiGanGenerator, requested: str | None) -> tuple[HifiGanGenerator, str]:
    """The generator in the requested precision; else in bfloat16, where the processor has instructions for it and the
    waveform stays close to that of float32; else in float32."""
    device = generator.conv_pre.weight.device
    if requested or not has_fast_bfloat16(device):
        precision = requested or "float32"
        return _convert_precision(generator, precision), precision
    fast, exact = _convert_precision(deepcopy(generator), "bfloat16"), _convert_precision(generator, "float32")
    if _measure_difference(fast, exact) <= MAX_DIFFERENCE:
        return fast, "bfloat16"
    return exact, "float32"


def _convert_precision(generator: HifiGanGenerator, precision: str) -> HifiGanGenerator:
    generator.requires_grad_(False)
    for module in generator.modules():
        if isinstance(module, nn.Conv1d | nn.ConvTranspose1d):
            module.to(getattr(torch, precision))
    if generator.conv_pre.weight.device.type == "cpu":
        convert_to_channels_last(generator)
    return generator


@torch.inference_mode()
def _measure_difference(fast: HifiGanGenerator, exact: HifiGanGenerator) -> float:
    """Norm of the difference of their waveforms for a fixed mel, relative to the exact one; NaN where not finite."""
    dimensions, device = exact.dimensions, exact.conv_pre.weight.device
    mel = torch.randn(1, dimensions.bins, _MEASURED_FRAMES, generator=torch.Generator().manual_seed(0)).to(device)
    speaker = torch.zeros(1, dimensions.speaker, device=device) if dimensions.speaker else None
    wave = exact(mel, speaker)
    return float((fast(mel, speaker) - wave).norm() / wave.norm())


def read_mel_convention(config: Mapping[str, Any]) -> MelConvention:
    """The mels of a checkpoint, from its config.json. Raises KeyError for a missing field."""
    known = _TRANSFORMERS_MELS.get(config.get("model_type", ""))
    if known is not None:
        return known
    rate = config["sampling_rate"]
    return MelConvention(
        sample_rate_hz=rate,
        fft=config["n_fft"],
        hop=config["hop_size"],
        window=config["win_size"],
        bins=config["num_mels"],
        fmin_hz=float(config["fmin"]),
        fmax_hz=float(config["fmax"] or rate / 2),
    )


def build_generator(entry: Entry, config: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> HifiGanGenerator:
    """The generator of a checkpoint of either layout. Raises `ModelUnavailable` naming what does not fit."""
    try:
        dimensions = HifiGanDimensions.from_config(config)
        generator = HifiGanGenerator(dimensions)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnavailable(f"{entry.name}: the HiFi-GAN's config.json is not complete: {error}") from error
    renamed = {name.replace("upsampler.", "ups.", 1): tensor for name, tensor in fold_weight_norm(tensors).items()}
    fill_module(entry, generator, renamed, spare=() if dimensions.normalises else ("mean", "scale"))
    return generator


def _detect(tensors: Mapping[str, torch.Tensor]) -> bool:
    return any(name.startswith(("ups.", "upsampler.")) for name in tensors)


def _load(checkpoint: VocoderCheckpoint) -> HifiGanVocoder:
    name = checkpoint.entry.name
    if not checkpoint.config:
        raise ModelUnavailable(f"{name}: the HiFi-GAN needs its config.json beside its weights.")
    try:
        mel = checkpoint.mel or read_mel_convention(checkpoint.config)
    except (KeyError, TypeError) as error:
        raise ModelUnavailable(f"{name}: the HiFi-GAN's config.json does not say its mel: {error}") from error
    return HifiGanVocoder(
        build_generator(checkpoint.entry, checkpoint.config, checkpoint.tensors),
        mel,
        device=checkpoint.device,
        revision=checkpoint.revision,
        settings=checkpoint.settings,
    )


LAYOUT = VocoderLayout("HiFi-GAN", _detect, _load)
