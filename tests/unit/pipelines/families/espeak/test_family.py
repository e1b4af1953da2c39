"""The family with the real library: voices, languages, marks, determinism, crashes. No weights, no network."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator

import langcodes
import numpy as np
import psutil
import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.errors import EngineFailure, ModelUnavailable, UnsupportedOption
from pipelines.families.espeak import load, voices
from pipelines.families.espeak.family import EspeakFamily
from pipelines.families.espeak.speech_process import SpeechProcess
from pipelines.family import Speech, SynthesisInput
from tests.pitch import measure_pitch_hz
from tests.services.machine_speed import deadline

SENTENCE = "It was the best of times, it was the worst of times."


@pytest.fixture(scope="module")
def family() -> Iterator[EspeakFamily]:
    made = load(Catalog().get("espeak", "tts"), "cpu")
    yield made
    made.close()


def tick() -> None:
    """Never interrupts."""


def synthesise(family: EspeakFamily, text: str, voice: str = "", language: str = "", speed: float = 1.0) -> Speech:
    return family.synthesise([SynthesisInput(text, voice, language, speed)], tick)[0]


def words(family: EspeakFamily, text: str, voice: str) -> list[str]:
    return [text[mark.start_char : mark.end_char] for mark in synthesise(family, text, voice).marks]


def test_all_voices_of_the_library_are_listed_once_with_valid_languages() -> None:
    listed = voices()
    assert len(listed) > 250
    assert len({voice.id for voice in listed}) == len(listed)
    assert all(langcodes.tag_is_valid(voice.language) or "-x-" in voice.language for voice in listed)
    assert {"en-us", "en-gb", "de", "fr-fr", "cmn", "ja", "es-419", "pt-br"} <= {voice.id for voice in listed}
    assert {voice.gender for voice in listed} == {"male", "female"}
    assert {voice.sample_rate_hz for voice in listed} == {22_050}


def test_unpronounceable_signs_are_named_with_the_speech(family: EspeakFamily) -> None:
    audible, inaudible = family.synthesise(
        [SynthesisInput("5 % up", "en-us", ""), SynthesisInput("5 ‰ up", "en-us", "")], tick
    )
    assert audible.warnings == ()
    assert inaudible.warnings == ("eSpeak NG has no word for '‰' (PER MILLE SIGN) in 'en-us', which was not spoken.",)


def test_every_listed_voice_speaks(family: EspeakFamily) -> None:
    listed = [voice.id for voice in voices() if "+" not in voice.id]
    spoken = family.synthesise([SynthesisInput("1 2 3 hello world", voice, "") for voice in listed], tick)
    assert [voice for voice, speech in zip(listed, spoken, strict=True) if len(speech.samples) < 5_000] == []


@pytest.mark.parametrize(
    ("language", "voice"),
    [
        ("en", "en-us"),
        ("en-GB", "en-gb"),
        ("en-AU", "en-gb"),
        ("de-AT", "de"),
        ("zh", "cmn"),
        ("zh-Hans-CN", "cmn"),
        ("no", "nb"),
        ("pt-BR", "pt-br"),
        ("es-MX", "es-419"),
        ("fr", "fr-fr"),
        ("sr-Latn", "sr"),
        ("", "en-us"),
    ],
)
def test_a_language_chooses_a_voice(family: EspeakFamily, language: str, voice: str) -> None:
    assert np.array_equal(
        synthesise(family, "1 2 3", language=language).samples,
        synthesise(family, "1 2 3", voice=voice).samples,
    )


def test_variants_change_a_voice(family: EspeakFamily) -> None:
    plain, female = synthesise(family, SENTENCE, "en-us"), synthesise(family, SENTENCE, "EN-US+F3")
    assert len(female.samples) > 0 and not np.array_equal(plain.samples, female.samples)


@pytest.mark.parametrize(
    ("voice", "language", "field"),
    [("nobody", "", "voice"), ("en-us+nobody", "", "voice"), ("", "yi", "language"), ("", "no language!", "language")],
)
def test_unknown_voices_and_languages_are_refused_with_where_to_look(
    family: EspeakFamily, voice: str, language: str, field: str
) -> None:
    with pytest.raises(UnsupportedOption, match="GET /tts/voices") as refused:
        synthesise(family, "x", voice, language)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("text", "voice", "found"),
    [
        ("Hello, wörld 🙂 costs $1,234.", "en-us", ["Hello", "wörld", "🙂", "costs", "$1,234"]),
        ("Schöne Grüße „an alle“, z. B. 3.", "de", ["Schöne", "Grüße", "an", "alle", "z", "B", "3"]),
        ("你好，世界。", "cmn", ["你好", "世", "界"]),
        ("👩‍🚀🙂 Ωmega ñ ß done", "en-us", ["👩‍🚀🙂", "Ωmega", "ñ", "ß", "done"]),
        ("Wow 日本 there", "en-us", ["Wow", "日本", "there"]),
    ],
)
def test_word_marks_count_characters_not_bytes(family: EspeakFamily, text: str, voice: str, found: list[str]) -> None:
    audible = words(family, text, voice)
    assert [word for word in found if word not in audible] == []


def test_marks_are_where_the_words_sound(family: EspeakFamily) -> None:
    """Word for word the sentence is as long as its marks say: each mark's span is louder than what parts them."""
    speech = synthesise(family, "Stop. Go. Stop.", "en-us")
    loud = np.abs(speech.samples.astype(int))
    assert len(speech.marks) == 3
    for mark in speech.marks:
        span = loud[round(mark.start_s * 22_050) : round(mark.end_s * 22_050)]
        assert span.max() > 5_000
    for before, after in zip(speech.marks, speech.marks[1:], strict=False):
        assert loud[round(before.end_s * 22_050) : round(after.start_s * 22_050)].max() < 100


