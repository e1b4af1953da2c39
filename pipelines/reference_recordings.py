"""Reference recordings of enrolled voices: the plan extracts their speech, the work reads it.

So user files are decoded in the sandboxed plan only. Knows files and samples; nothing of speaker embeddings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipelines.audio.decode import RecordingReader as OpenRecording
from pipelines.audio.decode import open_recording
from pipelines.audio.resample import resample_blocks
from pipelines.audio.vad import DETECTORS, RATE_HZ
from pipelines.audio.windows import WindowPacker
from pipelines.text.splitting.chunks import TextChunk

from .errors import BadInput
from .family import Recording, Samples
from .pipeline import Limits, Sink, Sources, Span
from .requests import JobRequest, SynthesisRequest, is_enrolled

#: Seconds of speech in a reference: fewer are an error, more are left out.
MIN_SPEECH_S, MAX_SPEECH_S = 2.0, 30.0
_SUFFIX = ".s16le"


def extract_references(request: JobRequest, sink: Sink, limits: Limits) -> Sequence[str]:
    """Put the speech of each of the request's recordings into the sink; returns the names, inputs of spans.

    The recordings are in `sink.directory`, each under the id of its voice, and are removed. Raises `BadInput` on the
    field that requests the voice when its recording cannot be decoded or has too little speech.
    """
    names = []
    for voice in sorted(request.references):
        path = sink.directory / voice
        try:
            speech = _extract_speech(path, limits)
        except BadInput as error:
            error.field = request.enrolled_voices.get(voice, "voice")
            raise
        path.unlink()
        spoken = sink.directory / (voice + _SUFFIX)
        spoken.write_bytes(speech.astype("<i2").tobytes())
        sink.put(spoken.name, spoken)
        names.append(spoken.name)
    return names


def reference_inputs(chunk: TextChunk, request: SynthesisRequest) -> Sequence[str]:
    """The inputs of a chunk of text: references of the request's own voices, and of those that its own patches name.

    So a patch changes no other chunk.
    """
    named = {segment.style.voice for segment in chunk.segments} | request.enrolled_voices.keys()
    return [voice + _SUFFIX for voice in sorted(request.references) if voice in named]


def add_inputs(spans: Iterable[Span], names: Sequence[str]) -> Iterator[Span]:
    """The spans with `names` after their own inputs."""
    return (replace(span, inputs=(*span.inputs, *names)) for span in spans)


def read_references(span: Span, sources: Sources) -> Mapping[str, Recording]:
    """The references among the sources of a chunk, by voice."""
    return {
        name.removesuffix(_SUFFIX): Recording(np.fromfile(sources(k), "<i2"), RATE_HZ)
        for k, name in enumerate(span.inputs)
        if is_enrolled(name.removesuffix(_SUFFIX))
    }


def _extract_speech(path: Path, limits: Limits) -> Samples:
    """The speech of a recording, mono at 16 kHz, without long pauses; `MAX_SPEECH_S` at most."""
    name = "The recording of the voice"
    with open_recording(path, max_seconds=limits.audio_seconds, name=name) as recording:
        packer = WindowPacker(DETECTORS[limits.vad]())
        spoken = list(_windows(recording, packer))
    if not spoken:
        raise BadInput(f"{name} has no speech in it.", field="voice")
    if packer.speech_s < MIN_SPEECH_S:
        raise BadInput(
            f"{name} has {packer.speech_s:.1f} s of speech; a voice needs {MIN_SPEECH_S:g} s at least.", field="voice"
        )
    return np.concatenate(spoken)[: round(MAX_SPEECH_S * RATE_HZ)]


def _windows(recording: OpenRecording, packer: WindowPacker) -> Iterator[Samples]:
    for samples in resample_blocks(recording.blocks(), RATE_HZ, mix=True):
        for window in packer.push(samples[0]):
            yield window.samples
        if packer.speech_s >= MAX_SPEECH_S:
            break
    for window in packer.finish():
        yield window.samples
