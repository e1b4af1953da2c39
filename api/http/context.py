"""The services of the application that handles the current request."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app

from api.services import Services

_EXTENSION = "voicemill"


def install_services(app: Flask, services: Services) -> None:
    """Let the routes of this application reach these services."""
    app.extensions[_EXTENSION] = services


def current_services() -> Services:
    """The services of the application that handles this request."""
    return cast(Services, current_app.extensions[_EXTENSION])
