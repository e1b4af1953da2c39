"""`granian --interface wsgi api.wsgi:app`: the API as a server process. Each waiting client holds a thread."""

from __future__ import annotations

from api.http.shutdown import on_shutdown
from jobs.logging_setup import configure_logging
from jobs.settings import Settings

from .app import create_app
from .wiring import build_services

settings = Settings()
configure_logging(json_lines=settings.log_json)
services = build_services(settings)
app = create_app(services)
on_shutdown(services.watcher.close)
