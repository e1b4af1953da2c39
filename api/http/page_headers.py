"""Headers that keep browsers from misusing a page of this server. The API's own clients ignore them.

Pages hold no user's data and need nothing from elsewhere: no script of another server may run in them, and no page of
another may show them in a frame.
"""

from __future__ import annotations

from flask import Flask, Response

#: Swagger UI starts by a script in its page, and sets styles.
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HTTPS_ONLY_S = 365 * 86_400


def install_page_headers(app: Flask, *, public_url: str) -> None:
    """Add the headers to pages, and to everything that browsers come by https only where `public_url` is https."""
    is_https = public_url.lower().startswith("https://")

    def add_headers(response: Response) -> Response:
        if is_https:
            response.headers.setdefault("Strict-Transport-Security", f"max-age={_HTTPS_ONLY_S}")
        if response.mimetype == "text/html":
            response.headers.setdefault("Content-Security-Policy", _POLICY)
            response.headers.setdefault("X-Frame-Options", "DENY")
            response.headers.setdefault("Referrer-Policy", "no-referrer")
        return response

    app.after_request(add_headers)
