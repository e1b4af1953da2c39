"""The cache of API keys."""

from __future__ import annotations

from api.http.key_cache import KeyCache


class CountingKeys:
    def __init__(self, keys):
        self.keys, self.queries = keys, 0

    def find(self, secret):
        self.queries += 1
        return self.keys.find(secret)


def test_key_is_read_once_per_trusted_time(services):
    _, secret = services.store.keys.create("local", "test", ["read"])
    counting, now = CountingKeys(services.store.keys), [0.0]
    cache = KeyCache(counting, trust_s=5.0, clock=lambda: now[0])
    for _ in range(10):
        assert cache.find(secret).tenant_id == "local"
    assert counting.queries == 1
    now[0] = 5.1
    assert cache.find(secret) is not None
    assert counting.queries == 2


def test_secret_of_another_shape_never_reaches_the_database(services):
    counting = CountingKeys(services.store.keys)
    cache = KeyCache(counting, trust_s=5.0)
    for secret in ("", "x", "vm_", "vm_" + "a" * 5000, "vm_ä", "' OR 1=1"):
        assert cache.find(secret) is None
    assert counting.queries == 0


def test_evicted_key_is_read_again_and_others_stay(services):
    secrets = [services.store.keys.create("local", name, ["read"])[1] for name in ("a", "b")]
    counting = CountingKeys(services.store.keys)
    cache = KeyCache(counting, trust_s=60.0)
    first, _ = [cache.find(secret) for secret in secrets]
    services.store.keys.revoke("local", first.id)
    cache.evict(first.id)
    assert cache.find(secrets[0]) is None
    assert cache.find(secrets[1]) is not None
    assert counting.queries == 3


def test_unknown_key_is_not_cached(services):
    counting = CountingKeys(services.store.keys)
    cache = KeyCache(counting, trust_s=60.0)
    for _ in range(2):
        assert cache.find("vm_unknown_0123456789abcdef") is None
    assert counting.queries == 2
