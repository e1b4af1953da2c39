"""`/openapi.json` and `/docs`: the document, and Swagger UI from a package that contains it. Needs no network."""

from __future__ import annotations

from flask import redirect
from flask.typing import ResponseReturnValue
from flask_openapi3 import Info, OpenAPI
from flask_openapi3.models import Schema
from flask_openapi3_swagger.plugins import RegisterPlugin

from .request_body import component_schemas
from .schemas import Problem

INFO = Info(
    title="Voicemill",
    version="1",
    description="Long text into speech and long speech into text, as durable jobs.",
)


def install_docs(app: OpenAPI) -> None:
    """Serve the document and a page that shows it."""
    # No response declares it as a model: `operation` documents problems by reference.
    app.components_schemas.update({name: Schema(**schema) for name, schema in component_schemas(Problem).items()})
    app.config["SWAGGER_CONFIG"] = {"validatorUrl": None}  # its default asks a server on the internet
    app.register_blueprint(RegisterPlugin.register(doc_url="../openapi.json"), url_prefix="/docs")
    app.add_url_rule("/openapi.json", "openapi_document", lambda: app.api_doc)
    app.add_url_rule("/docs", "docs", _redirect_to_page, strict_slashes=False)


def _redirect_to_page() -> ResponseReturnValue:
    return redirect("/docs/swagger", 302)
