"""`granian --interface wsgi api.wsgi:app`: the API as a server process. Each waiting client holds a thread."""

from __future__ import annotations

import sys

from api.http.shutdown import on_shutdown
from jobs.errors import JobsError
from jobs.logging_setup import configure_logging
from jobs.settings import read_settings

from .app import create_app
from .wiring import build_services

try:
    settings = read_settings()
    configure_logging(json_lines=settings.log_json)
    services = build_services(settings)
except JobsError as error:
    # The server process shows what an import prints; a traceback would hide the sentence.
    sys.exit(f"voicemill api: {error.for_operator()}")
app = create_app(services)
on_shutdown(services.watcher.close)
