"""Objects that are corrupt on disk, truncated or changed on the network are detected before they are used."""

from __future__ import annotations

import base64
import hashlib
import random
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from jobs.errors import Conflict, CorruptObject, NotFound, StorageUnavailable
from jobs.storage.directory_storage import DirectoryStorage
from jobs.storage.s3.s3_storage import S3Storage
from tests.faults.proxy import Proxy
from tests.services.machine_speed import deadline
from tests.services.s3 import S3Server

KEY = "jobs/acme/job_1/parts/work-1-0-1-abcd"
PREFIX = "jobs/acme/job_1/"
SPEECH = random.Random(13).randbytes(300_000)
SHA = hashlib.sha256(SPEECH).hexdigest()
LONG = random.Random(14).randbytes(9 << 20)  # two parts on S3
ROUNDS = 60


def corrupt(data: bytes, chance: random.Random) -> bytes:
    """The data with a bit flipped, truncated, extended, emptied, or with a block of zeros; never equal to the data."""
    place = chance.randrange(len(data))
    match chance.randrange(5):
        case 0:
            return data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :]
        case 1:
            return data[:place]
        case 2:
            return data + b"\0" * (1 + place)
        case 3:
            return b""
        case _:
            place = min(place, len(data) - 4096)
            return data[:place] + bytes(4096) + data[place + 4096 :]


def expect_corrupt(storage, tmp_path: Path) -> None:
    """Fetching raises CorruptObject and leaves no file."""
    with pytest.raises(CorruptObject):
        storage.fetch(KEY, tmp_path / "copy", sha256=SHA, bytes=len(SPEECH))
    assert list(tmp_path.glob("copy*")) == []


# -- the directory ---------------------------------------------------------------------------------------------------
@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def directory(root: Path) -> DirectoryStorage:
    return DirectoryStorage(root)


def test_corrupt_files_on_disk_are_always_detected(directory: DirectoryStorage, root: Path, tmp_path: Path) -> None:
    chance = random.Random(1)
    directory.put_bytes(KEY, SPEECH)
    for _ in range(ROUNDS):
        (root / KEY).write_bytes(corrupt(SPEECH, chance))
        expect_corrupt(directory, tmp_path)
    (root / KEY).write_bytes(SPEECH)
    directory.fetch(KEY, tmp_path / "copy", sha256=SHA, bytes=len(SPEECH))
    print(f"directory: {ROUNDS} corrupt files, {ROUNDS} detected")


def test_a_corrupt_object_conflicts_with_a_repeated_write(directory: DirectoryStorage, root: Path) -> None:
    directory.put_bytes(KEY, SPEECH)
    (root / KEY).write_bytes(SPEECH[:-1])
    with pytest.raises(Conflict):
        directory.put_bytes(KEY, SPEECH)


def test_a_full_disk_leaves_neither_object_nor_draft(directory: DirectoryStorage, root: Path, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(SPEECH)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(SPEECH) // 2, hard))
    try:
        for put in (
            lambda: directory.put_bytes(KEY, SPEECH),
            lambda: directory.put_file(KEY, tmp_path / "source"),
        ):
            with pytest.raises(StorageUnavailable):
                put()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert directory.stat(KEY) is None
    assert [path for path in root.rglob("*") if path.is_file()] == []
    assert directory.put_bytes(KEY, SPEECH).sha256 == SHA


def test_a_full_scratch_disk_is_an_outage_and_leaves_no_copy(directory: DirectoryStorage, tmp_path: Path) -> None:
    directory.put_bytes(KEY, SPEECH)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(SPEECH) // 2, hard))
    try:
        with pytest.raises(StorageUnavailable):
            directory.fetch(KEY, tmp_path / "copy", sha256=SHA, bytes=len(SPEECH))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.glob("copy*")) == []


