"""eSpeak NG: small, fast, a hundred languages, no weights. A GPL-3.0 library, available only with its extra.

The catalogue refers to `load` and `voices`. Importing this package loads no library: the speech process imports it too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.catalog.entry import SynthesisEntry
    from pipelines.family import Voice

    from .family import EspeakFamily


def load(entry: SynthesisEntry, device: str) -> EspeakFamily:
    """The family, with its speech process running, on the CPU whatever `device` is. Raises `ModelUnavailable`."""
    from .family import EspeakFamily

    return EspeakFamily(entry)


def voices(entry: SynthesisEntry | None = None) -> list[Voice]:
    """Every voice of the library. Raises `ModelUnavailable`."""
    from .speech_process import SpeechProcess
    from .voice_table import VoiceTable

    process = SpeechProcess()
    try:
        return VoiceTable.load(process).voices
    finally:
        process.close()
