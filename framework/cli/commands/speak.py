"""`voicemill speak`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from framework.cli.connection import connected
from framework.cli.lexicon_file import read_lexicon
from framework.cli.output import AsJson, errors_shown, pairs, say, show_json
from framework.cli.request_options import RequestOptions, Written
from pipelines.requests import SynthesisRequest

if TYPE_CHECKING:
    from framework.client.blocking_client import Client
    from framework.client.job import Job

FORMATS = ("wav", "flac", "mp3", "opus", "aac", "m4a", "m4b", "pcm")
_DOCUMENTS = {".txt", ".md", ".markdown", ".html", ".htm", ".xhtml", ".epub", ".docx", ".ssml"}
#: Result file → what is put behind the stem of the output.
_COMPANIONS = {
    "marks.json": ".marks.json",
    "captions.vtt": ".vtt",
    "chapters.json": ".chapters.json",
    "book.epub": ".epub",
    "quality.json": ".quality.json",
}

OPTIONS = RequestOptions(
    SynthesisRequest,
    {
        "voice": Written(help="One of `voicemill voices`; else the model's own."),
        "cast": Written(
            metavar="NAME=VOICE",
            read=partial(pairs, form="NAME=VOICE"),
            repeats=True,
            help="Who speaks the lines that begin with `[NAME]`; `narrator` is the rest. Repeatable.",
        ),
        "sample_rate_hz": Written("--sample-rate"),
        "speech_marks": Written("--marks", help="Also save word times, captions and chapters."),
        "read_along": Written(help="Also save an EPUB whose text and audio go in step."),
        "chapters": Written("--no-chapters", asks="none", help="One piece, whatever the headings."),
        "lexicon": Written(
            metavar="FILE", read=read_lexicon, help="Lines of `word = how it is said`, or JSON; IPA between slashes."
        ),
        "retry_models": Written("--retry-model", metavar="MODEL"),
    },
    without=frozenset({"text", "ssml", "format"}),
)


@OPTIONS
def speak(
    text: Annotated[str, typer.Argument(metavar="TEXT|FILE", help="Text, a document, or `-` for text on stdin.")],
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where to save; its suffix is the format.", show_default=False)
    ] = None,
    format: Annotated[str | None, typer.Option("-f", "--format", help=" ".join(FORMATS))] = None,
    ssml: Annotated[bool, typer.Option("--ssml", help="TEXT is SSML; files that end in .ssml are anyway.")] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait and save, or just submit.")] = True,
    as_json: AsJson = False,
    **asked: Any,
) -> None:
    """Speak TEXT or a FILE (txt, md, html, epub, docx, ssml): wait, save, exit.

    voicemill speak book.epub -o book.m4b
    """
    with errors_shown(as_json):
        source, stem = _source(text, ssml=ssml)
        destination, chosen = _destination(stem, output, format)
        options = OPTIONS.fields(asked, format=chosen)
        with connected() as client:
            _speak(client, source | options, destination, wait=wait, as_json=as_json)


def _speak(client: Client, wanted: dict[str, Any], destination: Path, *, wait: bool, as_json: bool) -> None:
    from framework.cli import progress
    from framework.cli.job_monitor import Following, show_troubles, worst

    name = destination.name

    def save(job: Job) -> Sequence[Path]:
        companions = any(name in wanted for name in ("speech_marks", "read_along", "verify"))
        return save_speech(client, job, destination, companions=companions)

    news = progress.choose(as_json=as_json)
    following = Following(client, news)
    try:
        with news:
            job = client.speak(wait=False, on_upload=lambda *sent: news.uploading(name, *sent), **wanted)
            if wait:
                following.add(name, job, save)
            outcomes = following.join()
    except KeyboardInterrupt:
        following.interrupted()
    if not wait:
        show_json({"job": job.raw, "saved": []}) if as_json else typer.echo(job.id)
        return
    if as_json:
        show_json(outcomes[0].as_json())
    else:
        show_troubles(outcomes)
        for path in outcomes[0].saved:
            typer.echo(path)
        result = outcomes[0].job.result if outcomes[0].job else None
        if result:
            say(f"{progress.duration(result.duration_s)} of speech in {progress.duration(result.processing_s)}")
    raise typer.Exit(worst(outcomes))


def save_speech(client: Client, job: Job, destination: Path, *, companions: bool) -> list[Path]:
    """Save the audio as `destination`, and what else the job made, such as captions, beside it."""
    saved: list[Path] = []
    for file in job.result.files if job.result else ():
        if file.name.startswith("audio."):
            saved.insert(0, client.jobs.download(job, file.name, destination))
        elif companions and file.name in _COMPANIONS:
            beside = destination.with_name(destination.stem + _COMPANIONS[file.name])
            saved.append(client.jobs.download(job, file.name, beside))
    return saved


def _source(text: str, *, ssml: bool) -> tuple[dict[str, Any], str]:
    """What the client is to speak, and what to call the result. Raises BadArgument for a missing document."""
    document = _document(text)
    if document is not None:
        # How a document is read goes by its name.
        name = document.name if not ssml or document.suffix.lower() == ".ssml" else f"{document.name}.ssml"
        return {"file": (name, document)}, document.stem
    return {"ssml" if ssml else "text": sys.stdin.read() if text == "-" else text}, "speech"


def _document(text: str) -> Path | None:
    """The file that the argument names, None if it is the text itself. Raises BadArgument for a missing document."""
    from framework.client.errors import BadArgument

    path = Path(text)
    try:
        if not text:
            return None
        if path.is_file():
            return path
    except (OSError, ValueError):
        return None  # too long for a name, or with a zero byte
    looks_like_one = path.suffix.lower() in _DOCUMENTS and not any(sign.isspace() for sign in text)
    if looks_like_one or path.is_dir():
        raise BadArgument(f"{path} is not a file that can be read.")
    return None


def _destination(stem: str, output: Path | None, format: str | None) -> tuple[Path, str]:
    """Where to save and in which format. Raises BadArgument for a suffix that is no format."""
    from framework.client.errors import BadArgument

    if format is not None and format not in FORMATS:
        raise BadArgument(f"--format {format!r}: choose one of {', '.join(FORMATS)}.")
    if output is None or output.is_dir():
        chosen = format or "wav"
        path = (output or Path()) / f"{stem}.{chosen}"
        if path.exists():
            raise BadArgument(f"{path} is there already; name the output with -o to replace it.")
        return path, chosen
    suffix = output.suffix.lower().removeprefix(".")
    if format is None and suffix not in FORMATS:
        raise BadArgument(f"-o {output}: its suffix is no format; use one of {', '.join(FORMATS)}, or add --format.")
    return output, format or suffix
