"""The eSpeak NG family: requests in, samples and word marks out. What the library wants is in its neighbours."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Sequence

import numpy as np

from pipelines.catalog.entry import Entry
from pipelines.errors import EngineFailure
from pipelines.family import SpeakRequest, Speech, Tick
from pipelines.text.aligned_text import Change, Spoken

from .mnemonics import mnemonics
from .speech_process import Pending, SpeechProcess
from .unpronounceable import remarks
from .voice_table import Choice, VoiceTable
from .word_marks import word_marks

#: The library's own rate of speech, words a minute, at speed 1.
_WORDS_PER_MINUTE = 175
_BYTES_PER_SAMPLE = 2
#: The library's pitch at rest; its steps for three semitones up and down, measured on en-us. It reaches 9 and −5.
_USUAL_PITCH, _STEPS_UP, _STEPS_DOWN = 50, 17, 28


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
        waiting: deque[tuple[SpeakRequest, Spoken, Pending]] = deque()
        side_by_side = os.cpu_count() or 1
        try:
            for request in requests:
                if len(waiting) >= side_by_side:
                    answers.append(self._finish(*waiting[0], tick))
                    waiting.popleft()
                waiting.append((request, *self._begin(request)))
            while waiting:
                answers.append(self._finish(*waiting[0], tick))
                waiting.popleft()
        finally:
            for *_, pending in waiting:
                pending.abandon()
        return answers

    def close(self) -> None:
        """See `SpeechFamily`."""
        self._process.close()

    def _begin(self, request: SpeakRequest) -> tuple[Spoken, Pending]:
        choice = self._choice(request)
        phonemes = request.options.get("phonemes", ())
        spoken = _with_phonemes(request.text, phonemes, choice.language)
        asked = {
            "do": "speak",
            "text": spoken.text.replace("\0", " "),
            "words_per_minute": round(_WORDS_PER_MINUTE * request.speed),
            "phonemes": bool(phonemes),
        }
        if pitch := float(request.options.get("pitch") or 0.0):
            steps = pitch * (_STEPS_UP if pitch > 0 else _STEPS_DOWN)
            asked["pitch"] = min(100, max(0, round(_USUAL_PITCH + steps)))
        # A thousand times longer than it ever took.
        return spoken, self._process.ask(asked, 30.0 + 0.1 * len(request.text), voice=choice.name)

    def _finish(self, request: SpeakRequest, spoken: Spoken, pending: Pending, tick: Tick) -> Speech:
        tick()
        reply, sound = pending.read(tick)
        if "error" in reply:
            raise EngineFailure(f"eSpeak NG failed: {reply['error']}.")
        samples = np.frombuffer(sound, np.int16, len(sound) // _BYTES_PER_SAMPLE)
        rate = self.entry.sample_rate_hz
        marks = word_marks(spoken.text, reply["words"], reply["ends"], samples, rate)
        voice = self._choice(request).voice_id
        return Speech(samples, rate, tuple(spoken.written_marks(marks)), remarks=tuple(remarks(request.text, voice)))

    def _choice(self, request: SpeakRequest) -> Choice:
        return self._voices.choose(request.voice, request.language, self.entry.default_voice or "en-us")


def _with_phonemes(text: str, phonemes: Sequence[tuple[int, int, str]], language: str) -> Spoken:
    """The text with names of phonemes in the place of words that are pronounced so."""
    changes = [Change(start, end, f"[[{mnemonics(ipa, language)}]]") for start, end, ipa in phonemes]
    if changes:
        # Brackets of the text's own are no phonemes.
        changes += [
            Change(found.start(), found.end(), "[ ")
            for found in re.finditer(r"\[(?=\[)", text)
            if not any(start <= found.start() < end for start, end, _ in phonemes)
        ]
    return Spoken(text).changed(sorted(changes, key=lambda change: change.start))
