"""Posting to receivers that answer badly, slowly, too much or not at all; over real sockets."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from jobs.errors import OutboundUnavailable
from jobs.outbound.address import OutboundPolicy
from jobs.outbound.http_client import MAX_RESPONSE_BYTES, OutboundHttp, OutboundResponse
from tests.services.machine_speed import deadline
from tests.services.process import free_port
from tests.services.webhook_receiver import WebhookReceiver


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    receiver = WebhookReceiver().start()
    yield receiver
    receiver.stop()


def post(receiver: WebhookReceiver, path: str, *, timeout_s: float = 30.0) -> OutboundResponse:
    http = OutboundHttp(OutboundPolicy([receiver.authority]), timeout_s=deadline(timeout_s))
    return http.post(receiver.url + path, headers={"Content-Type": "application/json"}, body=b'{"a":1}')


def test_the_request_arrives_as_it_was_sent(receiver: WebhookReceiver) -> None:
    answer = post(receiver, "/status/202?x=1")
    request = receiver.requests[0]
    assert (request.method, request.path, request.body) == ("POST", "/status/202?x=1", b'{"a":1}')
    assert request.headers["host"] == receiver.authority
    assert request.headers["content-type"] == "application/json"
    assert request.headers["content-length"] == "7"
    assert "transfer-encoding" not in request.headers
    assert answer.body == b"text"


def test_any_status_is_an_answer(receiver: WebhookReceiver) -> None:
    for status in (200, 204, 302, 404, 410, 429, 500):
        assert post(receiver, f"/status/{status}/7").status == status
    assert post(receiver, "/status/429/7").headers["retry-after"] == "7"


@pytest.mark.parametrize("path", ["/big/10000000", "/endless"])
def test_no_more_than_the_limit_is_read(receiver: WebhookReceiver, path: str) -> None:
    answer = post(receiver, path)
    assert answer.status == 200
    assert len(answer.body) == MAX_RESPONSE_BYTES


@pytest.mark.parametrize("path", ["/silent", "/drip-head"])
def test_the_deadline_ends_everything_before_the_status(receiver: WebhookReceiver, path: str) -> None:
    with pytest.raises(OutboundUnavailable, match="in time"):
        post(receiver, path, timeout_s=0.5)


def test_a_status_counts_although_the_body_never_ends(receiver: WebhookReceiver) -> None:
    answer = post(receiver, "/drip-body", timeout_s=0.5)
    assert answer.status == 200
    assert 0 < len(answer.body) < 1000


def test_a_resolver_that_hangs_is_within_the_deadline() -> None:
    release = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        release.wait(deadline(60))
        return ["127.0.0.1"]

    http = OutboundHttp(OutboundPolicy(), timeout_s=0.3, resolve=resolve)
    with pytest.raises(OutboundUnavailable, match="in time"):
        http.post("https://receiver.example/", headers={}, body=b"{}")
    release.set()


@pytest.mark.parametrize(("path", "words"), [("/rst", "cannot be talked to"), ("/garbage", "not HTTP")])
def test_a_broken_exchange_says_how(receiver: WebhookReceiver, path: str, words: str) -> None:
    with pytest.raises(OutboundUnavailable, match=words):
        post(receiver, path)


def test_nobody_listening_is_told_without_the_address() -> None:
    port = free_port()
    http = OutboundHttp(OutboundPolicy([f"127.0.0.1:{port}"]))
    with pytest.raises(OutboundUnavailable, match="does not accept") as caught:
        http.post(f"http://127.0.0.1:{port}/", headers={}, body=b"{}")
    assert "127.0.0.1" not in str(caught.value)


def test_a_name_that_does_not_resolve_is_told() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    with pytest.raises(OutboundUnavailable, match="resolved"):
        OutboundHttp(OutboundPolicy(), resolve=resolve).post("https://receiver.example/", headers={}, body=b"{}")


def test_the_next_address_is_tried_when_the_first_does_not_accept(receiver: WebhookReceiver) -> None:
    policy = OutboundPolicy([f"receiver.test:{receiver.port}"])
    # Another address of the loopback, where nobody listens on this port.
    http = OutboundHttp(policy, resolve=lambda host, port: ["127.77.0.1", "127.0.0.1"])
    assert http.post(f"http://receiver.test:{receiver.port}/status/200", headers={}, body=b"").status == 200


def test_one_client_serves_many_threads(receiver: WebhookReceiver) -> None:
    http = OutboundHttp(OutboundPolicy([receiver.authority]))
    statuses: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: statuses.append(http.post(f"{receiver.url}/status/200", headers={}, body=b"{}").status)
        )
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 20


# -- TLS -------------------------------------------------------------------------------------------------------------
def certificate(directory: Path, name: str) -> Path:
    """A self-signed certificate and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = directory / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + cert.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[WebhookReceiver, ssl.SSLContext, list[str | None]]]:
    """A receiver named receiver.test, a context that trusts it, and the names that clients asked it for."""
    pem = certificate(tmp_path, "receiver.test")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    asked: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: asked.append(name)  # type: ignore[assignment]
    receiver = WebhookReceiver(tls=server).start()
    yield receiver, ssl.create_default_context(cafile=pem), asked
    receiver.stop()


def test_over_tls_the_name_stays_while_the_address_is_the_judged_one(secure) -> None:
    receiver, trusting, asked = secure
    policy = OutboundPolicy([f"receiver.test:{receiver.port}"])
    http = OutboundHttp(policy, resolve=lambda host, port: ["127.0.0.1"], tls=trusting)
    assert http.post(f"https://receiver.test:{receiver.port}/status/200", headers={}, body=b"{}").status == 200
    assert asked == ["receiver.test"]
    assert receiver.requests[0].headers["host"] == f"receiver.test:{receiver.port}"


@pytest.mark.parametrize("name", ["receiver.test", "other.test"])
def test_a_certificate_that_nobody_vouches_for_or_of_another_name_is_refused(secure, name: str) -> None:
    receiver, trusting, _ = secure
    tls = trusting if name == "other.test" else None
    http = OutboundHttp(OutboundPolicy([f"{name}:{receiver.port}"]), resolve=lambda *_: ["127.0.0.1"], tls=tls)
    with pytest.raises(OutboundUnavailable, match="certificate"):
        http.post(f"https://{name}:{receiver.port}/status/200", headers={}, body=b"{}")
    assert receiver.requests == []


def test_a_handshake_that_never_ends_is_within_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server_socket:
        port = server_socket.getsockname()[1]
        http = OutboundHttp(OutboundPolicy([f"127.0.0.1:{port}"]), timeout_s=0.3)
        with pytest.raises(OutboundUnavailable, match="in time"):
            http.post(f"https://127.0.0.1:{port}/", headers={}, body=b"{}")
