"""The output of commands: results on stdout, everything else on stderr, exceptions as messages with an exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from framework.client.errors import VoicemillError

#: The option `--json` of a command.
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else there.")]

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2


@contextmanager
def exit_on_error(as_json: bool) -> Iterator[None]:
    """Turns an exception of the SDK into a message and an exit code."""
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
    """2 where the user has to change something, else 1."""
    from framework.client.errors import ApiError, BadArgument, NotConfigured, RateLimited

    if isinstance(error, NotConfigured | BadArgument):
        return EXIT_BAD_INPUT
    if isinstance(error, ApiError) and 400 <= error.status < 500 and not isinstance(error, RateLimited):
        return EXIT_FAILED if error.retryable else EXIT_BAD_INPUT
    return EXIT_FAILED


def show_error(error: VoicemillError, *, about: str | None = None) -> None:
    """The error on stderr, with the invalid fields."""
    from framework.client.errors import ApiError

    show_message(f"Error: {f'{about}: ' if about else ''}{error.detail}")
    if not isinstance(error, ApiError):
        return
    for entry in error.errors:
        if entry.detail != error.detail:
            show_message(f"  {entry.field}: {entry.detail}")
        else:
            show_message(f"  field: {entry.field}")
    if error.retry_after_s is not None and error.retryable:
        wait = f" {error.retry_after_s:g} s"
        if wait not in error.detail:
            show_message(f"  The server asks to wait{wait}.")
    if error.status == 401:
        show_message("  Set VOICEMILL_API_KEY to a key of this server; `voicemill up` creates one for the local stack.")
    elif error.code == "no_worker":
        show_message("  Start one with `voicemill worker --family FAMILY`, or the whole stack with `voicemill up`.")
        show_message("  `voicemill models --all` lists the families.")
    elif error.status >= 500 and error.request_id:
        show_message(f"  Request {error.request_id}; see the server's log.")


def error_json(error: VoicemillError) -> dict[str, Any]:
    """The error in the output of `--json`."""
    from framework.client.errors import ApiError, JobUnsuccessful, WaitTimeout

    document: dict[str, Any] = {"code": error.code, "detail": error.detail, "retryable": error.retryable}
    if isinstance(error, ApiError):
        document["status"] = error.status
        document["errors"] = [{"field": entry.field, "detail": entry.detail} for entry in error.errors]
        document["request_id"] = error.request_id
    if isinstance(error, JobUnsuccessful | WaitTimeout):
        document["job"] = error.job.raw
    return document


def show_json(value: object) -> None:
    """One JSON document on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def show_message(line: str) -> None:
    """A line on stderr."""
    typer.echo(line, err=True)


def show_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Rows on stdout: a table on a terminal, tab-separated lines in a pipe."""
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


def parse_pairs(flag: str, texts: Sequence[str], *, form: str = "key=value") -> dict[str, str]:
    """`["meeting=42"]` as a mapping. Raises BadArgument, which names the option and the form."""
    from framework.client.errors import BadArgument

    pairs = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise BadArgument(f"{flag} {text!r}: write it as {form}.")
        pairs[key] = value
    return pairs


def drop_empty(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options without None and empty collections; False and 0 stay."""
    return {name: value for name, value in options.items() if value not in (None, (), [], {})}
