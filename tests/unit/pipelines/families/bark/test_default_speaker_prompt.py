from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.catalog.entry import Entry
from pipelines.families.bark.default_speaker_prompt import DefaultSpeakerPrompts
from pipelines.families.bark.network import BarkNetwork
from pipelines.families.bark.tokenizer import Tokenizer


@pytest.fixture
def prompts(model: Any, checkpoint_entry: Entry, checkpoint: Path) -> DefaultSpeakerPrompts:
    return DefaultSpeakerPrompts(BarkNetwork(model), Tokenizer(checkpoint_entry, checkpoint))


def test_a_prompt_is_synthesised_once_for_each_primary_language(prompts: DefaultSpeakerPrompts) -> None:
    ticks = []
    first = prompts.get("en-GB", lambda: ticks.append(1))
    calls = len(ticks)
    assert first is not None and calls > 0
    assert prompts.get("en-US", lambda: ticks.append(1)) is first
    assert len(ticks) == calls


def test_every_process_synthesises_the_same_prompt(
    prompts: DefaultSpeakerPrompts, model: Any, checkpoint_entry: Entry, checkpoint: Path
) -> None:
    other = DefaultSpeakerPrompts(BarkNetwork(model), Tokenizer(checkpoint_entry, checkpoint))
    one, two = prompts.get("en", lambda: None), other.get("en", lambda: None)
    assert one is not None and two is not None
    assert np.array_equal(one.semantic, two.semantic) and np.array_equal(one.fine, two.fine)
