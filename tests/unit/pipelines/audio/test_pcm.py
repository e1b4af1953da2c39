from __future__ import annotations

import numpy as np
import pytest

from pipelines.audio.pcm import model_output_to_int16
from pipelines.errors import EngineFailure


def test_full_scale_is_32767_and_more_is_clipped() -> None:
    found = model_output_to_int16(np.array([0.0, 0.5, 1.0, 1.7, -1.0, -9.0], np.float32))
    assert found.dtype == np.int16
    assert found.tolist() == [0, 16384, 32767, 32767, -32767, -32767]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_sound_that_is_not_numbers_is_a_failure_of_the_engine(bad: float) -> None:
    with pytest.raises(EngineFailure):
        model_output_to_int16(np.array([0.0, bad], np.float32))
