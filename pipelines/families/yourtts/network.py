"""YourTTS (Casanova et al., arXiv 2112.02418), a VITS conditioned on speaker and language: ids in, latents out.

Knows tensors; nothing of texts, files or recordings. Rows of a batch do not affect each other; each has its own source
of random numbers. The decoder of the latents is the generator of a HiFi-GAN and runs in chunks (pipelines/vocoders).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from pipelines.engines.torch_padding import build_length_mask
from pipelines.vocoders.hifigan import HifiGanGenerator

from .dimensions import YourTtsDimensions
from .durations import DurationPredictor
from .flow import Flow
from .text_encoder import TextEncoder


@dataclass(frozen=True, slots=True)
class Row:
    """One text for one speaker."""

    ids: Sequence[int]
    #: Speaker embedding (speaker,) and number of the language.
    speaker: torch.Tensor
    language: int
    #: Factor of the predicted durations; larger is slower.
    length: float = 1.0
    #: Standard deviation of the noise in the latents and in the durations.
    noise: float = 0.0
    duration_noise: float = 0.0
    #: Draws standard normal numbers of a shape; called for the durations first, then for the latents.
    draw: Callable[[tuple[int, int]], torch.Tensor] = torch.zeros


@dataclass(frozen=True, slots=True)
class LatentOutput:
    """The decoder's input for a row (hidden, frames), the frames of each id, and the speaker embedding of length 1."""

    latents: torch.Tensor
    durations: torch.Tensor
    speaker: torch.Tensor


class YourTtsNetwork(nn.Module):
    """Parameters have Coqui's names, weight norm folded, without those that only training needs."""

    def __init__(self, dimensions: YourTtsDimensions) -> None:
        super().__init__()
        self.dimensions = dimensions
        hidden, speaker, language = dimensions.hidden, dimensions.speaker, dimensions.language
        self.emb_l = nn.Embedding(dimensions.languages, language)
        self.text_encoder = TextEncoder(dimensions)
        self.duration_predictor = DurationPredictor(hidden + language, speaker, language)
        self.flow = Flow(dimensions)
        self.waveform_decoder = HifiGanGenerator(dimensions.decoder)

    @torch.inference_mode()
    def synthesise(self, rows: Sequence[Row], durations: Sequence[torch.Tensor] | None = None) -> list[LatentOutput]:
        """The decoder's input for each row. `durations`: frames of each id; predicted unless given."""
        if not rows:
            return []
        device = self.emb_l.weight.device
        present = _build_mask(torch.tensor([len(row.ids) for row in rows]), device)
        ids = pad_sequence([torch.tensor(row.ids) for row in rows], batch_first=True).to(device)
        speakers = functional.normalize(torch.stack([row.speaker for row in rows])).to(self.emb_l.weight)
        languages = self.emb_l(torch.tensor([row.language for row in rows], device=device))
        hidden, means, deviations = self.text_encoder(ids, languages, present)
        if durations is None:
            noise = pad_rows([row.draw((2, len(row.ids))) * row.duration_noise for row in rows])
            logs = self.duration_predictor(hidden, speakers, languages, noise.to(device), present)
            durations = [
                torch.ceil(torch.exp(log[: len(row.ids)]) * row.length).long()
                for row, log in zip(rows, logs, strict=True)
            ]
        drawn = [_draw_latents(*each) for each in zip(rows, means, deviations, durations, strict=True)]
        frames = torch.tensor([each.shape[-1] for each in drawn])
        latents = self.flow(pad_rows(drawn), speakers, _build_mask(frames, device))
        return [
            LatentOutput(one[:, :end], *rest)
            for one, end, *rest in zip(latents, frames.tolist(), durations, speakers, strict=True)
        ]


def _draw_latents(row: Row, mean: torch.Tensor, deviation: torch.Tensor, durations: torch.Tensor) -> torch.Tensor:
    """The text's latents (hidden, frames), each id repeated for its duration; `deviation` is a logarithm."""
    mean, deviation = (
        each[:, : len(row.ids)].repeat_interleave(durations.to(each.device), dim=1) for each in (mean, deviation)
    )
    if not row.noise:
        return mean
    noise = row.draw((mean.shape[0], mean.shape[1])).to(mean)
    return mean + noise * torch.exp(deviation) * row.noise


def _build_mask(lengths: torch.Tensor, device: torch.device) -> torch.Tensor:
    """1.0 (batch, 1, longest) within each row's length."""
    return build_length_mask(lengths, int(lengths.max())).float()[:, None].to(device)


def pad_rows(rows: Sequence[torch.Tensor]) -> torch.Tensor:
    """Rows (channels, n) of many lengths as one (batch, channels, longest)."""
    return pad_sequence([row.T for row in rows], batch_first=True).transpose(1, 2)
