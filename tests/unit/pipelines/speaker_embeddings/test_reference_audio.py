from __future__ import annotations

import numpy as np
import pytest
import soxr

from pipelines.errors import BadInput
from pipelines.family import Recording
from pipelines.speaker_embeddings.reference_audio import MAX_S, prepare_reference
from tests.audio_factories import load_jfk, make_noise, make_silence


def test_speech_is_brought_to_its_level():
    wave = prepare_reference(Recording(load_jfk()[:80_000], 16_000), level_db=-27.0)
    assert wave.dtype == np.float32 and len(wave) == 80_000
    assert 20 * np.log10(np.sqrt(np.mean(wave.astype(float) ** 2))) == pytest.approx(-27.0, abs=1e-3)


def test_other_rates_are_brought_to_that_of_the_encoder():
    loud = soxr.resample(load_jfk()[:80_000], 16_000, 44_100)
    wave = prepare_reference(Recording(loud, 44_100), level_db=None)
    assert abs(len(wave) - 80_000) < 5
    assert np.corrcoef(wave[:79_990], load_jfk()[:79_990])[0, 1] > 0.99


def test_no_more_than_a_minute_is_used():
    assert len(prepare_reference(Recording(np.tile(load_jfk(), 7), 16_000), level_db=None)) == MAX_S * 16_000


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(0, np.int16), r"lasts 0\.0 s"),
        (load_jfk()[8_000:16_000], r"lasts 0\.5 s"),
        (make_silence(5.0), "Nobody speaks"),
        (make_noise(5.0, level=0.1), "Nobody speaks"),
        (
            np.concatenate([make_silence(2.0), load_jfk()[8_000:16_000], make_silence(2.0)]),
            "s of speech; a voice needs 1 s",
        ),
    ],
    ids=["nothing", "too short", "silence", "noise", "a word"],
)
def test_a_recording_without_a_voice_is_refused(samples, message):
    with pytest.raises(BadInput, match=message) as refused:
        prepare_reference(Recording(samples, 16_000), level_db=None)
    assert refused.value.field == "voice"
