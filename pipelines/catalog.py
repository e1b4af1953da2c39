"""Every model that this version knows, as frozen data. Imports no model runtime: the web process reads this file.

To add a family: one file under pipelines/families/ and one `Entry` here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from .errors import UnsupportedOption
from .vocoders.knobs import Knobs

#: Job kind → "module:Class" of its pipeline, imported only where it runs.
PIPELINES: Mapping[str, str] = {
    "tts.synthesize": "pipelines.synthesis:Synthesis",
    "stt.transcribe": "pipelines.transcription:Transcription",
}


#: Option of a request → modules that the stitch of such a job wants and hardly any other: too large for every process.
RARE_IMPORTS: Mapping[str, Sequence[str]] = {"diarize": ("sklearn.cluster", "sklearn.metrics")}


@dataclass(frozen=True, slots=True)
class Entry:
    """One model. `target` is "module:function", called as `load(entry, device)` in the engine process."""

    name: str
    kind: Literal["tts", "stt", "speaker"]
    family: str
    target: str
    engines: Sequence[str]
    #: BCP 47 tags; ("*",) means that the model says itself (see `voices_target`).
    languages: Sequence[str]
    default_voice: str | None = None
    #: "module:function", called as `voices(entry)`: the list of `Voice`, made without the model.
    voices_target: str | None = None
    sample_rate_hz: int = 22_050
    #: Requests joined into one engine call.
    slots: int = 1
    #: Cores that one engine process uses.
    threads: int = 1
    #: Seconds of audio done in a second of one engine on one CPU core; sizes the chunks.
    speed: float = 1.0
    chunk_characters: int = 800
    #: Seconds without a tick after which the engine counts as hung.
    stall_s: float = 120.0
    #: Modules that must be importable for the model to run; an extra that installs them.
    needs: Sequence[str] = ()
    extra: str | None = None
    #: Packages to be installed besides, and without what they ask for themselves.
    bare_packages: Sequence[str] = ()
    #: The one of `engines` to use; None = the first.
    engine: str | None = None
    #: Hugging Face id or directory of the weights; None = the package carries them.
    source: str | None = None
    #: Further models that it is made of, by role ("vocoder", "language_model"): Hugging Face ids, directories or files.
    components: Mapping[str, str] = field(default_factory=dict)
    #: What is set on its vocoders: fields of `Knobs` (pipelines/vocoders/knobs.py), as { sigma = 0.7 }.
    vocoder_settings: Mapping[str, float | str] = field(default_factory=dict)
    revision: str | None = None
    #: Request options this model honours beyond the ones that the pipeline does by itself.
    options: frozenset[str] = frozenset()
    #: Emotions that the model has a way of its own for, each with what is written before a passage to be said so; empty
    #: where prosody has to do (pipelines/speech_emotions.py).
    emotions: Mapping[str, str] = field(default_factory=dict)
    #: Whether a voice says the same text otherwise with another seed.
    varies: bool = False
    #: Whether a voice says figures, dates and signs by itself; where it does not, rules of the language write them out.
    normalises: bool = False
    #: How speech is found for a recogniser: "silero", or "energy" for sounds that no speech detector knows.
    vad: str = "silero"
    #: Whether a recogniser writes punctuation and capitals by itself; where it does not, plain rules do.
    punctuates: bool = False
    #: Of a speaker encoder: the cosine of two vectors from which they count as one person's, for `known_speakers`; None
    #: where nobody has said or measured it.
    same_voice: float | None = None
    #: True when `model: auto` may choose it.
    auto: bool = True
    sample: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ValueError for `vocoder_settings` that are wrong, or of a model that makes sound without a vocoder."""
        if self.vocoder_settings and "vocoder" not in self.options:
            raise ValueError('vocoder_settings are for models with "vocoder" among their options')
        Knobs.of(self.vocoder_settings)

    @property
    def queue(self) -> str:
        """Celery queue of the family: `tts.espeak`, `stt.whisper`."""
        return f"{self.kind}.{self.family}"

    @property
    def vocoders(self) -> Sequence[str]:
        """What the request option `vocoder` may be; empty for a model that makes sound without one.

        A default whose kind is not in its role ("vocoder", not "vocoder.hifigan") is asked for by leaving it unset.
        """
        if "vocoder" not in self.options:
            return ()
        named = (role.partition(".")[2] for role in self.components if role.startswith("vocoder."))
        return tuple(dict.fromkeys((*named, "griffin-lim")))

    @property
    def default_vocoder(self) -> str | None:
        """Role of the component that speaks unless a request chooses: "vocoder", else the first "vocoder.<kind>".

        None = Griffin-Lim, which needs no component.
        """
        if "vocoder" in self.components:
            return "vocoder"
        return next((role for role in self.components if role.startswith("vocoder.")), None)

    @property
    def installed(self) -> bool:
        """Whether the modules that it needs are here."""
        return all(find_spec(module) is not None for module in self.needs)

    @property
    def install(self) -> str:
        """The command that brings what it needs besides Voicemill itself; "" where it needs nothing."""
        steps = [f"pip install 'voicemill[{self.extra}]'"] if self.extra else []
        return " && ".join([*steps, *(f"pip install --no-deps {package}" for package in self.bare_packages)])

    @property
    def chunk_seconds(self) -> float:
        """Seconds of audio that one engine hears in about 30 s, between half a minute and twenty minutes."""
        return min(1200.0, max(30.0, 30.0 * self.speed))


