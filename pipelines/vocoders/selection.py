"""The vocoders of one catalogue entry: the one that a request chooses, opened when it is first asked for.

An entry names them as components: "vocoder.hifigan", "vocoder.waveglow" and so on are those to choose from; the default
is "vocoder", else the first of them. Griffin-Lim needs no weights and is always there.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.audio.pcm import pcm16
from pipelines.catalog.entry import Entry
from pipelines.catalog.vocoder_settings import Knobs
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.family import Samples, Tick

from .chunked_inference import render
from .griffinlim import GriffinLim
from .mel import MelConvention, check_convertible, convert
from .registry import open_vocoder
from .vocoder import Place, Vocoder

if TYPE_CHECKING:
    import torch


class Vocoders:
    """What a mel family makes sound with. May be asked from several threads."""

    def __init__(self, entry: Entry, device: torch.device, written: MelConvention, knobs: Knobs | None = None) -> None:
        """`written`: how the acoustic model writes its mels. The default vocoder is opened at once.

        `knobs` are those of the entry's `vocoder_settings`, unless given.

        Raises `ModelUnavailable` for weights that are not there, `UnsupportedOption` for a default of other mels.
        """
        self._entry, self._device, self._written = entry, device, written
        self._knobs = Knobs.of(entry.vocoder_settings) if knobs is None else knobs
        self._opened: dict[str, Vocoder] = {}
        self._lock = threading.Lock()
        self.get(None)

    def get(self, choice: str | None) -> Vocoder:
        """The vocoder of that kind; None = the entry's default, Griffin-Lim where it names none.

        Raises `UnsupportedOption` on `vocoder` for a kind that the entry has not, or that reads other mels.
        """
        with self._lock:
            key = choice or "default"
            if key not in self._opened:
                self._opened[key] = self._open(choice)
            return self._opened[key]

    def render(
        self, choice: str | None, mels: Sequence[torch.Tensor], seeds: Sequence[int], tick: Tick
    ) -> list[Samples]:
        """Sounds, int16, of mels (bins, frames) as the acoustic model writes them; `seeds` decide all randomness."""
        vocoder = self.get(choice)
        read = [convert(mel, self._written, vocoder.convention) for mel in mels]
        return [pcm16(wave) for wave in render(vocoder, read, [Place(seed) for seed in seeds], tick)]

    def _open(self, choice: str | None) -> Vocoder:
        default = self._opened.get("default")
        if choice is not None and default is not None and default.kind == choice:
            return default
        role = self._entry.default_vocoder if choice is None else f"vocoder.{choice}"
        source = self._entry.components.get(role) if role else None
        if source is None and choice in (None, GriffinLim.kind):
            return GriffinLim(self._written, device=self._device, knobs=self._knobs)
        if source is None:
            known = ", ".join(self._entry.vocoders)
            raise UnsupportedOption(f"{self._entry.name} has no vocoder {choice!r}; it has: {known}.", field="vocoder")
        opened = open_vocoder(self._entry, source, self._device, self._knobs)
        if role not in ("vocoder", f"vocoder.{opened.kind}"):
            raise ModelUnavailable(f"{self._entry.name}: {role} = {source!r} holds a {opened.kind}.")
        check_convertible(
            self._written, opened.convention, writer=self._entry.name, reader=f"the vocoder {opened.kind}"
        )
        return opened
