"""YourTTS's text encoder: a transformer over characters (arXiv 2106.06103), each concatenated with its language.

Attention uses relative positions within a window (Shaw, Uszkoreit and Vaswani, arXiv 1803.02155). Positions after the
end of a row are masked wherever they could affect it.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from .dimensions import YourTtsDimensions

#: Characters on each side whose distances attention distinguishes.
_WINDOW = 4


class TextEncoder(nn.Module):
    """Parameters have Coqui's names."""

    def __init__(self, dimensions: YourTtsDimensions) -> None:
        super().__init__()
        self._scale = math.sqrt(dimensions.hidden)
        width = dimensions.hidden + dimensions.language
        self.emb = nn.Embedding(dimensions.symbols, dimensions.hidden)
        self.encoder = _Transformer(dimensions, width)
        self.proj = nn.Conv1d(width, 2 * dimensions.hidden, 1)

    def forward(
        self, ids: torch.Tensor, language: torch.Tensor, present: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Ids (batch, n), languages (batch, width) → hidden, mean and logarithm of the deviation (batch, …, n)."""
        characters = self.emb(ids) * self._scale
        languages = language[:, None].expand(-1, ids.shape[1], -1)
        hidden = self.encoder(torch.cat([characters, languages], dim=-1).transpose(1, 2), present)
        mean, deviation = (self.proj(hidden) * present).chunk(2, dim=1)
        return hidden, mean, deviation


class _Transformer(nn.Module):
    def __init__(self, dimensions: YourTtsDimensions, width: int) -> None:
        super().__init__()
        layers = range(dimensions.text_layers)
        self.attn_layers = nn.ModuleList(_Attention(width, dimensions.text_heads) for _ in layers)
        self.norm_layers_1 = nn.ModuleList(ChannelNorm(width) for _ in layers)
        self.ffn_layers = nn.ModuleList(
            _FeedForward(width, dimensions.text_inner, dimensions.text_kernel) for _ in layers
        )
        self.norm_layers_2 = nn.ModuleList(ChannelNorm(width) for _ in layers)

    def forward(self, hidden: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        hidden = hidden * present
        for attention, norm_1, feed_forward, norm_2 in zip(
            self.attn_layers, self.norm_layers_1, self.ffn_layers, self.norm_layers_2, strict=True
        ):
            hidden = norm_1(hidden + attention(hidden, present))
            hidden = norm_2(hidden + feed_forward(hidden, present))
        return hidden * present


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self._heads = heads
        self.conv_q, self.conv_k, self.conv_v, self.conv_o = (nn.Conv1d(width, width, 1) for _ in range(4))
        self.emb_rel_k = nn.Parameter(torch.zeros(1, 2 * _WINDOW + 1, width // heads))
        self.emb_rel_v = nn.Parameter(torch.zeros(1, 2 * _WINDOW + 1, width // heads))

    def forward(self, hidden: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        query, key, value = (
            conv(hidden).unflatten(1, (self._heads, -1)).transpose(2, 3)  # batch, heads, n, width of a head
            for conv in (self.conv_q, self.conv_k, self.conv_v)
        )
        query = query / math.sqrt(query.shape[-1])
        positions = torch.arange(hidden.shape[-1], device=hidden.device)
        distance = positions[None] - positions[:, None]
        is_near = distance.abs() <= _WINDOW
        index = (distance.clamp(-_WINDOW, _WINDOW) + _WINDOW).expand(query.shape[0], self._heads, -1, -1)
        distance_scores = query @ self.emb_rel_k.transpose(1, 2)
        scores = query @ key.transpose(2, 3) + distance_scores.gather(-1, index) * is_near
        weights = scores.masked_fill(present[:, None] == 0, -math.inf).softmax(dim=-1)
        distance_weights = weights.new_zeros(*weights.shape[:3], 2 * _WINDOW + 1)
        distance_weights.scatter_add_(-1, index, weights * is_near)
        attended = weights @ value + distance_weights @ self.emb_rel_v
        return self.conv_o(attended.transpose(2, 3).flatten(1, 2))


class _FeedForward(nn.Module):
    def __init__(self, width: int, inner: int, kernel: int) -> None:
        super().__init__()
        self.conv_1 = nn.Conv1d(width, inner, kernel, padding="same")
        self.conv_2 = nn.Conv1d(inner, width, kernel, padding="same")

    def forward(self, hidden: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        return self.conv_2(functional.relu(self.conv_1(hidden * present)) * present) * present


class ChannelNorm(nn.Module):
    """Layer norm over the channels of (batch, channels, n), under Coqui's names."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Of the same shape."""
        last = hidden.transpose(1, 2)
        return functional.layer_norm(last, last.shape[-1:], self.gamma, self.beta).transpose(1, 2)
