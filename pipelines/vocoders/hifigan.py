"""HiFi-GAN (Kong, Kim and Bae, arXiv 2010.05646): transposed convolutions, residual blocks side by side behind each.

Reads the original layout (`config.json` beside a "generator" state dict) and that of transformers' SpeechT5HifiGan and
FastSpeech2ConformerHifiGan, with weight norm in place or folded. Numbers of a model are in its `Shape`.
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
from pipelines.catalog.vocoder_settings import Knobs
from pipelines.catalog.weights import fill
from pipelines.engines.torch_engine import has_fast_bfloat16
from pipelines.errors import ModelUnavailable

from .channels_last import run_channels_last
from .mel import MelConvention
from .receptive_field import Reach
from .vocoder import Place
from .weight_norm import folded

#: What transformers' own checkpoints were trained on; their config files do not say.
SPEECHT5_MEL = MelConvention(
    sample_rate_hz=16_000, fmin_hz=80.0, fmax_hz=7600.0, log="log10", floor=1e-10, fft=1024, hop=256, window=1024
)
ESPNET_MEL = MelConvention(sample_rate_hz=22_050, fmin_hz=80.0, fmax_hz=7600.0, log="log10", floor=1e-10)
_TRANSFORMERS_MELS = {"speecht5_hifigan": SPEECHT5_MEL, "fastspeech2_conformer_hifigan": ESPNET_MEL}

#: Largest difference of the sound in bfloat16, relative to the sound: 25 dB below it.
LARGEST_DIFFERENCE = 10 ** (-25 / 20)
#: Frames of the mel that it is measured with.
_MEASURED_FRAMES = 32


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a generator, in the words of its config file."""

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
    #: Numbers in the vector of a speaker that the sound depends on; 0 = one voice.
    speaker: int = 0
    #: Whether the last convolution has a bias.
    last_bias: bool = True

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Shape:
        """From a config.json of either layout. Raises KeyError for a field that is not there."""
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
        """Samples a frame."""
        product = 1
        for rate in self.rates:
            product *= rate
        return product

    @property
    def reach(self) -> int:
        """Frames to either side that a sample depends on."""
        reach = Reach().through(7)
        block = max(
            sum((kernel - 1) // 2 * (dilation + (1 if self.block == 1 else 0)) for dilation in dilations)
            for kernel, dilations in zip(self.block_kernels, self.block_dilations, strict=True)
        )
        for rate, kernel in zip(reversed(self.rates), reversed(self.kernels), strict=True):
            reach.plus(block).up(kernel, rate, (kernel - rate) // 2)
        return reach.through(7).positions


class Generator(nn.Module):
    """Parameters carry the original's names, weight norm folded."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.mean: torch.Tensor
        self.scale: torch.Tensor
        self.conv_pre = nn.Conv1d(shape.bins, shape.channels, 7, padding=3)
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        width = shape.channels
        for rate, kernel in zip(shape.rates, shape.kernels, strict=True):
            self.ups.append(nn.ConvTranspose1d(width, width // 2, kernel, rate, padding=(kernel - rate) // 2))
            width //= 2
            for size, dilations in zip(shape.block_kernels, shape.block_dilations, strict=True):
                self.resblocks.append(
                    (_PairedBlock if shape.block == 1 else _SingleBlock)(width, size, dilations, shape)
                )
        self.conv_post = nn.Conv1d(width, 1, 7, padding=3, bias=shape.last_bias)
        if shape.speaker:
            self.cond_layer = nn.Conv1d(shape.speaker, shape.channels, 1)
        if shape.normalises:
            self.register_buffer("mean", torch.zeros(shape.bins))
            self.register_buffer("scale", torch.ones(shape.bins))

    def forward(self, mel: torch.Tensor, speaker: torch.Tensor | None = None) -> torch.Tensor:
        """(batch, bins, frames), and (batch, speaker) where there are speakers → (batch, frames × hop), in float32."""
        shape = self.shape
        if shape.normalises:
            mel = (mel - self.mean[:, None]) / self.scale[:, None]
        sound = self.conv_pre(mel.to(self.conv_pre.weight.dtype))
        if speaker is not None:
            sound = sound + self.cond_layer(speaker.to(sound.dtype)[..., None])
        side_by_side = len(shape.block_kernels)
        for number, up in enumerate(self.ups):
            sound = up(functional.leaky_relu_(sound, shape.slope))
            blocks = self.resblocks[number * side_by_side : (number + 1) * side_by_side]
            total = blocks[0](sound)
            for block in blocks[1:]:
                total += block(sound)
            sound = total.div_(side_by_side)
        # The last slope is torch's default in the original and its ports, not the model's own.
        return torch.tanh(self.conv_post(functional.leaky_relu_(sound)).float()).squeeze(1)


class _PairedBlock(nn.Module):
    def __init__(self, width: int, kernel: int, dilations: Sequence[int], shape: Shape) -> None:
        super().__init__()
        self._slope = shape.slope
        self.convs1 = nn.ModuleList(_same(width, kernel, dilation) for dilation in dilations)
        self.convs2 = nn.ModuleList(_same(width, kernel, 1) for _ in dilations)

    def forward(self, sound: torch.Tensor) -> torch.Tensor:
        for wide, narrow in zip(self.convs1, self.convs2, strict=True):
            change = wide(functional.leaky_relu(sound, self._slope))
            sound = sound + narrow(functional.leaky_relu_(change, self._slope))
        return sound


class _SingleBlock(nn.Module):
    def __init__(self, width: int, kernel: int, dilations: Sequence[int], shape: Shape) -> None:
        super().__init__()
        self._slope = shape.slope
        self.convs = nn.ModuleList(_same(width, kernel, dilation) for dilation in dilations)

    def forward(self, sound: torch.Tensor) -> torch.Tensor:
        for conv in self.convs:
            sound = sound + conv(functional.leaky_relu(sound, self._slope))
        return sound


def _same(width: int, kernel: int, dilation: int) -> nn.Conv1d:
    return nn.Conv1d(width, width, kernel, dilation=dilation, padding=(kernel - 1) // 2 * dilation)


class HifiGan:
    """See `Vocoder`."""

    kind = "hifigan"
    tile = 256

    def __init__(
        self,
        generator: Generator,
        convention: MelConvention,
        *,
        device: torch.device | str = "cpu",
        revision: str = "",
        knobs: Knobs = Knobs(),
    ) -> None:
        self._device = torch.device(device)
        self._generator, precision = _in_precision(generator.to(self._device).eval(), knobs.precision)
        self.convention = convention
        self.hop = convention.hop
        self.reach = generator.shape.reach
        # One tile fills a processor's cores; joined tiles only leave its caches.
        self.slots = 16 if self._device.type == "cuda" else 1
        self.engine = f"torch/{precision}"
        self.revision = revision

    @torch.inference_mode()
    def samples(self, mels: torch.Tensor, places: Sequence[Place]) -> torch.Tensor:
        """See `Vocoder`. Nothing is drawn at random."""
        speakers = [place.speaker for place in places if place.speaker is not None]
        speaker = torch.stack(speakers).to(self._device, torch.float32) if speakers else None
        return self._generator(mels.to(self._device, torch.float32), speaker).cpu()


def _in_precision(generator: Generator, wanted: str | None) -> tuple[Generator, str]:
    """The generator as it runs, in the precision wanted; else in bfloat16, where the processor has instructions for it
    and the sound stays close to that of float32."""
    device = generator.conv_pre.weight.device
    if wanted or not has_fast_bfloat16(device):
        precision = wanted or "float32"
        return _converted(generator, precision), precision
    quick, exact = _converted(deepcopy(generator), "bfloat16"), _converted(generator, "float32")
    if _difference(quick, exact) <= LARGEST_DIFFERENCE:
        return quick, "bfloat16"
    return exact, "float32"


def _converted(generator: Generator, precision: str) -> Generator:
    generator.requires_grad_(False)
    for module in generator.modules():
        if isinstance(module, nn.Conv1d | nn.ConvTranspose1d):
            module.to(getattr(torch, precision))
    if generator.conv_pre.weight.device.type == "cpu":
        run_channels_last(generator)
    return generator


@torch.inference_mode()
def _difference(quick: Generator, exact: Generator) -> float:
    """Norm of the difference of their sounds for a fixed mel, relative to the sound; NaN where one is not finite."""
    shape, device = exact.shape, exact.conv_pre.weight.device
    mel = torch.randn(1, shape.bins, _MEASURED_FRAMES, generator=torch.Generator().manual_seed(0)).to(device)
    speaker = torch.zeros(1, shape.speaker, device=device) if shape.speaker else None
    sound = exact(mel, speaker)
    return float((quick(mel, speaker) - sound).norm() / sound.norm())


def convention_of(config: Mapping[str, Any]) -> MelConvention:
    """What the checkpoint's mels are, from its config.json; Raises KeyError for a field that is not there."""
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


def generator_of(entry: Entry, config: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> Generator:
    """The generator of a checkpoint of either layout. Raises `ModelUnavailable` naming what does not fit."""
    try:
        shape = Shape.of(config)
        generator = Generator(shape)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnavailable(f"{entry.name}: the HiFi-GAN's config.json is not complete: {error}") from error
    renamed = {name.replace("upsampler.", "ups.", 1): tensor for name, tensor in folded(tensors).items()}
    fill(entry, generator, renamed, spare=() if shape.normalises else ("mean", "scale"))
    return generator
