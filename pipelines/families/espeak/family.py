"""The eSpeak NG family: requests in, samples and word marks out. What the library wants is in its neighbours."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence

import numpy as np

from pipelines.catalog import Entry
from pipelines.errors import EngineFailure
from pipelines.family import SpeakRequest, Speech, Tick

from .speech_process import Pending, SpeechProcess
from .voice_table import VoiceTable
from .word_marks import word_marks

#: The library's own rate of speech, words a minute, at speed 1.
_WORDS_PER_MINUTE = 175
_BYTES_PER_SAMPLE = 2


class EspeakFamily:
    """See `SpeechFamily`. A voice of "" is the family's choice for the request's language."""

    engine = "espeak-ng"

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self._process = SpeechProcess()
        self._voices = VoiceTable.ask(self._process)
        self.revision = self._voices.version

    def speak(self, requests: Sequence[SpeakRequest], tick: Tick) -> list[Speech]:
        """See `SpeechFamily`. Texts are spoken side by side, as many as there are cores.

        Raises `UnsupportedOption` for a voice or language that is not there, `EngineFailure` when the library fails.
        """
        answers: list[Speech] = []
        waiting: deque[tuple[SpeakRequest, Pending]] = deque()
        side_by_side = os.cpu_count() or 1
        try:
            for request in requests:
                if len(waiting) >= side_by_side:
                    answers.append(self._finish(*waiting[0], tick))
                    waiting.popleft()
                waiting.append((request, self._begin(request)))
            while waiting:
                answers.append(self._finish(*waiting[0], tick))
                waiting.popleft()
        finally:
            for _, pending in waiting:
                pending.abandon()
        return answers

    def close(self) -> None:
        """See `SpeechFamily`."""
        self._process.close()

    def _begin(self, request: SpeakRequest) -> Pending:
        choice = self._voices.choose(request.voice, request.language, self.entry.default_voice or "en-us")
        return self._process.ask(
            {
                "do": "speak",
                "text": request.text.replace("\0", " "),
                "words_per_minute": round(_WORDS_PER_MINUTE * request.speed),
            },
            # A thousand times longer than it ever took.
            30.0 + 0.1 * len(request.text),
            voice=choice.name,
        )

    def _finish(self, request: SpeakRequest, pending: Pending, tick: Tick) -> Speech:
        tick()
        reply, sound = pending.read(tick)
        if "error" in reply:
            raise EngineFailure(f"eSpeak NG failed: {reply['error']}.")
        samples = np.frombuffer(sound, np.int16, len(sound) // _BYTES_PER_SAMPLE)
        rate = self.entry.sample_rate_hz
        return Speech(samples, rate, tuple(word_marks(request.text, reply["words"], reply["ends"], samples, rate)))
