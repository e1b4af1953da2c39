from __future__ import annotations

import numpy as np
import pytest
import torch

from pipelines.families.tacotron2.attention import check_alignment, compute_symbol_ends, find_end_of_speech

PER_SECOND = 86.0
SYMBOLS = 40


def alignment(path) -> torch.Tensor:
    """Nearly all attention on one symbol a frame."""
    made = torch.full((len(path), SYMBOLS), 0.1 / SYMBOLS / len(path))
    made[torch.arange(len(path)), torch.tensor(np.asarray(path))] = 0.9
    return made


def reading(*ranges: tuple[int, int], frames: int = 5) -> np.ndarray:
    """Symbols from `first` up to `last`, some frames each."""
    return np.concatenate([np.repeat(np.arange(first, last), frames) for first, last in ranges])


WELL = reading((0, SYMBOLS))


def faults(path, *, stopped: bool = True) -> tuple[str, ...]:
    return check_alignment(alignment(path), stopped=stopped, frames_per_s=PER_SECOND).faults


def test_attention_that_goes_through_once_has_no_faults():
    assert faults(WELL) == ()


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        (reading((0, 12), (20, SYMBOLS)), "skipped"),
        (reading((0, 30), (12, SYMBOLS)), "repeated"),
        (reading((0, 25)), "cut"),
        (np.concatenate([reading((0, 20)), np.full(200, 20), reading((20, SYMBOLS))]), "stuck"),
        (np.concatenate([reading((0, 20)), np.tile([20, 21], 100), reading((20, SYMBOLS))]), "stuck"),
    ],
    ids=["skipped", "repeated", "cut", "stuck", "wavering"],
)
def test_a_fault_is_named(path, fault):
    assert fault in faults(path)


def test_an_utterance_without_an_end_is_a_fault():
    assert faults(WELL, stopped=False) == ("no stop",)


def test_a_pause_and_a_wavering_frame_are_no_faults():
    pause = np.concatenate([reading((0, 20)), np.full(60, 20), reading((20, SYMBOLS))])
    assert faults(pause) == ()
    wavering = WELL.copy()
    wavering[100] = 3
    assert faults(wavering) == ()


def test_fewer_faults_and_then_fewer_unattended_symbols_rank_first():
    ranks = [
        check_alignment(alignment(path), stopped=True, frames_per_s=PER_SECOND).rank
        for path in (WELL, reading((0, 12), (20, SYMBOLS)), reading((0, 12), (26, SYMBOLS)), reading((0, 10)))
    ]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == 4


def test_speech_that_never_stopped_ends_shortly_after_its_last_symbol():
    babble = np.concatenate([WELL, reading((5, 30))])
    end = find_end_of_speech(alignment(babble), frames_per_s=PER_SECOND)
    assert len(WELL) - 10 <= end <= len(WELL) + round(0.3 * PER_SECOND)
    assert find_end_of_speech(alignment(reading((0, 25))), frames_per_s=PER_SECOND) == 125


def test_symbols_end_where_attention_leaves_them():
    assert compute_symbol_ends(alignment(WELL)).tolist() == list(range(5, 201, 5))
    back = WELL.copy()
    back[100] = 3
    assert (np.diff(compute_symbol_ends(alignment(back))) >= 0).all()
