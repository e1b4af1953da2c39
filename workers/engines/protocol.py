"""The protocol between a controller and a child that runs steps: messages.py as JSON objects on the channel, and back.

In an engine child, which has several runs at once, commands and events carry the `id` of the run beside their own
fields. What a child sends is untrusted: `decode_event` checks names, types and lengths.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from jobs.failure import ErrorClass, Failure
from pipelines.pipeline import Limits

from .channel import Message
from .messages import (
    Command,
    Confined,
    EngineReady,
    Event,
    FileProduced,
    FileStored,
    FollowUpSpan,
    Idle,
    KeepAlive,
    Lane,
    LoadModel,
    ModelFetching,
    ModelLoaded,
    ModelLoadFailed,
    ModelLoading,
    ModelUnloaded,
    PlanDone,
    PlanInput,
    Progress,
    RunStep,
    SourceNeeded,
    SourceReady,
    StepFailed,
    StepInput,
    StepOutOfSpace,
    StepStopped,
    StitchDone,
    StitchInput,
    StopStep,
    WorkDone,
    WorkInput,
)

#: Characters of a name, and of what a child may tell callers and the log. Longer names are refused, longer texts cut.
_NAME_LENGTH = 255
_DETAIL_LENGTH, _CODE_LENGTH, _LOG_LENGTH = 1000, 60, 4000
#: Error classes that a child may name: a deadline is the database's to tell.
_ERROR_CLASSES = frozenset(ErrorClass) - {ErrorClass.DEADLINE}


class ProtocolViolation(Exception):
    """A child sent or left what no child of ours does; nothing else of its run is believed either."""


_STEP_INPUTS: dict[str, type[StepInput]] = {"plan": PlanInput, "work": WorkInput, "stitch": StitchInput}
_STEP_NAMES = {kind: name for name, kind in _STEP_INPUTS.items()}
_COMMANDS: dict[str, type[Command]] = {
    "load": LoadModel,
    "run": RunStep,
    "stop": StopStep,
    "stored": FileStored,
    "source": SourceReady,
}
_COMMAND_NAMES = {kind: name for name, kind in _COMMANDS.items()}


def encode_command(command: Command) -> Message:
    """A command as the channel carries it."""
    message = {"op": _COMMAND_NAMES[type(command)], **asdict(command)}
    if isinstance(command, RunStep):
        message["step"] = {"name": _STEP_NAMES[type(command.step)], **message["step"]}
    return message


def decode_command(message: Message) -> Command:
    """The inverse of `encode_command`, in the child, which trusts its controller; the run's `id` is ignored."""
    values = {name: value for name, value in message.items() if name not in ("op", "id")}
    if message["op"] == "run":
        step = values["step"]
        if step["name"] == "plan":
            step = {**step, "limits": Limits(**step["limits"])}
        values["lane"] = Lane(values["lane"])
        values["step"] = _STEP_INPUTS[step["name"]](**{name: step[name] for name in step if name != "name"})
    return _COMMANDS[message["op"]](**values)


def encode_event(event: Event) -> Message:
    """An event as the channel carries it."""
    name = _EVENT_NAMES[type(event)]
    if isinstance(event, StepFailed):
        return {"event": name, **event.failure.to_json(), "trace": event.trace}
    return {"event": name, **asdict(event)}


def decode_event(message: Message) -> Event:
    """The inverse of `encode_event`; the run's `id` is ignored. Raises ProtocolViolation for any other message."""
    name = message.get("event")
    if not isinstance(name, str) or name not in _DECODERS:
        raise ProtocolViolation("unknown event")
    return _DECODERS[name](_Fields(name, message))


