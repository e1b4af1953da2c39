"""What every tag of SSML does to the sound: plan, work and stitch with eSpeak NG, measured in samples and marks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.text.documents.ssml.attributes import STRENGTHS_S
from pipelines.tts.assembly import PAUSES_S
from pipelines.tts.part_file import SpeechPart, read_part
from tests.pipeline_runner import PipelineRun, load_family
from tests.pitch import measure_pitch_hz

RATE = 22_050
TEXT = "Mama, we are along now."


@pytest.fixture(scope="module")
def espeak() -> Iterator[Any]:
    family = load_family(Catalog().get("espeak", "tts"))
    yield family
    family.close()


@pytest.fixture
def part(espeak: Any, tmp_path: Path) -> Any:
    """Speaks what stands inside <speak>; gives the one chunk that it is."""

    def made(inside: str) -> SpeechPart:
        params = {"model": "espeak", "ssml": f'<speak xml:lang="en-US">{inside}</speak>', "speech_marks": True}
        run = PipelineRun("tts.synthesize", tmp_path, params)
        result = run.run_all(None, espeak)
        (path,) = run.parts
        spoken = read_part(path)
        assert result.duration_s == len(spoken.samples) / RATE
        return spoken

    return made


def sounds(part: SpeechPart) -> list[np.ndarray]:
    """Samples of each sentence."""
    return [part.samples[sentence.start : sentence.end].astype(int) for sentence in part.sentences]


def gaps(part: SpeechPart) -> list[int]:
    """Samples of silence between the sentences."""
    return [after.start - before.end for before, after in itertools.pairwise(part.sentences)]


def level(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples.astype(float) ** 2)))


def test_a_paragraph_is_followed_by_its_pause_and_a_sentence_by_a_shorter_one(part: Any) -> None:
    spoken = part("<p><s>No 1. one</s><s>Two</s></p><p>Three. Four.</p>")
    assert [sentence.text for sentence in spoken.sentences] == ["No 1. one", "Two", "Three.", "Four."]
    pauses = ("sentence", "paragraph", "sentence")
    assert gaps(spoken) == [round(PAUSES_S[pause] * RATE) for pause in pauses]


def test_a_break_is_as_long_as_it_says(part: Any) -> None:
    spoken = part('One <break time="777ms"/> two <break strength="x-strong"/> three <break strength="none"/> four')
    assert gaps(spoken) == [round(seconds * RATE) for seconds in (0.777, STRENGTHS_S["x-strong"], 0.0)]


@pytest.mark.parametrize(("rate", "times"), [("150%", 1 / 1.5), ("-40%", 1 / 0.6), ("x-fast", 1 / 1.6)])
def test_prosody_rate_shortens_and_lengthens_by_what_it_says(part: Any, rate: str, times: float) -> None:
    usual, changed = sounds(part(f"<s>{TEXT}</s><s><prosody rate='{rate}'>{TEXT}</prosody></s>"))
    assert len(changed) / len(usual) == pytest.approx(times, rel=0.12)


@pytest.mark.parametrize("semitones", [4, -3])
def test_prosody_pitch_raises_and_lowers_the_voice_by_semitones(part: Any, semitones: int) -> None:
    usual, changed = sounds(part(f"<s>{TEXT}</s><s><prosody pitch='{semitones:+d}st'>{TEXT}</prosody></s>"))
    moved = 12 * np.log2(measure_pitch_hz(changed, RATE) / measure_pitch_hz(usual, RATE))
    assert moved == pytest.approx(semitones, abs=1.5)


def test_prosody_volume_is_a_level_to_the_sample(part: Any) -> None:
    usual, softer = sounds(part(f"<s>{TEXT}</s><s><prosody volume='-6dB'>{TEXT}</prosody></s>"))
    assert np.abs(softer - usual * 10 ** (-6 / 20)).max() <= 1


def test_emphasis_is_slower_and_louder_the_stronger_it_is(part: Any) -> None:
    levels = ("reduced", "none", "moderate", "strong")
    spoken = sounds(part("".join(f"<s><emphasis level='{each}'>{TEXT}</emphasis></s>" for each in levels)))
    lengths, loudness = [len(each) for each in spoken], [level(each) for each in spoken]
    assert lengths == sorted(lengths)
    assert loudness == sorted(loudness)
    assert len(set(lengths)) == len(set(loudness)) == 4


@pytest.mark.parametrize(
    ("tagged", "said"),
    [
        ("<say-as interpret-as='characters'>cat</say-as>", "see ay tee"),
        ("<say-as interpret-as='ordinal'>3</say-as>", "third"),
        ("<say-as interpret-as='digits'>2024</say-as>", "two zero two four"),
        ("<sub alias='Web Body'>W3C</sub>", "Web Body"),
    ],
)
def test_a_substitution_sounds_like_its_words_and_is_marked_as_it_is_written(part: Any, tagged: str, said: str) -> None:
    spoken = part(f"<s>{tagged}</s><s>{said}</s>")
    read, plain = sounds(spoken)
    assert np.array_equal(read, plain)
    assert spoken.sentences[0].text in tagged


def test_a_phoneme_sounds_like_the_word_of_that_pronunciation(part: Any) -> None:
    told, plain, other = sounds(part("<s><phoneme ph='ˈpoʊlɪʃ'>xyz</phoneme></s><s>Polish</s><s>polish</s>"))
    assert np.array_equal(told, plain)
    assert not np.array_equal(told, other)


def test_a_language_and_a_voice_sound_as_in_a_job_with_them(part: Any, espeak: Any, tmp_path: Path) -> None:
    by_language, by_voice = sounds(
        part("<s><lang xml:lang='de'>Guten Tag.</lang></s><s><voice name='de+f3'>Guten Tag.</voice></s>")
    )
    for params, tagged in (({"language": "de"}, by_language), ({"voice": "de+f3"}, by_voice)):
        run = PipelineRun(
            "tts.synthesize", tmp_path / next(iter(params)), {"model": "espeak", "text": "Guten Tag.", **params}
        )
        run.run_all(None, espeak)
        assert np.array_equal(read_part(run.parts[0]).samples, tagged)


def test_marks_are_at_the_sample_where_the_next_word_begins(part: Any) -> None:
    spoken = part(
        "<mark name='a'/>One two <mark name='b'/>three. <break time='1s'/><mark name='c'/>Four.<mark name='d'/>"
    )
    first, second = spoken.sentences
    three = next(word.start for word in first.words if word.text == "three")
    assert spoken.source_marks == (("a", 0), ("b", three), ("c", second.start), ("d", second.end))
    assert second.start - first.end == RATE


def test_tags_within_tags_add_up(part: Any) -> None:
    nested, flat = sounds(
        part(
            f"<s><prosody rate='80%'><emphasis level='reduced'>{TEXT}</emphasis></prosody></s>"
            f"<s><emphasis level='reduced'><prosody rate='80%'>{TEXT}</prosody></emphasis></s>"
        )
    )
    assert np.array_equal(nested, flat)
