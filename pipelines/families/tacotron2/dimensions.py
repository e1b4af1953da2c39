"""Sizes of a Tacotron 2."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tacotron2Dimensions:
    """Sizes of a model, named as in its config file."""

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
