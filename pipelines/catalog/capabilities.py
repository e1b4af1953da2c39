"""Which options of a request a model, or this version, cannot honour. Each is refused by name: none is ignored.

Knows catalogue entries and requests. Standard library and pydantic only: the web process imports this file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec

from pipelines.errors import UnsupportedOption
from pipelines.formats import FORMATS, OVERLAY_FORMATS
from pipelines.language_tags import ANY, covers, primary
from pipelines.requests import SynthesisRequest, TranscriptionRequest
from pipelines.text.number_words import LANGUAGES
from pipelines.text.pronunciation.lexicon import pronunciation

from .catalog import Catalog
from .emotions import refusal
from .entry import Entry

#: Options of subtitles alone.
SUBTITLE_OPTIONS = ("max_line_length", "max_lines", "max_chars_per_second", "speakers_in_subtitles")


def check_transcription(entry: Entry, request: TranscriptionRequest, catalog: Catalog) -> None:
    """Raises `UnsupportedOption` for the first option that `entry`, or a model that is to listen after it, cannot
    honour; its `field` names it."""
    _refuse_first(_unsupported_in_transcription(entry, request))
    _refuse_first(_unsupported_in_retries(entry, request, catalog))
    _refuse_first(_unsupported_in_diarization(request, catalog))


def check_synthesis(entry: Entry, request: SynthesisRequest, catalog: Catalog) -> None:
    """Raises `UnsupportedOption` for the first option that `entry`, the model that is to listen to it, or one that is
    to speak after it cannot honour; its `field` names it."""
    _refuse_first(_unsupported_in_synthesis(entry, request))
    _refuse_first(_unsupported_in_stand_ins(entry, request, catalog))
    _refuse_first(_unsupported_in_verification(entry, request, catalog))


def check_cloning(entry: Entry, enrolled: Mapping[str, str]) -> None:
    """Raises `UnsupportedOption` where there are enrolled voices, each with the field that asks for it, and `entry`
    cannot speak with the voice of a recording."""
    _refuse_first(_unsupported_voices(entry, enrolled))


def _refuse_first(found: Iterator[tuple[str, str]]) -> None:
    for field, reason in found:
        raise UnsupportedOption(reason, field=field)


def _unsupported_in_transcription(entry: Entry, request: TranscriptionRequest) -> Iterator[tuple[str, str]]:
    for field in ("min_speakers", "max_speakers", "known_speakers"):
        if getattr(request, field) and not request.diarize:
            yield field, f"{field} goes with diarize."
    if (request.min_speakers or 1) > (request.max_speakers or 50):
        yield "min_speakers", f"min_speakers={request.min_speakers} is more than max_speakers={request.max_speakers}."
    if request.diarize and request.channels == "split":
        yield "diarize", "With channels=split each channel is a speaker; diarize goes with channels=mix."
    if request.noise_reduction and find_spec("pyrnnoise") is None:
        yield "noise_reduction", "Noise reduction is not installed here: pip install 'voicemill[denoise]'."
    if request.task == "translate" and "translate" not in entry.options:
        yield "task", f"{entry.name} does not translate; it can only transcribe."
    if request.vocabulary and "vocabulary" not in entry.options:
        yield "vocabulary", f"{entry.name} takes no vocabulary."
    if request.prompt and "prompt" not in entry.options:
        yield "prompt", f"{entry.name} takes no prompt."
    if not hears(entry, request.language):
        known = ", ".join(entry.languages) if len(entry.languages) < 10 else "see GET /stt/models"
        yield "language", f"{entry.name} does not hear {request.language!r}; it hears: {known}."
    if "docx" in request.formats and find_spec("docx") is None:
        yield "formats", "DOCX is not installed here: pip install 'voicemill[text]'."
    if not {"srt", "vtt"} & set(request.formats):
        for field in SUBTITLE_OPTIONS:
            if getattr(request, field) != TranscriptionRequest.model_fields[field].default:
                yield field, f"{field} goes with the formats srt and vtt."
    if request.numbers == "digits" and not _writes_digits(entry, request):
        yield "numbers", f"Numbers are written in digits for these languages only: {', '.join(LANGUAGES)}."
    if request.timestamps == "none":
        timed = [name for name in request.formats if name in ("srt", "vtt", "tsv")]
        if timed:
            yield "timestamps", f"{', '.join(timed)} cannot be written without timestamps."


def _unsupported_in_retries(entry: Entry, request: TranscriptionRequest, catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Models are asked again in turn, each what the first one was asked: they must be able to answer."""
    if request.min_confidence is not None and not request.retry_models:
        yield "retry_models", "min_confidence needs retry_models: name the models that are to listen again."
    if request.retry_models and request.min_confidence is None:
        yield "min_confidence", "retry_models needs min_confidence: say below which confidence they are to listen."
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
                f"It is not known how alike {encoder.name} finds two recordings of one person: take another "
                "speaker_model, or measure it and say so as `same_voice` in models.toml.",
            )
    if find_spec("sklearn") is None:
        yield "diarize", "Telling speakers apart is not installed here: pip install 'voicemill[speakers]'."


