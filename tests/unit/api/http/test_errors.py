"""Errors of the web layer."""

from __future__ import annotations

import pytest

from api.http import errors
from api.http.errors import FieldError, Invalid, JobFailed, RequestError, Unauthenticated

CLASSES = [
    error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, RequestError) and error is not JobFailed
]


@pytest.mark.parametrize("error", CLASSES)
def test_docstring_is_the_default_message(error):
    assert error().detail == error.__doc__.strip()
    assert error("Another.").detail == str(error("Another.")) == "Another."


@pytest.mark.parametrize("error", CLASSES)
def test_code_is_stable_and_the_tree_of_the_module_names_the_class(error):
    assert error().code == error.code
    assert f"{error.__name__} " in errors.__doc__ or error is RequestError
    assert 400 <= error.status < 500


def test_error_about_a_field_names_it():
    error = Invalid.field("speed", "Too fast.", code="too_fast")
    assert (error.status, error.code, error.errors) == (422, "invalid", (FieldError("speed", "too_fast", "Too fast."),))


def test_missing_key_is_answered_with_the_way_to_send_one():
    assert Unauthenticated().headers == {"WWW-Authenticate": 'Bearer realm="voicemill"'}


def test_failed_job_has_the_status_of_its_failure():
    error = JobFailed("No text in it.", status=422, code="unreadable_input", retryable=False)
    assert (error.status, error.code, error.retryable) == (422, "unreadable_input", False)
