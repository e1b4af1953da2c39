from __future__ import annotations

import numpy as np
import pytest
import torch

from pipelines.errors import ModelUnavailable
from pipelines.vocoders.melgan import MELGAN_MEL, Generator, generator_of
from pipelines.vocoders.registry import open_vocoder
from pipelines.vocoders.vocoder import Place
from tests.checkpoints import FIXTURES, arrays, make_entry, plain_shapes, shapes_of


@pytest.mark.parametrize("batch", ["", "_batch"])
def test_sound_of_a_checkpoint_is_that_of_the_original(batch):
    vocoder = open_vocoder(make_entry(), str(FIXTURES / "melgan" / "checkpoint.pt"), torch.device("cpu"))
    mels = torch.from_numpy(arrays("melgan", "inputs")[f"mel{batch}"])
    made = vocoder.samples(mels, [Place()] * len(mels))
    assert np.abs(made.numpy() - arrays("melgan", "expected")[f"audio{batch}"][:, 0]).max() < 1e-5
    assert vocoder.convention == MELGAN_MEL


def test_names_and_shapes_of_the_published_size_fit():
    with torch.device("meta"):
        generator = Generator(80, 32, 3)
    assert shapes_of(generator) == plain_shapes("melgan")


def test_a_sample_hears_no_further_than_its_reach():
    generator = Generator(8, 4, 3).double().requires_grad_(False)
    mel = torch.zeros(2, 8, 61, dtype=torch.float64)
    mel[1, :, 30] = 100.0
    silent, touched = generator(mel).unflatten(-1, (-1, 256))
    heard = torch.nonzero((silent != touched).any(dim=-1)).flatten() - 30
    assert -generator.reach <= heard.min() and heard.max() <= generator.reach


def test_a_sound_shorter_than_the_padding_is_still_made():
    vocoder = open_vocoder(make_entry(), str(FIXTURES / "melgan" / "checkpoint.pt"), torch.device("cpu"))
    assert vocoder.samples(torch.zeros(1, 80, 1), [Place()]).shape == (1, 256)


def test_tensors_of_something_else_are_refused():
    with pytest.raises(ModelUnavailable, match="MelGAN"):
        generator_of(make_entry(), {"model.1.bias": torch.zeros(1)})
