from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch

from pipelines.families.tacotron2.decoder import Decoder
from pipelines.families.tacotron2.dimensions import Tacotron2Dimensions

SIZES = Tacotron2Dimensions(
    symbols=9,
    embedding=8,
    encoder_layers=1,
    encoder_kernel=3,
    bins=5,
    prenet=6,
    attention_rnn=7,
    attention=4,
    location_filters=3,
    location_kernel=5,
    decoder_rnn=7,
    postnet=4,
    postnet_layers=2,
    postnet_kernel=3,
)
LENGTHS = torch.tensor([6, 3])


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    torch.manual_seed(5)
    return Decoder(SIZES).eval().requires_grad_(False)


def keep_all(step: int, rows: Sequence[int]) -> torch.Tensor:
    return torch.ones(len(rows), 2, SIZES.prenet)


def decode(decoder: Decoder, rows: Sequence[int], limits: Sequence[int], gate: float = math.inf):
    memory = torch.randn(2, 6, SIZES.embedding, generator=torch.Generator().manual_seed(1))
    lengths = LENGTHS[list(rows)]
    return decoder.decode(
        memory[list(rows), : int(lengths.max())], lengths, keep_all, lambda: None, limits=limits, gate=gate
    )


def test_attention_covers_the_symbols_of_a_row_and_no_padding(decoder: Decoder) -> None:
    for (mel, alignment, stopped), length in zip(decode(decoder, [0, 1], [4, 4]), LENGTHS.tolist(), strict=True):
        assert mel.shape == (SIZES.bins, 4) and alignment.shape == (4, length) and not stopped
        assert torch.allclose(alignment.sum(dim=1), torch.ones(4), atol=1e-5)


def test_a_row_is_the_same_alone_and_after_another_one_ended(decoder: Decoder) -> None:
    together = decode(decoder, [0, 1], [9, 2])
    assert [mel.shape[1] for mel, _, _ in together] == [9, 2]
    ((mel, alignment, _),) = decode(decoder, [0], [9])
    assert torch.allclose(together[0][0], mel, atol=1e-5) and torch.allclose(together[0][1], alignment, atol=1e-5)


def test_a_row_ends_with_the_frame_whose_gate_exceeds_the_threshold(decoder: Decoder) -> None:
    for mel, _, stopped in decode(decoder, [0, 1], [5, 5], gate=-math.inf):
        assert mel.shape[1] == 1 and stopped


def test_attention_sees_its_weights_of_the_step_before_and_their_sum(decoder: Decoder) -> None:
    weights = torch.zeros(1, 2, 6)
    plain = decoder.attention_layer.location_layer(weights)
    weights[0, 1, 2] = 1.0
    assert plain.shape == (1, 6, SIZES.attention)
    assert not torch.equal(decoder.attention_layer.location_layer(weights), plain)
