"""The vocoders of one catalogue entry: the one that a request chooses, loaded when it is first needed.

An entry names them as components: "vocoder.hifigan", "vocoder.waveglow" and so on are those to choose from; the default
is "vocoder", else the first of them. Griffin-Lim needs no weights and is always available.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.audio.pcm import model_output_to_int16
from pipelines.catalog.entry import SynthesisEntry
from pipelines.catalog.vocoder_settings import VocoderSettings
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.family import Samples, Tick

from .chunked_inference import synthesise_batch
from .griffinlim import GriffinLimVocoder
from .mel import MelConvention, check_convertible, convert
from .registry import load_vocoder
from .vocoder import FrameContext, Vocoder

if TYPE_CHECKING:
    import torch


class VocoderSelection:
    """The vocoders that an acoustic model can use. Threads may share one."""

    def __init__(
        self,
        entry: SynthesisEntry,
        device: torch.device,
        convention: MelConvention,
        settings: VocoderSettings | None = None,
    ) -> None:
        """`convention`: that of the acoustic model's mels. The default vocoder is loaded at once.

        `settings` are those of the entry's `vocoder_settings`, unless given.

        Raises `ModelUnavailable` for missing weights, `UnsupportedOption` for a default of other mels.
        """
        self._entry, self._device, self._convention = entry, device, convention
        self._settings = VocoderSettings.from_mapping(entry.vocoder_settings) if settings is None else settings
        self._loaded: dict[str, Vocoder] = {}
        self._lock = threading.Lock()
        self.get(None)

    def get(self, kind: str | None) -> Vocoder:
        """The vocoder of that kind; None = the entry's default, Griffin-Lim where it names none.

        Raises `UnsupportedOption` on `vocoder` for a kind that the entry lacks, or that reads other mels.
        """
        with self._lock:
            key = kind or "default"
            if key not in self._loaded:
                self._loaded[key] = self._load(kind)
            return self._loaded[key]

    def synthesise(
        self, kinds: Sequence[str | None], mels: Sequence[torch.Tensor], seeds: Sequence[int], tick: Tick
    ) -> list[Samples]:
        """Waveforms, int16, of the acoustic model's mels (bins, frames); `seeds` decide all randomness.

        `kinds`: the vocoder of each mel, as for `get`. Those of one kind share calls.
        """
        samples: dict[int, Samples] = {}
        for kind in dict.fromkeys(kinds):
            vocoder = self.get(kind)
            numbers = [number for number, each in enumerate(kinds) if each == kind]
            converted = [convert(mels[number], self._convention, vocoder.convention) for number in numbers]
            contexts = [FrameContext(seeds[number]) for number in numbers]
            waves = synthesise_batch(vocoder, converted, contexts, tick)
            samples.update(zip(numbers, map(model_output_to_int16, waves), strict=True))
        return [samples[number] for number in range(len(mels))]

    def _load(self, kind: str | None) -> Vocoder:
        default = self._loaded.get("default")
        if kind is not None and default is not None and default.kind == kind:
            return default
        role = self._entry.default_vocoder if kind is None else f"vocoder.{kind}"
        source = self._entry.components.get(role) if role else None
        if source is None and kind in (None, GriffinLimVocoder.kind):
            return GriffinLimVocoder(self._convention, device=self._device, settings=self._settings)
        if source is None:
            known = ", ".join(self._entry.vocoders)
            raise UnsupportedOption(f"{self._entry.name} has no vocoder {kind!r}; it has: {known}.", field="vocoder")
        vocoder = load_vocoder(self._entry, source, self._device, self._settings)
        if role not in ("vocoder", f"vocoder.{vocoder.kind}"):
            raise ModelUnavailable(f"{self._entry.name}: {role} = {source!r} holds a {vocoder.kind}.")
        check_convertible(
            self._convention, vocoder.convention, writer=self._entry.name, reader=f"the vocoder {vocoder.kind}"
        )
        return vocoder