def test_a_writer_killed_half_way_leaves_nothing_to_read(directory: DirectoryStorage, root: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from jobs.storage.directory_storage import DirectoryStorage\n"
        f"upload = DirectoryStorage(Path(sys.argv[1])).open_upload({KEY!r})\n"
        "upload.write(b'x' * 100_000); print('half', flush=True); sys.stdin.read()"
    )
    writer = subprocess.Popen([sys.executable, "-c", script, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stdin is not None
    assert writer.stdout.readline() == b"half\n"
    writer.send_signal(signal.SIGKILL)
    writer.wait(deadline(30))
    writer.stdin.close()
    writer.stdout.close()
    assert directory.stat(KEY) is None
    with pytest.raises(NotFound):
        directory.read(KEY)
    assert directory.put_bytes(KEY, SPEECH).sha256 == SHA
    assert (
        len([path for path in root.rglob("*") if path.is_file()]) == 2
    )  # the object, and the draft of the killed writer
    assert directory.delete_prefix(PREFIX) == 1
    assert [path for path in root.rglob("*") if path.is_file()] == []


# -- S3 --------------------------------------------------------------------------------------------------------------
@pytest.fixture
def link(s3_server: S3Server) -> Iterator[Proxy]:
    proxy = Proxy(s3_server.port).start()
    yield proxy
    proxy.stop()


@pytest.fixture
def bucket(s3_url: str) -> str:
    return urlsplit(s3_url).netloc


@pytest.fixture
def s3(link: Proxy, bucket: str) -> S3Storage:
    """The bucket behind the proxy, with short timeouts."""
    return S3Storage(
        bucket,
        prefix="test",
        endpoint_url=f"http://127.0.0.1:{link.port}",
        region="us-east-1",
        read_timeout_s=deadline(2),
    )


def flip_bit(block: bytes, needle: bytes) -> bytes:
    """The block with a bit of each `needle` in it flipped."""
    return block.replace(needle, bytes([needle[0] ^ 1]) + needle[1:])


def test_corrupt_objects_in_the_bucket_are_always_detected(
    s3: S3Storage, s3_server: S3Server, bucket: str, tmp_path: Path
) -> None:
    chance, raw = random.Random(2), s3_server.client()
    s3.put_bytes(KEY, SPEECH)
    for _ in range(ROUNDS):
        raw.put_object(Bucket=bucket, Key=f"test/{KEY}", Body=corrupt(SPEECH, chance))
        expect_corrupt(s3, tmp_path)
    raw.close()
    print(f"s3: {ROUNDS} corrupt objects, {ROUNDS} detected")


def test_bytes_changed_in_a_download_are_always_detected(s3: S3Storage, link: Proxy, tmp_path: Path) -> None:
    s3.put_bytes(KEY, SPEECH)
    for n in range(20):
        needle = SPEECH[n * 10_000 : n * 10_000 + 8]
        link.change(lambda block, needle=needle: flip_bit(block, needle), "down")
        expect_corrupt(s3, tmp_path)
        link.restore()
    assert link.faults["changed"] >= 40  # each fetch reads twice
    s3.fetch(KEY, tmp_path / "copy", sha256=SHA, bytes=len(SPEECH))
    print(f"s3 link: {link.faults['changed']} changed blocks, all detected")


def test_a_download_that_is_corrupt_once_is_repeated(s3: S3Storage, link: Proxy, tmp_path: Path) -> None:
    s3.put_bytes(KEY, SPEECH)
    changes = iter([True])

    def once(block: bytes) -> bytes:
        return flip_bit(block, SPEECH[5000:5008]) if SPEECH[5000:5008] in block and next(changes, False) else block

    link.change(once, "down")
    s3.fetch(KEY, tmp_path / "copy", sha256=SHA, bytes=len(SPEECH))
    assert link.faults["changed"] == 1
    assert (tmp_path / "copy").read_bytes() == SPEECH


@pytest.mark.parametrize("after", [0, 100, 1000, 50_000, 290_000])
def test_a_truncated_download_leaves_no_file(s3: S3Storage, link: Proxy, tmp_path: Path, after: int) -> None:
    s3.put_bytes(KEY, SPEECH)
    link.reset_now()  # the rule below counts the bytes of a connection
    link.faults.clear()
    link.cut_after(after, "down")
    with pytest.raises((StorageUnavailable, CorruptObject)):
        s3.fetch(KEY, tmp_path / "copy", sha256=SHA, bytes=len(SPEECH))
    assert link.faults["cut"] >= 1
    assert list(tmp_path.glob("copy*")) == []
    with pytest.raises(StorageUnavailable):
        b"".join(s3.read(KEY))
    link.restore()
    s3.fetch(KEY, tmp_path / "copy", sha256=SHA, bytes=len(SPEECH))


@pytest.mark.parametrize("n", range(5))
def test_bytes_changed_in_an_upload_are_detected_and_removed(s3: S3Storage, link: Proxy, n: int) -> None:
    needle = SPEECH[n * 60_000 : n * 60_000 + 8]
    link.change(lambda block: flip_bit(block, needle), "up")
    with pytest.raises(CorruptObject):
        s3.put_bytes(KEY, SPEECH)
    assert link.faults["changed"] >= 1
    link.restore()
    assert s3.stat(KEY) is None
    assert s3.put_bytes(KEY, SPEECH).sha256 == SHA


@pytest.mark.parametrize("place", [1000, len(LONG) - 1000])
def test_a_part_changed_in_an_upload_is_detected_and_the_object_removed(s3: S3Storage, link: Proxy, place: int) -> None:
    needle = LONG[place : place + 8]
    link.change(lambda block: flip_bit(block, needle), "up")
    upload = s3.open_upload(KEY)
    with pytest.raises(CorruptObject):
        upload.write(LONG)
        upload.complete()
    upload.abort()
    assert link.faults["changed"] >= 1
    link.restore()
    assert s3.stat(KEY) is None
    assert s3.delete_prefix(PREFIX) == 0


def test_an_outage_is_reported_until_it_ends(s3: S3Storage, link: Proxy, tmp_path: Path) -> None:
    s3.put_bytes(KEY, SPEECH)
    for break_it in (link.refuse, lambda: link.drop("down")):
        break_it()
        for ask in (
            lambda: s3.put_bytes(KEY + "2", b"x"),
            lambda: s3.read(KEY),
            lambda: s3.stat(KEY),
            lambda: s3.fetch(KEY, tmp_path / "copy", sha256=SHA),
            lambda: s3.delete_prefix(PREFIX),
            s3.check,
        ):
            with pytest.raises(StorageUnavailable):
                ask()
        link.restore()
        link.reset_now()
    s3.check()
    s3.fetch(KEY, tmp_path / "copy", sha256=SHA)
    assert link.faults["refused"] >= 6
    assert link.faults["dropped"] >= 6


def test_a_write_whose_response_was_lost_may_be_repeated(s3: S3Storage, link: Proxy) -> None:
    link.drop("down")
    with pytest.raises(StorageUnavailable):
        s3.put_bytes(KEY, SPEECH)
    link.restore()
    link.reset_now()
    assert s3.stat(KEY) == len(SPEECH)  # it had arrived
    assert s3.put_bytes(KEY, SPEECH).sha256 == SHA


# -- a store of another vendor ---------------------------------------------------------------------------------------
class OtherVendor(BaseHTTPRequestHandler):
    """Checks Content-MD5, has no conditional writes and ETags that are no MD5: as several S3-compatible stores."""

    protocol_version = "HTTP/1.1"
    objects: dict[str, bytes]
    refused: list[str]

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "If-None-Match" in self.headers:
            self._refuse(501, "NotImplemented")
        elif base64.b64encode(hashlib.md5(body).digest()).decode() != self.headers["Content-MD5"]:
            self._refuse(400, "BadDigest")
        else:
            self.objects[self.path] = body
            self._reply(200, b"")

    def do_HEAD(self) -> None:
        self._reply(200 if self.path in self.objects else 404, self.objects.get(self.path, b""))

    def do_GET(self) -> None:
        if self.path in self.objects:
            self._reply(200, self.objects[self.path])
        else:
            self._refuse(404, "NoSuchKey")

    def _refuse(self, status: int, code: str) -> None:
        self.refused.append(code)
        self._reply(status, f"<Error><Code>{code}</Code></Error>".encode())

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("ETag", '"not-an-md5"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        return


@pytest.fixture
def other_vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[S3Storage, type[OtherVendor], Proxy]]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    handler = type("Handler", (OtherVendor,), {"objects": {}, "refused": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    link = Proxy(server.server_address[1]).start()
    yield S3Storage("b", endpoint_url=f"http://127.0.0.1:{link.port}", region="us-east-1"), handler, link
    link.stop()
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_store_without_conditional_writes_is_supported(other_vendor, tmp_path: Path) -> None:
    storage, handler, _ = other_vendor
    for n in range(3):
        storage.put_bytes(f"{KEY}{n}", SPEECH)
    assert handler.refused == ["NotImplemented"]  # tried once
    storage.fetch(f"{KEY}2", tmp_path / "copy", sha256=SHA, bytes=len(SPEECH))
    assert storage.put_bytes(KEY + "0", SPEECH).sha256 == SHA
    with pytest.raises(Conflict):
        storage.put_bytes(KEY + "0", b"other")
    assert handler.objects[f"/b/{KEY}0"] == SPEECH


def test_a_store_that_checks_content_md5_rejects_a_changed_upload(other_vendor) -> None:
    storage, handler, link = other_vendor
    storage.put_bytes(KEY + "0", b"first")
    link.change(lambda block: flip_bit(block, SPEECH[9000:9008]), "up")
    with pytest.raises(CorruptObject):
        storage.put_bytes(KEY, SPEECH)
    assert "BadDigest" in handler.refused
    assert f"/b/{KEY}" not in handler.objects


def test_boto3_adds_no_checksums_of_its_own(s3: S3Storage) -> None:
    # Trailing checksums, which boto3 adds by default, are rejected by several stores.
    config = s3._client.meta.config
    assert config.request_checksum_calculation == "when_required"
    assert config.response_checksum_validation == "when_required"
    assert parse_qs(urlsplit(s3.url(KEY, filename="a.mp3", content_type="audio/mpeg") or "").query)[
        "X-Amz-Expires"
    ] == ["900"]
