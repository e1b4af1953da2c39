"""eSpeak NG: small, quick, a hundred languages, no weights. A GPL-3.0 library, there only where its extra is installed.

`load` and `voices` are what the catalogue names. Importing this package costs nothing: the speech process does it too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.catalog.entry import Entry
    from pipelines.family import Voice

    from .family import EspeakFamily


def load(entry: Entry, device: str) -> EspeakFamily:
    """The family, with its speech process running. Raises `ModelUnavailable`; there is only the CPU."""
    from .family import EspeakFamily

    return EspeakFamily(entry)


def voices(entry: Entry | None = None) -> list[Voice]:
    """Every voice of the library. Raises `ModelUnavailable`."""
    from .speech_process import SpeechProcess
    from .voice_table import VoiceTable

    process = SpeechProcess()
    try:
        return VoiceTable.ask(process).voices
    finally:
        process.close()
