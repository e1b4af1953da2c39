"""YourTTS (Casanova et al., arXiv 2112.02418), a VITS told of speaker and language: ids in, what the decoder hears out.

Knows tensors; nothing of texts, files or recordings. Rows of a batch do not hear each other, and what is drawn for one
is handed in with it. The decoder is the generator of a HiFi-GAN and works on tiles (pipelines/vocoders).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from pipelines.vocoders.hifigan import Generator

from .dimensions import Shape, mask
from .durations import DurationPredictor
from .flow import Flow
from .text_encoder import TextEncoder


@dataclass(frozen=True, slots=True)
class Row:
    """One text for one voice."""

    ids: Sequence[int]
    #: The speaker's vector (speaker,) and the number of the language.
    speaker: torch.Tensor
    language: int
    #: Frames for each that the model says; more is slower.
    length: float = 1.0
    #: Spread of the noise in the sound and in the rhythm.
    noise: float = 0.0
    duration_noise: float = 0.0
    #: Standard normal numbers of a shape, in the order in which they are asked for: rhythm first.
    draw: Callable[[tuple[int, int]], torch.Tensor] = torch.zeros


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the decoder is given for a row (hidden, frames), and the frames of each of its ids."""

    hidden: torch.Tensor
    durations: torch.Tensor


class Network(nn.Module):
    """Parameters carry Coqui's names, weight norm folded, those that only training needs left out."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.emb_l = nn.Embedding(shape.languages, shape.language)
        self.text_encoder = TextEncoder(shape)
        self.duration_predictor = DurationPredictor(shape.hidden + shape.language, shape.speaker, shape.language)
        self.flow = Flow(shape)
        self.waveform_decoder = Generator(shape.decoder)

    @torch.inference_mode()
    def speak(self, rows: Sequence[Row], durations: Sequence[torch.Tensor] | None = None) -> list[Spoken]:
        """What is said for each row. `durations`: frames of each id, where they are known already."""
        device = self.emb_l.weight.device
        lengths = torch.tensor([len(row.ids) for row in rows])
        real = mask(lengths, device)
        ids = pad_sequence([torch.tensor(row.ids) for row in rows], batch_first=True).to(device)
        speaker = self.speakers(rows)
        language = self.emb_l(torch.tensor([row.language for row in rows], device=device))
        hidden, mean, deviation = self.text_encoder(ids, language, real)
        if durations is None:
            logs = self.duration_predictor(hidden, speaker, language, self._rhythm(rows).to(device), real)
            durations = [
                torch.ceil(torch.exp(log[: len(row.ids)]) * row.length).long()
                for row, log in zip(rows, logs, strict=True)
            ]
        said = [self._said(row, mean[number], deviation[number], durations[number]) for number, row in enumerate(rows)]
        frames = torch.tensor([each.shape[-1] for each in said])
        heard = self.flow(padded(said), speaker, mask(frames, device))
        return [
            Spoken(one[:, :end], duration) for one, end, duration in zip(heard, frames.tolist(), durations, strict=True)
        ]

    def speakers(self, rows: Sequence[Row]) -> torch.Tensor:
        """The speakers' vectors (batch, speaker), of length 1."""
        return functional.normalize(torch.stack([row.speaker for row in rows])).to(self.emb_l.weight)

    def _rhythm(self, rows: Sequence[Row]) -> torch.Tensor:
        return padded([row.draw((2, len(row.ids))) * row.duration_noise for row in rows])

    def _said(self, row: Row, mean: torch.Tensor, deviation: torch.Tensor, durations: torch.Tensor) -> torch.Tensor:
        """What the text says (hidden, frames), each id for as long as it lasts."""
        mean, deviation = (
            each[:, : len(row.ids)].repeat_interleave(durations.to(each.device), dim=1) for each in (mean, deviation)
        )
        if not row.noise:
            return mean
        drawn = row.draw((mean.shape[0], mean.shape[1])).to(mean)
        return mean + drawn * torch.exp(deviation) * row.noise


def padded(rows: Sequence[torch.Tensor]) -> torch.Tensor:
    """Rows (channels, n) of many lengths as one (batch, channels, longest)."""
    return pad_sequence([row.T for row in rows], batch_first=True).transpose(1, 2)