def test_markup_phonemes_and_commands_are_read_as_text(family: EspeakFamily) -> None:
    assert "b" in words(family, "<b>bold</b>", "en-us")[0]
    plain = synthesise(family, "a b", "en-us").samples
    assert len(synthesise(family, "a [[h@l@U]] b", "en-us").samples) > len(plain)


@pytest.mark.parametrize("text", ["", " ", "...", "\0", "🙂", "x" * 20_000, "a\nb\n\nc"])
def test_odd_texts_never_fail(family: EspeakFamily, text: str) -> None:
    assert synthesise(family, text, "en-us").sample_rate_hz == 22_050


def test_the_same_text_gives_the_same_bytes_after_any_other(family: EspeakFamily) -> None:
    """The library's own output depends on its history; the fork's must not."""
    first = synthesise(family, SENTENCE, "en-us").samples
    others = [
        SynthesisInput(f"Something else, number {n}!", voice, "")
        for n, voice in enumerate(("de", "fr-fr", "en-us") * 4)
    ]
    family.synthesise(others, tick)
    again = family.synthesise(
        [SynthesisInput(SENTENCE, "en-us", ""), *others, SynthesisInput(SENTENCE, "en-us", "")], tick
    )
    alone = load(family.entry, "cpu")
    try:
        last = synthesise(alone, SENTENCE, "en-us").samples
    finally:
        alone.close()
    assert all(np.array_equal(first, samples) for samples in (again[0].samples, again[-1].samples, last))


def test_more_voices_than_stay_loaded_give_the_same_bytes_each_time(family: EspeakFamily) -> None:
    ids = [voice.id for voice in voices() if "+" not in voice.id][:20]
    rounds = [family.synthesise([SynthesisInput("1 2 3", voice, "") for voice in ids], tick) for _ in range(2)]
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(*rounds, strict=True))


