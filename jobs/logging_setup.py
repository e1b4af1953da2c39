"""Logging of a server process: text for people or JSON for machines, on standard error, ids as fields.

A user's text must never reach a log. Exceptions are therefore logged as their types and the places in our code that
they passed: neither the values of variables nor the messages of exceptions that nobody foresaw, which quote both.
"""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType

import structlog

from .stack_trace import stack_of

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def configure_logging(*, json_lines: bool, **fields: object) -> None:
    """Called once, by the entry file of a process. `fields` stand in every line; warnings of libraries come too."""
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
            structlog.processors.ExceptionRenderer(_stack_of_info),
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


def _stack_of_info(exc_info: _ExcInfo) -> str:
    return stack_of(exc_info[1])


class _Formatter(logging.Formatter):
    """Lines of other libraries."""

    def formatException(self, ei: _ExcInfo | tuple[None, None, None]) -> str:  # noqa: N802 – the name in `logging`
        return "" if ei[1] is None else stack_of(ei[1])


def _log_thread_failure(failure: threading.ExceptHookArgs) -> None:
    if failure.exc_value is not None and not isinstance(failure.exc_value, SystemExit):
        name = failure.thread.name if failure.thread else None
        structlog.get_logger("threads").error("thread_failed", thread=name, exc_info=failure.exc_value)
