from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import FastSpeech2ConformerModel

from pipelines.errors import EngineFailure
from pipelines.families.fastspeech2 import network as module
from pipelines.families.fastspeech2.network import FastSpeech2Network, Row
from tests.speech_checkpoints import write_fastspeech2

LONG, SHORT = tuple(range(2, 30)), (4, 9, 12, 5, 7)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> FastSpeech2Network:
    torch.set_num_threads(1)
    folder: Path = write_fastspeech2(tmp_path_factory.mktemp("fastspeech2") / "model")
    return FastSpeech2Network(FastSpeech2ConformerModel.from_pretrained(folder, local_files_only=True).eval())


def tick() -> None:
    pass


def test_a_row_of_a_padded_batch_is_what_it_is_alone(network: FastSpeech2Network) -> None:
    rows = [Row(LONG), Row(SHORT, pitch=0.5), Row(SHORT, speed=1.3)]
    for row, output in zip(rows, network.synthesise(rows, tick), strict=True):
        (alone,) = network.synthesise([row], tick)
        assert output.durations == alone.durations and len(output.durations) == len(row.ids)
        assert torch.allclose(output.mel, alone.mel, atol=1e-4)


def test_frames_are_those_of_the_durations_and_fewer_at_speed(network: FastSpeech2Network) -> None:
    slow, fast = network.synthesise([Row(LONG), Row(LONG, speed=2.0)], tick)
    assert slow.mel.shape == (80, sum(slow.durations))
    assert 0.4 < fast.mel.shape[1] / slow.mel.shape[1] < 0.6


def test_pitch_and_energy_change_the_spectrogram_and_not_its_length(network: FastSpeech2Network) -> None:
    plain, high, loud = network.synthesise([Row(SHORT), Row(SHORT, pitch=1.0), Row(SHORT, energy=1.0)], tick)
    assert plain.durations == high.durations == loud.durations
    assert not torch.allclose(plain.mel, high.mel, atol=1e-3) and not torch.allclose(plain.mel, loud.mel, atol=1e-3)


def test_speech_that_would_never_end_is_an_engine_failure(
    network: FastSpeech2Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MAX_FRAMES", 20)
    with pytest.raises(EngineFailure, match="longer than 20 frames"):
        network.synthesise([Row(LONG)], tick)


def test_no_rows_have_no_output(network: FastSpeech2Network) -> None:
    assert network.synthesise([], tick) == []
