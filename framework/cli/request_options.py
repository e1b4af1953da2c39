"""The options of `speak` and `transcribe`, made from the models of the requests: none is missing, no limit differs.

Knows how a field is written on a command line. What it means and what it may hold, the models say; here their words
become help, and what they refuse becomes one line that names the option.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError

from pipelines.requests import JobRequest

from .output import given, pairs

Command = TypeVar("Command", bound=Callable[..., None])

#: Fields that only the server sets.
_OF_THE_SERVER = frozenset({"source_type", "source_name", "references", "patches"})


@dataclass(frozen=True, slots=True)
class Written:
    """How a field is written where its name and its type alone do not say it."""

    #: `--marks`; "" = the field's name.
    flag: str = ""
    metavar: str = ""
    #: In place of the model's words, where these speak of the field.
    help: str = ""
    #: A bare flag that asks for this value.
    asks: str = ""
    #: (option, what was written) → the field's value. Raises BadArgument.
    read: Callable[[str, Any], Any] | None = None
    #: Lists do anyway.
    repeats: bool = False


#: How the fields of every job are written.
_OF_EVERY_JOB: Mapping[str, Written] = {
    "labels": Written("--label", "KEY=VALUE", "A mark to find the job by. Repeatable.", read=pairs, repeats=True),
    "webhook_url": Written(metavar="URL", help="Where to tell of the end."),
    "deadline_s": Written("--deadline", "SECONDS", "Until it expires if unfinished; unset = 7 days."),
    "retain_s": Written("--retain", "SECONDS", "Input and result are kept so long; unset = as the server does."),
}


class RequestOptions:
    """A decorator that gives a command the options of a request; the command takes what was written by `**asked`."""

    def __init__(self, request: type[JobRequest], written: Mapping[str, Written], *, without: frozenset[str]) -> None:
        """`without`: fields that the command sees to by itself."""
        self._request = request
        table = {**_OF_EVERY_JOB, **written}
        self._options = {
            name: _Option(name, _flat(schema), table.get(name, Written()))
            for name, schema in request.model_json_schema()["properties"].items()
            if name not in without | _OF_THE_SERVER
        }

    def __call__(self, command: Command) -> Command:
        """The command, its own options first."""
        signature = inspect.signature(command, eval_str=True)
        own = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
        options = [option.parameter() for option in self._options.values()]
        command.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
        return command

    def fields(self, asked: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """What was asked for, and `more`, as the API takes it. Raises BadArgument, naming the option."""
        from framework.client.errors import BadArgument

        fields = given(more) | {name: self._options[name].value(typed) for name, typed in given(asked).items()}
        try:
            wanted = self._request.model_validate(fields)
        except ValidationError as error:
            raise BadArgument("; ".join(self._refusal(found) for found in error.errors()) + ".") from error
        return wanted.model_dump(mode="json", include=set(fields))

    def _refusal(self, found: Mapping[str, Any]) -> str:
        said = found["msg"].removeprefix("Value error, ")
        if not found["loc"]:
            return said
        flag = self._options[found["loc"][0]].flag
        return f"{flag} {found['input']!r}: {said[0].lower()}{said[1:]}"


@dataclass(frozen=True, slots=True)
class _Option:
    """One field as an option."""

    name: str
    schema: Mapping[str, Any]
    written: Written

    @property
    def flag(self) -> str:
        return self.written.flag or f"--{self.name.replace('_', '-')}"

    @property
    def is_bare(self) -> bool:
        return bool(self.written.asks) or self.schema["type"] == "boolean"

    def parameter(self) -> inspect.Parameter:
        """For the signature that Typer reads. All values stay texts: the model reads them."""
        repeats = self.written.repeats or self.schema["type"] == "array"
        kind: Any = bool | None if self.is_bare else list[str] | None if repeats else str | None
        option = typer.Option(
            self._declaration(),
            help=f"{self.written.help or self.schema.get('description', '')} {_bounds(self.schema)}".strip(),
            metavar=None if self.is_bare else self.written.metavar or _metavar(self.schema),
        )
        annotation = Annotated[kind, option]  # type: ignore[valid-type]
        return inspect.Parameter(self.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)

    def _declaration(self) -> str:
        """A flag has only the name that changes something, and both where unset is a third thing."""
        if self.written.asks or not self.is_bare:
            return self.flag
        off = self.flag.replace("--", "--no-", 1)
        return {False: self.flag, True: f" /{off}", None: f"{self.flag}/{off}"}[self.schema.get("default")]

    def value(self, typed: Any) -> Any:
        """The field's value. Raises BadArgument."""
        if self.written.asks:
            return self.written.asks
        if self.written.read is not None:
            return self.written.read(self.flag, typed)
        if isinstance(typed, list):
            return [part.strip() for text in typed for part in text.split(",") if part.strip()]
        return typed


def _flat(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A field's schema without the `null` of optional ones."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    return {**schema, **kinds[0]} if kinds else dict(schema)


def _metavar(schema: Mapping[str, Any]) -> str:
    choices = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return "|".join(choices) or ("NUMBER" if schema["type"] in {"number", "integer"} else "TEXT")


def _bounds(schema: Mapping[str, Any]) -> str:
    """The limits of a number, that a list repeats, and what holds where nothing is said."""
    said = []
    if "minimum" in schema and "maximum" in schema:
        said.append(f"{schema['minimum']:g} to {schema['maximum']:g}.")
    if schema["type"] == "array":
        said.append("Repeatable.")
    if schema["type"] != "boolean" and "const" not in schema and schema.get("default"):
        said.append(f"Else {schema['default']}.")
    return " ".join(said)
