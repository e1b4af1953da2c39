"""How log lines look: text for people, or JSON for machines; one line each, ids as fields."""

from __future__ import annotations

import logging
import sys

import structlog


def configure_log(*, json_lines: bool) -> None:
    """Send structlog's lines to standard error. Called once, by the process's entry file."""
    renderer: structlog.types.Processor
    renderer = structlog.processors.JSONRenderer() if json_lines else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks if json_lines else structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