def _unsupported_in_synthesis(entry: Entry, request: SynthesisRequest) -> Iterator[tuple[str, str]]:
    if request.emotion is not None and (reason := refusal(entry, request.emotion)):
        yield "emotion", reason
    if request.speed != 1.0 and "speed" not in entry.options:
        yield "speed", f"{entry.name} speaks at one speed only."
    for field in ("pitch", "energy", "noise_scale", "duration_noise"):
        if getattr(request, field) is not None and field not in entry.options:
            yield field, f"{entry.name} has no control of {field.replace('_', ' ')}."
    if request.vocoder is not None and request.vocoder not in entry.vocoders:
        yield "vocoder", _no_vocoder(entry, request.vocoder)
    if "phonemes" not in entry.options and any(map(pronunciation, (request.lexicon or {}).values())):
        yield "lexicon", f"{entry.name} takes no phonemes; write how the word sounds in letters instead."
    if request.language is not None and not speaks(entry, request.language):
        yield "language", f"{entry.name} does not speak {request.language!r}; it speaks: {', '.join(entry.languages)}."
    yield from _unsupported_voices(entry, request.enrolled_voices)
    if request.read_along and request.format not in OVERLAY_FORMATS:
        yield "format", f"read_along needs one of these formats: {', '.join(OVERLAY_FORMATS)}."
    if request.loudness == "acx" and request.format == "pcm":
        yield "format", "loudness=acx is checked on the finished file, and pcm is none: choose another format."
    rates = FORMATS[request.format].rates
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
    entry: Entry, request: SynthesisRequest, catalog: Catalog
) -> Iterator[tuple[str, str]]:
    if not request.verify:
        if "verify_model" in request.model_fields_set:
            yield "verify_model", "verify_model goes with verify."
        return
    try:
        listener = catalog.named(request.verify_model)
    except UnsupportedOption as error:
        yield "verify_model", error.detail
        return
    if listener.kind != "stt":
        yield "verify_model", f"{listener.name} does not listen; name a model of GET /stt/models."
    spoken = [request.language] if request.language else [tag for tag in entry.languages if tag != "*"]
    if spoken and not any(hears(listener, language) for language in spoken):
        yield (
            "verify_model",
            f"{listener.name} does not hear {spoken[0]!r}; name a model that does as verify_model (GET /stt/models).",
        )


def _unsupported_in_stand_ins(entry: Entry, request: SynthesisRequest, catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Each is asked what the first model was asked, but for voices, which it may have of its own."""
    if request.retry_models and not request.verify:
        yield "retry_models", "retry_models goes with verify: nothing is doubtful where nobody listens."
    anyone = request.model_copy(update={"voice": None, "cast": None})
    for retry in _retry_models(entry, request.retry_models, catalog):
        if isinstance(retry, str):
            yield "retry_models", retry
            continue
        for _, reason in _unsupported_in_synthesis(retry, anyone):
            yield "retry_models", reason
        if "*" not in entry.languages and not any(speaks(retry, language) for language in entry.languages):
            yield "retry_models", f"{retry.name} speaks no language of {entry.name}."


def _retry_models(entry: Entry, names: Sequence[str], catalog: Catalog) -> Iterator[Entry | str]:
    """The models that are asked after `entry`, of its kind; in the place of one that is unknown the reason, and before
    one that had its turn the reason too."""
    asked = {entry.name}
    for name in names:
        try:
            retry = catalog.get(name, entry.kind)
        except UnsupportedOption as error:
            yield error.detail
            continue
        if retry.name in asked:
            done = "listened" if entry.kind == "stt" else "spoken"
            yield f"{retry.name} has {done} by then; name each model once."
        asked.add(retry.name)
        yield retry


def _no_vocoder(entry: Entry, asked: str) -> str:
    if not entry.vocoders:
        return f"{entry.name} makes sound by itself; it takes no vocoder."
    own = " Leave vocoder out for the one that models.toml gives no kind." if "vocoder" in entry.components else ""
    return f"{entry.name} has no vocoder {asked!r}; it has: {', '.join(entry.vocoders)}.{own}"


def _writes_digits(entry: Entry, request: TranscriptionRequest) -> bool:
    """Whether what will be heard can be in a language whose number words are known; `auto` may come to be."""
    if request.task == "translate":
        return True  # into English
    heard = entry.languages if request.language == "auto" else [request.language]
    return any(language == ANY or primary(language) in LANGUAGES for language in heard)


def speaks(entry: Entry, language: str) -> bool:
    """Whether a voice model knows a BCP 47 language, of whatever region; a model of "*" says so itself when it is asked
    to speak."""
    return covers(entry.languages, language)


def hears(entry: Entry, language: str) -> bool:
    """Whether a recogniser knows a BCP 47 language; regions make no difference, `auto` is for all."""
    return language == "auto" or covers(entry.languages, language)
