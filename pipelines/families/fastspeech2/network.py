"""FastSpeech2 (Ren et al., arXiv 2006.04558) with Conformer blocks as transformers has it, for batches of strangers.

transformers' own `forward` takes one speed for all rows, has no control of pitch and energy, leaves the padding of
texts in its convolutions and that of spectrograms in its attention; so its parts are called here. A row comes out as
`forward` would make it alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from pipelines.engines.torch_padding import PaddingGuard, inside
from pipelines.errors import EngineFailure
from pipelines.family import Tick

#: A row that becomes longer than this (frames, some ten minutes) is no speech any more, and would take all memory.
_LONGEST = 50_000


@dataclass(frozen=True, slots=True)
class Row:
    """One passage: symbols, speed (1 = as trained), and how far to move pitch and energy, in standard deviations."""

    ids: Sequence[int]
    speed: float = 1.0
    pitch: float = 0.0
    energy: float = 0.0


@dataclass(frozen=True, slots=True)
class Spoken:
    """A mel spectrogram (bins, frames), and how many frames each symbol takes, in order."""

    mel: torch.Tensor
    durations: Sequence[int]


class Network:
    """A FastSpeech2ConformerModel, called in parts."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._guard = PaddingGuard(model)

    @torch.inference_mode()
    def speak(self, rows: Sequence[Row], tick: Tick) -> list[Spoken]:
        """The spectrograms of all rows, in order."""
        tick()
        model, device = self._model, self._model.device
        ids = pad_sequence([torch.tensor(row.ids) for row in rows], batch_first=True).to(device)
        present = inside(torch.tensor([len(row.ids) for row in rows], device=device), ids.shape[1])
        with self._guard.rows(present):
            hidden = model.encoder(ids, present[:, None].float(), return_dict=True).last_hidden_state
            pitch, energy = model.pitch_predictor(hidden), model.energy_predictor(hidden)
            durations = self._durations(rows, model.duration_predictor(hidden) * present)
            hidden = (
                hidden
                + model.energy_embed(_moved(energy, present, [row.energy for row in rows]))
                + model.pitch_embed(_moved(pitch, present, [row.pitch for row in rows]))
            )
        tick()
        frames = durations.sum(1)
        hidden = pad_sequence(
            [torch.repeat_interleave(*each, dim=0) for each in zip(hidden, durations, strict=True)], batch_first=True
        )
        present = inside(frames, hidden.shape[1])
        with self._guard.rows(present):
            decoded = model.decoder(hidden, present[:, None].float(), return_dict=True).last_hidden_state
            _, mels = model.speech_decoder_postnet(decoded)
        lengths = (frames * model.config.reduction_factor).tolist()
        return [
            Spoken(mel[:length].T, tuple(own[: len(row.ids)]))
            for row, mel, length, own in zip(rows, mels, lengths, durations.tolist(), strict=True)
        ]

    def _durations(self, rows: Sequence[Row], predicted: torch.Tensor) -> torch.Tensor:
        """Frames of each symbol (rows, symbols); a row of none at all has one for each symbol, as in the library."""
        # In transformers a larger `speaking_speed` makes the frames more, and the speech slower.
        scale = torch.tensor([self._model.config.speaking_speed / row.speed for row in rows], device=predicted.device)
        durations = torch.round(predicted.float() * scale[:, None]).long()
        for number, row in enumerate(rows):
            if not durations[number].any():
                durations[number, : len(row.ids)] = 1
        if int(durations.sum(1).max()) > _LONGEST:
            raise EngineFailure(f"The model would speak a passage for more than {_LONGEST:,} frames.")
        return durations


def _moved(predicted: torch.Tensor, present: torch.Tensor, by: Sequence[float]) -> torch.Tensor:
    """Predictions (rows, symbols, 1) moved, each row by its own; 0 behind its end, as the library masks them."""
    shift = torch.tensor(by, dtype=predicted.dtype, device=predicted.device)
    return (predicted + shift[:, None, None]) * present[:, :, None]
