"""Tacotron 2's decoder: attention over the symbols, and one frame after another until the gate ends the row.

Rows leave the batch when they end, so that short texts are not computed as long as the longest one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from pipelines.engines.torch_padding import build_length_mask
from pipelines.family import Tick

from .dimensions import Tacotron2Dimensions

#: Called with a step and the numbers of the active rows; factors (rows, 2, prenet width) for the outputs of the
#: prenet's layers: 0 or 2 where dropout is active.
Dropout = Callable[[int, Sequence[int]], torch.Tensor]

_STEPS_PER_TICK = 16


class Attention(nn.Module):
    """Location-sensitive attention (arXiv 1506.07503)."""

    def __init__(self, dimensions: Tacotron2Dimensions) -> None:
        super().__init__()
        self.query_layer = nn.Linear(dimensions.attention_rnn, dimensions.attention, bias=False)
        self.memory_layer = nn.Linear(dimensions.embedding, dimensions.attention, bias=False)
        self.v = nn.Linear(dimensions.attention, 1, bias=False)
        self.location_layer = _LocationLayer(dimensions)

    def forward(self, hidden: torch.Tensor, state: _State) -> tuple[torch.Tensor, torch.Tensor]:
        """Weights (batch, symbols) and the context vector (batch, width)."""
        location = self.location_layer(torch.stack([state.weights, state.total], dim=1))
        query = self.query_layer(hidden)[:, None]
        energies = self.v(torch.tanh(query + location + state.keys)).squeeze(-1)
        weights = energies.masked_fill(state.padding, -math.inf).softmax(dim=-1)
        return weights, torch.bmm(weights[:, None], state.memory).squeeze(1)


class _LocationLayer(nn.Module):
    def __init__(self, dimensions: Tacotron2Dimensions) -> None:
        super().__init__()
        kernel, filters = dimensions.location_kernel, dimensions.location_filters
        self.location_conv = nn.Conv1d(2, filters, kernel, padding=kernel // 2, bias=False)
        self.location_dense = nn.Linear(filters, dimensions.attention, bias=False)

    def forward(self, weights: torch.Tensor) -> torch.Tensor:
        return self.location_dense(self.location_conv(weights).transpose(1, 2))


@dataclass(slots=True)
class _State:
    """The state between two steps; its rows are the active ones."""

    memory: torch.Tensor
    keys: torch.Tensor
    padding: torch.Tensor
    weights: torch.Tensor
    total: torch.Tensor
    context: torch.Tensor
    frame: torch.Tensor
    attention: tuple[torch.Tensor, torch.Tensor]
    decoder: tuple[torch.Tensor, torch.Tensor]

    def select_rows(self, kept: torch.Tensor) -> _State:
        """The state of these rows only."""
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
    def __init__(self, dimensions: Tacotron2Dimensions) -> None:
        super().__init__()
        sizes = (dimensions.bins, dimensions.prenet, dimensions.prenet)
        self.layers = nn.ModuleList(nn.Linear(into, out, bias=False) for into, out in pairwise(sizes))

    def forward(self, frame: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
        for number, layer in enumerate(self.layers):
            frame = functional.relu(layer(frame)) * factors[:, number]
        return frame


class Decoder(nn.Module):
    """One frame after another, each from the last one and from the attended symbols."""

    def __init__(self, dimensions: Tacotron2Dimensions) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.prenet = _Prenet(dimensions)
        context = dimensions.embedding
        self.attention_rnn = nn.LSTMCell(dimensions.prenet + context, dimensions.attention_rnn)
        self.attention_layer = Attention(dimensions)
        self.decoder_rnn = nn.LSTMCell(dimensions.attention_rnn + context, dimensions.decoder_rnn)
        self.linear_projection = nn.Linear(dimensions.decoder_rnn + context, dimensions.bins)
        self.gate_layer = nn.Linear(dimensions.decoder_rnn + context, 1)

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
        active = list(range(len(lengths)))
        frames: list[list[torch.Tensor]] = [[] for _ in active]
        alignments: list[list[torch.Tensor]] = [[] for _ in active]
        stopped = [False for _ in active]
        for step in range(max(limits)):
            if step % _STEPS_PER_TICK == 0:
                tick()
            gates = self._step(state, dropout(step, active).to(memory))
            remaining = []
            for index, (row, stops) in enumerate(zip(active, (gates > gate).tolist(), strict=True)):
                frames[row].append(state.frame[index])
                alignments[row].append(state.weights[index, : int(lengths[row])])
                stopped[row] = stops
                if not stops and step + 1 < limits[row]:
                    remaining.append(index)
            if not remaining:
                break
            if len(remaining) < len(active):
                active = [active[index] for index in remaining]
                state = state.select_rows(torch.tensor(remaining, device=memory.device))
        return [
            (torch.stack(frames[row], dim=1), torch.stack(alignments[row]), stopped[row]) for row in range(len(frames))
        ]

    def _start(self, memory: torch.Tensor, lengths: torch.Tensor) -> _State:
        sizes, rows, symbols = self.dimensions, memory.shape[0], memory.shape[1]
        zeros = memory.new_zeros
        return _State(
            memory=memory,
            keys=self.attention_layer.memory_layer(memory),
            padding=~build_length_mask(lengths, symbols).to(memory.device),
            weights=zeros(rows, symbols),
            total=zeros(rows, symbols),
            context=zeros(rows, sizes.embedding),
            frame=zeros(rows, sizes.bins),
            attention=(zeros(rows, sizes.attention_rnn), zeros(rows, sizes.attention_rnn)),
            decoder=(zeros(rows, sizes.decoder_rnn), zeros(rows, sizes.decoder_rnn)),
        )

    def _step(self, state: _State, factors: torch.Tensor) -> torch.Tensor:
        """Advance the state by a frame; the gates (rows), as logits."""
        inputs = torch.cat([self.prenet(state.frame, factors), state.context], dim=-1)
        state.attention = self.attention_rnn(inputs, state.attention)
        state.weights, state.context = self.attention_layer(state.attention[0], state)
        state.total = state.total + state.weights
        state.decoder = self.decoder_rnn(torch.cat([state.attention[0], state.context], dim=-1), state.decoder)
        outputs = torch.cat([state.decoder[0], state.context], dim=-1)
        state.frame = self.linear_projection(outputs)
        return self.gate_layer(outputs).squeeze(-1)
