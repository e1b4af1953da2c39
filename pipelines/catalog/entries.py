"""The models of this version. A new family is a file or folder in pipelines/families/ and an entry here."""

from __future__ import annotations

from collections.abc import Sequence

from .entry import Entry, RecognitionEntry, SpeakerEntry, SynthesisEntry

_WHISPER_SIZES = {
    "tiny": 30.0,
    "tiny.en": 30.0,
    "base": 18.0,
    "base.en": 18.0,
    "small": 6.0,
    "small.en": 6.0,
    "medium": 2.0,
    "medium.en": 2.0,
    "large-v2": 1.0,
    "large-v3": 1.0,
    "large-v3-turbo": 2.0,
    "distil-large-v3": 2.0,
    "distil-large-v3.5": 2.0,
    "distil-large-v2": 2.0,
    "distil-medium.en": 3.0,
    "distil-small.en": 8.0,
}
#: Conversions that are published by others than Systran.
_WHISPER_SOURCES = {
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "distil-large-v3.5": "distil-whisper/distil-large-v3.5-ct2",
}


#: Languages of the multilingual models; their own "jw" is the tag "jv". Only the third generation has "yue".
_WHISPER_LANGUAGES = tuple(
    """af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id
    is it ja jv ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my nb ne nl nn no oc pa pl ps pt ro ru sa sd si
    sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh""".split()  # noqa: SIM905 – a table to read
)


def _whisper(size: str, speed: float) -> RecognitionEntry:
    # A batch of a large model takes long on a CPU: with fewer windows its tick comes before the watchdog acts.
    slots = 16 if speed >= 6.0 else 4
    languages = tuple(tag for tag in _WHISPER_LANGUAGES if tag != "yue" or size.startswith("large-v3"))
    only_english = size.endswith(".en") or size.startswith("distil-")
    # The turbo and distilled decoders were not trained to translate.
    translates = not only_english and size != "large-v3-turbo"
    return RecognitionEntry(
        name=f"whisper-{size}",
        family="whisper",
        target="pipelines.families.whisper:load",
        engines=("ctranslate2", "ctranslate2-int8", "ctranslate2-float32", "bfloat16", "onnx", "torch"),
        languages=("en",) if only_english else languages,
        sample_rate_hz=16_000,
        slots=slots,
        threads=2,
        speed=speed,
        stall_s=300.0,
        punctuates=True,
        needs=("ctranslate2", "tokenizers"),
        source=_whisper_source(size),
        options=frozenset({"vocabulary", "prompt", *(("translate",) if translates else ())}),
    )


def _whisper_source(size: str) -> str:
    """Hugging Face id of the CTranslate2 conversion that faster-whisper uses."""
    if size in _WHISPER_SOURCES:
        return _WHISPER_SOURCES[size]
    name = size.replace("distil-", "distil-whisper-") if size.startswith("distil-") else f"whisper-{size}"
    return f"Systran/faster-{name}"


def _vits(name: str, source: str, languages: Sequence[str], *, rate: int = 22_050, speakers: int = 1) -> SynthesisEntry:
    return SynthesisEntry(
        name=name,
        family="vits",
        target="pipelines.families.vits:load",
        engines=("torch",),
        varies=True,
        languages=languages,
        default_voice="speaker-0" if speakers > 1 else name,
        voices_target="pipelines.families.vits:voices",
        sample_rate_hz=rate,
        slots=8,
        threads=2,
        speed=3.0,
        needs=("torch", "transformers", *(("espeakng_loader",) if rate == 22_050 else ())),
        extra="torch,espeak" if rate == 22_050 else "torch",
        source=source,
        auto=False,
        options=frozenset({"speed", "noise_scale", "duration_noise", *(("phonemes",) if rate == 22_050 else ())}),
    )


#: Some of the thousand languages of Meta's MMS: its own codes and BCP 47. Others can be added in models.toml.
_MMS_LANGUAGES = {"eng": "en", "deu": "de", "fra": "fr", "spa": "es", "por": "pt", "rus": "ru", "hin": "hi"}


def _wav2vec2(name: str, source: str, language: str, *, speed: float) -> RecognitionEntry:
    return RecognitionEntry(
        name=name,
        family="wav2vec2",
        target="pipelines.families.wav2vec2:load",
        engines=("torch", "torch-float32", "onnx"),
        languages=(language,),
        sample_rate_hz=16_000,
        slots=8,
        threads=2,
        speed=speed,
        stall_s=300.0,
        needs=("torch", "transformers", "safetensors"),
        extra="torch",
        source=source,
    )


