"""Tacotron 2 (Shen et al., arXiv 1712.05884) as NVIDIA published it, for inference: ids in, mel and alignment out.

Knows tensors; nothing of texts or files. Rows of a batch do not affect each other: padding is masked wherever a
convolution would include it, and rows leave the batch when they stop.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from pipelines.engines.torch_padding import build_length_mask
from pipelines.family import Tick

from .decoder import Decoder, Dropout
from .dimensions import Tacotron2Dimensions


@dataclass(frozen=True, slots=True)
class AlignedSpectrogram:
    """The result for one row. `stopped`: it ended by the gate, not at the limit."""

    mel: torch.Tensor  # (bins, frames)
    alignment: torch.Tensor  # (frames, symbols)
    stopped: bool


class Tacotron2Network(nn.Module):
    """Parameters have the published names without their `conv` and `linear_layer`, batch norms folded."""

    def __init__(self, dimensions: Tacotron2Dimensions) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.embedding = nn.Embedding(dimensions.symbols, dimensions.embedding)
        self.encoder = Encoder(dimensions)
        self.decoder = Decoder(dimensions)
        self.postnet = Postnet(dimensions)

    @torch.inference_mode()
    def synthesise(
        self,
        ids: Sequence[Sequence[int]],
        dropout: Dropout,
        tick: Tick,
        *,
        limits: Sequence[int],
        threshold: float = 0.5,
    ) -> list[AlignedSpectrogram]:
        """One spectrogram for each row of ids, of at most `limits` frames; ends where the gate exceeds `threshold`."""
        device = self.embedding.weight.device
        lengths = torch.tensor([len(row) for row in ids])
        padded = pad_sequence([torch.tensor(row) for row in ids], batch_first=True).to(device)
        memory = self.encoder(self.embedding(padded).transpose(1, 2), lengths)
        gate = math.log(threshold / (1 - threshold))
        drafts = self.decoder.decode(memory, lengths, dropout, tick, limits=limits, gate=gate)
        mels = self.postnet([mel for mel, _, _ in drafts])
        return [
            AlignedSpectrogram(mel, alignment, stopped)
            for mel, (_, alignment, stopped) in zip(mels, drafts, strict=True)
        ]


class Encoder(nn.Module):
    """Contextual embeddings of symbols."""

    def __init__(self, dimensions: Tacotron2Dimensions) -> None:
        super().__init__()
        width, kernel = dimensions.embedding, dimensions.encoder_kernel
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, width, kernel, padding=kernel // 2) for _ in range(dimensions.encoder_layers)
        )
        self.lstm = nn.LSTM(width, width // 2, batch_first=True, bidirectional=True)

    def forward(self, symbols: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """(batch, width, symbols) → (batch, symbols, width), zero after each row's length."""
        present = build_length_mask(lengths, symbols.shape[-1]).to(symbols.device)[:, None]
        for conv in self.convolutions:
            symbols = functional.relu(conv(symbols * present))
        packed = pack_padded_sequence(symbols.transpose(1, 2), lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.lstm(packed)[0], batch_first=True)[0]


class Postnet(nn.Module):
    """Residual correction of each frame from its neighbours."""

    def __init__(self, dimensions: Tacotron2Dimensions) -> None:
        super().__init__()
        bins, kernel = dimensions.bins, dimensions.postnet_kernel
        widths = [bins, *[dimensions.postnet] * (dimensions.postnet_layers - 1), bins]
        self.convolutions = nn.ModuleList(
            nn.Conv1d(into, out, kernel, padding=kernel // 2) for into, out in pairwise(widths)
        )

    def forward(self, mels: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Mels (bins, frames), each corrected independently of the others."""
        lengths = torch.tensor([mel.shape[-1] for mel in mels])
        padded = pad_sequence([mel.T for mel in mels], batch_first=True).transpose(1, 2)
        present = build_length_mask(lengths, padded.shape[-1]).to(padded.device)[:, None]
        residual = padded
        for number, conv in enumerate(self.convolutions):
            residual = conv(residual * present)
            if number < len(self.convolutions) - 1:
                residual = torch.tanh(residual)
        return [mel[:, :length] for mel, length in zip(padded + residual, lengths.tolist(), strict=True)]
