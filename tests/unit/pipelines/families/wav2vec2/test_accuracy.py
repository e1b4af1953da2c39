from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.families.wav2vec2.accuracy import ReferencePosteriors, compute_reference, measure_error
from pipelines.families.wav2vec2.checkpoint import Checkpoint, read_checkpoint
from tests.wav2vec2_checkpoint import make_entry


class Engine:
    """An engine with fixed logits."""

    engine, batch_size = "fixed", 1

    def __init__(self, logits: Sequence[Sequence[float]]) -> None:
        self._logits = np.array(logits, np.float32)

    def logits(self, waves: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        return [self._logits for _ in waves]

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return read_checkpoint(make_entry())


REFERENCE = ReferencePosteriors(np.array([0, 2]), np.array([1, 0]), np.array([0.75, 0.5], np.float32))
EXACT = [[0.0, np.log(3)], [9.0, 0.0], [0.0, 0.0]]


def test_error_is_the_mean_difference_of_the_letters_probabilities(checkpoint: Checkpoint) -> None:
    assert measure_error(checkpoint, Engine(EXACT), REFERENCE) == pytest.approx(0.0, abs=1e-6)
    off = [[0.0, 0.0], *EXACT[1:]]
    assert measure_error(checkpoint, Engine(off), REFERENCE) == pytest.approx(0.25 / 2)


def test_blank_frames_of_the_reference_do_not_count(checkpoint: Checkpoint) -> None:
    changed = [EXACT[0], [0.0, 9.0], EXACT[2]]
    assert measure_error(checkpoint, Engine(changed), REFERENCE) == pytest.approx(0.0, abs=1e-6)


def test_nan_is_the_largest_error(checkpoint: Checkpoint) -> None:
    assert measure_error(checkpoint, Engine([[np.nan] * 2] * 3), REFERENCE) == 1.0


def test_reference_of_a_checkpoint_is_computed_once(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = compute_reference(checkpoint)
    assert len(first.frames) == len(first.tokens) == len(first.probabilities)
    assert checkpoint.alphabet.blank not in first.tokens
    monkeypatch.setattr("pipelines.families.wav2vec2.torch_network.TorchNetworkEngine", None)
    again = compute_reference(checkpoint)
    assert np.array_equal(again.probabilities, first.probabilities)
