"""Books, texts and recordings for the benchmarks, made from the demo's book."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

from pipelines.catalog.catalog import Catalog
from pipelines.families import tone
from pipelines.family import SynthesisInput
from tests.faults.rig import ROOT

_BOOK = ROOT / "demo" / "book.epub"


def make_book(path: Path, *, copies: int) -> Path:
    """The demo's book with each chapter repeated."""
    with zipfile.ZipFile(_BOOK) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            data = source.read(info)
            if info.filename.endswith(".opf"):
                head, spine, tail = _split(data.decode(), "<spine", "</spine>")
                opening, _, items = spine.partition(">")
                data = f"{head}{opening}>{items * copies}{tail}".encode()
            target.writestr(info, data)
    return path


def _split(text: str, start: str, end: str) -> tuple[str, str, str]:
    first, last = text.index(start), text.index(end)
    return text[:first], text[first:last], text[last:]


def make_text(count: int) -> str:
    """English text of about so many words, in sentences and paragraphs."""
    sentence = "The mill by the river turns at night, and what it grinds is words."
    per_paragraph = f"{' '.join([sentence] * 5)}\n\n"
    return per_paragraph * (count // 70 + 1)


def make_recording(path: Path, *, seconds: float) -> Path:
    """A FLAC file with speech of `tone`, 16 kHz mono; at most a few minutes are synthesised, and then repeated."""
    speaker = tone.load_synthesiser(Catalog().get("tone", "tts"), "cpu")
    text = make_text(min(1000, int(seconds * 4)))
    [speech] = speaker.synthesise([SynthesisInput(text, "tone", "en")], lambda: None)
    piece = speech.samples[: int(seconds * tone.RATE_HZ)]
    with av.open(str(path), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=tone.RATE_HZ, layout="mono")
        left = int(seconds * tone.RATE_HZ)
        while left > 0:
            for block in _blocks(piece[:left]):
                frame = av.AudioFrame.from_ndarray(block[None, :], format="s16", layout="mono")
                frame.sample_rate = tone.RATE_HZ
                container.mux(stream.encode(frame))
            left -= len(piece)
        container.mux(stream.encode(None))
    return path


def _blocks(samples: np.ndarray) -> Sequence[np.ndarray]:
    return [np.ascontiguousarray(samples[at : at + 4096]) for at in range(0, len(samples), 4096)]