def test_two_lanes_may_synthesise_at_once(family: EspeakFamily) -> None:
    expected = synthesise(family, SENTENCE, "en-us").samples
    answers: list[Speech] = []

    def lane() -> None:
        answers.extend(family.synthesise([SynthesisInput(SENTENCE, "en-us", "")] * 10, tick))

    lanes = [threading.Thread(target=lane) for _ in range(3)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    assert len(answers) == 30
    assert all(np.array_equal(answer.samples, expected) for answer in answers)


def test_a_speech_process_that_died_is_started_again() -> None:
    family = load(Catalog().get("espeak", "tts"), "cpu")
    try:
        expected = synthesise(family, SENTENCE, "en-us").samples
        process = family._process._process
        assert process is not None
        for child in psutil.Process(process.pid).children(recursive=True):
            # One that spoke may be about to end by itself.
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        assert np.array_equal(_spoken_after_a_death(family), expected)
        process.kill()
        process.wait()
        assert np.array_equal(_spoken_after_a_death(family), expected)
    finally:
        family.close()


def _spoken_after_a_death(family: EspeakFamily) -> np.ndarray:
    """One request may go down with a process that was dying; it is an error worth another try, and then it works."""
    try:
        return synthesise(family, SENTENCE, "en-us").samples
    except EngineFailure as failure:
        assert failure.retryable
        return synthesise(family, SENTENCE, "en-us").samples


def test_a_fork_that_takes_too_long_is_an_engine_failure_and_ends() -> None:
    process = SpeechProcess()
    try:
        request = {"operation": "synthesise", "text": SENTENCE * 4_000, "words_per_minute": 80}
        with pytest.raises(EngineFailure):
            process.send(request, 0.05, voice="gmw/en-US").read(tick)
        assert process.send({"operation": "list_voices"}, 30).read(tick)[0]["voices"]
    finally:
        process.close()


def test_no_process_outlives_its_parent() -> None:
    process = SpeechProcess()
    assert process._process is not None
    server = psutil.Process(process._process.pid)
    process.send({"operation": "synthesise", "text": "Hi.", "words_per_minute": 175}, 30, voice="gmw/de").read(tick)
    family = [server, *server.children(recursive=True)]
    assert len(family) >= 2
    process.close()
    _, alive = psutil.wait_procs(family, timeout=deadline(30))
    assert alive == []


def test_its_end_is_the_end_of_its_parent_even_by_force() -> None:
    """The parent dies without a word: its sockets close, and every fork goes."""
    ready_read, ready_write = os.pipe()
    parent = os.fork()
    if parent == 0:
        process = SpeechProcess()
        process.send({"operation": "list_voices"}, 30).read(tick)
        assert process._process is not None
        os.write(ready_write, str(process._process.pid).encode())
        signal.pause()
    os.close(ready_write)
    server = psutil.Process(int(os.read(ready_read, 20)))
    os.close(ready_read)
    family = [server, *server.children(recursive=True)]
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    _, alive = psutil.wait_procs(family, timeout=deadline(30))
    assert alive == []


def test_without_the_library_the_error_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.families.espeak.speech_process.find_spec", lambda name: None)
    with pytest.raises(ModelUnavailable, match=r"voicemill\[espeak\]"):
        SpeechProcess()


# -- phonemes and pitch ----------------------------------------------------------------------------------------------
def pronounced(family: EspeakFamily, text: str, voice: str, *phonemes: tuple[int, int, str]) -> Speech:
    return family.synthesise([SynthesisInput(text, voice, "", options={"phonemes": phonemes})], tick)[0]


@pytest.mark.parametrize(
    ("voice", "word", "ipa"),
    [
        ("en-gb", "tomato", "təˈmɑːtəʊ"),
        ("de", "Bücher", "ˈbyːçɐ"),
        ("de", "Mädchen", "ˈmɛːdçən"),
        ("fr-fr", "bonjour", "bɔ̃ˈʒuʁ"),
    ],
)
def test_a_word_in_phonemes_sounds_like_the_word(family: EspeakFamily, voice: str, word: str, ipa: str) -> None:
    plain, respelt = (
        synthesise(family, word, voice),
        pronounced(family, word, voice, (0, len(word), ipa)),
    )
    assert np.array_equal(plain.samples, respelt.samples)


def test_phonemes_change_one_word_and_marks_stay_at_what_is_written(family: EspeakFamily) -> None:
    text = "They polish [[a]] Polish table."
    respelt = pronounced(family, text, "en-us", (18, 24, "ˈpoʊlɪʃ"))
    marked = [text[mark.start_char : mark.end_char] for mark in respelt.marks]
    assert [marked[0], marked[1], *marked[-2:]] == ["They", "polish", "Polish", "table"]
    assert not np.array_equal(respelt.samples, pronounced(family, text, "en-us", (18, 24, "ˈpɑːlɪʃ")).samples)


@pytest.mark.parametrize(("voice", "ipa", "message"), [("en-us", "ǃa", "no sound for 'ǃ'"), ("fi", "a", "not in 'fi'")])
def test_phonemes_that_a_language_has_not_are_refused(family: EspeakFamily, voice: str, ipa: str, message: str) -> None:
    with pytest.raises(UnsupportedOption, match=message):
        pronounced(family, "word", voice, (0, 4, ipa))


def test_text_in_double_brackets_is_text(family: EspeakFamily) -> None:
    assert len(synthesise(family, "[[h@l'oU]]", "en-us").samples) > 2 * len(
        synthesise(family, "hello", "en-us").samples
    )


def test_pitch_moves_the_voice_by_about_three_semitones_a_step(family: EspeakFamily) -> None:
    def frequency(pitch: float) -> float:
        request = SynthesisInput("Mama, we are along now.", "en-us", "", options={"pitch": pitch})
        return measure_pitch_hz(family.synthesise([request], tick)[0].samples, 22_050)

    usual = frequency(0.0)
    assert 12 * np.log2(frequency(1.0) / usual) == pytest.approx(3.0, abs=1.0)
    assert 12 * np.log2(frequency(-1.0) / usual) == pytest.approx(-3.0, abs=1.5)