_WHISPER_SIZES = {
    "tiny": 30.0, "tiny.en": 30.0, "base": 18.0, "base.en": 18.0, "small": 6.0, "small.en": 6.0,
    "medium": 2.0, "medium.en": 2.0, "large-v2": 1.0, "large-v3": 1.0, "large-v3-turbo": 2.0, "distil-large-v3": 2.0,
    "distil-large-v3.5": 2.0, "distil-large-v2": 2.0, "distil-medium.en": 3.0, "distil-small.en": 8.0,
}  # fmt: skip
#: Conversions that others than Systran publish.
_WHISPER_SOURCES = {
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "distil-large-v3.5": "distil-whisper/distil-large-v3.5-ct2",
}


#: What the multilingual models were trained on; their own "jw" is the tag "jv". Only the third generation knows "yue".
_WHISPER_LANGUAGES = tuple(
    """af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id
    is it ja jv ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my nb ne nl nn no oc pa pl ps pt ro ru sa sd si
    sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh""".split()  # noqa: SIM905 – a table to read
)


def _whisper(size: str, speed: float) -> Entry:
    # A batch of a large model takes long on a CPU: fewer windows in it, so that a tick comes before the watchdog.
    slots = 16 if speed >= 6.0 else 4
    heard = tuple(tag for tag in _WHISPER_LANGUAGES if tag != "yue" or size.startswith("large-v3"))
    only_english = size.endswith(".en") or size.startswith("distil-")
    # The turbo and distilled decoders never learnt to translate.
    translates = not only_english and size != "large-v3-turbo"
    return Entry(
        name=f"whisper-{size}", kind="stt", family="whisper", target="pipelines.families.whisper:load",
        engines=("ctranslate2", "ctranslate2-int8", "bfloat16", "onnx", "torch"),
        languages=("en",) if only_english else heard, sample_rate_hz=16_000, slots=slots, threads=2, speed=speed,
        stall_s=300.0, punctuates=True, needs=("ctranslate2", "tokenizers"), source=_whisper_source(size),
        options=frozenset({"vocabulary", "prompt", *(("translate",) if translates else ())}),
    )  # fmt: skip


def _whisper_source(size: str) -> str:
    """Hugging Face id of the CTranslate2 conversion that faster-whisper itself names."""
    if size in _WHISPER_SOURCES:
        return _WHISPER_SOURCES[size]
    name = size.replace("distil-", "distil-whisper-") if size.startswith("distil-") else f"whisper-{size}"
    return f"Systran/faster-{name}"


