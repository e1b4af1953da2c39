"""Makes the Flask application from settings and services. Knows which routes there are, nothing of what they do."""

from __future__ import annotations

from flask_openapi3 import OpenAPI

from . import (
    audio_routes,
    health_routes,
    job_routes,
    key_routes,
    stt_routes,
    tts_routes,
    voice_routes,
    webhook_routes,
)
from .docs_routes import INFO, install_docs
from .operation import SECURITY_SCHEMES
from .problems import install_problems
from .request_log import install_request_log
from .schemas import Problem
from .wiring import EXTENSION, Services

ROUTES = (
    job_routes.routes,
    tts_routes.routes,
    voice_routes.routes,
    stt_routes.routes,
    health_routes.routes,
    audio_routes.routes,
    key_routes.routes,
    webhook_routes.routes,
)


def create_app(services: Services) -> OpenAPI:
    """The application over these services."""
    app = OpenAPI(
        "api",
        info=INFO,
        security_schemes=SECURITY_SCHEMES,
        validation_error_model=Problem,
        validation_error_status=500,  # every route documents this one: nothing is added to what it says itself
        doc_ui=False,
        static_folder=None,
    )
    app.extensions[EXTENSION] = services
    app.url_map.strict_slashes = False
    app.json.sort_keys = False  # type: ignore[attr-defined]
    install_request_log(app)
    install_problems(app)
    for blueprint in ROUTES:
        app.register_api(blueprint)
    install_docs(app)
    return app