class _Fields:
    """The fields of an untrusted message. Every method raises ProtocolViolation where a field has another type."""

    def __init__(self, event: str, values: Mapping[str, Any]) -> None:
        self._event = event
        self._values = values

    def text(self, name: str, *, cut: int | None = None) -> str:
        """At most 255 printable characters; with `cut` a text of any length, of which so many characters are kept."""
        value = self._values.get(name)
        if not isinstance(value, str):
            raise self._invalid(name)
        if cut is not None:
            return value[:cut]
        # Names become file names and keys: lone surrogates, for one, are no name.
        if len(value) > _NAME_LENGTH or not value.isprintable():
            raise self._invalid(name)
        return value

    def ascii(self, name: str) -> str:
        """A name that may be in a header."""
        value = self.text(name)
        if not value.isascii():
            raise self._invalid(name)
        return value

    def optional_text(self, name: str, *, cut: int) -> str | None:
        return None if self._values.get(name) is None else self.text(name, cut=cut)

    def trace(self) -> str | None:
        """The end of a stack trace."""
        value = self._values.get("trace")
        return value[-_LOG_LENGTH:] if isinstance(value, str) else None

    def number(self, name: str) -> float:
        value = self._values.get(name)
        try:
            number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
        except OverflowError:
            number = math.nan
        if not math.isfinite(number):
            raise self._invalid(name)
        return number

    def optional_number(self, name: str) -> float | None:
        return None if self._values.get(name) is None else self.number(name)

    def integer(self, name: str) -> int:
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._invalid(name)
        return value

    def flag(self, name: str) -> bool:
        return self._values.get(name) is True

    def mapping(self, name: str) -> Mapping[str, Any]:
        value = self._values.get(name)
        if not isinstance(value, dict):
            raise self._invalid(name)
        return value

    def optional_mapping(self, name: str) -> Mapping[str, Any] | None:
        return None if self._values.get(name) is None else self.mapping(name)

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._values.get(name)
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self._invalid(name)
        return tuple(value)

    def mappings(self, name: str) -> tuple[Mapping[str, Any], ...]:
        value = self._values.get(name)
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self._invalid(name)
        return tuple(value)

    def _invalid(self, name: str) -> ProtocolViolation:
        return ProtocolViolation(f"the field {name!r} of the event {self._event!r} is invalid")


def _decode_work_done(fields: _Fields) -> WorkDone:
    follow_ups = []
    for value in fields.mappings("follow_ups"):
        follow_up = _Fields("work_done", value)
        span = _Fields("work_done", follow_up.mapping("span"))
        span.integer("idx")
        span.number("units")
        follow_ups.append(FollowUpSpan(follow_up.text("model"), follow_up.mapping("span")))
    return WorkDone(
        part=fields.text("part"),
        engine_s=fields.number("engine_s"),
        duration_s=fields.optional_number("duration_s"),
        provenance=fields.mapping("provenance"),
        follow_ups=tuple(follow_ups),
    )


def _decode_failed(fields: _Fields) -> StepFailed:
    error_class = fields.text("class")
    return StepFailed(
        Failure(
            error_class=ErrorClass(error_class) if error_class in _ERROR_CLASSES else ErrorClass.ENGINE,
            code=fields.text("code", cut=_CODE_LENGTH),
            detail=fields.text("detail", cut=_DETAIL_LENGTH),
            field=fields.optional_text("field", cut=_CODE_LENGTH),
            retryable=fields.flag("retryable"),
        ),
        fields.trace(),
    )


def _decode_loaded(fields: _Fields) -> ModelLoaded:
    return ModelLoaded(
        model=fields.text("model"),
        revision=fields.text("revision", cut=_DETAIL_LENGTH),
        engine=fields.text("engine", cut=_DETAIL_LENGTH),
        selection=fields.optional_mapping("selection"),
        voices=fields.mappings("voices"),
        load_s=fields.number("load_s"),
    )


_EVENTS: Sequence[tuple[str, type[Event], Callable[[_Fields], Event]]] = (
    ("keep_alive", KeepAlive, lambda fields: KeepAlive()),
    ("progress", Progress, lambda fields: Progress(fields.number("done"), fields.optional_number("total"))),
    (
        "file",
        FileProduced,
        lambda fields: FileProduced(fields.text("name"), fields.text("file"), fields.ascii("content_type")),
    ),
    ("need", SourceNeeded, lambda fields: SourceNeeded(fields.integer("index"))),
    (
        "plan_done",
        PlanDone,
        lambda fields: PlanDone(fields.number("units_total"), fields.text("unit"), fields.integer("spans")),
    ),
    ("work_done", WorkDone, _decode_work_done),
    ("stitch_done", StitchDone, lambda fields: StitchDone(fields.number("duration_s"), fields.mapping("summary"))),
    ("failed", StepFailed, _decode_failed),
    ("out_of_space", StepOutOfSpace, lambda fields: StepOutOfSpace()),
    ("stopped", StepStopped, lambda fields: StepStopped()),
    ("confined", Confined, lambda fields: Confined(fields.texts("restrictions"))),
    ("idle", Idle, lambda fields: Idle()),
    ("ready", EngineReady, lambda fields: EngineReady(fields.integer("pid"))),
    ("fetching", ModelFetching, lambda fields: ModelFetching(fields.text("model"))),
    ("loading", ModelLoading, lambda fields: ModelLoading(fields.text("model"))),
    ("loaded", ModelLoaded, _decode_loaded),
    (
        "load_failed",
        ModelLoadFailed,
        lambda fields: ModelLoadFailed(fields.text("model"), fields.text("detail", cut=_LOG_LENGTH)),
    ),
    ("unloaded", ModelUnloaded, lambda fields: ModelUnloaded(fields.text("model"))),
)
_EVENT_NAMES = {kind: name for name, kind, _ in _EVENTS}
_DECODERS = {name: decode for name, _, decode in _EVENTS}
