"""The half of YourTTS that reads: a transformer over characters (arXiv 2106.06103), each with its language beside it.

Attention knows how far apart two characters are, up to a window (Shaw, Uszkoreit and Vaswani, arXiv 1803.02155). Places
behind the end of a row are masked wherever they could be heard.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from .dimensions import Shape

#: Characters to either side that attention tells apart.
_WINDOW = 4


class TextEncoder(nn.Module):
    """Parameters carry Coqui's names."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self._scale = math.sqrt(shape.hidden)
        width = shape.hidden + shape.language
        self.emb = nn.Embedding(shape.symbols, shape.hidden)
        self.encoder = _Transformer(shape, width)
        self.proj = nn.Conv1d(width, 2 * shape.hidden, 1)

    def forward(
        self, ids: torch.Tensor, language: torch.Tensor, real: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Ids (batch, n), languages (batch, width) → hidden, mean and logarithm of the deviation (batch, …, n)."""
        letters = self.emb(ids) * self._scale
        beside = language[:, None].expand(-1, ids.shape[1], -1)
        hidden = self.encoder(torch.cat([letters, beside], dim=-1).transpose(1, 2), real)
        mean, deviation = (self.proj(hidden) * real).chunk(2, dim=1)
        return hidden, mean, deviation


class _Transformer(nn.Module):
    def __init__(self, shape: Shape, width: int) -> None:
        super().__init__()
        layers = range(shape.text_layers)
        self.attn_layers = nn.ModuleList(_Attention(width, shape.text_heads) for _ in layers)
        self.norm_layers_1 = nn.ModuleList(ChannelNorm(width) for _ in layers)
        self.ffn_layers = nn.ModuleList(_FeedForward(width, shape.text_inner, shape.text_kernel) for _ in layers)
        self.norm_layers_2 = nn.ModuleList(ChannelNorm(width) for _ in layers)

    def forward(self, hidden: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        hidden = hidden * real
        for attend, norm_1, feed, norm_2 in zip(
            self.attn_layers, self.norm_layers_1, self.ffn_layers, self.norm_layers_2, strict=True
        ):
            hidden = norm_1(hidden + attend(hidden, real))
            hidden = norm_2(hidden + feed(hidden, real))
        return hidden * real


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self._heads = heads
        self.conv_q, self.conv_k, self.conv_v, self.conv_o = (nn.Conv1d(width, width, 1) for _ in range(4))
        self.emb_rel_k = nn.Parameter(torch.zeros(1, 2 * _WINDOW + 1, width // heads))
        self.emb_rel_v = nn.Parameter(torch.zeros(1, 2 * _WINDOW + 1, width // heads))

    def forward(self, hidden: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        query, key, value = (
            conv(hidden).unflatten(1, (self._heads, -1)).transpose(2, 3)  # batch, heads, n, width of a head
            for conv in (self.conv_q, self.conv_k, self.conv_v)
        )
        query = query / math.sqrt(query.shape[-1])
        places = torch.arange(hidden.shape[-1], device=hidden.device)
        distance = places[None] - places[:, None]
        near = distance.abs() <= _WINDOW
        index = (distance.clamp(-_WINDOW, _WINDOW) + _WINDOW).expand(query.shape[0], self._heads, -1, -1)
        by_distance = query @ self.emb_rel_k.transpose(1, 2)
        scores = query @ key.transpose(2, 3) + by_distance.gather(-1, index) * near
        weights = scores.masked_fill(real[:, None] == 0, -math.inf).softmax(dim=-1)
        weights_by_distance = weights.new_zeros(*weights.shape[:3], 2 * _WINDOW + 1)
        weights_by_distance.scatter_add_(-1, index, weights * near)
        heard = weights @ value + weights_by_distance @ self.emb_rel_v
        return self.conv_o(heard.transpose(2, 3).flatten(1, 2))


class _FeedForward(nn.Module):
    def __init__(self, width: int, inner: int, kernel: int) -> None:
        super().__init__()
        self.conv_1 = nn.Conv1d(width, inner, kernel, padding="same")
        self.conv_2 = nn.Conv1d(inner, width, kernel, padding="same")

    def forward(self, hidden: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        return self.conv_2(functional.relu(self.conv_1(hidden * real)) * real) * real


class ChannelNorm(nn.Module):
    """Layer norm over the channels of (batch, channels, n), under Coqui's names."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Of the same shape."""
        last = hidden.transpose(1, 2)
        return functional.layer_norm(last, last.shape[-1:], self.gamma, self.beta).transpose(1, 2)
