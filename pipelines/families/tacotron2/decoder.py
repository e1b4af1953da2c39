"""The half of Tacotron 2 that speaks: attention over the symbols, and one frame after another until the gate opens.

Rows leave the batch when they end, so that a long text does not hold the work of short ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from pipelines.family import Tick

from .dimensions import Shape, mask

#: Factors (rows, 2, prenet width) on what the prenet's layers say at a step: 0 or 2 where dropout is on.
Dropout = Callable[[int, Sequence[int]], torch.Tensor]

_STEPS_PER_TICK = 16


class Attention(nn.Module):
    """Where in the symbols the next frame is, from where it was (arXiv 1506.07503: location-sensitive)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.query_layer = nn.Linear(shape.attention_rnn, shape.attention, bias=False)
        self.memory_layer = nn.Linear(shape.embedding, shape.attention, bias=False)
        self.v = nn.Linear(shape.attention, 1, bias=False)
        self.location_layer = _Location(shape)

    def forward(self, hidden: torch.Tensor, state: _State) -> tuple[torch.Tensor, torch.Tensor]:
        """Weights (batch, symbols) and what they point at (batch, width)."""
        location = self.location_layer(torch.stack([state.weights, state.total], dim=1))
        query = self.query_layer(hidden)[:, None]
        energies = self.v(torch.tanh(query + location + state.keys)).squeeze(-1)
        weights = energies.masked_fill(state.padding, -math.inf).softmax(dim=-1)
        return weights, torch.bmm(weights[:, None], state.memory).squeeze(1)


class _Location(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        kernel = shape.location_kernel
        self.location_conv = nn.Conv1d(2, shape.location_filters, kernel, padding=kernel // 2, bias=False)
        self.location_dense = nn.Linear(shape.location_filters, shape.attention, bias=False)

    def forward(self, weights: torch.Tensor) -> torch.Tensor:
        return self.location_dense(self.location_conv(weights).transpose(1, 2))


@dataclass(slots=True)
class _State:
    """All that a step leaves to the next one; rows are those still speaking."""

    memory: torch.Tensor
    keys: torch.Tensor
    padding: torch.Tensor
    weights: torch.Tensor
    total: torch.Tensor
    context: torch.Tensor
    frame: torch.Tensor
    attention: tuple[torch.Tensor, torch.Tensor]
    decoder: tuple[torch.Tensor, torch.Tensor]

    def rows(self, kept: torch.Tensor) -> _State:
        """The state of these rows alone."""
        return _State(
            memory=self.memory[kept],
            keys=self.keys[kept],
            padding=self.padding[kept],
            weights=self.weights[kept],
            total=self.total[kept],
            context=self.context[kept],
            frame=self.frame[kept],
            attention=(self.attention[0][kept], self.attention[1][kept]),
            decoder=(self.decoder[0][kept], self.decoder[1][kept]),
        )


class _Prenet(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        sizes = (shape.bins, shape.prenet, shape.prenet)
        self.layers = nn.ModuleList(nn.Linear(into, out, bias=False) for into, out in pairwise(sizes))

    def forward(self, frame: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
        for number, layer in enumerate(self.layers):
            frame = functional.relu(layer(frame)) * factors[:, number]
        return frame


class Decoder(nn.Module):
    """One frame after another, each from the last one and from where the attention is."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.prenet = _Prenet(shape)
        self.attention_rnn = nn.LSTMCell(shape.prenet + shape.embedding, shape.attention_rnn)
        self.attention_layer = Attention(shape)
        self.decoder_rnn = nn.LSTMCell(shape.attention_rnn + shape.embedding, shape.decoder_rnn)
        self.linear_projection = nn.Linear(shape.decoder_rnn + shape.embedding, shape.bins)
        self.gate_layer = nn.Linear(shape.decoder_rnn + shape.embedding, 1)

    def decode(
        self,
        memory: torch.Tensor,
        lengths: torch.Tensor,
        dropout: Dropout,
        tick: Tick,
        *,
        limits: Sequence[int],
        gate: float,
    ) -> list[tuple[torch.Tensor, torch.Tensor, bool]]:
        """For each row its mel before the postnet (bins, frames), alignment (frames, symbols), whether it stopped."""
        state = self._start(memory, lengths)
        speaking = list(range(len(lengths)))
        frames: list[list[torch.Tensor]] = [[] for _ in speaking]
        alignments: list[list[torch.Tensor]] = [[] for _ in speaking]
        stopped = [False for _ in speaking]
        for step in range(max(limits)):
            if step % _STEPS_PER_TICK == 0:
                tick()
            gates = self._step(state, dropout(step, speaking).to(memory))
            stays = []
            for place, (row, opened) in enumerate(zip(speaking, (gates > gate).tolist(), strict=True)):
                frames[row].append(state.frame[place])
                alignments[row].append(state.weights[place, : int(lengths[row])])
                stopped[row] = opened
                if not opened and step + 1 < limits[row]:
                    stays.append(place)
            if not stays:
                break
            if len(stays) < len(speaking):
                speaking = [speaking[place] for place in stays]
                state = state.rows(torch.tensor(stays, device=memory.device))
        return [
            (torch.stack(frames[row], dim=1), torch.stack(alignments[row]), stopped[row]) for row in range(len(frames))
        ]

    def _start(self, memory: torch.Tensor, lengths: torch.Tensor) -> _State:
        shape, rows, symbols = self.shape, memory.shape[0], memory.shape[1]
        silent = memory.new_zeros
        return _State(
            memory=memory,
            keys=self.attention_layer.memory_layer(memory),
            padding=~mask(lengths, symbols, memory.device),
            weights=silent(rows, symbols),
            total=silent(rows, symbols),
            context=silent(rows, shape.embedding),
            frame=silent(rows, shape.bins),
            attention=(silent(rows, shape.attention_rnn), silent(rows, shape.attention_rnn)),
            decoder=(silent(rows, shape.decoder_rnn), silent(rows, shape.decoder_rnn)),
        )

    def _step(self, state: _State, factors: torch.Tensor) -> torch.Tensor:
        """Moves the state on by a frame; the gates (rows), as logits."""
        heard = torch.cat([self.prenet(state.frame, factors), state.context], dim=-1)
        state.attention = self.attention_rnn(heard, state.attention)
        state.weights, state.context = self.attention_layer(state.attention[0], state)
        state.total = state.total + state.weights
        state.decoder = self.decoder_rnn(torch.cat([state.attention[0], state.context], dim=-1), state.decoder)
        said = torch.cat([state.decoder[0], state.context], dim=-1)
        state.frame = self.linear_projection(said)
        return self.gate_layer(said).squeeze(-1)