#: XLSR-53 (300 million weights), fine-tuned by one person on Common Voice with upper and lower case.
_XLSR_LANGUAGES = {
    "de": "german",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "pl": "polish",
    "pt": "portuguese",
}


#: Bark has no control of emotions, but tags for these sounds.
_BARK_EMOTIONS = {
    "happy": "[laughs]",
    "amused": "[laughter]",
    "laughing": "[laughter]",
    "sad": "[sighs]",
    "tired": "[sighs]",
    "surprised": "[gasps]",
    "afraid": "[gasps]",
    "fearful": "[gasps]",
    "hesitant": "[clears throat]",
    "singing": "♪",
}
_BARK_LANGUAGES = ("en", "de", "es", "fr", "hi", "it", "ja", "ko", "pl", "pt", "ru", "tr", "zh")


ENTRIES: tuple[Entry, ...] = (
    SynthesisEntry(
        name="espeak",
        family="espeak",
        target="pipelines.families.espeak:load",
        engines=("espeak-ng",),
        languages=("*",),
        default_voice="en-us",
        voices_target="pipelines.families.espeak:voices",
        sample_rate_hz=22_050,
        slots=1,
        speed=150.0,
        chunk_characters=2400,
        needs=("espeakng_loader",),
        extra="espeak",
        options=frozenset({"speed", "pitch", "phonemes"}),
        normalises=True,
    ),
    _vits("vits-ljs", "kakao-enterprise/vits-ljs", ("en",)),
    _vits("vits-vctk", "kakao-enterprise/vits-vctk", ("en",), speakers=109),
    *(_vits(f"mms-{code}", f"facebook/mms-tts-{code}", (tag,), rate=16_000) for code, tag in _MMS_LANGUAGES.items()),
    SynthesisEntry(
        name="fastspeech2-ljspeech",
        family="fastspeech2",
        target="pipelines.families.fastspeech2:load",
        engines=("torch",),
        languages=("en",),
        default_voice="ljspeech",
        voices_target="pipelines.families.fastspeech2:voices",
        slots=16,
        threads=2,
        speed=4.0,
        needs=("torch", "transformers", "espeakng_loader"),
        extra="torch,espeak",
        source="espnet/fastspeech2_conformer",
        components={"vocoder.hifigan": "espnet/fastspeech2_conformer_hifigan"},
        options=frozenset({"speed", "pitch", "energy", "vocoder", "phonemes"}),
        auto=False,
    ),
    SynthesisEntry(
        name="speecht5",
        family="speecht5",
        target="pipelines.families.speecht5:load",
        engines=("torch",),
        languages=("en",),
        voices_target="pipelines.families.speecht5:voices",
        sample_rate_hz=16_000,
        slots=8,
        threads=2,
        speed=1.5,
        needs=("torch", "transformers", "sentencepiece"),
        extra="torch",
        varies=True,
        source="microsoft/speecht5_tts",
        components={
            "vocoder.hifigan": "microsoft/speecht5_hifigan",
            "speaker_encoder": "speechbrain/spkrec-xvect-voxceleb",
        },
        options=frozenset({"vocoder", "reference"}),
        auto=False,
    ),
    *(
        SynthesisEntry(
            name=name,
            family="bark",
            target="pipelines.families.bark:load",
            engines=("torch",),
            languages=_BARK_LANGUAGES,
            default_voice="v2/en_speaker_6",
            voices_target="pipelines.families.bark:voices",
            sample_rate_hz=24_000,
            slots=4,
            threads=2,
            speed=speed,
            chunk_characters=200,
            stall_s=300.0,
            needs=("torch", "transformers"),
            extra="torch",
            source=f"suno/{name}",
            emotions=_BARK_EMOTIONS,
            normalises=True,
            auto=False,
            varies=True,
        )
        for name, speed in (("bark-small", 0.1), ("bark", 0.03))
    ),
    RecognitionEntry(
        name="pocketsphinx-en-us",
        family="pocketsphinx",
        target="pipelines.families.pocketsphinx:load",
        engines=("pocketsphinx",),
        languages=("en",),
        sample_rate_hz=16_000,
        slots=1,
        speed=2.5,
        needs=("pocketsphinx",),
    ),
    *(_whisper(size, speed) for size, speed in _WHISPER_SIZES.items()),
    _wav2vec2("wav2vec2-base-960h", "facebook/wav2vec2-base-960h", "en", speed=8.0),
    _wav2vec2("wav2vec2-large-960h-lv60-self", "facebook/wav2vec2-large-960h-lv60-self", "en", speed=3.0),
    *(
        _wav2vec2(f"wav2vec2-xlsr-{tag}", f"jonatasgrosman/wav2vec2-large-xlsr-53-{name}", tag, speed=3.0)
        for tag, name in _XLSR_LANGUAGES.items()
    ),
    SynthesisEntry(
        name="tacotron2",
        family="tacotron2",
        target="pipelines.families.tacotron2:load",
        engines=("torch",),
        languages=("en",),
        default_voice="tacotron2",
        voices_target="pipelines.families.tacotron2:voices",
        slots=16,
        threads=2,
        speed=2.0,
        needs=("torch", "safetensors"),
        extra="torch",
        source="~/.local/share/voicemill/models/tacotron2",
        options=frozenset({"speed", "vocoder"}),
        auto=False,
        varies=True,
    ),
    SynthesisEntry(
        name="yourtts",
        family="yourtts",
        target="pipelines.families.yourtts:load",
        engines=("torch",),
        languages=("en", "fr", "pt"),
        default_voice="female-en-5",
        voices_target="pipelines.families.yourtts:voices",
        sample_rate_hz=16_000,
        slots=8,
        threads=2,
        speed=3.0,
        needs=("torch", "safetensors", "faster_whisper"),
        extra="torch",
        source="~/.local/share/voicemill/models/yourtts",
        options=frozenset({"speed", "noise_scale", "duration_noise", "reference"}),
        auto=False,
        varies=True,
    ),
    SynthesisEntry(
        name="tone",
        family="tone",
        target="pipelines.families.tone:load_synthesiser",
        engines=("numpy",),
        languages=("*",),
        default_voice="tone",
        voices_target="pipelines.families.tone:voices",
        sample_rate_hz=16_000,
        slots=8,
        speed=2000.0,
        chunk_characters=2400,
        options=frozenset({"speed"}),
        normalises=True,
        auto=False,
    ),
    SpeakerEntry(
        name="resemblyzer",
        family="resemblyzer",
        target="pipelines.families.resemblyzer:load",
        engines=("torch",),
        languages=("*",),
        sample_rate_hz=16_000,
        slots=32,
        speed=50.0,
        # Measured with three voices of Flite: eight seconds against later turns of the same voice 0.96 to 0.98, against
        # the other voices, and a man over another channel, at most 0.79.
        same_voice=0.82,
        needs=("torch", "transformers", "resemblyzer"),
        extra="torch,speakers",
        bare_packages=("resemblyzer==0.1.4",),
        auto=False,
    ),
    SpeakerEntry(
        name="wespeaker-resnet34",
        family="wespeaker",
        target="pipelines.families.wespeaker:load",
        engines=("onnx",),
        languages=("*",),
        sample_rate_hz=16_000,
        slots=32,
        speed=30.0,
        source="Wespeaker/wespeaker-voxceleb-resnet34-LM",
        needs=("onnxruntime", "kaldi_native_fbank"),
        extra="speakers",
        auto=False,
    ),
    SpeakerEntry(
        name="pyannote-resnet34",
        family="wespeaker",
        target="pipelines.families.wespeaker:load",
        engines=("torch",),
        languages=("*",),
        sample_rate_hz=16_000,
        slots=32,
        threads=2,
        speed=30.0,
        source="pyannote/wespeaker-voxceleb-resnet34-LM",
        needs=("torch", "kaldi_native_fbank"),
        extra="torch,speakers",
        auto=False,
    ),
    *(
        SpeakerEntry(
            name=name,
            family="speechbrain",
            target="pipelines.families.speechbrain:load",
            engines=("torch",),
            languages=("*",),
            sample_rate_hz=16_000,
            slots=32,
            threads=2,
            speed=speed,
            source=f"speechbrain/{name}",
            needs=("torch", "safetensors"),
            extra="torch,speakers",
            auto=False,
            same_voice=same_voice,
        )
        # 0.25 is the threshold of SpeechBrain itself, which does not compare x-vectors by their cosine.
        for name, speed, same_voice in (("spkrec-ecapa-voxceleb", 15.0, 0.25), ("spkrec-xvect-voxceleb", 100.0, None))
    ),
    RecognitionEntry(
        name="tone-listener",
        family="tone",
        target="pipelines.families.tone:load_recogniser",
        engines=("numpy",),
        languages=("*",),
        sample_rate_hz=16_000,
        slots=8,
        speed=2000.0,
        vad="energy",
        punctuates=True,
        auto=False,
    ),
)
