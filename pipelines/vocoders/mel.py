"""How a model writes sound down as a mel spectrogram, and when one way of writing is exactly another.

Knows numbers and names; nothing of models or files. Two spectrograms that were made from different filters cannot be
turned into each other: a vocoder that is fed the wrong one makes noise that nobody asked for, so it is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

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
    filters: Literal["slaney", "htk"] = "slaney"
    #: 1 = the filters were applied to magnitudes, 2 = to powers.
    power: int = 1
    log: Literal["ln", "log10"] = "ln"
    #: Smaller values were raised to this one before the logarithm.
    floor: float = 1e-5
    #: Per bin, where (log mel − mean) / scale is written instead of log mel.
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
    def of(cls, values: dict[str, Any]) -> MelConvention:
        """From the JSON object of a `mel.json`; fields that are left out keep their defaults.

        Raises ValueError naming fields that there are not.
        """
        unknown = sorted(values.keys() - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"a mel convention has no {', '.join(unknown)}")
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return cls(**{**values, **lists})


#: Fields that say which sound is in which bin: where they differ, nothing converts.
_SOUND = ("sample_rate_hz", "fft", "hop", "window", "bins", "fmin_hz", "fmax_hz", "filters", "power")


def differences(written: MelConvention, wanted: MelConvention) -> list[str]:
    """The fields in which `written` cannot be converted exactly into `wanted`; empty where it can."""
    return list(_differences(written, wanted))


def _differences(written: MelConvention, wanted: MelConvention) -> Iterator[str]:
    yield from (name for name in _SOUND if getattr(written, name) != getattr(wanted, name))
    if written.floor > wanted.floor:
        # What is quieter than the floor was lost when it was written.
        yield "floor"


def check_convertible(written: MelConvention, wanted: MelConvention, *, writer: str, reader: str) -> None:
    """Raises `UnsupportedOption` on `vocoder`, naming both conventions, where conversion is not exact."""
    found = differences(written, wanted)
    if found:
        raise UnsupportedOption(
            f"{reader} does not read the mel spectrograms of {writer}: they differ in {', '.join(found)}. "
            f"{writer} writes {written}; {reader} reads {wanted}.",
            field="vocoder",
        )


def convert(mel: torch.Tensor, written: MelConvention, wanted: MelConvention) -> torch.Tensor:
    """A mel spectrogram (…, bins, frames) rewritten; the same tensor where nothing is to do.

    Exact for the base of the logarithm, the normalisation, and a floor that rises. Raises `UnsupportedOption` else.
    """
    if written == wanted:
        return mel
    check_convertible(written, wanted, writer="the acoustic model", reader="the vocoder")
    mel = _scaled(mel, written.scale, written.mean, back=True)
    if written.log != wanted.log:
        mel = mel * (math.log(10) if written.log == "log10" else 1 / math.log(10))
    if wanted.floor > written.floor:
        mel = mel.clamp(min=math.log(wanted.floor) if wanted.log == "ln" else math.log10(wanted.floor))
    return _scaled(mel, wanted.scale, wanted.mean, back=False)


def _scaled(
    mel: torch.Tensor, scale: tuple[float, ...] | None, mean: tuple[float, ...] | None, *, back: bool
) -> torch.Tensor:
    factor = mel.new_tensor(scale).unsqueeze(-1) if scale is not None else 1.0
    shift = mel.new_tensor(mean).unsqueeze(-1) if mean is not None else 0.0
    return mel * factor + shift if back else (mel - shift) / factor
