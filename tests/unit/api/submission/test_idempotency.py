"""Keys of clients and the requests that they stand for."""

from __future__ import annotations

from api.submission.idempotency import IdempotencyKey, fingerprint


def test_order_of_fields_makes_no_difference_and_content_does():
    assert fingerprint({"a": 1, "b": "é"}) == fingerprint({"b": "é", "a": 1})
    prints = {fingerprint({"a": 1}), fingerprint({"a": 2}), fingerprint({"a": 1}, ("0" * 64, "a.txt"))}
    assert len(prints) == 3


def test_bound_key_has_its_route_and_the_fingerprint_of_the_request():
    bound = IdempotencyKey("POST /jobs", "order-1").bind({"a": 1}, ("0" * 64, "a.txt"))
    assert (bound.route, bound.key, bound.is_lasting) == ("POST /jobs", "order-1", False)
    assert bound.fingerprint == fingerprint({"a": 1}, ("0" * 64, "a.txt"))
