from __future__ import annotations

import numpy as np
import pytest

from pipelines.audio.unit_vector import normalise_length


def test_length_becomes_one_and_the_direction_stays() -> None:
    found = normalise_length(np.array([3.0, 4.0], np.float32))
    assert found.dtype == np.float32
    assert found.tolist() == pytest.approx([0.6, 0.8])


def test_zeros_stay_zeros() -> None:
    assert not normalise_length(np.zeros(3, np.float32)).any()
