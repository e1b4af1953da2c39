"""The examples in README.md and docs/ run, and name commands, options and fields that exist."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np
import pytest
import typer
from standardwebhooks import Webhook

from framework.cli.main import app
from pipelines.catalog.catalog import Catalog
from pipelines.families.tone import load_recogniser, load_synthesiser
from pipelines.family import SynthesisInput
from pipelines.pipeline import Limits
from tests.pages import CodeBlock, code_blocks


def block(language: str, first_words: str) -> str:
    """The code block that begins so."""
    return next(block.code for block in code_blocks(language) if block.code.startswith(first_words))


def run(code: str) -> dict[str, object]:
    names: dict[str, object] = {"__name__": "from_the_docs"}
    exec(compile(code, "docs", "exec"), names)
    return names


class FolderSink:
    """Keeps what a pipeline hands over."""

    def __init__(self, folder: Path) -> None:
        self.directory, self._kept = folder / "work", folder / "kept"
        self.directory.mkdir(parents=True)
        self._kept.mkdir()
        self.reported = 0

    def put(self, name: str, path: Path, *, content_type: str = "application/octet-stream") -> None:
        shutil.move(path, self.kept(name))

    def progress(self, done: float, total: float | None = None) -> None:
        self.reported += 1

    def kept(self, name: str) -> Path:
        return self._kept / name


@pytest.fixture
def morse(tmp_path):
    """The family of the example, loaded for its entry."""
    path = tmp_path / "models.toml"
    path.write_text(block("toml", "# models.toml"))
    entry = Catalog.read(path).get("morse", "tts")
    code = run(block("python", "# pipelines/families/morse.py"))
    assert [voice.id for voice in code["voices"](entry)] == [entry.default_voice]
    return code["load"](entry, "cpu")


def request(text: str, speed: float = 1.0) -> SynthesisInput:
    return SynthesisInput(text, voice="morse", language="und", speed=speed)


def test_family_of_the_docs_speaks_morse(morse):
    (speech,) = morse.synthesise([request("sos")], lambda: None)
    unit = round(0.06 * speech.sample_rate_hz)
    # Nine signs of 1 or 3 units, a unit behind each, six more behind the word.
    assert len(speech.samples) == (3 * 1 + 3 * 3 + 3 * 1 + 9 + 6) * unit
    assert speech.sample_rate_hz == morse.entry.sample_rate_hz


def test_family_of_the_docs_marks_its_words(morse):
    text = "mind how  you go"
    (speech,) = morse.synthesise([request(text)], lambda: None)
    assert [text[mark.start_char : mark.end_char] for mark in speech.marks] == text.split()
    assert all(a.end_s < b.start_s for a, b in zip(speech.marks, speech.marks[1:], strict=False))


def test_family_of_the_docs_honours_speed_and_the_tick(morse):
    ticks = []
    slow, fast = morse.synthesise([request("sos"), request("sos", speed=2.0)], lambda: ticks.append(1))
    assert len(slow.samples) == 2 * len(fast.samples)
    assert len(ticks) == 2


def test_family_of_the_docs_says_something_for_nothing(morse):
    (speech,) = morse.synthesise([request("…")], lambda: None)
    assert len(speech.samples) > 0
    assert not speech.samples.any()


def test_job_kind_of_the_docs_counts_words(tmp_path):
    catalog = Catalog()
    text = "the boat and the light and the tide"
    (speech,) = load_synthesiser(catalog.get("tone", "tts"), "cpu").synthesise([request(text)], lambda: None)
    recording = tmp_path / "tones.wav"
    write_wav(recording, speech.samples, speech.sample_rate_hz)

    code = run(block("python", "# pipelines/word_count.py"))
    pipeline, wanted = code["WordCount"](), code["WordCountRequest"](at_least=2)
    recogniser = load_recogniser(catalog.get("tone-listener", "stt"), "cpu")
    planned = FolderSink(tmp_path / "plan")
    plan = pipeline.plan(wanted, recording, planned, Limits(vad="energy"))
    spans, parts = list(plan.spans), []
    for span in spans:
        names = span.inputs
        sink = FolderSink(tmp_path / f"work-{span.idx}")
        parts.append(pipeline.work(wanted, span, lambda k, names=names: planned.kept(names[k]), recogniser, sink).path)
    joined = FolderSink(tmp_path / "stitch")
    result = pipeline.stitch(wanted, plan.header, spans, lambda k: parts[k], joined)
    assert json.loads(joined.kept("counts.json").read_text()) == {"the": 3, "and": 2}
    assert result.summary == {"words": 8}


def write_wav(path: Path, samples: np.ndarray, rate_hz: int) -> None:
    import wave

    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate_hz, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())


# -- programs, tables and commands -------------------------------------------------------------------------------------
def test_webhook_example_accepts_its_own_signature_alone():
    receive = run(block("python", "from voicemill import errors, verify_webhook"))["receive"]
    secret, body, at = (
        "whsec_" + "c2VjcmV0" * 4,
        '{"type": "job.succeeded", "data": {"id": "job_1"}}',
        datetime.now(UTC),
    )
    headers = {
        "webhook-id": "whd_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("whd_1", at, body),
    }
    assert receive(body.encode(), headers, secret) == 204
    assert receive(body.encode() + b" ", headers, secret) == 401


@pytest.mark.parametrize("example", code_blocks("python"), ids=lambda example: example.page)
def test_python_example_is_python(example: CodeBlock):
    """`{…, "key": value}` stands for a table that goes on."""
    ast.parse(example.code.replace("{…,", "{"))


@pytest.mark.parametrize(
    "example", [block for block in code_blocks("toml") if "[[model]]" in block.code], ids=lambda example: example.page
)
def test_models_toml_example_is_read(example: CodeBlock, tmp_path):
    path = tmp_path / "models.toml"
    path.write_text(example.code)
    name = re.search(r'^name = "(.+)"', example.code, re.M)
    assert name is not None
    assert Catalog.read(path).named(name[1]).source or name[1] == "morse"


@pytest.mark.parametrize("example", [*code_blocks("json")], ids=lambda example: example.page)
def test_json_example_is_json(example: CodeBlock):
    json.loads(example.code)


def documented_commands() -> Iterator[tuple[str, list[str]]]:
    """Page and words of each `voicemill …` in a shell example."""
    for example in (*code_blocks("sh"), *code_blocks("bash")):
        for line in example.code.replace("\\\n", " ").splitlines():
            if line.startswith("voicemill "):
                yield example.page, shlex.split(line, comments=True)[1:]


@pytest.mark.parametrize(
    ("page", "words"), [*documented_commands()], ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_command_of_the_docs_is_one(page: str, words: list[str]):
    """Parsed as the command line would, not run."""
    command: click.Command = typer.main.get_command(app)
    context = click.Context(command)
    while isinstance(command, click.Group) and words:
        command, words = command.commands[words[0]], words[1:]
        context = click.Context(command, parent=context)
        if isinstance(command, click.Group) and words[:1] and words[0].startswith("-"):
            break
    command.parse_args(context, list(words))
