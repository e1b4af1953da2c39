from __future__ import annotations

import numpy as np
import pytest
import torch

from pipelines.families.tacotron2.checkpoint import plain, read, shape_of
from pipelines.families.tacotron2.network import Network
from pipelines.pipeline import Interrupted
from tests.checkpoints import FIXTURES, arrays, at_real_size, make_entry, shapes_of, written_shapes

STEPS = 32


def tick() -> None:
    """Somebody waits for the answer."""


@pytest.fixture(scope="module")
def network() -> Network:
    torch.set_num_threads(1)
    return read(make_entry(), FIXTURES / "tacotron2")[0]


@pytest.fixture(scope="module")
def given():
    return arrays("tacotron2", "inputs")


@pytest.fixture(scope="module")
def wanted():
    return arrays("tacotron2", "expected")


def no_dropout(network: Network):
    return lambda step, rows: torch.ones(len(rows), 2, network.shape.prenet)


def ids_of(given, number: int) -> list[int]:
    return given[f"ids_{number}"][0].tolist()


@pytest.mark.parametrize("number", range(3))
def test_mel_and_alignment_are_those_of_the_original(network, given, wanted, number):
    (said,) = network.speak([ids_of(given, number)], no_dropout(network), tick, limits=[STEPS])
    assert np.abs(said.mel.numpy() - wanted[f"mel_postnet_{number}"][0]).max() < 1e-4
    assert np.abs(said.alignment.numpy() - wanted[f"alignments_{number}"][0]).max() < 1e-5
    assert not said.stopped


def test_dropout_of_the_prenet_is_that_of_the_original(network, given, wanted):
    masks = torch.from_numpy(given["prenet_masks"]).float() * 2
    (said,) = network.speak([ids_of(given, 0)], lambda step, rows: masks[step][None], tick, limits=[STEPS])
    assert np.abs(said.mel.numpy() - wanted["mel_postnet_0_masked"][0]).max() < 1e-4
    assert np.abs(said.alignment.numpy() - wanted["alignments_0_masked"][0]).max() < 1e-5


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_rows_of_a_batch_do_not_hear_each_other(network, given, wanted, order):
    said = network.speak([ids_of(given, number) for number in order], no_dropout(network), tick, limits=[STEPS] * 3)
    for number, each in zip(order, said, strict=True):
        assert np.abs(each.mel.numpy() - wanted[f"mel_postnet_{number}"][0]).max() < 1e-4
        assert np.abs(each.alignment.numpy() - wanted[f"alignments_{number}"][0]).max() < 1e-5


def test_rows_that_end_leave_and_the_others_go_on_unchanged(network, given, wanted):
    rows = [ids_of(given, number) for number in range(3)]
    said = network.speak(rows, no_dropout(network), tick, limits=[5, STEPS, 9])
    assert [each.mel.shape[-1] for each in said] == [5, STEPS, 9]
    assert np.abs(said[1].mel.numpy() - wanted["mel_postnet_1"][0]).max() < 1e-4


def test_a_row_stops_with_the_frame_whose_gate_opens(network, given, wanted):
    gates = 1 / (1 + np.exp(-wanted["gate_0"][0, :, 0]))
    threshold = float(np.sort(gates[:-1])[-1]) - 1e-6
    opens = int(np.flatnonzero(gates > threshold)[0])
    (said,) = network.speak([ids_of(given, 0)], no_dropout(network), tick, limits=[STEPS], threshold=threshold)
    assert said.stopped
    assert said.mel.shape[-1] == opens + 1


def test_speaking_stops_when_nobody_waits(network, given):
    def stop() -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        network.speak([ids_of(given, 0)], no_dropout(network), stop, limits=[STEPS])


def test_names_and_shapes_of_the_published_size_fit():
    written = written_shapes("tacotron2")
    tensors = plain({name: torch.zeros(()).expand(shape) for name, shape in written.items()})
    network = at_real_size(lambda: Network(shape_of(tensors)))
    assert shapes_of(network) == {name: list(tensor.shape) for name, tensor in tensors.items()}
