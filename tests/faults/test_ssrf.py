"""No URL that a user gives makes the server connect to anything but the public internet.

An audit hook counts every `connect` of this process, and a listening socket on the loopback interface every connection.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jobs.errors import Misconfigured, OutboundUnavailable, UnsafeAddress
from jobs.outbound.address import PORTS, OutboundPolicy
from jobs.outbound.http_client import OutboundHttp, resolve_by_system
from tests.services.machine_speed import deadline

PUBLIC_V4, PUBLIC_V6 = "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"

BLOCKED_V4 = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
]
BLOCKED_V6 = [
    "::/128",
    "::1/128",
    "fe80::/10",
    "fc00::/7",
    "ff00::/8",
    "2001:db8::/32",
    "3fff::/20",
    "100::/64",
    "2002::/16",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "5f00::/16",
    "2001::/32",
    "fec0::/10",
    "::ffff:10.0.0.0/104",
    "::ffff:127.0.0.0/104",
    "::ffff:169.254.0.0/112",
    "::127.0.0.0/104",
]
NAMED = [
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "255.255.255.255",
    "fd00:ec2::254",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:7f00:1::",
    "fe80::5efe:7f00:1",
    "::7f00:1",
]
NUMERIC_HOSTS = [
    "2130706433",
    "0x7f000001",
    "0x7F000001",
    "017700000001",
    "127.1",
    "127.0.1",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "0x7f.1",
    "127.0x0.0.1",
    "127.0.0.01",
    "0",
    "0x0",
    "00.0.0.0",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "0xa9.0xfe.0xa9.0xfe",
    "169.254.43518",
    "10.1",
    "0xa000001",
    "1.2.3.4.5",
    "256.256.256.256",
    "999",
    "0x",
    "127.0.0.1.",
]
MALFORMED_HOSTS = [
    "１２７.０.０.１",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "127．0．0．1",
    "ｌｏｃａｌｈｏｓｔ",
    "ⓛocalhost",
    "localhost。",
    "loc\u00adalhost",
    "loc\u200balhost",
    "127%2e0%2e0%2e1",
    "%31%32%37.0.0.1",
    "local%68ost",
    "127.0.0.1%00.example.com",
    "[::1%25lo]",
    "[fe80::1%25eth0]",
    "[::1]x",
    "[v1.x]",
    "[127.0.0.1]",
    "::1",
    "-",
    ".",
    "..",
    "a..b",
    ".localhost",
    "a b",
    "a\tb",
    "*",
    "(localhost)",
    "localhost,example.com",
    "x" * 64,
    ".".join(["abcdefghij"] * 30),
]
NAMES = [
    "localhost",
    "localhost.",
    "LOCALHOST",
    "LocalHost",
    "a.localhost",
    "ip6-localhost",
    "localhost.localdomain",
    "metadata.google.internal",
    "127.0.0.1.nip.io",
    "internal",
    "redis",
    "_dmarc.example.com",
    "xn--bcher-kva.example",
    "bücher.example",
    "example.com",
]
BAD_URLS = [
    "http://{public}:{port}/",
    "ftp://example.com:{port}/",
    "gopher://example.com:{port}/_x",
    "file:///etc/passwd",
    "dict://127.0.0.1:{port}/",
    "ws://127.0.0.1:{port}/",
    "wss://127.0.0.1:{port}/",
    "unix:///run/docker.sock",
    "javascript:alert(1)",
    "data:text/plain,x",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "localhost:{port}/x",
    "",
    "https://",
    "https:///x",
    "https:127.0.0.1:{port}",
    "https:/127.0.0.1:{port}",
    "http+unix://x/",
    "HTTP://localhost/",
    "https://user@example.com:{port}/",
    "https://user:password@example.com:{port}/",
    "https://@example.com:{port}/",
    "https://:@example.com:{port}/",
    "https://example.com:{port}@127.0.0.1:{port}/",
    "https://example.com@127.0.0.1/",
    "https://127.0.0.1:{port}\\@example.com/",
    "https://example.com\\@127.0.0.1:{port}/",
    "https://127.0.0.1\\.example.com/",
    "https://127.0.0.1:{port}#@example.com/",
    "https://127.0.0.1:{port}?@example.com/",
    "https://127.0.0.1:{port};x@example.com",
    "https://example.com:{port}\r\nHost: x/",
    "https://example.com:{port}/\r\nX: y",
    " https://127.0.0.1:{port}/",
    "https://127.0.0.1\t:{port}/",
    "https://127.0.0.1:{port}:443/",
    "https://[::1]:{port}:443/",
    "https://127.0.0.1: {port}/",
    "https://example.com/" + "x" * 4000,
]
BAD_PORTS = [
    -1,
    0,
    1,
    21,
    22,
    25,
    53,
    80,
    81,
    111,
    2375,
    3306,
    5432,
    5672,
    6379,
    8080,
    8444,
    9200,
    11211,
    27017,
    65536,
    99999,
]


class Watch:
    """Records every connect of this process. Refuses those beyond the loopback interface: no packet leaves."""

    def __init__(self) -> None:
        self.addresses: list[str] = []

    def hook(self, event: str, args: tuple[object, ...]) -> None:
        if event == "socket.connect":
            address = args[1][0] if isinstance(args[1], tuple) else str(args[1])  # type: ignore[index]
            self.addresses.append(address)
            if not (address.startswith("127.") or address == "::1"):
                raise ConnectionRefusedError(111, "refused by the test")


#: Shared: loading the CA certificates takes longer than a case.
TLS = ssl.create_default_context()


def make_client(policy: OutboundPolicy, resolve: Callable[[str, int], Sequence[str]] | None = None) -> OutboundHttp:
    return OutboundHttp(policy, timeout_s=deadline(5), resolve=resolve, tls=TLS)


_watches: list[Watch] = []
sys.addaudithook(lambda event, args: [watch.hook(event, args) for watch in _watches] and None)


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    _watches.append(watch)
    yield watch
    _watches.remove(watch)


class Canary:
    """Listens on the loopback interface, with IPv4 and IPv6, and counts connections."""

    def __init__(self) -> None:
        self.connections = 0
        self._server_sockets = [socket.create_server(("127.0.0.1", 0))]
        self.port = int(self._server_sockets[0].getsockname()[1])
        with contextlib.suppress(OSError):
            self._server_sockets.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for server_socket in self._server_sockets:
            threading.Thread(target=self._accept, args=(server_socket,), daemon=True).start()

    def _accept(self, server_socket: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server_socket.accept()
                self.connections += 1
                connection.close()

    def close(self) -> None:
        for server_socket in self._server_sockets:
            with contextlib.suppress(OSError):
                server_socket.shutdown(socket.SHUT_RDWR)
            server_socket.close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    canary = Canary()
    yield canary
    canary.close()


class Names:
    """A resolver that returns the given lists one after another, and then the last one."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers, self.queries = list(answers), 0

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.queries += 1
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def pick_addresses(network: str) -> list[str]:
    net = ipaddress.ip_network(network)
    return sorted(
        {str(net[0]), str(net[min(1, net.num_addresses - 1)]), str(net[net.num_addresses // 2]), str(net[-1])}
    )


def list_blocked_addresses() -> list[str]:
    return [address for network in (*BLOCKED_V4, *BLOCKED_V6) for address in pick_addresses(network)] + NAMED


def add_brackets(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def build_corpus(port: int) -> Iterator[tuple[str, Callable[[str, int], Sequence[str]]]]:
    """(url, resolver) per case. The policy of these tests permits `port`, so that only the tested rule rejects."""
    to_loopback = Names(["127.0.0.1", "::1"])
    for address in list_blocked_addresses():
        yield f"https://{add_brackets(address)}:{port}/", resolve_by_system
        yield f"https://{add_brackets(address)}/", resolve_by_system
        yield f"https://receiver.example:{port}/", Names([address])
    for host in (*NUMERIC_HOSTS, *MALFORMED_HOSTS):
        yield f"https://{host}:{port}/", resolve_by_system
        yield f"https://{host}:{port}/", to_loopback
    for host in NAMES:
        yield f"https://{host}:{port}/", to_loopback
    for host in NAMES[:7]:
        yield f"https://{host}:{port}/", resolve_by_system
    for url in BAD_URLS:
        yield url.replace("{port}", str(port)).replace("{public}", PUBLIC_V4), to_loopback
    for bad_port in BAD_PORTS:
        yield f"https://receiver.example:{bad_port}/", to_loopback
        yield f"https://{PUBLIC_V4}:{bad_port}/", to_loopback
    for answers in (
        ["127.0.0.1", "10.0.0.1"],
        ["::1", "127.0.0.1"],
        ["fd00::1"],
        ["fe80::1%lo"],
        ["::ffff:127.0.0.1"],
        [],
        ["64:ff9b::7f00:1", "2002:7f00:1::"],
    ):
        yield f"https://receiver.example:{port}/", Names(answers)


def test_no_case_of_the_corpus_is_connected_to(watch: Watch, canary: Canary) -> None:
    cases = list(build_corpus(canary.port))
    passed = []
    for url, resolve in cases:
        http = make_client(OutboundPolicy(ports={*PORTS, canary.port}), resolve)
        try:
            http.post(url, headers={}, body=b"{}")
        except UnsafeAddress as error:
            assert error.detail
        except OutboundUnavailable:
            # A name without addresses, or one that does not exist.
            pass
        else:
            passed.append(url)
    print(f"SSRF corpus: {len(cases)} cases, {len(watch.addresses)} connects, {canary.connections} connections")
    assert len(cases) >= 200
    assert passed == []
    assert watch.addresses == []
    assert canary.connections == 0


def test_without_the_check_the_same_corpus_does_connect(
    watch: Watch, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above would notice connections: without the guard there are many."""
    monkeypatch.setattr(OutboundPolicy, "check_address", lambda self, address: None)
    for url, resolve in build_corpus(canary.port):
        http = make_client(OutboundPolicy(ports={*PORTS, canary.port}), resolve)
        with pytest.raises((UnsafeAddress, OutboundUnavailable)):
            http.post(url, headers={}, body=b"{}")
    print(f"SSRF corpus without its guard: {len(watch.addresses)} connects, {canary.connections} connections")
    assert len(watch.addresses) > 200
    assert canary.connections > 10


@pytest.mark.parametrize(
    ("answers", "connected"),
    [
        ([[PUBLIC_V4], ["127.0.0.1"]], [PUBLIC_V4]),
        ([[PUBLIC_V6], ["::1"]], [PUBLIC_V6]),
        ([["127.0.0.1"], [PUBLIC_V4]], []),
        ([[PUBLIC_V4, "127.0.0.1"]], [PUBLIC_V4]),
        ([["127.0.0.1", "::1", PUBLIC_V6]], [PUBLIC_V6]),
        ([["10.0.0.1", PUBLIC_V4, "169.254.169.254"]], [PUBLIC_V4]),
    ],
)
def test_a_name_is_resolved_once_and_connected_to_at_a_checked_address(
    watch: Watch, canary: Canary, answers: list[list[str]], connected: list[str]
) -> None:
    names = Names(*answers)
    http = make_client(OutboundPolicy(ports={*PORTS, canary.port}), names)
    with pytest.raises((UnsafeAddress, OutboundUnavailable)):
        http.post(f"https://rebinding.example:{canary.port}/", headers={}, body=b"{}")
    assert names.queries == 1
    assert watch.addresses == connected
    assert canary.connections == 0


def test_every_attempt_on_a_rebinding_name_is_checked(watch: Watch, canary: Canary) -> None:
    names = Names(*[[PUBLIC_V4], ["127.0.0.1"]] * 20)
    http = make_client(OutboundPolicy(ports={canary.port}), names)
    for _ in range(40):
        with pytest.raises((UnsafeAddress, OutboundUnavailable)):
            http.post(f"https://rebinding.example:{canary.port}/", headers={}, body=b"{}")
    assert watch.addresses == [PUBLIC_V4] * 20
    assert canary.connections == 0


class _Redirecting(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        status, _, location = self.path[1:].partition("/")
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(int(status))
        self.send_header("Location", location)
        self.send_header("Refresh", f"0; url={location}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        return


@pytest.fixture
def redirecting() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Redirecting)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308])
def test_redirects_are_returned_and_not_followed(watch: Watch, canary: Canary, redirecting: int, status: int) -> None:
    http = make_client(OutboundPolicy([f"127.0.0.1:{redirecting}"]))
    for location in (f"http://127.0.0.1:{canary.port}/", "http://169.254.169.254/latest/meta-data/", "https://[::1]/"):
        answer = http.post(f"http://127.0.0.1:{redirecting}/{status}/{location}", headers={}, body=b"{}")
        assert answer.status == status
    assert watch.addresses == ["127.0.0.1"] * 3
    assert canary.connections == 0


def test_an_exception_allows_exactly_its_host_and_port(watch: Watch, canary: Canary) -> None:
    policy = OutboundPolicy([f"localhost:{canary.port}"], ports={canary.port})
    http = make_client(policy)
    for url in (
        f"http://127.0.0.1:{canary.port}/",
        f"https://127.0.0.1:{canary.port}/",
        f"http://localhost:{canary.port + 1}/",
        f"http://127.0.0.2:{canary.port}/",
        f"https://[::ffff:127.0.0.1]:{canary.port}/",
        "https://localhost/",
        f"http://x.localhost:{canary.port}/",
        f"ftp://localhost:{canary.port}/",
        f"http://u@localhost:{canary.port}/",
    ):
        with pytest.raises(UnsafeAddress):
            http.post(url, headers={}, body=b"{}")
    assert watch.addresses == []
    for url in (f"http://localhost:{canary.port}/", f"http://LOCALHOST.:{canary.port}/"):
        with pytest.raises(OutboundUnavailable):  # the canary closes the connection
            http.post(url, headers={}, body=b"{}")
    assert set(watch.addresses) <= {"127.0.0.1", "::1"}
    assert len(watch.addresses) >= 2


def test_proxies_of_the_environment_are_not_used(watch: Watch, canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    http = make_client(OutboundPolicy(), Names([PUBLIC_V4]))
    with pytest.raises(OutboundUnavailable):
        http.post("https://receiver.example/", headers={}, body=b"{}")
    assert watch.addresses == [PUBLIC_V4]


@pytest.mark.parametrize(
    "entry", ["localhost", "localhost:", ":80", "localhost:http", "localhost:0", "localhost:70000"]
)
def test_a_malformed_exception_is_named(entry: str) -> None:
    with pytest.raises(Misconfigured, match="VOICEMILL_OUTBOUND_ALLOW"):
        OutboundPolicy([entry])
