from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import ModelUnavailable
from pipelines.families.wav2vec2.checkpoint import read_checkpoint
from tests.wav2vec2_checkpoint import make_entry, write_wav2vec2


def test_framing_follows_from_the_convolutions() -> None:
    checkpoint = read_checkpoint(make_entry())
    assert (checkpoint.stride, checkpoint.min_samples, checkpoint.frame_s) == (320, 400, 0.02)


def test_an_adapter_lengthens_the_frames(tmp_path: Path) -> None:
    changes = {"add_adapter": True, "num_adapter_layers": 2, "adapter_stride": 2}
    checkpoint = read_checkpoint(make_entry(write_wav2vec2(tmp_path, config=changes)))
    assert checkpoint.stride == 4 * 320


def test_whether_samples_are_normalised_is_a_setting_of_the_checkpoint(tmp_path: Path) -> None:
    assert read_checkpoint(make_entry()).is_normalised
    folder = write_wav2vec2(tmp_path, preprocessor_config={"do_normalize": False})
    assert not read_checkpoint(make_entry(folder)).is_normalised


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"config": {"model_type": "hubert"}}, "of type 'hubert'; this family loads Wav2Vec2ForCTC"),
        ({"config": {"conv_stride": [5, 2]}}, "lacks fitting conv_kernel and conv_stride"),
        ({"preprocessor_config": {"sampling_rate": 8_000}}, "was trained at 8000 Hz"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(files: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=message):
        read_checkpoint(make_entry(write_wav2vec2(tmp_path, **files)))
