"""`/openapi.json` and `/docs`: the document, and Swagger UI out of a package that carries it. Needs no network."""

from __future__ import annotations

from functools import cache

from flask import redirect
from flask.typing import ResponseReturnValue
from flask_openapi3 import Info, OpenAPI
from flask_openapi3.models import Schema
from flask_openapi3_swagger.plugins import RegisterPlugin

from api.keys.schemas import NewKey
from api.submission.checks import SERVER_FIELDS
from api.voices.schemas import NewVoiceBody
from pipelines.requests import SpeechPatch, SynthesisRequest, TranscriptionRequest

from .operation import form_schema, request_schema
from .schemas import Problem

INFO = Info(
    title="Voicemill",
    version="1",
    description="Long text into speech and long speech into text, as durable jobs.",
)


def install_docs(app: OpenAPI) -> None:
    """Serve the document and a page that shows it."""
    app.components_schemas.update(_components())
    app.config["SWAGGER_CONFIG"] = {"validatorUrl": None}  # its default asks a server on the internet
    app.register_blueprint(RegisterPlugin.register(doc_url="../openapi.json"), url_prefix="/docs")
    app.add_url_rule("/openapi.json", "openapi_document", lambda: app.api_doc)
    app.add_url_rule("/docs", "docs", _docs, strict_slashes=False)


def _docs() -> ResponseReturnValue:
    return redirect("/docs/swagger", 302)


@cache
def _components() -> dict[str, Schema]:
    """Schemas that no route declares to flask-openapi3 by itself, and what they refer to."""
    synthesis, transcription = SynthesisRequest, TranscriptionRequest
    document = "A document: txt, md, html, epub, docx or ssml."
    declared = {
        "Problem": request_schema(Problem),
        "NewKey": request_schema(NewKey),
        "SpeechPatch": request_schema(SpeechPatch),
        "SynthesisRequest": request_schema(synthesis, hidden=SERVER_FIELDS),
        "SynthesisForm": form_schema(synthesis, hidden=SERVER_FIELDS, file=document, needs_file=False),
        "TranscriptionForm": form_schema(transcription, hidden=SERVER_FIELDS, file="The recording.", needs_file=True),
        "VoiceForm": form_schema(NewVoiceBody, hidden=(), file="The person, speaking.", needs_file=True),
    }
    referred = {name: found for schema in declared.values() for name, found in schema.pop("$defs", {}).items()}
    return {name: Schema(**schema) for name, schema in {**referred, **declared}.items()}
