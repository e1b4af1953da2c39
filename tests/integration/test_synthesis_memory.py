"""A long book takes no more memory than a short one, whatever its format. Measured in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipelines.tts.part_file import SpeechPart, SpokenSentence, write_part
from tests.document_factories import epub_entries, make_zip

#: Words in a sentence; a chapter has 500 sentences.
SENTENCE = "It was the best of times, it was the worst of times, said number {} to number {}."
WORDS = len(SENTENCE.split())
MIB = 300

_PLAN = r"""
import json, re, sys
from pathlib import Path
from pipelines.pipeline import Limits
from pipelines.requests import SynthesisRequest
from pipelines.tts.synthesis import Synthesis

class Sink:
    directory = Path(sys.argv[3])
    def put(self, name, path, *, content_type=""): pass
    def progress(self, done, total=None): pass

request = SynthesisRequest(source_type=sys.argv[2])
plan = Synthesis().plan(request, Path(sys.argv[1]), Sink(), Limits(chunk_characters=2400))
words = sum(len(piece[0].split()) for span in plan.spans for piece in span.data["pieces"])
# Not ru_maxrss: that begins with what the parent had.
peak = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps({"mib": peak, "words": words, "chapters": len(plan.header["chapters"])}))
"""

_STITCH = r"""
import json, re, sys
from pathlib import Path
from pipelines.pipeline import Span
from pipelines.requests import SynthesisRequest
from pipelines.tts.synthesis import Synthesis

class Sink:
    directory = Path(sys.argv[2])
    def put(self, name, path, *, content_type=""): path.unlink()
    def progress(self, done, total=None): pass

count = int(sys.argv[3])
chapters = [{"title": str(n), "first_idx": n} for n in range(count)]
header = {"title": "T", "author": None, "language": "en", "chapters": chapters, "remarks": []}
data = {"chapter": 0, "language": "en", "first_sentence": 0, "pieces": []}
spans = (Span(n, n, n + 1, 1, data) for n in range(count))
request = SynthesisRequest(text="x", format="m4b", loudness_lufs=-18, speech_marks=True)
result = Synthesis().stitch(request, header, spans, lambda k: Path(sys.argv[1]), Sink())
peak = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps({"mib": peak, "seconds": result.duration_s}))
"""


def chapters(words: int) -> list[list[str]]:
    """Sentences of a book of about so many words, by chapter."""
    count = words // WORDS // 500
    return [[SENTENCE.format(chapter, number) for number in range(500)] for chapter in range(count)]


def write_txt(path: Path, words: int) -> None:
    with path.open("w") as file:
        for number, sentences in enumerate(chapters(words)):
            file.write(f"Chapter {number + 1}\n\n" + "\n\n".join(sentences) + "\n\n")


def write_line(path: Path, words: int) -> None:
    """All in one paragraph of one line."""
    path.write_text("Chapter 1\n\nx. \n\n" + " ".join(" ".join(sentences) for sentences in chapters(words)))


def write_md(path: Path, words: int) -> None:
    with path.open("w") as file:
        for number, sentences in enumerate(chapters(words)):
            file.write(f"# {number}\n\n" + "\n\n".join(sentences) + "\n\n")


def write_html(path: Path, words: int) -> None:
    with path.open("w") as file:
        for number, sentences in enumerate(chapters(words)):
            file.write(f"<h1>{number}</h1>" + "".join(f"<p>{sentence}</p>" for sentence in sentences))


def write_epub(path: Path, words: int) -> None:
    pages = {
        f"{number}.xhtml": f"<h1>{number}</h1>" + "".join(f"<p>{sentence}</p>" for sentence in sentences)
        for number, sentences in enumerate(chapters(words))
    }
    nav = "".join(f'<li><a href="{name}">{name}</a></li>' for name in pages)
    make_zip(path, epub_entries(pages, nav=nav))


def write_docx(path: Path, words: int) -> None:
    def paragraph(text: str, style: str = "") -> str:
        return f"<w:p><w:pPr>{style}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"

    body = "".join(
        paragraph(f"Chapter {number}", '<w:pStyle w:val="Heading1"/>') + "".join(map(paragraph, sentences))
        for number, sentences in enumerate(chapters(words))
    )
    main = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{}</w:body></w:document>'
    make_zip(
        path, {"word/document.xml": main.format(body), "word/media/a.jpg": np.random.default_rng(1).bytes(3 << 20)}
    )


def measured(program: str, *arguments: object) -> dict[str, float]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("source_type", "write", "words"),
    [
        ("txt", write_txt, 2_000_000),
        ("txt", write_line, 2_000_000),
        ("html", write_html, 2_000_000),
        ("epub", write_epub, 2_000_000),
        ("docx", write_docx, 2_000_000),
        ("md", write_md, 2_000_000),
    ],
)
def test_a_book_of_two_million_words_is_planned_in_the_memory_of_a_page(
    tmp_path: Path, source_type: str, write: Callable[[Path, int], None], words: int
) -> None:
    source = tmp_path / "book"
    write(source, words)
    planned = measured(_PLAN, source, source_type, tmp_path)
    assert planned["words"] >= 0.98 * words
    assert planned["chapters"] == (1 if write is write_line else len(chapters(words)))
    assert planned["mib"] < MIB
    assert [path.name for path in tmp_path.iterdir()] == ["book"]


def test_hours_are_stitched_in_the_memory_of_minutes(tmp_path: Path) -> None:
    """Loudness, marks and chapters included: the sound waits on disk."""
    sound = (3_000 * np.sin(np.arange(22_050 * 60) / 20)).astype(np.int16)
    write_part(tmp_path / "part", SpeechPart(0, 22_050, sound, (SpokenSentence("A tone.", 0, len(sound)),)))
    (tmp_path / "box").mkdir()
    peaks = {}
    for minutes in (2, 20):
        stitched = measured(_STITCH, tmp_path / "part", tmp_path / "box", minutes)
        assert stitched["seconds"] == minutes * 60
        peaks[minutes] = stitched["mib"]
    assert peaks[20] < peaks[2] + 12
    assert peaks[20] < MIB
