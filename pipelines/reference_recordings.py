"""Recordings of enrolled voices: opened in the plan, which leaves their speech, and only that, for the work.

Knows files and samples; what a family makes of a voice is its own business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipelines.audio.decode import Recording as OpenRecording
from pipelines.audio.decode import open_recording
from pipelines.audio.resample import resampled
from pipelines.audio.vad import DETECTORS, RATE_HZ
from pipelines.audio.windows import WindowPacker
from pipelines.text.splitting.chunks import Chunk

from .errors import BadInput
from .family import Recording, Samples
from .pipeline import Limits, Sink, Sources, Span
from .requests import JobRequest, SynthesisRequest, is_enrolled

#: Seconds of speech that tell a voice: fewer are refused, more are left out.
LEAST_SPEECH_S, MOST_SPEECH_S = 2.0, 30.0
_SUFFIX = ".s16le"


def prepare(request: JobRequest, sink: Sink, limits: Limits) -> Sequence[str]:
    """Put the speech of each of the request's recordings into the sink; returns the names, inputs of spans.

    The recordings lie in `sink.directory`, each under the id of its voice; they are removed. Raises `BadInput` on the
    field that asks for the voice when its recording cannot be opened or has too little speech in it.
    """
    names = []
    for voice in sorted(request.references):
        path = sink.directory / voice
        try:
            speech = _speech(path, limits)
        except BadInput as error:
            error.field = request.enrolled_voices.get(voice, "voice")
            raise
        path.unlink()
        spoken = sink.directory / (voice + _SUFFIX)
        spoken.write_bytes(speech.astype("<i2").tobytes())
        sink.put(spoken.name, spoken)
        names.append(spoken.name)
    return names


def inputs_of(chunk: Chunk, request: SynthesisRequest) -> Sequence[str]:
    """The recordings that a chunk of speech is made with: those of the request itself, and those of voices that patches
    gave to sentences of this very chunk, so that no other one changes for them."""
    named = {piece.style.voice for piece in chunk.pieces} | request.enrolled_voices.keys()
    return [voice + _SUFFIX for voice in sorted(request.references) if voice in named]


def with_inputs(spans: Iterable[Span], names: Sequence[str]) -> Iterator[Span]:
    """The spans, with these inputs behind their own."""
    return (replace(span, inputs=(*span.inputs, *names)) for span in spans)


def recordings(span: Span, sources: Sources) -> Mapping[str, Recording]:
    """What `prepare` left for the chunk, by voice: among its sources."""
    return {
        name.removesuffix(_SUFFIX): Recording(np.fromfile(sources(k), "<i2"), RATE_HZ)
        for k, name in enumerate(span.inputs)
        if is_enrolled(name.removesuffix(_SUFFIX))
    }


def _speech(path: Path, limits: Limits) -> Samples:
    """What is said in a recording, mono at 16 kHz, its long pauses taken out; half a minute at most."""
    name = "The recording of the voice"
    with open_recording(path, max_seconds=limits.audio_seconds, name=name) as recording:
        packer = WindowPacker(DETECTORS[limits.vad]())
        spoken = list(_windows(recording, packer))
    if not spoken:
        raise BadInput(f"{name} has no speech in it.", field="voice")
    if packer.speech_s < LEAST_SPEECH_S:
        raise BadInput(
            f"{name} has {packer.speech_s:.1f} s of speech; a voice needs {LEAST_SPEECH_S:g} s at least.", field="voice"
        )
    return np.concatenate(spoken)[: round(MOST_SPEECH_S * RATE_HZ)]


def _windows(recording: OpenRecording, packer: WindowPacker) -> Iterator[Samples]:
    for samples in resampled(recording.blocks(), RATE_HZ, mix=True):
        for window in packer.push(samples[0]):
            yield window.samples
        if packer.speech_s >= MOST_SPEECH_S:
            break  # more would be left out
    for window in packer.finish():
        yield window.samples
