"""Published networks of speaker encoders: how each is recognised by its tensors, and how it is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn


class EncoderNetwork(nn.Module):
    """Maps features (batch, frames, bands) to speaker embeddings (batch, embedding_size)."""

    bands: int
    embedding_size: int


@dataclass(frozen=True, slots=True)
class EncoderLayout:
    """The layout of one kind of network in SpeechBrain's checkpoints."""

    #: For messages: "ECAPA-TDNN".
    name: str
    #: A tensor that no other network has.
    marker: str
    #: The network of a checkpoint's sizes, without its weights; given the tensors, and the dilations where the
    #: checkpoint lists them. Raises KeyError for a missing tensor, IndexError for one with too few dimensions, and
    #: ValueError where the number of dilations is not that of the layers.
    build: Callable[[Mapping[str, torch.Tensor], Sequence[int] | None], EncoderNetwork]
