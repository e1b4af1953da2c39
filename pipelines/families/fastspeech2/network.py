"""FastSpeech2 (Ren et al., arXiv 2006.04558) with Conformer blocks as in transformers, for batches of several requests.

transformers' own `forward` takes one speed for all rows, has no control of pitch and energy, leaves the padding of
texts in its convolutions and that of spectrograms in its attention. So its parts are called here. The result for a row
is what `forward` gives for it alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from pipelines.engines.torch_padding import PaddingMask, build_length_mask
from pipelines.errors import EngineFailure
from pipelines.family import Tick

#: Longest accepted row in frames, about ten minutes: a longer one is no speech, and would exhaust the memory.
_MAX_FRAMES = 50_000


@dataclass(frozen=True, slots=True)
class Row:
    """One passage: symbols, speed (1 = as trained), and changes of pitch and energy in standard deviations."""

    ids: Sequence[int]
    speed: float = 1.0
    pitch: float = 0.0
    energy: float = 0.0


@dataclass(frozen=True, slots=True)
class MelOutput:
    """A mel spectrogram (bins, frames), and the number of frames of each symbol, in order."""

    mel: torch.Tensor
    durations: Sequence[int]


class FastSpeech2Network:
    """A FastSpeech2ConformerModel, called part by part."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._padding = PaddingMask(model)

    @torch.inference_mode()
    def synthesise(self, rows: Sequence[Row], tick: Tick) -> list[MelOutput]:
        """The spectrograms of all rows, in order."""
        if not rows:
            return []
        tick()
        model, device = self._model, self._model.device
        ids = pad_sequence([torch.tensor(row.ids) for row in rows], batch_first=True).to(device)
        present = build_length_mask(torch.tensor([len(row.ids) for row in rows], device=device), ids.shape[1])
        with self._padding.apply(present):
            hidden = model.encoder(ids, present[:, None].float(), return_dict=True).last_hidden_state
            pitch, energy = model.pitch_predictor(hidden), model.energy_predictor(hidden)
            durations = self._predict_durations(rows, model.duration_predictor(hidden) * present)
            hidden = (
                hidden
                + model.energy_embed(_shift(energy, present, [row.energy for row in rows]))
                + model.pitch_embed(_shift(pitch, present, [row.pitch for row in rows]))
            )
        tick()
        frames = durations.sum(1)
        hidden = pad_sequence(
            [torch.repeat_interleave(*each, dim=0) for each in zip(hidden, durations, strict=True)], batch_first=True
        )
        present = build_length_mask(frames, hidden.shape[1])
        with self._padding.apply(present):
            decoded = model.decoder(hidden, present[:, None].float(), return_dict=True).last_hidden_state
            _, mels = model.speech_decoder_postnet(decoded)
        lengths = (frames * model.config.reduction_factor).tolist()
        return [
            MelOutput(mel[:length].T, tuple(own[: len(row.ids)]))
            for row, mel, length, own in zip(rows, mels, lengths, durations.tolist(), strict=True)
        ]

    def _predict_durations(self, rows: Sequence[Row], predicted: torch.Tensor) -> torch.Tensor:
        """Frames of each symbol (rows, symbols); a row without frames gets one per symbol, as in the library."""
        # In transformers a larger `speaking_speed` makes more frames, and slower speech.
        scale = torch.tensor([self._model.config.speaking_speed / row.speed for row in rows], device=predicted.device)
        durations = torch.round(predicted.float() * scale[:, None]).long()
        for number, row in enumerate(rows):
            if not durations[number].any():
                durations[number, : len(row.ids)] = 1
        if int(durations.sum(1).max()) > _MAX_FRAMES:
            raise EngineFailure(f"The speech of a passage would be longer than {_MAX_FRAMES:,} frames.")
        return durations


def _shift(predicted: torch.Tensor, present: torch.Tensor, by: Sequence[float]) -> torch.Tensor:
    """Predictions (rows, symbols, 1) plus the shift of each row; 0 after its end, as the library masks them."""
    shift = torch.tensor(by, dtype=predicted.dtype, device=predicted.device)
    return (predicted + shift[:, None, None]) * present[:, :, None]
