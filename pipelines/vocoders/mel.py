"""Mel conventions: what the numbers of a mel spectrogram mean, and when one convention converts exactly to another.

Knows no models or files. Two spectrograms that were computed with different filters cannot be converted into each
other. A vocoder that is given the wrong kind produces noise, so the combination is rejected.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.audio.mel_filters import MelScale, build_mel_filters
from pipelines.errors import UnsupportedOption

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class MelConvention:
    """What the numbers of a mel spectrogram mean. Frequencies in Hz, lengths in samples."""

    sample_rate_hz: int = 22_050
    fft: int = 1024
    hop: int = 256
    window: int = 1024
    bins: int = 80
    fmin_hz: float = 0.0
    fmax_hz: float = 8000.0
    #: The mel scale and the norm of its filters: "slaney" (librosa's default) or "htk" (HTK scale without a norm).
    filters: MelScale = "slaney"
    #: 1 = the filters were applied to magnitudes, 2 = to powers.
    power: int = 1
    log: Literal["ln", "log10"] = "ln"
    #: Smaller values were raised to this one before the logarithm.
    floor: float = 1e-5
    #: Per bin, where (log mel − mean) / scale is stored instead of log mel.
    mean: tuple[float, ...] | None = None
    scale: tuple[float, ...] | None = None

    def __str__(self) -> str:
        normalised = ", normalised" if self.mean is not None or self.scale is not None else ""
        return (
            f"{self.bins} {self.filters} bins from {self.fmin_hz:g} to {self.fmax_hz:g} Hz of "
            f"{'powers' if self.power == 2 else 'magnitudes'}, {self.sample_rate_hz} Hz, FFT {self.fft}, "
            f"window {self.window}, hop {self.hop}, {self.log} from {self.floor:g} up{normalised}"
        )

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> MelConvention:
        """From the JSON object of a `mel.json`; fields that are left out keep their defaults.

        Raises ValueError naming unknown fields.
        """
        unknown = sorted(values.keys() - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"a mel convention has no {', '.join(unknown)}")
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return cls(**{**values, **lists})

    def build_filters(self) -> NDArray[np.float32]:
        """The mel filters (bins, fft / 2 + 1)."""
        return build_mel_filters(
            self.sample_rate_hz,
            fft=self.fft,
            bins=self.bins,
            fmin_hz=self.fmin_hz,
            fmax_hz=self.fmax_hz,
            scale=self.filters,
        ).astype(np.float32)


#: Fields that decide which sound is in which bin: where they differ, nothing converts.
_ANALYSIS_FIELDS = ("sample_rate_hz", "fft", "hop", "window", "bins", "fmin_hz", "fmax_hz", "filters", "power")


def find_differences(source: MelConvention, target: MelConvention) -> list[str]:
    """The fields in which `source` cannot be converted exactly to `target`; empty where it can."""
    return list(_iterate_differences(source, target))


def _iterate_differences(source: MelConvention, target: MelConvention) -> Iterator[str]:
    yield from (name for name in _ANALYSIS_FIELDS if getattr(source, name) != getattr(target, name))
    if source.floor > target.floor:
        # Values below the source's floor are lost.
        yield "floor"


def check_convertible(source: MelConvention, target: MelConvention, *, writer: str, reader: str) -> None:
    """Raises `UnsupportedOption` on `vocoder`, naming both conventions, where conversion is not exact.

    `writer` and `reader` name the models of `source` and `target` in the message.
    """
    found = find_differences(source, target)
    if found:
        raise UnsupportedOption(
            f"{reader} does not read the mel spectrograms of {writer}: they differ in {', '.join(found)}. "
            f"{writer} writes {source}; {reader} reads {target}.",
            field="vocoder",
        )


def convert(mel: torch.Tensor, source: MelConvention, target: MelConvention) -> torch.Tensor:
    """A mel spectrogram (…, bins, frames) converted; the same tensor where the conventions are equal.

    Exact for the base of the logarithm, the normalisation, and a floor that rises. Raises `UnsupportedOption` else.
    """
    if source == target:
        return mel
    check_convertible(source, target, writer="the acoustic model", reader="the vocoder")
    mel = _denormalise(mel, source)
    if source.log != target.log:
        mel = mel * (math.log(10) if source.log == "log10" else 1 / math.log(10))
    if target.floor > source.floor:
        mel = mel.clamp(min=math.log(target.floor) if target.log == "ln" else math.log10(target.floor))
    return _normalise(mel, target)


def _normalise(mel: torch.Tensor, convention: MelConvention) -> torch.Tensor:
    scale, mean = _statistics(mel, convention)
    return (mel - mean) / scale


def _denormalise(mel: torch.Tensor, convention: MelConvention) -> torch.Tensor:
    scale, mean = _statistics(mel, convention)
    return mel * scale + mean


def _statistics(mel: torch.Tensor, convention: MelConvention) -> tuple[torch.Tensor | float, torch.Tensor | float]:
    """Scale and mean (bins, 1); 1 and 0 where the convention has none."""
    scale = mel.new_tensor(convention.scale).unsqueeze(-1) if convention.scale is not None else 1.0
    mean = mel.new_tensor(convention.mean).unsqueeze(-1) if convention.mean is not None else 0.0
    return scale, mean
