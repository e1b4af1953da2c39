"""Headers of pages."""

from __future__ import annotations

import re

import pytest
from flask import Flask, Response

from api.http.page_headers import install_page_headers


@pytest.mark.parametrize("path", ["/docs/swagger", "/problems/not_found"])
def test_pages_cannot_be_framed_and_run_no_script_of_others(anyone, path):
    answer = anyone.get(path, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    outside = [url for url in re.findall(r"""(?:src|href)=["']([^"']+)""", answer.text) if "://" in url]
    assert not outside, "the policy would block it"


def test_answers_of_the_api_have_no_headers_of_pages(client):
    assert "Content-Security-Policy" not in client.get("/jobs").headers


@pytest.mark.parametrize(("public_url", "expected"), [("https://a.test", True), ("http://127.0.0.1:8080", False)])
def test_browsers_come_by_https_only_where_the_server_is_reached_so(public_url: str, expected: bool) -> None:
    app = Flask("test")
    install_page_headers(app, public_url=public_url)
    app.add_url_rule("/x", "x", lambda: Response("x"))
    assert ("Strict-Transport-Security" in app.test_client().get("/x").headers) is expected
