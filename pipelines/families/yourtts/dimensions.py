"""Sizes of a YourTTS, in the words of its config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from pipelines.vocoders import hifigan


@dataclass(frozen=True, slots=True)
class Shape:
    """Widths, and numbers of layers."""

    symbols: int
    languages: int
    #: Width of a language's and of a speaker's vector.
    language: int
    speaker: int
    hidden: int
    text_layers: int
    text_heads: int
    text_inner: int
    text_kernel: int
    flow_layers: int
    flow_kernel: int
    flow_dilation: int
    decoder: hifigan.Shape

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Shape:
        """From the `model_args` of a config.json. Raises KeyError for one that is not there."""
        return cls(
            symbols=arguments["num_chars"],
            languages=arguments["num_languages"],
            language=arguments["embedded_language_dim"],
            speaker=arguments["d_vector_dim"],
            hidden=arguments["hidden_channels"],
            text_layers=arguments["num_layers_text_encoder"],
            text_heads=arguments["num_heads_text_encoder"],
            text_inner=arguments["hidden_channels_ffn_text_encoder"],
            text_kernel=arguments["kernel_size_text_encoder"],
            flow_layers=arguments["num_layers_flow"],
            flow_kernel=arguments["kernel_size_flow"],
            flow_dilation=arguments["dilation_rate_flow"],
            decoder=_decoder(arguments),
        )


def _decoder(arguments: Mapping[str, Any]) -> hifigan.Shape:
    block = int(arguments["resblock_type_decoder"])
    dilations = (tuple(each if block == 1 else each[:2]) for each in arguments["resblock_dilation_sizes_decoder"])
    return hifigan.Shape(
        bins=arguments["hidden_channels"],
        channels=arguments["upsample_initial_channel_decoder"],
        rates=tuple(arguments["upsample_rates_decoder"]),
        kernels=tuple(arguments["upsample_kernel_sizes_decoder"]),
        block_kernels=tuple(arguments["resblock_kernel_sizes_decoder"]),
        block_dilations=tuple(dilations),
        block=block,
        speaker=arguments["d_vector_dim"],
        last_bias=False,
    )


def mask(lengths: torch.Tensor, device: torch.device) -> torch.Tensor:
    """1.0 (batch, 1, longest) where a row has something."""
    return (torch.arange(int(lengths.max()))[None] < lengths[:, None]).float()[:, None].to(device)
