"""URLs taken apart and addresses judged. What must never be connected to is in tests/faults/test_ssrf.py."""

from __future__ import annotations

import ipaddress

import pytest

from jobs.errors import UnsafeAddress
from jobs.outbound.address import IpAddress, OutboundPolicy


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "authority"),
    [
        ("https://hooks.example.com/a?b=c#d", "hooks.example.com", 443, b"/a?b=c", "hooks.example.com"),
        ("https://Hooks.Example.COM:8443", "hooks.example.com", 8443, b"/", "hooks.example.com:8443"),
        ("https://bücher.example/", "xn--bcher-kva.example", 443, b"/", "xn--bcher-kva.example"),
        ("https://example.com./x", "example.com", 443, b"/x", "example.com"),
        ("https://example.com:443/", "example.com", 443, b"/", "example.com"),
        ("https://8.8.8.8/", "8.8.8.8", 443, b"/", "8.8.8.8"),
        ("https://[2606:4700::1111]:8443/", "2606:4700::1111", 8443, b"/", "[2606:4700::1111]:8443"),
        ("https://[::ffff:8.8.8.8]/", "::ffff:808:808", 443, b"/", "[::ffff:808:808]"),
        ("https://example.com/ü?q=ü", "example.com", 443, b"/%C3%BC?q=%C3%BC", "example.com"),
    ],
)
def test_public_https_is_taken_apart(url: str, host: str, port: int, path: bytes, authority: str) -> None:
    target = OutboundPolicy().check_url(url)
    assert (target.host, target.port, target.path, target.authority) == (host, port, path, authority)
    assert not target.is_allowed


def test_exceptions_reach_any_address_over_http() -> None:
    policy = OutboundPolicy(["127.0.0.1:9000", "[::1]:9001", "Receiver:80"])
    assert policy.check_url("http://127.0.0.1:9000/x").is_allowed
    assert policy.check_url("https://127.0.0.1:9000/x").is_allowed
    assert policy.check_url("http://[::1]:9001/").is_allowed
    assert policy.check_url("http://receiver/").is_allowed
    with pytest.raises(UnsafeAddress):
        policy.check_url("http://127.0.0.1:9001/")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://example.com/", "only https"),
        ("https://example.com:8080/", "port 8080"),
        ("https://user@example.com/", "user name"),
        ("https://10.0.0.1/", "private"),
        ("https://169.254.169.254/", "link-local"),
        ("https://[::1]/", "not public"),
        ("https://[2002:7f00:1::]/", "6to4"),
        ("https://2130706433/", "number in place of a name"),
        ("https://exa mple.com/", "spaces"),
        ("https://" + "a" * 3000, "longer than 2048"),
    ],
)
def test_an_unsafe_url_is_refused_with_the_reason(url: str, reason: str) -> None:
    with pytest.raises(UnsafeAddress, match=reason):
        OutboundPolicy().check_url(url)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"]
)
def test_public_addresses_are_good(address: str) -> None:
    OutboundPolicy().check_address(ipaddress.ip_address(address))


def test_every_address_that_python_calls_private_is_refused_too() -> None:
    """A second opinion: for samples over the whole space, ours is never laxer than the standard library's."""
    policy = OutboundPolicy()
    samples: list[IpAddress] = [ipaddress.IPv4Address(n << 16 | 1) for n in range(1 << 16)]
    samples += [ipaddress.IPv6Address((n << 112) | 1) for n in range(1 << 16)]
    laxer = []
    for address in samples:
        if not address.is_global or address.is_multicast:
            try:
                policy.check_address(address)
            except UnsafeAddress:
                continue
            laxer.append(str(address))
    assert laxer == []
