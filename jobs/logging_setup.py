"""Logging of a server process: text or JSON lines on standard error, ids as fields.

A user's text must never reach a log. Exceptions are therefore logged as their types and stacks, without the values of
variables and without the messages of unforeseen exceptions, which may quote such values.
"""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType

import structlog

from .stack_trace import format_stack

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def configure_logging(*, json_lines: bool, **fields: object) -> None:
    """Called once, by the entry file of a process. `fields` are added to every line of ours.

    Warnings of libraries are logged too."""
    renderer: structlog.types.Processor = structlog.dev.ConsoleRenderer(
        colors=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )
    if json_lines:
        renderer = structlog.processors.JSONRenderer()

    def add_fields(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
        return {**fields, **event}

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            add_fields,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(_format_exception),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("%(asctime)s [%(levelname)s] %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    threading.excepthook = _log_thread_failure


def _format_exception(exc_info: _ExcInfo) -> str:
    return format_stack(exc_info[1])


class _Formatter(logging.Formatter):
    """Formats the lines of libraries."""

    def formatException(self, ei: _ExcInfo | tuple[None, None, None]) -> str:  # noqa: N802 – the name in `logging`
        return "" if ei[1] is None else format_stack(ei[1])


def _log_thread_failure(failure: threading.ExceptHookArgs) -> None:
    if failure.exc_value is not None and not isinstance(failure.exc_value, SystemExit):
        name = failure.thread.name if failure.thread else None
        structlog.get_logger("threads").error("thread_failed", thread=name, exc_info=failure.exc_value)
