"""Sizes of a YourTTS, from its config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.vocoders.hifigan import HifiGanDimensions


@dataclass(frozen=True, slots=True)
class YourTtsDimensions:
    """Widths, and numbers of layers."""

    symbols: int
    languages: int
    #: Sizes of a language embedding and of a speaker embedding.
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
    decoder: HifiGanDimensions

    @classmethod
    def from_config(cls, arguments: Mapping[str, Any]) -> YourTtsDimensions:
        """From the `model_args` of a config.json. Raises KeyError for a missing one."""
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
            decoder=_read_decoder(arguments),
        )


def _read_decoder(arguments: Mapping[str, Any]) -> HifiGanDimensions:
    block = int(arguments["resblock_type_decoder"])
    dilations = (tuple(each if block == 1 else each[:2]) for each in arguments["resblock_dilation_sizes_decoder"])
    return HifiGanDimensions(
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
