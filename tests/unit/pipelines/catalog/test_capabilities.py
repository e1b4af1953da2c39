"""pipelines/catalog/capabilities.py: what is refused, and under which name."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import Any

import pytest

from pipelines.catalog.capabilities import check_synthesis, check_transcription, voice_supports
from pipelines.catalog.catalog import Catalog
from pipelines.errors import UnsupportedOption
from pipelines.requests import SynthesisRequest, TranscriptionRequest


def check(model: str, **params: Any) -> None:
    catalog = Catalog()
    check_transcription(catalog.get(model, "stt"), TranscriptionRequest(**params), catalog)


@pytest.mark.parametrize(
    ("model", "params", "field"),
    [
        ("pocketsphinx", {"diarize": True, "channels": "split"}, "diarize"),
        ("pocketsphinx", {"diarize": True, "min_speakers": 3, "max_speakers": 2}, "min_speakers"),
        ("pocketsphinx", {"diarize": True, "speaker_model": "whisper-base"}, "speaker_model"),
        (
            "pocketsphinx",
            {"diarize": True, "speaker_model": "spkrec-xvect-voxceleb", "known_speakers": ["voice_" + "0" * 32]},
            "known_speakers",
        ),
        ("whisper-base", {"max_speakers": 2}, "max_speakers"),
        ("whisper-base", {"min_confidence": 0.5}, "retry_models"),
        ("whisper-base", {"retry_models": ["whisper-small"]}, "min_confidence"),
        ("whisper-base", {"min_confidence": 0.5, "retry_models": ["whisper-tinier"]}, "retry_models"),
        ("whisper-base", {"min_confidence": 0.5, "retry_models": ["espeak"]}, "retry_models"),
        ("whisper-base", {"min_confidence": 0.5, "retry_models": ["whisper-base"]}, "retry_models"),
        ("whisper-base", {"min_confidence": 0.5, "retry_models": ["whisper-small"] * 2}, "retry_models"),
        ("whisper-base", {"min_confidence": 0.5, "retry_models": ["pocketsphinx"], "language": "de"}, "retry_models"),
        (
            "whisper-base",
            {"min_confidence": 0.5, "retry_models": ["pocketsphinx"], "vocabulary": ["x"]},
            "retry_models",
        ),
        ("whisper-base", {"language": "tlh"}, "language"),
        ("whisper-base.en", {"task": "translate"}, "task"),
        ("whisper-base.en", {"language": "de"}, "language"),
        ("whisper-large-v3-turbo", {"task": "translate"}, "task"),
        ("pocketsphinx", {"task": "translate"}, "task"),
        ("pocketsphinx", {"vocabulary": ["Kennedy"]}, "vocabulary"),
        ("pocketsphinx", {"prompt": "Ask not."}, "prompt"),
        ("wav2vec2-xlsr-fr", {"prompt": "Mesdames,"}, "prompt"),
        (
            "whisper-base",
            {"min_confidence": 0.5, "retry_models": ["pocketsphinx"], "prompt": "Ask not.", "language": "en"},
            "retry_models",
        ),
        ("pocketsphinx", {"language": "fr"}, "language"),
        ("tone-listener", {"timestamps": "none", "formats": ["txt", "srt"]}, "timestamps"),
        ("whisper-base", {"numbers": "digits", "language": "de"}, "numbers"),
        ("wav2vec2-xlsr-fr", {"numbers": "digits"}, "numbers"),
        ("tone-listener", {"max_line_length": 30}, "max_line_length"),
        ("tone-listener", {"max_lines": 1, "formats": ["tsv", "docx"]}, "max_lines"),
        ("tone-listener", {"max_chars_per_second": 20}, "max_chars_per_second"),
        ("tone-listener", {"speakers_in_subtitles": False}, "speakers_in_subtitles"),
    ],
)
def test_unsupported_option_is_refused_by_name(model: str, params: dict[str, Any], field: str) -> None:
    with pytest.raises(UnsupportedOption) as refused:
        check(model, **params)
    assert refused.value.field == field
    assert refused.value.detail.endswith(".")


@pytest.mark.parametrize(
    ("model", "params"),
    [
        ("pocketsphinx", {}),
        ("pocketsphinx", {"language": "en-GB", "channels": "split", "punctuate": False, "timestamps": "segment"}),
        ("whisper-base", {"task": "translate", "language": "de", "vocabulary": ["Kennedy"]}),
        ("whisper-base", {"language": "zh-Hant-TW"}),
        ("whisper-base.en", {"prompt": "Ask not.", "vocabulary": ["Kennedy"]}),
        ("whisper-base.en", {"language": "en-US"}),
        ("whisper-base", {"min_confidence": 0.5, "retry_models": ["whisper-small", "pocketsphinx"]}),
        ("pocketsphinx", {"noise_reduction": True}),
        ("pocketsphinx", {"numbers": "digits"}),
        ("whisper-base", {"numbers": "digits", "language": "de", "task": "translate"}),
        ("tone-listener", {"formats": ["vtt", "docx"], "max_line_length": 30, "speakers_in_subtitles": False}),
        ("pocketsphinx", {"language": "en", "min_confidence": 0.5, "retry_models": ["tone-listener"]}),
        ("tone-listener", {"language": "tlh", "timestamps": "none", "formats": ["json", "txt"]}),
    ],
)
def test_supported_option_is_accepted(model: str, params: dict[str, Any]) -> None:
    check(model, **params)


@pytest.mark.parametrize("language", ["pt", "pt-BR", "pt-PT", "PT_br"])
def test_model_of_one_region_supports_the_language_in_every_region(language: str) -> None:
    listed = Catalog()
    recogniser = dataclasses.replace(listed.get("wav2vec2-xlsr-pt", "stt"), languages=("pt-BR",))
    check_transcription(recogniser, TranscriptionRequest(language=language), listed)
    voice = dataclasses.replace(listed.get("mms-por", "tts"), languages=("pt-BR",))
    check_synthesis(voice, SynthesisRequest(language=language), listed)
    with pytest.raises(UnsupportedOption, match="recognise 'es'; it recognises: pt-BR"):
        check_transcription(recogniser, TranscriptionRequest(language="es"), listed)
    with pytest.raises(UnsupportedOption, match="speak 'es'; it speaks: pt-BR"):
        check_synthesis(voice, SynthesisRequest(language="es"), listed)


@pytest.mark.parametrize(
    ("params", "feature", "field", "reason"),
    [
        ({"noise_reduction": True}, "noise_reduction", "noise_reduction", "no noise reduction"),
        ({"formats": ["docx"]}, "docx_transcripts", "formats", "does not write DOCX"),
        ({"diarize": True}, "diarization", "diarize", "does not tell speakers apart"),
    ],
)
def test_option_that_the_workers_cannot_do_is_refused(
    params: dict[str, Any], feature: str, field: str, reason: str
) -> None:
    catalog = Catalog()
    entry, request = catalog.get("pocketsphinx", "stt"), TranscriptionRequest(**params)
    with pytest.raises(UnsupportedOption, match=reason) as refused:
        check_transcription(entry, request, catalog, features=())
    assert refused.value.field == field
    check_transcription(entry, request, catalog, features=(feature,))
    check_transcription(entry, request, catalog, features=None)  # no worker has said what it can do


def check_speech(model: str, **params: Any) -> None:
    check_synthesis(Catalog().get(model, "tts"), SynthesisRequest(**params), Catalog())


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"emotion": "joy"}, "emotion"),
        ({"verify_model": "whisper-base"}, "verify_model"),
        ({"loudness": "acx", "format": "pcm"}, "format"),
        ({"verify": True, "language": "de"}, "verify_model"),
        ({"verify": True, "verify_model": "whisper-huge"}, "verify_model"),
        ({"verify": True, "verify_model": "espeak"}, "verify_model"),
        ({"retry_models": ["vits-ljs"]}, "retry_models"),
        ({"verify": True, "retry_models": ["vits-lj"]}, "retry_models"),
        ({"verify": True, "retry_models": ["pocketsphinx"]}, "retry_models"),
        ({"verify": True, "retry_models": ["espeak"]}, "retry_models"),
        ({"verify": True, "retry_models": ["vits-ljs", "vits-ljs"]}, "retry_models"),
        ({"verify": True, "retry_models": ["vits-ljs"], "pitch": 1.0}, "retry_models"),
        ({"read_along": True}, "format"),
        ({"format": "opus", "sample_rate_hz": 22_050}, "sample_rate_hz"),
        ({"format": "mp3", "sample_rate_hz": 10_000}, "sample_rate_hz"),
    ],
)
def test_unsupported_synthesis_option_is_refused_by_name(params: dict[str, Any], field: str) -> None:
    with pytest.raises(UnsupportedOption) as refused:
        check_speech("espeak", **params)
    assert refused.value.field == field
    assert refused.value.detail.endswith(".")


def test_fallback_model_may_have_a_voice_of_its_own_but_not_a_language() -> None:
    enrolled = {"verify": True, "voice": "voice_" + "0" * 32, "language": "en"}
    check_speech("yourtts", **enrolled, retry_models=["vits-ljs"])
    for params in ({}, {"language": "de"}):
        with pytest.raises(UnsupportedOption, match=r"language of mms-deu|does not speak") as refused:
            check_speech(
                "mms-deu", verify=True, verify_model="whisper-base", retry_models=["espeak", "vits-ljs"], **params
            )
        assert refused.value.field == "retry_models"


@pytest.mark.parametrize(
    "params",
    [
        {"text": "Hi.", "speed": 2.0, "language": "de", "voice": "de+f3", "speech_marks": True, "loudness_lufs": -18.0},
        {"format": "wav", "sample_rate_hz": 12_345},
        {"format": "opus", "sample_rate_hz": 48_000},
        {"lexicon": {}, "chapters": "none"},
        {"ssml": "<speak>Hi.</speak>"},
        {"lexicon": {"a": "/b/"}, "pitch": -1.0},
        {"lexicon": {"Brannock": "brannuck", "and/or": "and or"}, "normalise": True},
        {"verify": True, "voice": "en-gb", "retry_models": ["vits", "tone", "fastspeech2-ljspeech"]},
    ],
)
def test_supported_synthesis_option_is_accepted(params: dict[str, Any]) -> None:
    check_speech("espeak", **params)


@pytest.mark.parametrize(
    ("model", "emotion"), [("espeak", "sad"), ("vits-ljs", "Calm"), ("bark", "laughing"), ("speecht5", "neutral")]
)
def test_a_partly_supported_emotion_is_accepted(model: str, emotion: str) -> None:
    check_speech(model, emotion=emotion)


@pytest.mark.parametrize(
    ("model", "emotion", "known"),
    [("espeak", "joyous", "happy"), ("bark", "calm", "laughing"), ("speecht5", "sad", "")],
)
def test_an_unsupported_emotion_is_refused_with_the_supported_ones(model: str, emotion: str, known: str) -> None:
    with pytest.raises(UnsupportedOption, match=f"emotion '{emotion}'; it can be for: neutral.*{known}") as refused:
        check_speech(model, emotion=emotion)
    assert refused.value.field == "emotion"


def test_phonemes_of_the_lexicon_are_refused_where_a_model_takes_none() -> None:
    with pytest.raises(UnsupportedOption, match="tone takes no phonemes") as refused:
        check_speech("tone", lexicon={"a": "plain", "b": "/c/"})
    assert refused.value.field == "lexicon"


def test_a_voice_of_one_speed_and_language_refuses_others() -> None:
    entry = dataclasses.replace(Catalog().get("espeak", "tts"), languages=("en",), options=frozenset())
    check_synthesis(entry, SynthesisRequest(language="en-GB"), Catalog())
    for params, field in (({"speed": 1.1}, "speed"), ({"language": "de"}, "language")):
        with pytest.raises(UnsupportedOption) as refused:
            check_synthesis(entry, SynthesisRequest(**params), Catalog())
        assert refused.value.field == field


def test_vocoders_are_those_of_the_entry() -> None:
    with pytest.raises(UnsupportedOption, match="takes no vocoder") as refused:
        check_speech("espeak", vocoder="griffin-lim")
    assert refused.value.field == "vocoder"
    components = {"vocoder": "somewhere", "vocoder.waveglow": "elsewhere"}
    entry = dataclasses.replace(Catalog().get("espeak", "tts"), components=components, options=frozenset({"vocoder"}))
    for choice in (None, "waveglow", "griffin-lim"):
        check_synthesis(entry, SynthesisRequest(vocoder=choice), Catalog())
    with pytest.raises(UnsupportedOption, match="it has: waveglow, griffin-lim"):
        check_synthesis(entry, SynthesisRequest(vocoder="melgan"), Catalog())


@pytest.mark.parametrize("model", ["fastspeech2", "speecht5"])
def test_the_default_vocoder_may_be_named(model: str) -> None:
    check_speech(model, vocoder="hifigan")
    assert Catalog().get(model, "tts").vocoders == ("hifigan", "griffin-lim")


def test_checking_loads_no_audio_library_and_no_model() -> None:
    heavy = {"av", "numpy", "onnxruntime", "faster_whisper"}
    code = f"import sys, pipelines.catalog.capabilities; print(*{heavy} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


@pytest.mark.parametrize(
    ("model", "voice", "voice_language", "language", "supported"),
    [
        ("espeak", "de", "de", "de-AT", True),
        ("espeak", "de", "de", "en", False),
        ("speecht5", "cmu", "de", "de", False),
        ("speecht5", f"voice_{'0' * 32}", "de", "en", True),
        ("speecht5", f"voice_{'0' * 32}", "en", "de", False),
        (None, "de", "de", "de", True),
        (None, "de", "de", "en", False),
    ],
)
def test_a_voice_is_accepted_in_its_language_and_in_that_of_its_model(
    model: str | None, voice: str, voice_language: str, language: str, supported: bool
) -> None:
    entry = Catalog().named(model) if model is not None else None
    assert voice_supports(entry, voice, voice_language, language) is supported
