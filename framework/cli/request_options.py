"""The options of `speak` and `transcribe`, generated from the request models: none is missing, no limit differs.

Knows how a field is written on a command line. Meaning and limits come from the models: their descriptions become the
help texts, and their validation errors become one line that names the option.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipelines.requests import SERVER_FIELDS, JobRequest

from .output import drop_empty, parse_pairs

Command = TypeVar("Command", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class OptionSpec:
    """How a field becomes an option, where its name and type are not enough."""

    #: `--marks`; "" = the field's name.
    flag: str = ""
    metavar: str = ""
    #: In place of the model's description.
    help: str = ""
    #: The option takes no value; when given, the field has this value.
    constant: str = ""
    #: (option, what was written) → the field's value. Raises BadArgument.
    parse: Callable[[str, Any], Any] | None = None
    #: May be given several times; true for lists anyway.
    repeatable: bool = False


#: Options of every job.
_JOB_OPTIONS: Mapping[str, OptionSpec] = {
    "labels": OptionSpec(
        "--label", "KEY=VALUE", "A label to find the job by. Repeatable.", parse=parse_pairs, repeatable=True
    ),
    "webhook_url": OptionSpec(metavar="URL", help="Where to send a webhook when the job has finished."),
    "deadline_s": OptionSpec("--deadline", "SECONDS", "Until the job expires if it has not finished; unset = 7 days."),
    "retain_s": OptionSpec("--retain", "SECONDS", "How long input and result are kept; unset = the server's default."),
}


class RequestOptions:
    """A decorator that gives a command one option for each field of a request; their values arrive as `**given`."""

    def __init__(self, request: type[JobRequest], specs: Mapping[str, OptionSpec], *, without: frozenset[str]) -> None:
        """`without`: fields that the command sets itself."""
        self._request = request
        table = {**_JOB_OPTIONS, **specs}
        self._options = {
            name: _Option(name, _unwrap_optional(schema), table.get(name, OptionSpec()))
            for name, schema in request.model_json_schema()["properties"].items()
            if name not in without.union(SERVER_FIELDS)
        }

    def __call__(self, command: Command) -> Command:
        """The command with these options after its own."""
        signature = inspect.signature(command, eval_str=True)
        own = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
        options = [option.build_parameter() for option in self._options.values()]
        # inspect.signature() reads this attribute first, as PEP 362 says; the types of functions do not list it.
        command.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
        return command

    def build_fields(self, given: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """The given options and `more` as fields of the request. Raises BadArgument, which names the option."""
        from framework.client.errors import BadArgument

        values = {name: self._options[name].parse(written) for name, written in drop_empty(given).items()}
        fields = drop_empty(more) | values
        try:
            request = self._request.model_validate(fields)
        except ValidationError as error:
            raise BadArgument("; ".join(self._describe_error(found) for found in error.errors()) + ".") from error
        return request.model_dump(mode="json", include=set(fields))

    def _describe_error(self, error: ErrorDetails) -> str:
        message = error["msg"].removeprefix("Value error, ")
        if not error["loc"]:
            return message
        flag = self._options[str(error["loc"][0])].flag
        return f"{flag} {error['input']!r}: {message[0].lower()}{message[1:]}"


@dataclass(frozen=True, slots=True)
class _Option:
    """One field as an option. `schema` is the field's JSON schema without `null`."""

    name: str
    schema: Mapping[str, Any]
    spec: OptionSpec

    @property
    def flag(self) -> str:
        return self.spec.flag or f"--{self.name.replace('_', '-')}"

    @property
    def is_flag(self) -> bool:
        return bool(self.spec.constant) or self.schema["type"] == "boolean"

    def build_parameter(self) -> inspect.Parameter:
        """For the signature that Typer reads. All values stay strings: the model parses them."""
        repeatable = self.spec.repeatable or self.schema["type"] == "array"
        kind: Any = bool | None if self.is_flag else list[str] | None if repeatable else str | None
        option = typer.Option(
            self._build_declaration(),
            help=f"{self.spec.help or self.schema.get('description', '')} {_describe_limits(self.schema)}".strip(),
            metavar=None if self.is_flag else self.spec.metavar or _build_metavar(self.schema),
        )
        annotation = Annotated[kind, option]
        return inspect.Parameter(self.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)

    def _build_declaration(self) -> str:
        """A flag has only the name that changes the default, and both where unset is a third value."""
        if self.spec.constant or not self.is_flag:
            return self.flag
        negation = self.flag.replace("--", "--no-", 1)
        return {False: self.flag, True: f" /{negation}", None: f"{self.flag}/{negation}"}[self.schema.get("default")]

    def parse(self, written: Any) -> Any:
        """The field's value. Raises BadArgument."""
        if self.spec.constant:
            return self.spec.constant
        if self.spec.parse is not None:
            return self.spec.parse(self.flag, written)
        if isinstance(written, list):
            return [part.strip() for text in written for part in text.split(",") if part.strip()]
        return written


def _unwrap_optional(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A field's schema without the `null` of optional ones."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    return {**schema, **kinds[0]} if kinds else dict(schema)


def _build_metavar(schema: Mapping[str, Any]) -> str:
    choices = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return "|".join(choices) or ("NUMBER" if schema["type"] in {"number", "integer"} else "TEXT")


def _describe_limits(schema: Mapping[str, Any]) -> str:
    """The limits of a number, whether the option repeats, and the default."""
    parts = []
    if "minimum" in schema and "maximum" in schema:
        parts.append(f"{schema['minimum']:g} to {schema['maximum']:g}.")
    if schema["type"] == "array":
        parts.append("Repeatable.")
    if schema["type"] != "boolean" and "const" not in schema and schema.get("default"):
        parts.append(f"Default: {schema['default']}.")
    return " ".join(parts)