def _vits(name: str, source: str, languages: Sequence[str], *, rate: int = 22_050, speakers: int = 1) -> Entry:
    return Entry(
        name=name, kind="tts", family="vits", target="pipelines.families.vits:load", engines=("torch",), varies=True,
        languages=languages, default_voice="speaker-0" if speakers > 1 else name,
        voices_target="pipelines.families.vits:voices", sample_rate_hz=rate, slots=8, threads=2, speed=3.0,
        needs=("torch", "transformers", *(("espeakng_loader",) if rate == 22_050 else ())),
        extra="torch,espeak" if rate == 22_050 else "torch",
        source=source, auto=False,
        options=frozenset({"speed", "noise_scale", "duration_noise", *(("phonemes",) if rate == 22_050 else ())}),
    )  # fmt: skip


#: Some of the thousand languages of Meta's MMS: its own codes and BCP 47. Others are a table in models.toml away.
_MMS_LANGUAGES = {"eng": "en", "deu": "de", "fra": "fr", "spa": "es", "por": "pt", "rus": "ru", "hin": "hi"}


def _wav2vec2(name: str, source: str, language: str, *, speed: float) -> Entry:
    return Entry(
        name=name, kind="stt", family="wav2vec2", target="pipelines.families.wav2vec2:load",
        engines=("torch", "torch-float32", "onnx"), languages=(language,), sample_rate_hz=16_000, slots=8, threads=2,
        speed=speed, stall_s=300.0, needs=("torch", "transformers", "safetensors"), extra="torch", source=source,
    )  # fmt: skip


#: XLSR-53 (300 million weights) tuned by one person on Common Voice, letters small and large as the language has them.
_XLSR_LANGUAGES = {
    "de": "german", "es": "spanish", "fr": "french", "it": "italian", "nl": "dutch", "pl": "polish", "pt": "portuguese",
}  # fmt: skip


#: Bark has no emotions, but it makes these sounds.
_BARK_EMOTIONS = {
    "happy": "[laughs]", "amused": "[laughter]", "laughing": "[laughter]", "sad": "[sighs]", "tired": "[sighs]",
    "surprised": "[gasps]", "afraid": "[gasps]", "fearful": "[gasps]", "hesitant": "[clears throat]", "singing": "♪",
}  # fmt: skip
_BARK_LANGUAGES = ("en", "de", "es", "fr", "hi", "it", "ja", "ko", "pl", "pt", "ru", "tr", "zh")


