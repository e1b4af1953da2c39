"""Fault test 28: no document that a stranger sends makes us read another file, call out, run out of memory or hang.

Each is planned in a process of its own whose memory and work are measured; a canary file and a listening socket tell
whether anything was read or reached that should not have been.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.faults.hostile_texts import Case, cases
from tests.faults.rig import REPORTS
from tests.services.machine_speed import deadline

#: What one document may take: memory in all, and work, as a multiple of what the honest chapter below takes.
MIB, CHAPTERS_OF_WORK = 512, 150
#: The measure of work: read by the same code, in the same process, just before the document.
HONEST_CHAPTER = "\n\n".join(
    f"Paragraph {number}. It rained on the harbour, and the ferry was late. Nobody minded; “the sea waits,” she said."
    for number in range(1_000)
)
CANARY = "the canary sings"

_READER = r"""
import json, os, re, sys, time
from pathlib import Path
from pipelines.errors import PipelineError
from pipelines.pipeline import Limits
from pipelines.requests import SynthesisRequest
from pipelines.tts.synthesis import Synthesis
from pipelines.text.documents import docx_reader, epub_reader, markdown_reader

class Sink:
    directory = Path(sys.argv[1])
    def put(self, name, path, *, content_type=""): pass
    def progress(self, done, total=None): pass

def plan_and_show(source, source_type):
    request = SynthesisRequest(source_type=source_type)
    plan = Synthesis().plan(request, Path(source), Sink(), Limits(chunk_characters=2400))
    text = " ".join(piece[0] for span in plan.spans for piece in span.data["pieces"])[:10_000]
    return text + json.dumps(plan.header)[:10_000]

def read(source, source_type):
    said = {"code": "done", "detail": "", "text": ""}
    began = time.process_time()
    plan_and_show(sys.argv[2], "txt")
    chapter_s, began = time.process_time() - began, time.process_time()
    try:
        said["text"] = plan_and_show(source, source_type)
    except PipelineError as error:
        said.update(code=error.code, detail=str(error))
    # Not ru_maxrss: that begins with what the parent had.
    said["mib"] = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
    said["work"] = (time.process_time() - began) / chapter_s
    return said

# One fork for each document: it has loaded everything and read nothing.
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        print(json.dumps(read(*json.loads(line))), flush=True)
        os._exit(0)
    if status := os.waitpid(child, 0)[1]:
        print(json.dumps({"code": f"died: {status}", "detail": "", "text": "", "mib": 0, "work": 0}), flush=True)
"""


class Trap:
    """A canary file, and an address that nobody has a reason to call."""

    def __init__(self, folder: Path) -> None:
        self.canary = folder / "canary.txt"
        self.canary.write_text(CANARY)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def calls(self) -> int:
        count = 0
        while True:
            try:
                self._socket.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Trap]:
    made = Trap(tmp_path)
    yield made
    made.close()


class Reader:
    """A process that reads documents in forks of itself."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "source"
        scratch = folder / "box" / "scratch"
        scratch.mkdir(parents=True)
        chapter = folder / "box" / "honest-chapter.txt"
        chapter.write_text(HONEST_CHAPTER, encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _READER, str(scratch), str(chapter)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self, case: Case) -> dict[str, Any]:
        """What became of a document, and what it took."""
        assert self._process.stdin is not None and self._process.stdout is not None
        case.write(self.source)
        print(json.dumps([str(self.source), case.source_type]), file=self._process.stdin, flush=True)
        said = json.loads(self._process.stdout.readline())
        self.source.unlink()
        return said

    def close(self) -> None:
        self._process.communicate(timeout=deadline(30))


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path)
    yield made
    made.close()


def problems(case: Case, said: dict[str, Any], trap: Trap, folder: Path) -> Iterator[str]:
    if said["code"] != case.ends:
        yield f"ended as {said['code']} ({said['detail'][:200]}), not {case.ends}"
    if said["code"] != "done" and not said["detail"]:
        yield "was refused without a word"
    if said["mib"] > MIB:
        yield f"took {said['mib']:.0f} MiB"
    if said["work"] > CHAPTERS_OF_WORK:
        yield f"took the work of {said['work']:.0f} honest chapters"
    if CANARY in said["text"] + said["detail"]:
        yield "read the canary"
    if calls := trap.calls():
        yield f"called out {calls} times"
    strays = {path.name for path in folder.iterdir()} - {"canary.txt", "box"}
    strays |= {path.name for path in (folder / "box").iterdir()} - {"scratch", "honest-chapter.txt"}
    if strays:
        yield f"left files behind: {strays}"


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("half", [0, 1])
def test_every_hostile_document_is_refused_or_read_within_its_means(
    trap: Trap, reader: Reader, tmp_path: Path, half: int
) -> None:
    wrong, endings, heaviest, hardest = [], Counter[str](), 0.0, 0.0
    for case in islice(cases(trap.canary, trap.address), half, None, 2):
        said = reader.read(case)
        endings[said["code"]] += 1
        heaviest, hardest = max(heaviest, said["mib"]), max(hardest, said["work"])
        wrong += [f"{case.name}: {problem}" for problem in problems(case, said, trap, tmp_path)]
    took = f"most memory {heaviest:.0f} MiB, most work that of {hardest:.0f} chapters"
    REPORTS.append(f"hostile texts: {endings.total()} documents, {took}, {dict(endings)}")
    assert wrong == []
    assert endings.total() >= 35 and endings["done"] < endings.total() / 2 + 5


def test_the_trap_works(trap: Trap) -> None:
    """What the test above looks for can be found."""
    socket.create_connection(trap.address.split(":")).close()
    assert trap.calls() == 1
    assert trap.calls() == 0
