"""`granian --interface rsgi api.rsgi:server`: the API as a server process whose threads no slow client keeps.

`api.wsgi:app` is the same application for any WSGI server; there a body that stops to arrive holds a thread for good.
"""

from __future__ import annotations

from api.http.rsgi_server import RsgiServer
from api.ops.probes import PROBE_PATHS

from .wsgi import app, services

server = RsgiServer(
    app.wsgi_app,
    threads=services.settings.api_threads,
    own_threads_of=PROBE_PATHS,
    send_stall_s=services.settings.send_stall_s,
    on_stop=services.watcher.close,
)
