from __future__ import annotations

import numpy as np
import pytest
import torch

from pipelines.families.tacotron2.checkpoint import read_checkpoint, read_dimensions, rename_tensors
from pipelines.families.tacotron2.network import Tacotron2Network
from pipelines.pipeline import StepInterrupted
from tests.checkpoints import FIXTURES, build_without_weights, get_shapes, load_arrays, make_entry, read_shapes

STEPS = 32


def tick() -> None:
    """Never interrupts."""


@pytest.fixture(scope="module")
def network() -> Tacotron2Network:
    torch.set_num_threads(1)
    return read_checkpoint(make_entry(), FIXTURES / "tacotron2")[0]


@pytest.fixture(scope="module")
def given():
    return load_arrays("tacotron2", "inputs")


@pytest.fixture(scope="module")
def wanted():
    return load_arrays("tacotron2", "expected")


def no_dropout(network: Tacotron2Network):
    return lambda step, rows: torch.ones(len(rows), 2, network.dimensions.prenet)


def ids_of(given, number: int) -> list[int]:
    return given[f"ids_{number}"][0].tolist()


@pytest.mark.parametrize("number", range(3))
def test_mel_and_alignment_are_those_of_the_original(network, given, wanted, number):
    (utterance,) = network.synthesise([ids_of(given, number)], no_dropout(network), tick, limits=[STEPS])
    assert np.abs(utterance.mel.numpy() - wanted[f"mel_postnet_{number}"][0]).max() < 1e-4
    assert np.abs(utterance.alignment.numpy() - wanted[f"alignments_{number}"][0]).max() < 1e-5
    assert not utterance.stopped


def test_dropout_of_the_prenet_is_that_of_the_original(network, given, wanted):
    masks = torch.from_numpy(given["prenet_masks"]).float() * 2
    (utterance,) = network.synthesise([ids_of(given, 0)], lambda step, rows: masks[step][None], tick, limits=[STEPS])
    assert np.abs(utterance.mel.numpy() - wanted["mel_postnet_0_masked"][0]).max() < 1e-4
    assert np.abs(utterance.alignment.numpy() - wanted["alignments_0_masked"][0]).max() < 1e-5


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_rows_of_a_batch_do_not_affect_each_other(network, given, wanted, order):
    utterance = network.synthesise(
        [ids_of(given, number) for number in order], no_dropout(network), tick, limits=[STEPS] * 3
    )
    for number, each in zip(order, utterance, strict=True):
        assert np.abs(each.mel.numpy() - wanted[f"mel_postnet_{number}"][0]).max() < 1e-4
        assert np.abs(each.alignment.numpy() - wanted[f"alignments_{number}"][0]).max() < 1e-5


def test_rows_that_end_leave_and_the_others_go_on_unchanged(network, given, wanted):
    rows = [ids_of(given, number) for number in range(3)]
    utterance = network.synthesise(rows, no_dropout(network), tick, limits=[5, STEPS, 9])
    assert [each.mel.shape[-1] for each in utterance] == [5, STEPS, 9]
    assert np.abs(utterance[1].mel.numpy() - wanted["mel_postnet_1"][0]).max() < 1e-4


def test_a_row_stops_with_the_frame_whose_gate_opens(network, given, wanted):
    thresholds = 1 / (1 + np.exp(-wanted["gate_0"][0, :, 0]))
    threshold = float(np.sort(thresholds[:-1])[-1]) - 1e-6
    opens = int(np.flatnonzero(thresholds > threshold)[0])
    (utterance,) = network.synthesise(
        [ids_of(given, 0)], no_dropout(network), tick, limits=[STEPS], threshold=threshold
    )
    assert utterance.stopped
    assert utterance.mel.shape[-1] == opens + 1


def test_synthesis_stops_when_the_tick_raises(network, given):
    def stop() -> None:
        raise StepInterrupted

    with pytest.raises(StepInterrupted):
        network.synthesise([ids_of(given, 0)], no_dropout(network), stop, limits=[STEPS])


def test_names_and_shapes_of_the_published_size_fit():
    written = read_shapes("tacotron2")
    tensors = rename_tensors({name: torch.zeros(()).expand(shape) for name, shape in written.items()})
    network = build_without_weights(lambda: Tacotron2Network(read_dimensions(tensors)))
    assert get_shapes(network) == {name: list(tensor.shape) for name, tensor in tensors.items()}
