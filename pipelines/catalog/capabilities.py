"""Whether a model, and the workers, support the options of a request. An unsupported option is refused by name.

Whether a language is supported is decided by `pipelines.language_tags.supports_language`. Knows catalogue entries,
requests and what workers report. Imports no model runtime: the web process imports this file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeVar

from pipelines.errors import UnsupportedOption
from pipelines.formats import AUDIO_FORMATS, EPUB_AUDIO_FORMATS
from pipelines.language_tags import ANY_LANGUAGE, AUTO_LANGUAGE, primary_subtag, supports_language
from pipelines.requests import SynthesisRequest, TranscriptionRequest, is_enrolled
from pipelines.subtitles.registry import SUBTITLE_FORMATS
from pipelines.text.number_words import LANGUAGES
from pipelines.text.pronunciation.lexicon import parse_phonemes

from .catalog import Catalog
from .emotions import explain_unsupported
from .entry import Entry, RecognitionEntry, SynthesisEntry
from .features import DIARIZATION, DOCX_TRANSCRIPTS, NOISE_REDUCTION

AnyEntry = TypeVar("AnyEntry", bound=Entry)

#: Transcript formats that are nothing without times.
TIMED_FORMATS = (*SUBTITLE_FORMATS, "tsv")
#: Options that only subtitles use.
SUBTITLE_OPTIONS = ("max_line_length", "max_lines", "max_chars_per_second", "speakers_in_subtitles")


def check_transcription(
    entry: RecognitionEntry, request: TranscriptionRequest, catalog: Catalog, features: Collection[str] | None = None
) -> None:
    """Raises `UnsupportedOption` for the first option that `entry`, another model of the request or the workers lack.

    `features`: of pipelines/catalog/features.py, what the cpu workers can do; None where none has reported it, and then
    nothing is refused for it. The `field` of the error names the option.
    """
    _raise_first(_unsupported_in_transcription(entry, request))
    _raise_first(_unsupported_in_retries(entry, request, catalog))
    _raise_first(_unsupported_in_diarization(request, catalog))
    if features is not None:
        _raise_first(_missing_on_workers(request, features))


def check_synthesis(entry: SynthesisEntry, request: SynthesisRequest, catalog: Catalog) -> None:
    """Raises `UnsupportedOption` for the first option that `entry`, a fallback or the verification model lacks.

    The `field` of the error names the option.
    """
    _raise_first(_unsupported_in_synthesis(entry, request))
    _raise_first(_unsupported_in_fallback_models(entry, request, catalog))
    _raise_first(_unsupported_in_verification(entry, request, catalog))


def check_cloning(entry: Entry, enrolled: Mapping[str, str]) -> None:
    """Raises `UnsupportedOption` where there are enrolled voices and `entry` cannot clone the voice of a recording.

    `enrolled`: voice → the field of the request that names it.
    """
    _raise_first(_unsupported_voices(entry, enrolled))


def voice_supports(entry: Entry | None, voice: str, voice_language: str, language: str) -> bool:
    """Whether a synthesis in the language accepts the voice: by the languages of its model, and by its own.

    An enrolled voice speaks every language of its model: the language of its recording does not matter. `entry`: the
    model; None where the catalogue does not have it.
    """
    own = [] if is_enrolled(voice) else [[voice_language]]
    known = [entry.languages] if entry is not None else []
    return all(supports_language(languages, language) for languages in (*own, *known))


def _raise_first(unsupported: Iterator[tuple[str, str]]) -> None:
    for field, reason in unsupported:
        raise UnsupportedOption(reason, field=field)


def _unsupported_in_transcription(entry: RecognitionEntry, request: TranscriptionRequest) -> Iterator[tuple[str, str]]:
    for field in ("min_speakers", "max_speakers", "known_speakers"):
        if getattr(request, field) and not request.diarize:
            yield field, f"{field} requires diarize."
    if (request.min_speakers or 1) > (request.max_speakers or 50):
        yield "min_speakers", f"min_speakers={request.min_speakers} is more than max_speakers={request.max_speakers}."
    if request.diarize and request.channels == "split":
        yield "diarize", "With channels=split each channel is a speaker; diarize requires channels=mix."
    if request.task == "translate" and "translate" not in entry.options:
        yield "task", f"{entry.name} does not translate; it can only transcribe."
    if request.vocabulary and "vocabulary" not in entry.options:
        yield "vocabulary", f"{entry.name} takes no vocabulary."
    if request.prompt and "prompt" not in entry.options:
        yield "prompt", f"{entry.name} takes no prompt."
    if request.language != AUTO_LANGUAGE and not supports_language(entry.languages, request.language):
        known = ", ".join(entry.languages) if len(entry.languages) < 10 else "see GET /stt/models"
        yield "language", f"{entry.name} does not recognise {request.language!r}; it recognises: {known}."
    if not SUBTITLE_FORMATS.keys() & set(request.formats):
        for field in SUBTITLE_OPTIONS:
            if getattr(request, field) != TranscriptionRequest.model_fields[field].default:
                yield field, f"{field} requires the format {' or '.join(SUBTITLE_FORMATS)}."
    if request.numbers == "digits" and not _writes_digits(entry, request):
        yield "numbers", f"Numbers are written in digits for these languages only: {', '.join(LANGUAGES)}."
    if request.timestamps == "none":
        timed = [name for name in request.formats if name in TIMED_FORMATS]
        if timed:
            yield "timestamps", f"{', '.join(timed)} cannot be written without timestamps."


def _unsupported_in_retries(
    entry: RecognitionEntry, request: TranscriptionRequest, catalog: Catalog
) -> Iterator[tuple[str, str]]:
    """The models of retries get the same request in turn, so they must support its options."""
    if request.min_confidence is not None and not request.retry_models:
        yield "retry_models", "min_confidence needs retry_models: name the models for the retries."
    if request.retry_models and request.min_confidence is None:
        yield "min_confidence", "retry_models needs min_confidence: set the confidence below which they are used."
    for retry in _retry_models(entry, request.retry_models, catalog):
        if isinstance(retry, str):
            yield "retry_models", retry
            continue
        for _, reason in _unsupported_in_transcription(retry, request):
            yield "retry_models", reason


def _unsupported_in_diarization(request: TranscriptionRequest, catalog: Catalog) -> Iterator[tuple[str, str]]:
    if not request.diarize:
        return
    try:
        encoder = catalog.get(request.speaker_model, "speaker")
    except UnsupportedOption as error:
        yield "speaker_model", error.detail
    else:
        if request.known_speakers and encoder.same_voice is None:
            yield (
                "known_speakers",
                f"{encoder.name} has no threshold for the similarity of two recordings of one person: take another "
                "speaker_model, or measure it and set `same_voice` in models.toml.",
            )


def _missing_on_workers(request: TranscriptionRequest, features: Collection[str]) -> Iterator[tuple[str, str]]:
    if request.noise_reduction and NOISE_REDUCTION not in features:
        yield "noise_reduction", "This server has no noise reduction; leave noise_reduction out."
    if "docx" in request.formats and DOCX_TRANSCRIPTS not in features:
        yield "formats", "This server does not write DOCX; choose other formats."
    if request.diarize and DIARIZATION not in features:
        yield "diarize", "This server does not tell speakers apart; leave diarize out."


def _unsupported_in_synthesis(entry: SynthesisEntry, request: SynthesisRequest) -> Iterator[tuple[str, str]]:
    if request.emotion is not None and (reason := explain_unsupported(entry, request.emotion)):
        yield "emotion", reason
    if request.speed != 1.0 and "speed" not in entry.options:
        yield "speed", f"{entry.name} speaks at one speed only."
    for field in ("pitch", "energy", "noise_scale", "duration_noise"):
        if getattr(request, field) is not None and field not in entry.options:
            yield field, f"{entry.name} has no control of {field.replace('_', ' ')}."
    if request.vocoder is not None and request.vocoder not in entry.vocoders:
        yield "vocoder", _explain_vocoder(entry, request.vocoder)
    if "phonemes" not in entry.options and any(map(parse_phonemes, (request.lexicon or {}).values())):
        yield "lexicon", f"{entry.name} takes no phonemes; write how the word sounds in letters instead."
    if request.language is not None and not supports_language(entry.languages, request.language):
        yield "language", f"{entry.name} does not speak {request.language!r}; it speaks: {', '.join(entry.languages)}."
    yield from _unsupported_voices(entry, request.enrolled_voices)
    if request.read_along and request.format not in EPUB_AUDIO_FORMATS:
        yield "format", f"read_along needs one of these formats: {', '.join(EPUB_AUDIO_FORMATS)}."
    if request.loudness == "acx" and request.format == "pcm":
        yield "format", "loudness=acx is checked on the finished file, and pcm is none: choose another format."
    rates = AUDIO_FORMATS[request.format].rates
    if request.sample_rate_hz is not None and rates and request.sample_rate_hz not in rates:
        known = ", ".join(map(str, rates))
        yield "sample_rate_hz", f"{request.format} cannot have {request.sample_rate_hz} Hz; choose one of: {known}."


def _unsupported_voices(entry: Entry, enrolled: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if "reference" not in entry.options:
        for voice, field in enrolled.items():
            yield (
                field,
                f"{entry.name} cannot speak with the enrolled voice {voice!r}; see its models: GET /tts/voices.",
            )


def _unsupported_in_verification(
    entry: SynthesisEntry, request: SynthesisRequest, catalog: Catalog
) -> Iterator[tuple[str, str]]:
    if not request.verify:
        # Clients that are generated from the OpenAPI document send every default.
        if request.verify_model != SynthesisRequest.model_fields["verify_model"].default:
            yield "verify_model", "verify_model requires verify."
        return
    try:
        recogniser = catalog.named(request.verify_model)
    except UnsupportedOption as error:
        yield "verify_model", error.detail
        return
    if recogniser.kind != "stt":
        yield "verify_model", f"{recogniser.name} is not a speech recognition model; name one of GET /stt/models."
    spoken = [request.language] if request.language else [tag for tag in entry.languages if tag != "*"]
    if spoken and not any(supports_language(recogniser.languages, language) for language in spoken):
        yield (
            "verify_model",
            f"{recogniser.name} does not recognise {spoken[0]!r}; name another verify_model (GET /stt/models).",
        )


def _unsupported_in_fallback_models(
    entry: SynthesisEntry, request: SynthesisRequest, catalog: Catalog
) -> Iterator[tuple[str, str]]:
    """Fallback models get the same request, but with a voice of their own."""
    if request.retry_models and not request.verify:
        yield "retry_models", "retry_models requires verify: without it no sentence is found to be wrong."
    any_voice = request.model_copy(update={"voice": None, "cast": None})
    for retry in _retry_models(entry, request.retry_models, catalog):
        if isinstance(retry, str):
            yield "retry_models", retry
            continue
        for _, reason in _unsupported_in_synthesis(retry, any_voice):
            yield "retry_models", reason
        if "*" not in entry.languages and not any(
            supports_language(retry.languages, language) for language in entry.languages
        ):
            yield "retry_models", f"{retry.name} speaks no language of {entry.name}."


def _retry_models(entry: AnyEntry, names: Sequence[str], catalog: Catalog) -> Iterator[AnyEntry | str]:
    """The named models of the kind of `entry`; a reason in the place of an unknown one and before a repeated one."""
    used = {entry.name}
    for name in names:
        try:
            retry = catalog.get(name, entry.kind)
        except UnsupportedOption as error:
            yield error.detail
            continue
        assert isinstance(retry, type(entry))
        if retry.name in used:
            yield f"{retry.name} is used before; name each model once."
        used.add(retry.name)
        yield retry


def _explain_vocoder(entry: SynthesisEntry, requested: str) -> str:
    if not entry.vocoders:
        return f"{entry.name} generates audio itself and takes no vocoder."
    own = " Leave vocoder out for the one that models.toml gives no kind." if "vocoder" in entry.components else ""
    return f"{entry.name} has no vocoder {requested!r}; it has: {', '.join(entry.vocoders)}.{own}"


def _writes_digits(entry: RecognitionEntry, request: TranscriptionRequest) -> bool:
    """Whether the transcript may be in a language with known number words; with `auto`, any language of the model."""
    if request.task == "translate":
        return True  # into English
    languages = entry.languages if request.language == AUTO_LANGUAGE else [request.language]
    return any(language == ANY_LANGUAGE or primary_subtag(language) in LANGUAGES for language in languages)
