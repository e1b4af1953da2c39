"""What every neural voice promises, asked of each with random weights: batches, seeds, and a whole job without drift.

The promises are those of test_family_suite.py, within the tolerance that sums in another order need.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch

from pipelines.catalog.capabilities import check_synthesis
from pipelines.catalog.catalog import Catalog
from pipelines.catalog.emotions import emotions_of
from pipelines.catalog.entry import Entry
from pipelines.errors import BadInput
from pipelines.family import SpeakRequest, Speech
from pipelines.pipeline import Limits
from pipelines.requests import SynthesisRequest
from pipelines.tts.part_file import read_part
from tests.in_process import load
from tests.neural_voices import CHECKPOINTS, small_entry
from tests.synthesis_rig import Run, speak

TEXTS = ("The cat sat on the mat.", "Yes.", "In a wide green wood, who ran? Nobody knows!", "Well, well.")
#: Full scale is 32,767: vocoders may compute in bfloat16 here, and a batch of another shape sums in another order.
TOLERANCE = 1_000
#: Families that know where their words are.
MARKED = ("vits", "fastspeech2", "tacotron2", "yourtts")
#: Those that read phones, for which eSpeak NG has a name for every letter.
SPELLS_OUT = ("vits", "fastspeech2")


@pytest.fixture(scope="module", params=CHECKPOINTS)
def entry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Entry:
    torch.set_num_threads(1)
    return small_entry(request.param, tmp_path_factory.mktemp("voice"), chunk_characters=60)


@pytest.fixture(scope="module")
def family(entry: Entry) -> Any:
    return load(entry)


def tick() -> None:
    """Somebody waits for the answer."""


def requests() -> list[SpeakRequest]:
    return [SpeakRequest(text, "", "en", seed=number) for number, text in enumerate(TEXTS)]


@pytest.fixture(scope="module")
def alone(family: Any) -> list[Speech]:
    return [family.speak([request], tick)[0] for request in requests()]


def told_of(run: Run) -> str:
    """What the result warns of about the text."""
    return " ".join(
        warning["detail"] for warning in run.result.summary.get("warnings", ()) if warning["code"] == "text"
    )


def alike(left: list[Speech], right: list[Speech]) -> bool:
    return all(
        one.marks == other.marks
        and one.samples.shape == other.samples.shape
        and np.abs(one.samples.astype(int) - other.samples).max(initial=0) <= TOLERANCE
        for one, other in zip(left, right, strict=True)
    )


def test_a_text_sounds_the_same_first_last_and_alone(family: Any, alone: list[Speech]) -> None:
    assert alike(family.speak(requests(), tick), alone)
    assert alike(family.speak(requests()[::-1], tick)[::-1], alone)


def test_another_seed_is_another_take_where_the_catalogue_says_so(entry: Entry, family: Any) -> None:
    one, other = (family.speak([SpeakRequest(TEXTS[0], "", "en", seed=seed)], tick)[0] for seed in (1, 2))
    assert np.array_equal(one.samples, other.samples) != entry.varies


def test_two_lanes_at_once_say_the_same(family: Any, alone: list[Speech]) -> None:
    said: dict[int, list[Speech]] = {}

    def lane(number: int) -> None:
        said[number] = family.speak(requests(), tick)

    lanes = [threading.Thread(target=lane, args=(number,)) for number in range(2)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    assert alike(said[0], alone)
    assert alike(said[1], alone)


def test_speech_has_its_rate_some_sound_and_marks_in_order(entry: Entry, alone: list[Speech]) -> None:
    for text, speech in zip(TEXTS, alone, strict=True):
        assert speech.samples.dtype == np.int16
        assert speech.sample_rate_hz == entry.sample_rate_hz
        assert np.abs(speech.samples.astype(int)).max() > 500
        assert bool(speech.marks) == (entry.family in MARKED)
        at, character = 0.0, 0
        for mark in speech.marks:
            assert character <= mark.start_char < mark.end_char <= len(text)
            assert at <= mark.start_s <= mark.end_s <= len(speech.samples) / speech.sample_rate_hz + 1e-6
            at, character = mark.start_s, mark.end_char


def test_a_whole_job_has_a_sample_for_every_sample_of_its_marks(entry: Entry, family: Any, tmp_path: Path) -> None:
    text = "Of many words here. Then 21 more of them!\n\nA new paragraph, and then the end."
    wanted = SynthesisRequest(text=text, model=entry.name, language="en", format="wav", speech_marks=True)
    check_synthesis(entry, wanted, Catalog())
    run = speak(tmp_path, family, wanted)
    assert len(run.parts) > 1
    parts = [read_part(path) for path in run.parts]
    with av.open(str(run.file("audio.wav"))) as file:
        heard = np.concatenate([frame.to_ndarray().reshape(-1) for frame in file.decode(audio=0)])
    assert len(heard) == sum(len(part.samples) for part in parts)
    assert np.array_equal(heard, np.concatenate([part.samples for part in parts]))
    assert run.result.duration_s == pytest.approx(len(heard) / entry.sample_rate_hz)
    marks = json.loads(run.file("marks.json").read_text())
    _follow_the_parts(marks["sentences"], parts, entry.sample_rate_hz)
    if entry.family in MARKED:
        assert [word["text"] for word in marks["words"]][:3] == ["Of", "many", "words"]
        assert "21" in [word["text"] for word in marks["words"]]


def _follow_the_parts(sentences: list[dict[str, Any]], parts: list[Any], rate: int) -> None:
    """Every sentence of marks.json begins and ends at the samples where the parts before it put it."""
    expected, offset = [], 0
    for part in parts:
        expected += [(sentence.text, offset + sentence.start, offset + sentence.end) for sentence in part.sentences]
        offset += len(part.samples)
    assert len(sentences) == len(expected)
    for sentence, (text, start, end) in zip(sentences, expected, strict=True):
        assert sentence["text"] == text
        assert [round(sentence[edge] * rate) for edge in ("start", "end")] == [start, end]


def test_a_word_of_two_thousand_characters_is_spoken_whole(entry: Entry, family: Any, tmp_path: Path) -> None:
    usual = Catalog().named(entry.name).chunk_characters
    wanted = SynthesisRequest(text="x" * 2_000, language="en", speech_marks=True)
    run = speak(tmp_path, family, wanted, limits=Limits(chunk_characters=usual))
    sentences = [sentence for path in run.parts for sentence in read_part(path).sentences]
    assert "".join(sentence.text for sentence in sentences) == "x" * 2_000
    sounding = [sentence for sentence in sentences if sentence.end > sentence.start]
    # Bark's weights decide when it has said enough; random ones may at once.
    assert sounding if entry.family == "bark" else len(sounding) == len(sentences)


def test_one_letter_outside_the_alphabet_is_spoken_or_left_out_and_named(
    entry: Entry, family: Any, tmp_path: Path
) -> None:
    plain = speak(tmp_path / "plain", family, SynthesisRequest(text="It is.", language="en"))
    run = speak(tmp_path / "greek", family, SynthesisRequest(text="It is Ω.", language="en"))
    if told := told_of(run):
        assert "ω" in told.lower()
    else:
        assert entry.family in SPELLS_OUT
        assert run.result.duration_s > plain.result.duration_s


def test_letters_with_marks_are_no_hindrance_and_no_news(entry: Entry, family: Any, tmp_path: Path) -> None:
    run = speak(tmp_path, family, SynthesisRequest(text="Brontë was naïve in the café.", language="en"))
    assert not told_of(run)
    assert run.result.duration_s


def test_figures_and_signs_of_a_language_without_rules_are_said_or_left_out_and_named(
    entry: Entry, family: Any, tmp_path: Path
) -> None:
    if entry.family != "yourtts":
        pytest.skip("The other small voices speak English.")
    said = speak(tmp_path / "words", family, SynthesisRequest(text="Em doze um.", language="pt"))
    run = speak(tmp_path / "figures", family, SynthesisRequest(text="Em 12 & 1.", language="pt"))
    assert run.result.duration_s == said.result.duration_s
    assert "'pt'" in told_of(run)
    assert "'&'" in told_of(run)


def test_a_text_of_which_nothing_can_be_said_is_refused_with_the_reason(
    entry: Entry, family: Any, tmp_path: Path
) -> None:
    if entry.family in SPELLS_OUT:
        pytest.skip("It spells every letter.")
    with pytest.raises(BadInput, match=r"[Ωω]") as refused:
        speak(tmp_path, family, SynthesisRequest(text="ΩΩ.", language="en"))
    assert refused.value.field == "text"


def test_signs_that_nobody_writes_out_are_named(entry: Entry, family: Any, tmp_path: Path) -> None:
    wanted = SynthesisRequest(text="Up † and/or down.", language="en", normalise=False)
    run = speak(tmp_path, family, wanted)
    assert "'†'" in told_of(run)
    assert "'/'" in told_of(run)


def test_every_emotion_that_a_model_lists_changes_the_sound(entry: Entry, family: Any, tmp_path: Path) -> None:
    heard: dict[str, bytes] = {}
    for emotion in emotions_of(entry):
        wanted = SynthesisRequest(text="We are here, all of us.", language="en", emotion=emotion)
        check_synthesis(entry, wanted, Catalog())
        run = speak(tmp_path / emotion, family, wanted)
        heard[emotion] = read_part(run.parts[0]).samples.tobytes()
    plain = heard.pop("neutral")
    assert bool(heard) == (entry.family != "speecht5")
    # Random weights do not heed every tag that Bark is given.
    assert plain not in heard.values() or (entry.family == "bark" and len(set(heard.values())) > 3)
    if "speed" in entry.options:
        assert len(heard["tired"]) > len(plain) > len(heard["excited"])
