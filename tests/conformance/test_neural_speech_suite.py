"""The contract of every neural speech model, with random weights: batches, seeds, and a whole job without drift.

The properties are those of test_family_suite.py, within the tolerance that sums in another order need.
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
from pipelines.catalog.emotions import supported_emotions
from pipelines.catalog.entry import Entry
from pipelines.errors import BadInput
from pipelines.family import Speech, SynthesisInput
from pipelines.pipeline import Limits
from pipelines.requests import SynthesisRequest
from pipelines.tts.part_file import read_part
from tests.neural_voices import CHECKPOINTS, make_small_entry
from tests.pipeline_runner import load_family
from tests.synthesis_runner import SynthesisRun, run_synthesis

TEXTS = ("The cat sat on the mat.", "Yes.", "In a wide green wood, who ran? Nobody knows!", "Well, well.")
#: Full scale is 32,767: vocoders may compute in bfloat16 here, and a batch of another shape sums in another order.
TOLERANCE = 1_000
#: Families that return word marks.
MARKED = ("vits", "fastspeech2", "tacotron2", "yourtts")
#: Families whose input is phonemes: eSpeak NG has a name for every letter.
SPELLS_OUT = ("vits", "fastspeech2")


@pytest.fixture(scope="module", params=CHECKPOINTS)
def entry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Entry:
    torch.set_num_threads(1)
    return make_small_entry(request.param, tmp_path_factory.mktemp("voice"), chunk_characters=60)


@pytest.fixture(scope="module")
def family(entry: Entry) -> Any:
    return load_family(entry)


def tick() -> None:
    """Never interrupts."""


def requests() -> list[SynthesisInput]:
    return [SynthesisInput(text, "", "en", seed=number) for number, text in enumerate(TEXTS)]


@pytest.fixture(scope="module")
def alone(family: Any) -> list[Speech]:
    return [family.synthesise([request], tick)[0] for request in requests()]


def text_warnings(run: SynthesisRun) -> str:
    """The details of the warnings about the text."""
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
    assert alike(family.synthesise(requests(), tick), alone)
    assert alike(family.synthesise(requests()[::-1], tick)[::-1], alone)


def test_another_seed_gives_other_speech_where_the_catalogue_lists_it(entry: Entry, family: Any) -> None:
    one, other = (family.synthesise([SynthesisInput(TEXTS[0], "", "en", seed=seed)], tick)[0] for seed in (1, 2))
    assert np.array_equal(one.samples, other.samples) != entry.varies


def test_two_lanes_at_once_have_the_same_speech(family: Any, alone: list[Speech]) -> None:
    results: dict[int, list[Speech]] = {}

    def lane(number: int) -> None:
        results[number] = family.synthesise(requests(), tick)

    lanes = [threading.Thread(target=lane, args=(number,)) for number in range(2)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    assert alike(results[0], alone)
    assert alike(results[1], alone)


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
    run = run_synthesis(tmp_path, family, wanted)
    assert len(run.parts) > 1
    parts = [read_part(path) for path in run.parts]
    with av.open(str(run.file("audio.wav"))) as file:
        encoded = np.concatenate([frame.to_ndarray().reshape(-1) for frame in file.decode(audio=0)])
    assert len(encoded) == sum(len(part.samples) for part in parts)
    assert np.array_equal(encoded, np.concatenate([part.samples for part in parts]))
    assert run.result.duration_s == pytest.approx(len(encoded) / entry.sample_rate_hz)
    marks = json.loads(run.file("marks.json").read_text())
    _check_sentence_times(marks["sentences"], parts, entry.sample_rate_hz)
    if entry.family in MARKED:
        assert [word["text"] for word in marks["words"]][:3] == ["Of", "many", "words"]
        assert "21" in [word["text"] for word in marks["words"]]


def _check_sentence_times(sentences: list[dict[str, Any]], parts: list[Any], rate: int) -> None:
    """Every sentence of marks.json begins and ends at the samples where the parts before it put it."""
    expected, offset = [], 0
    for part in parts:
        expected += [(sentence.text, offset + sentence.start, offset + sentence.end) for sentence in part.sentences]
        offset += len(part.samples)
    assert len(sentences) == len(expected)
    for sentence, (text, start, end) in zip(sentences, expected, strict=True):
        assert sentence["text"] == text
        assert [round(sentence[edge] * rate) for edge in ("start", "end")] == [start, end]


def test_a_word_of_two_thousand_characters_is_synthesised_completely(entry: Entry, family: Any, tmp_path: Path) -> None:
    usual = Catalog().named(entry.name).chunk_characters
    wanted = SynthesisRequest(text="x" * 2_000, language="en", speech_marks=True)
    run = run_synthesis(tmp_path, family, wanted, limits=Limits(chunk_characters=usual))
    sentences = [sentence for path in run.parts for sentence in read_part(path).sentences]
    assert "".join(sentence.text for sentence in sentences) == "x" * 2_000
    sounding = [sentence for sentence in sentences if sentence.end > sentence.start]
    # Bark's weights decide when it ends its speech; random ones may end it at once.
    assert sounding if entry.family == "bark" else len(sounding) == len(sentences)


def test_one_letter_outside_the_alphabet_is_pronounced_or_left_out_and_named(
    entry: Entry, family: Any, tmp_path: Path
) -> None:
    plain = run_synthesis(tmp_path / "plain", family, SynthesisRequest(text="It is.", language="en"))
    run = run_synthesis(tmp_path / "greek", family, SynthesisRequest(text="It is Ω.", language="en"))
    if warnings := text_warnings(run):
        assert "ω" in warnings.lower()
    else:
        assert entry.family in SPELLS_OUT
        assert run.result.duration_s > plain.result.duration_s


def test_letters_with_diacritics_are_synthesised_without_a_warning(entry: Entry, family: Any, tmp_path: Path) -> None:
    run = run_synthesis(tmp_path, family, SynthesisRequest(text="Brontë was naïve in the café.", language="en"))
    assert not text_warnings(run)
    assert run.result.duration_s


def test_figures_and_signs_of_a_language_without_rules_are_pronounced_or_left_out_and_named(
    entry: Entry, family: Any, tmp_path: Path
) -> None:
    if entry.family != "yourtts":
        pytest.skip("The other small models synthesise English.")
    words = run_synthesis(tmp_path / "words", family, SynthesisRequest(text="Em doze um.", language="pt"))
    run = run_synthesis(tmp_path / "figures", family, SynthesisRequest(text="Em 12 & 1.", language="pt"))
    assert run.result.duration_s == words.result.duration_s
    assert "'pt'" in text_warnings(run)
    assert "'&'" in text_warnings(run)


def test_a_text_without_pronounceable_characters_is_refused_with_the_reason(
    entry: Entry, family: Any, tmp_path: Path
) -> None:
    if entry.family in SPELLS_OUT:
        pytest.skip("It pronounces every letter.")
    with pytest.raises(BadInput, match=r"[Ωω]") as refused:
        run_synthesis(tmp_path, family, SynthesisRequest(text="ΩΩ.", language="en"))
    assert refused.value.field == "text"


def test_signs_that_are_not_written_out_are_named(entry: Entry, family: Any, tmp_path: Path) -> None:
    wanted = SynthesisRequest(text="Up † and/or down.", language="en", normalise=False)
    run = run_synthesis(tmp_path, family, wanted)
    assert "'†'" in text_warnings(run)
    assert "'/'" in text_warnings(run)


def test_every_emotion_that_a_model_lists_changes_the_sound(entry: Entry, family: Any, tmp_path: Path) -> None:
    samples_by_emotion: dict[str, bytes] = {}
    for emotion in supported_emotions(entry):
        wanted = SynthesisRequest(text="We are here, all of us.", language="en", emotion=emotion)
        check_synthesis(entry, wanted, Catalog())
        run = run_synthesis(tmp_path / emotion, family, wanted)
        samples_by_emotion[emotion] = read_part(run.parts[0]).samples.tobytes()
    plain = samples_by_emotion.pop("neutral")
    assert bool(samples_by_emotion) == (entry.family != "speecht5")
    # Random weights do not react to every tag in the text of Bark.
    assert plain not in samples_by_emotion.values() or (
        entry.family == "bark" and len(set(samples_by_emotion.values())) > 3
    )
    if "speed" in entry.options:
        assert len(samples_by_emotion["tired"]) > len(plain) > len(samples_by_emotion["excited"])
