"""`granian --interface wsgi api.wsgi:app`: the API as a server process. Give it threads for clients that wait."""

from __future__ import annotations

from api.http.shutdown import when_stopping
from jobs.logging_setup import configure_logging
from jobs.settings import Settings

from .app import create_app
from .wiring import wire

settings = Settings()
configure_logging(json_lines=settings.log_json)
services = wire(settings)
app = create_app(services)
when_stopping(services.watcher.close)
