"""Which addresses may be connected to. Pure: parses a URL and checks an IP address, and resolves nothing.

The rule is public https only, with a list of exceptions by host and port. An address is checked after it was resolved
and before it is connected to (jobs/outbound/http_client.py), so the look of a name decides nothing here.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass

import httpx

from jobs.errors import Misconfigured, UnsafeAddress

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

PORTS = frozenset({443, 8443})
_DEFAULT_PORTS = {"https": 443, "http": 80}
_MAX_URL = 2048

#: Networks that are not the public internet, or that a gateway maps to one that is not. IPv6 outside of 2000::/3
#: needs no line here: nothing else is routed (that covers ::, ::1, 64:ff9b::/96, 64:ff9b:1::/48, 100::/64, 5f00::/16,
#: fc00::/7, fe80::/10, fec0::/10, ff00::/8).
_BLOCKED = {
    ipaddress.ip_network(network): reason
    for network, reason in {
        "0.0.0.0/8": "this host",
        "10.0.0.0/8": "private",
        "100.64.0.0/10": "shared by carriers",
        "127.0.0.0/8": "loopback",
        "168.63.129.16/32": "a cloud's own service",
        "169.254.0.0/16": "link-local",
        "172.16.0.0/12": "private",
        "192.0.0.0/24": "reserved",
        "192.0.2.0/24": "for documentation",
        "192.31.196.0/24": "anycast of the DNS",
        "192.52.193.0/24": "a multicast relay",
        "192.88.99.0/24": "a 6to4 relay",
        "192.168.0.0/16": "private",
        "192.175.48.0/24": "anycast of the DNS",
        "198.18.0.0/15": "for benchmarks",
        "198.51.100.0/24": "for documentation",
        "203.0.113.0/24": "for documentation",
        "224.0.0.0/4": "multicast",
        "240.0.0.0/4": "reserved",
        "2001::/23": "reserved (Teredo among others)",
        "2001:db8::/32": "for documentation",
        "2002::/16": "6to4",
        "2620:4f:8000::/48": "anycast of the DNS",
        "3ffe::/16": "reserved",
        "3fff::/20": "for documentation",
    }.items()
}
_ROUTED_V6 = ipaddress.ip_network("2000::/3")

_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
#: As inet_aton reads them: 2130706433, 0x7f.1, 0177.0.0.1. A public suffix is never a number.
_NUMERIC_NAME = re.compile(r"(.*\.)?(\d+|0x[0-9a-f]*)")


@dataclass(frozen=True, slots=True)
class Target:
    """A checked URL, parsed once. A connection uses these parts, not the URL."""

    scheme: str
    #: Lower case, IDNA, without a trailing dot; an IPv6 address without brackets.
    host: str
    port: int
    #: Path and query as they go on the wire.
    path: bytes
    #: Named in the list of exceptions: its address may be anything.
    is_allowed: bool

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def literal(self) -> IpAddress | None:
        """The host, if it is an IP address."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None


class OutboundPolicy:
    """Checks URLs and addresses."""

    def __init__(self, allow: Collection[str] = (), *, ports: Collection[int] = PORTS) -> None:
        """`allow`: `host:port` entries that may be reached over http too and at any address. Raises Misconfigured."""
        self._allow = frozenset(_parse_exception(entry) for entry in allow)
        self._ports = frozenset(ports)

    def check_url(self, url: str) -> Target:
        """Parse a URL. Raises UnsafeAddress with the reason; the addresses of the host are still to be checked."""
        parsed = _parse(url)
        if parsed.scheme not in _DEFAULT_PORTS:
            raise UnsafeAddress("only https is connected to")
        host = _normalise_host(parsed)
        port = parsed.port if parsed.port is not None else _DEFAULT_PORTS[parsed.scheme]
        target = Target(
            scheme=parsed.scheme, host=host, port=port, path=parsed.raw_path, is_allowed=(host, port) in self._allow
        )
        if target.is_allowed:
            return target
        if target.scheme != "https":
            raise UnsafeAddress("only https is connected to")
        if target.port not in self._ports:
            raise UnsafeAddress(f"port {target.port}: only {', '.join(map(str, sorted(self._ports)))} are connected to")
        if target.literal is not None:
            self.check_address(target.literal)
        elif _NUMERIC_NAME.fullmatch(host):
            raise UnsafeAddress("a number in place of a name: write an IPv4 address as four decimal numbers")
        return target

    def check_address(self, address: IpAddress) -> None:
        """Raises UnsafeAddress unless the address is one of the public internet."""
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if isinstance(address, ipaddress.IPv6Address) and address not in _ROUTED_V6:
            raise UnsafeAddress("its address is not public: outside of 2000::/3")
        for network, reason in _BLOCKED.items():
            if address in network:
                raise UnsafeAddress(f"its address is not public: {reason} ({network})")


def _parse(url: str) -> httpx.URL:
    if len(url) > _MAX_URL:
        raise UnsafeAddress(f"the URL is longer than {_MAX_URL} characters")
    # Parsers disagree about these characters.
    if re.search(r"[\x00-\x20\x7f\\]", url):
        raise UnsafeAddress("the URL contains spaces, control characters or backslashes")
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise UnsafeAddress("the URL cannot be read") from error
    if parsed.userinfo or "@" in parsed.netloc.decode("ascii", "replace"):
        raise UnsafeAddress("the URL contains a user name")
    return parsed


def _normalise_host(parsed: httpx.URL) -> str:
    host = parsed.raw_host.decode("ascii", "replace").lower()
    if ":" in host:
        try:
            return str(ipaddress.IPv6Address(host)) if "%" not in host else _reject_host()
        except ValueError:
            return _reject_host()
    host = host.removesuffix(".")
    return host if _NAME.fullmatch(host) else _reject_host()


def _reject_host() -> str:
    raise UnsafeAddress("the host is not a name or an address")


def _parse_exception(entry: str) -> tuple[str, int]:
    host, separator, port = entry.rpartition(":")
    host = host.removeprefix("[").removesuffix("]").lower().removesuffix(".")
    if not separator or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise Misconfigured(
            f"VOICEMILL_OUTBOUND_ALLOW takes host:port entries, not {entry!r}", field="VOICEMILL_OUTBOUND_ALLOW"
        )
    try:
        return str(ipaddress.ip_address(host)), int(port)
    except ValueError:
        return host, int(port)
