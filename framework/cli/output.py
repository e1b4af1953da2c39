"""How commands speak: results on stdout, all else on stderr, exceptions as words with an exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from framework.client.errors import VoicemillError

#: The option of every command that programs may call.
AsJson = Annotated[bool, typer.Option("--json", help="For programs: JSON on stdout and nothing else there.")]

FAILED = 1
BAD_INPUT = 2


@contextmanager
def errors_shown(as_json: bool) -> Iterator[None]:
    """Turns what the SDK raises into a message and an exit code."""
    from framework.client.errors import VoicemillError

    try:
        yield
    except VoicemillError as error:
        if as_json:
            show_json({"error": error_json(error)})
        else:
            show_error(error)
        raise typer.Exit(exit_code(error)) from error


def exit_code(error: VoicemillError) -> int:
    """2 where the caller has to change something, else 1."""
    from framework.client.errors import ApiError, BadArgument, NotConfigured, RateLimited

    if isinstance(error, NotConfigured | BadArgument):
        return BAD_INPUT
    if isinstance(error, ApiError) and 400 <= error.status < 500 and not isinstance(error, RateLimited):
        return FAILED if error.retryable else BAD_INPUT
    return FAILED


def show_error(error: VoicemillError, *, about: str | None = None) -> None:
    """The error on stderr, with the fields to mend."""
    from framework.client.errors import ApiError

    say(f"Error: {f'{about}: ' if about else ''}{error.detail}")
    if not isinstance(error, ApiError):
        return
    for entry in error.errors:
        if entry.detail != error.detail:
            say(f"  {entry.field}: {entry.detail}")
        else:
            say(f"  field: {entry.field}")
    if error.retry_after_s is not None and error.retryable:
        say(f"  The server asks to wait {error.retry_after_s:g} s.")
    if error.status == 401:
        say("  Set VOICEMILL_API_KEY to a key of this server; `voicemill up` makes one for the local stack.")
    elif error.status >= 500 and error.request_id:
        say(f"  Request {error.request_id}; the server's log has more.")


def error_json(error: VoicemillError) -> dict[str, Any]:
    """The error for programs."""
    from framework.client.errors import ApiError, JobUnsuccessful, WaitTimeout

    told: dict[str, Any] = {"code": error.code, "detail": error.detail, "retryable": error.retryable}
    if isinstance(error, ApiError):
        told["status"] = error.status
        told["errors"] = [{"field": entry.field, "detail": entry.detail} for entry in error.errors]
        told["request_id"] = error.request_id
    if isinstance(error, JobUnsuccessful | WaitTimeout):
        told["job"] = error.job.raw
    return told


def show_json(value: Any) -> None:
    """One JSON document on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def say(line: str) -> None:
    """A line for people, on stderr."""
    typer.echo(line, err=True)


def show_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Rows on stdout: a table on a terminal, tab-separated lines for whatever reads a pipe."""
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for line in [headings, *texts]:
            typer.echo("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in line))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, heading in enumerate(headings):
        table.add_column(heading, no_wrap=index == 0, overflow="fold")
    for line in texts:
        table.add_row(*(Text(cell) for cell in line))
    Console().print(table)


def pairs(flag: str, texts: Sequence[str], *, form: str = "key=value") -> dict[str, str]:
    """`["meeting=42"]` as a mapping. Raises BadArgument, which says the form."""
    from framework.client.errors import BadArgument

    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise BadArgument(f"{flag} {text!r}: write it as {form}.")
        found[key] = value
    return found


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was not given."""
    return {name: value for name, value in options.items() if value not in (None, (), [], {})}