ENTRIES: tuple[Entry, ...] = (
    Entry(
        name="espeak", kind="tts", family="espeak", target="pipelines.families.espeak:load", engines=("espeak-ng",),
        languages=("*",), default_voice="en-us", voices_target="pipelines.families.espeak:voices",
        sample_rate_hz=22_050, slots=1, speed=150.0, chunk_characters=2400,
        needs=("espeakng_loader",), extra="espeak", options=frozenset({"speed", "pitch", "phonemes"}),
        normalises=True,
    ),
    _vits("vits-ljs", "kakao-enterprise/vits-ljs", ("en",)),
    _vits("vits-vctk", "kakao-enterprise/vits-vctk", ("en",), speakers=109),
    *(
        _vits(f"mms-{code}", f"facebook/mms-tts-{code}", (tag,), rate=16_000)
        for code, tag in _MMS_LANGUAGES.items()
    ),
    Entry(
        name="fastspeech2-ljspeech", kind="tts", family="fastspeech2", target="pipelines.families.fastspeech2:load",
        engines=("torch",), languages=("en",), default_voice="ljspeech",
        voices_target="pipelines.families.fastspeech2:voices", slots=16, threads=2, speed=4.0,
        needs=("torch", "transformers", "espeakng_loader"), extra="torch,espeak", source="espnet/fastspeech2_conformer",
        components={"vocoder.hifigan": "espnet/fastspeech2_conformer_hifigan"},
        options=frozenset({"speed", "pitch", "energy", "vocoder", "phonemes"}), auto=False,
    ),
    Entry(
        name="speecht5", kind="tts", family="speecht5", target="pipelines.families.speecht5:load", engines=("torch",),
        languages=("en",), voices_target="pipelines.families.speecht5:voices", sample_rate_hz=16_000, slots=8,
        threads=2, speed=1.5, needs=("torch", "transformers", "sentencepiece"), extra="torch", varies=True,
        source="microsoft/speecht5_tts",
        components={
            "vocoder.hifigan": "microsoft/speecht5_hifigan", "speaker_encoder": "speechbrain/spkrec-xvect-voxceleb",
        },
        options=frozenset({"vocoder", "reference"}), auto=False,
    ),
    *(
        Entry(
            name=name, kind="tts", family="bark", target="pipelines.families.bark:load", engines=("torch",),
            languages=_BARK_LANGUAGES, default_voice="v2/en_speaker_6", voices_target="pipelines.families.bark:voices",
            sample_rate_hz=24_000, slots=4, threads=2, speed=speed, chunk_characters=200, stall_s=300.0,
            needs=("torch", "transformers"), extra="torch", source=f"suno/{name}", emotions=_BARK_EMOTIONS,
            normalises=True, auto=False, varies=True,
        )
        for name, speed in (("bark-small", 0.1), ("bark", 0.03))
    ),
    Entry(
        name="pocketsphinx-en-us", kind="stt", family="pocketsphinx", target="pipelines.families.pocketsphinx:load",
        engines=("pocketsphinx",), languages=("en",), sample_rate_hz=16_000, slots=1, speed=2.5,
        needs=("pocketsphinx",),
    ),
    *(_whisper(size, speed) for size, speed in _WHISPER_SIZES.items()),
    _wav2vec2("wav2vec2-base-960h", "facebook/wav2vec2-base-960h", "en", speed=8.0),
    _wav2vec2("wav2vec2-large-960h-lv60-self", "facebook/wav2vec2-large-960h-lv60-self", "en", speed=3.0),
    *(
        _wav2vec2(f"wav2vec2-xlsr-{tag}", f"jonatasgrosman/wav2vec2-large-xlsr-53-{name}", tag, speed=3.0)
        for tag, name in _XLSR_LANGUAGES.items()
    ),
    Entry(
        name="tacotron2", kind="tts", family="tacotron2", target="pipelines.families.tacotron2:load",
        engines=("torch",), languages=("en",), default_voice="tacotron2",
        voices_target="pipelines.families.tacotron2:voices", slots=16, threads=2, speed=2.0,
        needs=("torch", "safetensors"), extra="torch", source="~/.local/share/voicemill/models/tacotron2",
        options=frozenset({"speed", "vocoder"}), auto=False, varies=True,
    ),
    Entry(
        name="yourtts", kind="tts", family="yourtts", target="pipelines.families.yourtts:load", engines=("torch",),
        languages=("en", "fr", "pt"), default_voice="female-en-5", voices_target="pipelines.families.yourtts:voices",
        sample_rate_hz=16_000, slots=8, threads=2, speed=3.0, needs=("torch", "safetensors", "faster_whisper"),
        extra="torch", source="~/.local/share/voicemill/models/yourtts",
        options=frozenset({"speed", "noise_scale", "duration_noise", "reference"}), auto=False, varies=True,
    ),
    Entry(
        name="tone", kind="tts", family="tone", target="pipelines.families.tone:load_speaker", engines=("numpy",),
        languages=("*",), default_voice="tone", voices_target="pipelines.families.tone:voices", sample_rate_hz=16_000,
        slots=8, speed=2000.0, chunk_characters=2400, options=frozenset({"speed"}), normalises=True, auto=False,
    ),
    Entry(
        name="resemblyzer", kind="speaker", family="resemblyzer", target="pipelines.families.resemblyzer:load",
        engines=("torch",), languages=("*",), sample_rate_hz=16_000, slots=32, speed=50.0,
        # Three voices of Flite, eight seconds of each against its later turns: 0.96 to 0.98; against those of the
        # others, and a man's over another channel: 0.79 at most.
        same_voice=0.82,
        needs=("torch", "transformers", "resemblyzer"), extra="torch,speakers",
        bare_packages=("resemblyzer==0.1.4",), auto=False,
    ),
    Entry(
        name="wespeaker-resnet34", kind="speaker", family="wespeaker", target="pipelines.families.wespeaker:load",
        engines=("onnx",), languages=("*",), sample_rate_hz=16_000, slots=32, speed=30.0,
        source="Wespeaker/wespeaker-voxceleb-resnet34-LM", needs=("onnxruntime", "kaldi_native_fbank"),
        extra="speakers", auto=False,
    ),
    Entry(
        name="pyannote-resnet34", kind="speaker", family="wespeaker", target="pipelines.families.wespeaker:load",
        engines=("torch",), languages=("*",), sample_rate_hz=16_000, slots=32, threads=2, speed=30.0,
        source="pyannote/wespeaker-voxceleb-resnet34-LM", needs=("torch", "kaldi_native_fbank"),
        extra="torch,speakers", auto=False,
    ),
    *(
        Entry(
            name=name, kind="speaker", family="speechbrain", target="pipelines.families.speechbrain:load",
            engines=("torch",), languages=("*",), sample_rate_hz=16_000, slots=32, threads=2, speed=speed,
            source=f"speechbrain/{name}", needs=("torch", "safetensors"), extra="torch,speakers", auto=False,
            same_voice=same_voice,
        )
        # 0.25 is where SpeechBrain itself draws the line; it compares no x-vectors by their cosines.
        for name, speed, same_voice in (("spkrec-ecapa-voxceleb", 15.0, 0.25), ("spkrec-xvect-voxceleb", 100.0, None))
    ),
    Entry(
        name="tone-listener", kind="stt", family="tone", target="pipelines.families.tone:load_listener",
        engines=("numpy",), languages=("*",), sample_rate_hz=16_000, slots=8, speed=2000.0,
        vad="energy", punctuates=True, auto=False,
    ),
)  # fmt: skip


