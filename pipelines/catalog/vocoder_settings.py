"""The vocoder settings of a catalogue entry, and their bounds.

Standard library only: the web process reads catalogues.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class VocoderSettings:
    """Settings of all vocoders; each uses the ones that it has."""

    #: WaveGlow: standard deviation of the noise that it starts from.
    sigma: float = 0.6
    #: WaveGlow: how much of the spectrum that it gives for silence is subtracted.
    denoiser: float = 0.01
    #: Griffin-Lim: number of iterations.
    iterations: int = 32
    #: HiFi-GAN: "float32" or "bfloat16"; None = bfloat16 where the processor has instructions for it.
    precision: str | None = None

    @classmethod
    def from_mapping(cls, settings: Mapping[str, Any]) -> VocoderSettings:
        """From an entry's `vocoder_settings`. Raises ValueError naming the unknown or invalid setting and the cure."""
        for name, value in settings.items():
            fault = _find_fault(name, value)
            if fault is not None:
                raise ValueError(f"vocoder_settings.{name} = {value!r}: {fault}")
        return cls(**settings)


#: Minimum and maximum of each number. Larger values for sigma and the denoiser are certainly mistakes.
_BOUNDS: Mapping[str, tuple[float, float]] = {"sigma": (0, 2), "denoiser": (0, 1), "iterations": (1, 500)}
_PRECISIONS = ("float32", "bfloat16")


def _find_fault(name: str, value: object) -> str | None:
    """What a valid value would be; None for a valid one."""
    if name == "precision":
        return None if value in _PRECISIONS else f"it is one of {', '.join(_PRECISIONS)}"
    if name not in _BOUNDS:
        return f"there is no such setting; there are {', '.join((*_BOUNDS, 'precision'))}"
    minimum, maximum = _BOUNDS[name]
    is_whole = name == "iterations"
    is_number = isinstance(value, int if is_whole else int | float) and not isinstance(value, bool)
    if is_number and minimum <= value <= maximum:  # type: ignore[operator]  # it is a number
        return None
    return f"it is a {'whole ' if is_whole else ''}number from {minimum} to {maximum}"
