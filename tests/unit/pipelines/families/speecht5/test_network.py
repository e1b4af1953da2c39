from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import SpeechT5ForTextToSpeech

from pipelines.families.speecht5.network import Row, SpeechT5Network
from tests.speech_checkpoints import write_speecht5

SPEAKER = np.linspace(-1, 1, 8, dtype=np.float32)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> SpeechT5Network:
    torch.set_num_threads(1)
    folder = write_speecht5(tmp_path_factory.mktemp("speecht5") / "model")
    return SpeechT5Network(SpeechT5ForTextToSpeech.from_pretrained(folder, local_files_only=True).eval())


def tick() -> None:
    pass


def test_a_row_is_the_same_alone_and_beside_rows_of_other_lengths(network: SpeechT5Network) -> None:
    rows = [Row([5, 6, 7, 2], SPEAKER, 1), Row([8, 2], SPEAKER, 2), Row([5, 6, 7, 9, 4, 2], -SPEAKER, 3)]
    together = network.synthesise(rows, tick)
    assert len({mel.shape[1] for mel in together}) > 1
    for row, mel in zip(rows, together, strict=True):
        (alone,) = network.synthesise([row], tick)
        assert alone.shape == mel.shape and torch.allclose(alone, mel, atol=1e-3)


def test_no_row_is_longer_than_twenty_frames_per_character(network: SpeechT5Network) -> None:
    (mel,) = network.synthesise([Row([5, 6, 2], SPEAKER, 1)], tick)
    assert mel.shape[0] == 80 and mel.shape[1] <= 3 * 20


def test_the_seed_and_the_speaker_change_the_spectrogram(network: SpeechT5Network) -> None:
    mels = network.synthesise(
        [Row([5, 6, 2], SPEAKER, 1), Row([5, 6, 2], SPEAKER, 2), Row([5, 6, 2], -SPEAKER, 1)], tick
    )
    frames = [mel[:, :2] for mel in mels]
    assert not torch.allclose(frames[0], frames[1]) and not torch.allclose(frames[0], frames[2])


def test_no_rows_have_no_spectrograms(network: SpeechT5Network) -> None:
    assert network.synthesise([], tick) == []