class Catalog:
    """The entries above plus those of a `models.toml` (same field names, one `[[model]]` table each)."""

    def __init__(self, extra: Sequence[Entry] = ()) -> None:
        self._by_name = {entry.name: entry for entry in (*ENTRIES, *extra)}

    @classmethod
    def read(cls, models_toml: Path | None) -> Catalog:
        """Read `models_toml` where it exists. Raises ValueError naming the model whose table is wrong."""
        if models_toml is None or not models_toml.is_file():
            return cls()
        entries = []
        for table in tomllib.loads(models_toml.read_text()).get("model", []):
            try:
                entries.append(Entry(**{**table, "options": frozenset(table.get("options", ()))}))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{models_toml}: model {table.get('name', '?')}: {error}") from error
        return cls(entries)

    def __iter__(self):
        return iter(self._by_name.values())

    def of_kind(self, kind: str) -> list[Entry]:
        """Entries of one kind ("tts", "stt", "speaker"), in order of preference."""
        return [entry for entry in self if entry.kind == kind]

    def cloning(self) -> list[Entry]:
        """Entries that speak with the voice of a recording."""
        return [entry for entry in self if "reference" in entry.options]

    def knows(self, name: str) -> bool:
        """Whether there is an entry of exactly this name."""
        return name in self._by_name

    def named(self, name: str) -> Entry:
        """The entry of exactly this name, of whichever kind. Raises `UnsupportedOption`."""
        if not self.knows(name):
            raise UnsupportedOption(f"This version knows no model {name!r}.", field="model")
        return self._by_name[name]

    def of_queue(self, queue: str) -> list[Entry]:
        """Entries that a worker on this queue can load."""
        return [entry for entry in self if entry.queue == queue]

    def get(self, name: str, kind: str) -> Entry:
        """The named entry; a family's name stands for its first. Raises `UnsupportedOption` naming the choices."""
        entry = self._by_name.get(name)
        if entry is not None and entry.kind == kind:
            return entry
        for candidate in self.of_kind(kind):
            if candidate.family == name:
                return candidate
        known = ", ".join(candidate.name for candidate in self.of_kind(kind))
        raise UnsupportedOption(f"Unknown {kind} model {name!r}; this server knows: {known}.", field="model")
