"""What an entry of the catalogue may set on its vocoders, and within which bounds.

Standard library only: the web process reads catalogues.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Knobs:
    """What can be set on vocoders; what one of them lacks makes no difference to it."""

    #: WaveGlow: spread of the noise that it starts from.
    sigma: float = 0.6
    #: WaveGlow: how much of the hum that it makes of silence is taken away again.
    denoiser: float = 0.01
    #: Griffin-Lim: rounds.
    iterations: int = 32
    #: HiFi-GAN: "float32" or "bfloat16"; None = bfloat16 where the processor has instructions for it.
    precision: str | None = None

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Knobs:
        """From the table of an entry. Raises ValueError naming the setting that is unknown or wrong, and the cure."""
        for name, value in settings.items():
            cure = _cure(name, value)
            if cure is not None:
                raise ValueError(f"vocoder_settings.{name} = {value!r}: {cure}")
        return cls(**settings)


#: Least and most of each number. Noise of more than twice the trained spread, and more than the whole hum, are slips.
_BOUNDS: Mapping[str, tuple[float, float]] = {"sigma": (0, 2), "denoiser": (0, 1), "iterations": (1, 500)}
_PRECISIONS = ("float32", "bfloat16")


def _cure(name: str, value: object) -> str | None:
    """What should be there in its place; None where it is right."""
    if name == "precision":
        return None if value in _PRECISIONS else f"it is one of {', '.join(_PRECISIONS)}"
    if name not in _BOUNDS:
        return f"there is no such setting; there are {', '.join((*_BOUNDS, 'precision'))}"
    least, most = _BOUNDS[name]
    is_whole = name == "iterations"
    is_number = isinstance(value, int if is_whole else int | float) and not isinstance(value, bool)
    if is_number and least <= value <= most:  # type: ignore[operator]  # it is a number
        return None
    return f"it is a {'whole ' if is_whole else ''}number from {least} to {most}"
