from __future__ import annotations

import numpy as np
import pytest
import torch

from pipelines.errors import ModelUnavailable
from pipelines.vocoders.melgan import MELGAN_MEL, MelGanGenerator, build_generator
from pipelines.vocoders.registry import load_vocoder
from pipelines.vocoders.vocoder import FrameContext
from tests.checkpoints import FIXTURES, get_shapes, load_arrays, make_entry, read_folded_shapes


@pytest.mark.parametrize("batch", ["", "_batch"])
def test_sound_of_a_checkpoint_is_that_of_the_original(batch):
    vocoder = load_vocoder(make_entry(), str(FIXTURES / "melgan" / "checkpoint.pt"), torch.device("cpu"))
    mels = torch.from_numpy(load_arrays("melgan", "inputs")[f"mel{batch}"])
    made = vocoder.synthesise(mels, [FrameContext()] * len(mels))
    assert np.abs(made.numpy() - load_arrays("melgan", "expected")[f"audio{batch}"][:, 0]).max() < 1e-5
    assert vocoder.convention == MELGAN_MEL


def test_names_and_shapes_of_the_published_size_fit():
    with torch.device("meta"):
        generator = MelGanGenerator(80, 32, 3)
    assert get_shapes(generator) == read_folded_shapes("melgan")


def test_a_sample_depends_on_no_frame_outside_the_receptive_field():
    generator = MelGanGenerator(8, 4, 3).double().requires_grad_(False)
    mel = torch.zeros(2, 8, 61, dtype=torch.float64)
    mel[1, :, 30] = 100.0
    silent, touched = generator(mel).unflatten(-1, (-1, 256))
    affected = torch.nonzero((silent != touched).any(dim=-1)).flatten() - 30
    assert -generator.receptive_field <= affected.min() and affected.max() <= generator.receptive_field


def test_a_sound_shorter_than_the_padding_is_still_made():
    vocoder = load_vocoder(make_entry(), str(FIXTURES / "melgan" / "checkpoint.pt"), torch.device("cpu"))
    assert vocoder.synthesise(torch.zeros(1, 80, 1), [FrameContext()]).shape == (1, 256)


def test_tensors_of_something_else_are_refused():
    with pytest.raises(ModelUnavailable, match="MelGAN"):
        build_generator(make_entry(), {"model.1.bias": torch.zeros(1)})
