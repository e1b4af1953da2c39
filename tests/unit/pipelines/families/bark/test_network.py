from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipelines.catalog.entry import Entry
from pipelines.families.bark.network import BarkNetwork, Row
from pipelines.families.bark.voice_presets import VoicePresets


@pytest.fixture(scope="module")
def network(model: Any) -> BarkNetwork:
    return BarkNetwork(model)


def make_row(seed: int, prompt: Any = None) -> Row:
    return Row(list(range(3, 9 + seed)), prompt, torch.Generator().manual_seed(seed))


def tick() -> None:
    pass


def test_a_row_has_the_same_tokens_alone_and_beside_others(
    network: BarkNetwork, checkpoint_entry: Entry, checkpoint: Path
) -> None:
    prompt = VoicePresets(checkpoint_entry, checkpoint).get("v2/en_speaker_0")
    together = [make_row(1), make_row(2, prompt), make_row(3)]
    waves = network.synthesise(together, tick)
    for row, wave, alone in zip(together, waves, (make_row(1), make_row(2, prompt), make_row(3)), strict=True):
        (alone_wave,) = network.synthesise([alone], tick)
        assert row.semantic == alone.semantic
        assert np.array_equal(row.coarse, alone.coarse) and np.array_equal(row.fine, alone.fine)
        assert np.allclose(wave, alone_wave, atol=1e-5)


def test_codes_fit_together(network: BarkNetwork) -> None:
    row = make_row(1)
    network.synthesise([row], tick)
    assert row.coarse.shape[0] == 2 and row.fine.shape == (8, row.coarse.shape[1])
    assert np.array_equal(row.fine[:2], row.coarse)


def test_the_next_prompt_is_what_was_generated_else_the_rows_own(network: BarkNetwork) -> None:
    silent = make_row(1)
    assert silent.next_prompt is None
    row = make_row(1)
    network.synthesise([row], tick)
    prompt = row.next_prompt
    assert prompt is not None and prompt.semantic.tolist() == row.semantic
