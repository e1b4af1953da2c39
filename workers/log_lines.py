"""How the log lines of workers look: text for people or JSON for machines, ids as fields, on standard error."""

from __future__ import annotations

import logging
import sys

import structlog


def configure_log(*, json_lines: bool, **about: object) -> None:
    """Called once, by the entry file of a process; `about` stands in every line. Other libraries' warnings come too."""
    renderer: structlog.types.Processor = structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    if json_lines:
        renderer = structlog.processors.JSONRenderer()

    def describe(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
        return {**event, **about}

    structlog.configure(
        processors=[
            describe,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks if json_lines else structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s [%(levelname)s] %(name)s %(message)s"
    )
