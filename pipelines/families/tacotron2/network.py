"""Tacotron 2 (Shen et al., arXiv 1712.05884) as NVIDIA published it, for inference: ids in, mel and alignment out.

Knows tensors; nothing of texts or files. Rows of a batch do not hear each other: what is padded is masked wherever a
convolution would see it, and rows leave the batch when their gate opens.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from pipelines.family import Tick

from .decoder import Decoder, Dropout
from .dimensions import Shape, mask


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was said for one row. `stopped`: the gate opened, it was not cut at the limit."""

    mel: torch.Tensor  # (bins, frames)
    alignment: torch.Tensor  # (frames, symbols)
    stopped: bool


class Network(nn.Module):
    """Parameters carry the published names without their `conv` and `linear_layer`, batch norms folded."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.symbols, shape.embedding)
        self.encoder = Encoder(shape)
        self.decoder = Decoder(shape)
        self.postnet = Postnet(shape)

    @torch.inference_mode()
    def speak(
        self,
        ids: Sequence[Sequence[int]],
        dropout: Dropout,
        tick: Tick,
        *,
        limits: Sequence[int],
        threshold: float = 0.5,
    ) -> list[Utterance]:
        """One utterance for each row of ids, of at most `limits` frames; ends where the gate passes `threshold`."""
        device = self.embedding.weight.device
        lengths = torch.tensor([len(row) for row in ids])
        padded = nn.utils.rnn.pad_sequence([torch.tensor(row) for row in ids], batch_first=True).to(device)
        memory = self.encoder(self.embedding(padded).transpose(1, 2), lengths)
        gate = math.log(threshold / (1 - threshold))
        drafts = self.decoder.decode(memory, lengths, dropout, tick, limits=limits, gate=gate)
        mels = self.postnet([mel for mel, _, _ in drafts])
        return [Utterance(mel, alignment, stopped) for mel, (_, alignment, stopped) in zip(mels, drafts, strict=True)]


class Encoder(nn.Module):
    """Symbols in their context."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width, kernel = shape.embedding, shape.encoder_kernel
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, width, kernel, padding=kernel // 2) for _ in range(shape.encoder_layers)
        )
        self.lstm = nn.LSTM(width, width // 2, batch_first=True, bidirectional=True)

    def forward(self, symbols: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """(batch, width, symbols) → (batch, symbols, width), zero behind each row's length."""
        real = mask(lengths, symbols.shape[-1], symbols.device)[:, None]
        for conv in self.convolutions:
            symbols = functional.relu(conv(symbols * real))
        packed = pack_padded_sequence(symbols.transpose(1, 2), lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.lstm(packed)[0], batch_first=True)[0]


class Postnet(nn.Module):
    """What the frames lack, seen in their neighbourhood."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        widths = [shape.bins, *[shape.postnet] * (shape.postnet_layers - 1), shape.bins]
        self.convolutions = nn.ModuleList(
            nn.Conv1d(into, out, shape.postnet_kernel, padding=shape.postnet_kernel // 2)
            for into, out in pairwise(widths)
        )

    def forward(self, mels: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Mels (bins, frames), each for itself."""
        lengths = torch.tensor([mel.shape[-1] for mel in mels])
        padded = nn.utils.rnn.pad_sequence([mel.T for mel in mels], batch_first=True).transpose(1, 2)
        real = mask(lengths, padded.shape[-1], padded.device)[:, None]
        change = padded
        for number, conv in enumerate(self.convolutions):
            change = conv(change * real)
            if number < len(self.convolutions) - 1:
                change = torch.tanh(change)
        return [both[:, :length] for both, length in zip(padded + change, lengths.tolist(), strict=True)]
