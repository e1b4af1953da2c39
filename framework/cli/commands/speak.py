"""`voicemill speak`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from framework.cli.connection import connect
from framework.cli.lexicon_file import read_lexicon
from framework.cli.output import AsJson, exit_on_error, parse_pairs, show_json, show_message
from framework.cli.request_options import OptionSpec, RequestOptions
from pipelines.requests import AudioFormat, SynthesisRequest

if TYPE_CHECKING:
    from framework.client.blocking_client import Client
    from framework.client.job import Job

FORMATS: tuple[str, ...] = get_args(AudioFormat)
#: Result file → suffix of the file that it is saved as, beside the audio.
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
        "voice": OptionSpec(help="One of `voicemill voices`; unset = the model's default."),
        "cast": OptionSpec(
            metavar="NAME=VOICE",
            parse=partial(parse_pairs, form="NAME=VOICE"),
            repeatable=True,
            help="Voice of the lines that begin with `[NAME]`; `narrator` is the voice of all other text. Repeatable.",
        ),
        "sample_rate_hz": OptionSpec("--sample-rate"),
        "speech_marks": OptionSpec("--marks", help="Also save word times, captions and chapters."),
        "read_along": OptionSpec(help="Also save an EPUB with synchronised text and audio."),
        "chapters": OptionSpec("--no-chapters", constant="none", help="No chapters, even if the text has headings."),
        "lexicon": OptionSpec(
            metavar="FILE",
            parse=read_lexicon,
            help="Lines of `word = pronunciation`, or JSON; IPA between slashes.",
        ),
        "retry_models": OptionSpec("--retry-model", metavar="MODEL"),
    },
    without=frozenset({"text", "ssml", "format"}),
)


@OPTIONS
def speak(
    text: Annotated[str, typer.Argument(metavar="TEXT|FILE", help="Text, a document, or `-` for text on stdin.")],
    *,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File to save the audio as; its suffix is the format.", show_default=False),
    ] = None,
    format: Annotated[str | None, typer.Option("-f", "--format", help=" ".join(FORMATS))] = None,
    ssml: Annotated[bool, typer.Option("--ssml", help="TEXT is SSML; files with the suffix .ssml always are.")] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait and save the result, or only submit.")] = True,
    as_json: AsJson = False,
    **given: Any,
) -> None:
    """Synthesise TEXT or a FILE (txt, md, html, epub, docx, ssml), wait, and save the audio.

    voicemill speak book.epub -o book.m4b
    """
    with exit_on_error(as_json):
        source, stem = _read_source(text, ssml=ssml)
        destination, audio_format = _choose_destination(stem, output, format)
        options = OPTIONS.build_fields(given, format=audio_format)
        with connect() as client:
            _speak(client, source | options, destination, wait=wait, as_json=as_json)


def _speak(client: Client, request: dict[str, Any], destination: Path, *, wait: bool, as_json: bool) -> None:
    from framework.cli.job_monitor import JobMonitor, combined_exit_code, show_problems
    from framework.cli.progress import choose_display, format_duration

    name = destination.name

    def save(job: Job) -> Sequence[Path]:
        companions = any(option in request for option in ("speech_marks", "read_along", "verify"))
        return save_speech(client, job, destination, companions=companions)

    display = choose_display(as_json=as_json)
    monitor = JobMonitor(client, display)
    try:
        with display:
            job = client.speak(wait=False, on_upload=partial(display.update_upload, name), **request)
            if wait:
                monitor.add(name, job, save)
            outcomes = monitor.join()
    except KeyboardInterrupt:
        monitor.handle_interrupt()
    if not wait:
        show_json({"job": job.raw, "saved": []}) if as_json else typer.echo(job.id)
        return
    if as_json:
        show_json(outcomes[0].as_json())
    else:
        show_problems(outcomes)
        for path in outcomes[0].saved:
            typer.echo(path)
        result = outcomes[0].job.result if outcomes[0].job else None
        if result:
            speech, took = format_duration(result.duration_s), format_duration(result.processing_s)
            show_message(f"{speech} of speech in {took}")
    raise typer.Exit(combined_exit_code(outcomes))


def save_speech(client: Client, job: Job, destination: Path, *, companions: bool) -> list[Path]:
    """Save the audio as `destination`, and with `companions` the other result files, such as captions, beside it."""
    saved: list[Path] = []
    for file in job.result.files if job.result else ():
        if file.name.startswith("audio."):
            saved.insert(0, client.jobs.download(job, file.name, destination))
        elif companions and file.name in _COMPANIONS:
            beside = destination.with_name(destination.stem + _COMPANIONS[file.name])
            saved.append(client.jobs.download(job, file.name, beside))
    return saved


def _read_source(text: str, *, ssml: bool) -> tuple[dict[str, Any], str]:
    """The input as fields of the request, and a stem for the output. Raises BadArgument for a missing document."""
    document = _find_document(text)
    if document is not None:
        # The server reads a document by the suffix of its name.
        name = document.name if not ssml or document.suffix.lower() == ".ssml" else f"{document.name}.ssml"
        return {"file": (name, document)}, document.stem
    return {"ssml" if ssml else "text": sys.stdin.read() if text == "-" else text}, "speech"


def _find_document(text: str) -> Path | None:
    """The file that the argument names, None if it is the text itself. Raises BadArgument for a missing document."""
    from framework.client.errors import BadArgument
    from pipelines.text.documents.registry import DOCUMENT_SUFFIXES

    path = Path(text)
    try:
        if not text:
            return None
        if path.is_file():
            return path
    except (OSError, ValueError):
        return None  # too long for a file name, or with a NUL byte
    has_suffix = path.suffix.lower().removeprefix(".") in DOCUMENT_SUFFIXES
    looks_like_a_file = has_suffix and not any(character.isspace() for character in text)
    if looks_like_a_file or path.is_dir():
        raise BadArgument(f"{path} is not a file that can be read.")
    return None


def _choose_destination(stem: str, output: Path | None, format: str | None) -> tuple[Path, str]:
    """The file to save the audio as, and its format. Raises BadArgument for an unknown format or an existing file."""
    from framework.client.errors import BadArgument

    if format is not None and format not in FORMATS:
        raise BadArgument(f"--format {format!r}: choose one of {', '.join(FORMATS)}.")
    if output is None or output.is_dir():
        audio_format = format or "wav"
        path = (output or Path()) / f"{stem}.{audio_format}"
        if path.exists():
            raise BadArgument(f"{path} exists already; name the output with -o to replace it.")
        return path, audio_format
    suffix = output.suffix.lower().removeprefix(".")
    if format is None and suffix not in FORMATS:
        raise BadArgument(f"-o {output}: its suffix is no format; use one of {', '.join(FORMATS)}, or add --format.")
    return output, format or suffix
