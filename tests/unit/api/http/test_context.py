"""The services of a request."""

from __future__ import annotations

import pytest
from flask import Flask

from api.http.context import current_services, install_services


def test_services_are_those_of_the_application_that_handles_the_request():
    applications = [Flask("one"), Flask("two")]
    for application in applications:
        install_services(application, application.name)
    for application in applications:
        with application.test_request_context():
            assert current_services() == application.name


def test_without_a_request_there_are_no_services():
    with pytest.raises(RuntimeError, match="application context"):
        current_services()
