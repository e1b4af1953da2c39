"""Creates the Flask application. Knows which features there are, and nothing of what they do."""

from __future__ import annotations

from flask.json.provider import DefaultJSONProvider
from flask_openapi3 import OpenAPI, Server

from api.http.context import install_services
from api.http.openapi import INFO, install_docs
from api.http.operation import SECURITY_SCHEMES
from api.http.paced_body import install_paced_bodies
from api.http.page_headers import install_page_headers
from api.http.problems import install_problems
from api.http.request_log import install_request_log
from api.http.schemas import Problem
from api.jobs.routes import routes as jobs
from api.keys.routes import routes as keys
from api.models.routes import routes as models
from api.ops.probes import probes
from api.ops.routes import routes as ops
from api.problems.routes import routes as problems
from api.stt.routes import routes as stt
from api.submission.http import install_submission_problems
from api.submission.routes import routes as submission
from api.tts.routes import routes as tts
from api.voices.routes import routes as voices
from api.webhooks.routes import routes as webhooks

from .services import Services

#: In the order of the OpenAPI document.
ROUTES = (jobs, submission, tts, voices, stt, ops, probes, models, keys, webhooks, problems)


def create_app(services: Services) -> OpenAPI:
    """The application over these services."""
    app = OpenAPI(
        "api",
        info=INFO,
        servers=[Server(url=services.settings.public_url.rstrip("/"))],
        security_schemes=SECURITY_SCHEMES,
        validation_error_model=Problem,
        validation_error_status=500,  # every route documents 500 itself: nothing is added
        doc_ui=False,
        static_folder=None,
    )
    install_services(app, services)
    app.url_map.strict_slashes = False
    assert isinstance(app.json, DefaultJSONProvider)
    app.json.sort_keys = False
    install_request_log(app)
    install_paced_bodies(app)
    install_page_headers(app, public_url=services.settings.public_url)
    install_problems(app)
    install_submission_problems(app)
    for blueprint in ROUTES:
        app.register_api(blueprint)
    install_docs(app)
    return app
