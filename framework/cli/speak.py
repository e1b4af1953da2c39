"""`voicemill speak`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .connect import connected
from .report import AsJson, errors_shown, given, labels_of, say, show_json

if TYPE_CHECKING:
    from framework.client import Client
    from framework.job import Job

FORMATS = ("wav", "flac", "mp3", "opus", "aac", "m4a", "m4b", "pcm")
_DOCUMENTS = {".txt", ".md", ".markdown", ".html", ".htm", ".xhtml", ".epub", ".docx", ".ssml"}
#: Result file → what is put behind the stem of the output.
_COMPANIONS = {"marks.json": ".marks.json", "captions.vtt": ".vtt", "chapters.json": ".chapters.json",
               "book.epub": ".epub"}  # fmt: skip


def speak(
    text: Annotated[str, typer.Argument(metavar="TEXT|FILE", help="Text, a document, or `-` for text on stdin.")],
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where to save; its suffix is the format.", show_default=False)
    ] = None,
    format: Annotated[str | None, typer.Option("-f", "--format", help=" ".join(FORMATS))] = None,
    model: Annotated[str | None, typer.Option(help="Model or family; else the first that is ready.")] = None,
    voice: Annotated[str | None, typer.Option(help="One of `voicemill voices`.")] = None,
    language: Annotated[str | None, typer.Option(help="BCP 47 tag; chooses a voice where none is named.")] = None,
    speed: Annotated[float | None, typer.Option(help="0.5 to 2.0.")] = None,
    sample_rate: Annotated[int | None, typer.Option(help="Hz; else the voice's own.")] = None,
    loudness: Annotated[float | None, typer.Option(help="LUFS, such as -18; else as spoken.")] = None,
    title: Annotated[str | None, typer.Option()] = None,
    author: Annotated[str | None, typer.Option()] = None,
    marks: Annotated[bool, typer.Option("--marks", help="Also save word times, captions and chapters.")] = False,
    no_chapters: Annotated[bool, typer.Option("--no-chapters", help="One piece, whatever the headings.")] = False,
    priority: Annotated[str | None, typer.Option(help="interactive, normal or bulk.")] = None,
    label: Annotated[list[str] | None, typer.Option(help="key=value, to find the job by; repeatable.")] = None,
    webhook_url: Annotated[str | None, typer.Option(help="Told of the end.")] = None,
    deadline: Annotated[float | None, typer.Option(help="Seconds until it expires if unfinished.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait and save, or just submit.")] = True,
    as_json: AsJson = False,
) -> None:
    """Speak TEXT or a FILE (txt, md, html, epub, docx, ssml): wait, save, exit.

    voicemill speak book.epub -o book.m4b
    """
    with errors_shown(as_json):
        document = _document(text)
        if document is None and text == "-":
            text = sys.stdin.read()
        destination, chosen = _destination(document, output, format)
        options: dict[str, Any] = {
            "model": model, "voice": voice, "language": language, "speed": speed, "format": chosen,
            "sample_rate_hz": sample_rate, "loudness_lufs": loudness, "title": title, "author": author,
            "speech_marks": True if marks else None, "chapters": "none" if no_chapters else None,
            "priority": priority, "labels": labels_of(label or ()), "webhook_url": webhook_url, "deadline_s": deadline,
        }  # fmt: skip
        with connected() as client:
            _speak(
                client,
                None if document else text,
                document=document,
                destination=destination,
                options=given(options),
                marks=marks,
                wait=wait,
                as_json=as_json,
            )


def _speak(
    client: Client,
    text: str | None,
    *,
    document: Path | None,
    destination: Path,
    options: dict[str, Any],
    marks: bool,
    wait: bool,
    as_json: bool,
) -> None:
    from . import bars
    from .following import Following, show_troubles, worst

    name = destination.name

    def save(job: Job) -> Sequence[Path]:
        return save_speech(client, job, destination, companions=marks)

    news = bars.choose(as_json=as_json)
    following = Following(client, news)
    try:
        with news:
            job = client.speak(
                text, file=document, wait=False, on_upload=lambda *sent: news.uploading(name, *sent), **options
            )
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
            say(f"{bars.duration(result.duration_s)} of speech in {bars.duration(result.processing_s)}")
    raise typer.Exit(worst(outcomes))


def save_speech(client: Client, job: Job, destination: Path, *, companions: bool) -> list[Path]:
    """Save the audio as `destination`, and its marks, captions and chapters beside it."""
    saved: list[Path] = []
    for file in job.result.files if job.result else ():
        if file.name.startswith("audio."):
            saved.insert(0, client.jobs.download(job, file.name, destination))
        elif companions and file.name in _COMPANIONS:
            beside = destination.with_name(destination.stem + _COMPANIONS[file.name])
            saved.append(client.jobs.download(job, file.name, beside))
    return saved


def _document(text: str) -> Path | None:
    """The file that the argument names, None if it is the text itself. Raises BadArgument for a missing document."""
    from framework.errors import BadArgument

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


def _destination(document: Path | None, output: Path | None, format: str | None) -> tuple[Path, str]:
    """Where to save and in which format. Raises BadArgument for a suffix that is no format."""
    from framework.errors import BadArgument

    if format is not None and format not in FORMATS:
        raise BadArgument(f"--format {format!r}: choose one of {', '.join(FORMATS)}.")
    if output is None or output.is_dir():
        chosen = format or "wav"
        path = (output or Path()) / f"{document.stem if document else 'speech'}.{chosen}"
        if path.exists():
            raise BadArgument(f"{path} is there already; name the output with -o to replace it.")
        return path, chosen
    suffix = output.suffix.lower().removeprefix(".")
    if format is None and suffix not in FORMATS:
        raise BadArgument(f"-o {output}: its suffix is no format; use one of {', '.join(FORMATS)}, or add --format.")
    return output, format or suffix
