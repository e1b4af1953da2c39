"""The eSpeak NG family: synthesis inputs to speech and word marks. The other modules know the library."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Sequence

import numpy as np

from pipelines.catalog.entry import SynthesisEntry
from pipelines.errors import EngineFailure
from pipelines.family import Speech, SynthesisInput, Tick
from pipelines.text.aligned_text import AlignedText, Replacement

from .mnemonics import to_mnemonics
from .speech_process import PendingReply, SpeechProcess
from .unpronounceable import describe_unpronounceable
from .voice_table import VoiceChoice, VoiceTable
from .word_marks import compute_word_marks

#: The library's default rate of speech, words per minute, at speed 1.
_WORDS_PER_MINUTE = 175
_BYTES_PER_SAMPLE = 2
#: The library's default pitch, and its steps for three semitones up and down, measured on en-us. It reaches +9 and −5.
_DEFAULT_PITCH, _STEPS_UP, _STEPS_DOWN = 50, 17, 28


class EspeakFamily:
    """See `SpeechFamily`. A voice of "" is the family's choice for the request's language."""

    engine = "espeak-ng"

    def __init__(self, entry: SynthesisEntry) -> None:
        self.entry = entry
        self._process = SpeechProcess()
        self._voices = VoiceTable.load(self._process)
        self.revision = self._voices.version

    def synthesise(self, requests: Sequence[SynthesisInput], tick: Tick) -> list[Speech]:
        """See `SpeechFamily`. Texts are synthesised in parallel, as many as there are cores.

        Raises `UnsupportedOption` for an unknown voice or language, `EngineFailure` when the library fails.
        """
        results: list[Speech] = []
        running: deque[tuple[SynthesisInput, AlignedText, PendingReply]] = deque()
        max_running = os.cpu_count() or 1
        try:
            for request in requests:
                if len(running) >= max_running:
                    results.append(self._finish(*running[0], tick))
                    running.popleft()
                running.append((request, *self._start(request)))
            while running:
                results.append(self._finish(*running[0], tick))
                running.popleft()
        finally:
            for *_, pending in running:
                pending.cancel()
        return results

    def close(self) -> None:
        """See `SpeechFamily`."""
        self._process.close()

    def _start(self, request: SynthesisInput) -> tuple[AlignedText, PendingReply]:
        choice = self._choose_voice(request)
        phonemes = request.options.get("phonemes", ())
        aligned = _insert_phonemes(request.text, phonemes, choice.language)
        message = {
            "operation": "synthesise",
            "text": aligned.text.replace("\0", " "),
            "words_per_minute": round(_WORDS_PER_MINUTE * request.speed),
            "phonemes": bool(phonemes),
        }
        if pitch := float(request.options.get("pitch") or 0.0):
            steps = pitch * (_STEPS_UP if pitch > 0 else _STEPS_DOWN)
            message["pitch"] = min(100, max(0, round(_DEFAULT_PITCH + steps)))
        # The limit is about a thousand times longer than synthesis takes.
        return aligned, self._process.send(message, 30.0 + 0.1 * len(request.text), voice=choice.name)

    def _finish(self, request: SynthesisInput, aligned: AlignedText, pending: PendingReply, tick: Tick) -> Speech:
        tick()
        reply, sound = pending.read(tick)
        if "error" in reply:
            raise EngineFailure(f"eSpeak NG failed: {reply['error']}.")
        samples = np.frombuffer(sound, np.int16, len(sound) // _BYTES_PER_SAMPLE)
        rate = self.entry.sample_rate_hz
        marks = compute_word_marks(aligned.text, reply["words"], reply["ends"], samples, rate)
        voice = self._choose_voice(request).voice_id
        return Speech(
            samples,
            rate,
            tuple(aligned.written_marks(marks)),
            warnings=tuple(describe_unpronounceable(request.text, voice)),
        )

    def speaks(self, language: str) -> bool:
        """Whether there is a voice for a language (BCP 47)."""
        return self._voices.find_nearest(language) is not None

    def _choose_voice(self, request: SynthesisInput) -> VoiceChoice:
        return self._voices.choose(request.voice, request.language, self.entry.default_voice or "en-us")


def _insert_phonemes(text: str, phonemes: Sequence[tuple[int, int, str]], language: str) -> AlignedText:
    """The text with words replaced by mnemonics of their phonemes (start, end, IPA)."""
    changes = [Replacement(start, end, f"[[{to_mnemonics(ipa, language)}]]") for start, end, ipa in phonemes]
    if changes:
        # Double brackets in the text itself must not be read as phonemes.
        changes += [
            Replacement(found.start(), found.end(), "[ ")
            for found in re.finditer(r"\[(?=\[)", text)
            if not any(start <= found.start() < end for start, end, _ in phonemes)
        ]
    return AlignedText(text).apply(sorted(changes, key=lambda change: change.start))
