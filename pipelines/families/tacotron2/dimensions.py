"""Sizes of a Tacotron 2, and which places of a padded batch are real."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a model, in the words of its config file."""

    symbols: int
    embedding: int
    encoder_layers: int
    encoder_kernel: int
    bins: int
    prenet: int
    attention_rnn: int
    attention: int
    location_filters: int
    location_kernel: int
    decoder_rnn: int
    postnet: int
    postnet_layers: int
    postnet_kernel: int


def mask(lengths: torch.Tensor, longest: int, device: torch.device) -> torch.Tensor:
    """True (batch, longest) where a row has something."""
    return (torch.arange(longest)[None] < lengths[:, None]).to(device)
