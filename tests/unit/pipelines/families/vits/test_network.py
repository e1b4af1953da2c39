from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from transformers import VitsModel

from pipelines.catalog.vocoder_settings import VocoderSettings
from pipelines.errors import EngineFailure
from pipelines.families.vits import network as module
from pipelines.families.vits.network import Row, VitsNetwork
from tests.speech_checkpoints import write_vits


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> VitsNetwork:
    torch.set_num_threads(1)
    folder = write_vits(tmp_path_factory.mktemp("vits") / "model", phonemes=False, speakers=2)
    model = VitsModel.from_pretrained(folder, local_files_only=True).eval()
    return VitsNetwork(model, VocoderSettings(precision="float32"))


def make_row(*ids: int, **changes: Any) -> Row:
    values = {"speaker": 0, "rate": 1.0, "noise": 0.6, "duration_noise": 0.8, "seed": 1, **changes}
    return Row(ids=ids, **values)


def tick() -> None:
    pass


def test_a_row_is_the_same_alone_and_beside_longer_ones(network: VitsNetwork) -> None:
    rows = [make_row(*range(1, 20)), make_row(3, 4, 5, seed=2), make_row(6, 7, 8, 9, speaker=1, seed=3)]
    for row, output in zip(rows, network.synthesise(rows, tick), strict=True):
        (alone,) = network.synthesise([row], tick)
        assert np.array_equal(output.durations, alone.durations)
        assert np.abs(output.samples - alone.samples).max() < 1e-3


def test_samples_are_those_of_the_durations(network: VitsNetwork) -> None:
    (output,) = network.synthesise([make_row(3, 4, 5)], tick)
    assert len(output.durations) == 3 and output.durations.sum() == len(output.samples)


def test_the_rate_the_seed_and_the_speaker_change_the_output(network: VitsNetwork) -> None:
    ids = range(1, 16)
    plain, slow, seeded, other = network.synthesise(
        [make_row(*ids), make_row(*ids, rate=0.5), make_row(*ids, seed=2), make_row(*ids, speaker=1)], tick
    )
    assert len(slow.samples) > 1.5 * len(plain.samples)
    for each in (seeded, other):
        size = min(len(each.samples), len(plain.samples))
        assert not np.allclose(each.samples[:size], plain.samples[:size], atol=1e-4)


def test_speech_that_would_never_end_is_an_engine_failure(
    network: VitsNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MAX_S", 0.001)
    with pytest.raises(EngineFailure, match="longer than"):
        network.synthesise([make_row(3, 4, 5)], tick)


def test_no_rows_have_no_output(network: VitsNetwork) -> None:
    assert network.synthesise([], tick) == []
