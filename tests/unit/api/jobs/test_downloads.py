"""Links to result files, and their bytes."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from api.http.errors import Forbidden, TooManyTransfers
from api.jobs.downloads import check_link, file_linker, file_response, serve, signed_link
from jobs.errors import CorruptObject
from jobs.stored_object import StoredFile

DATA = b"RIFF" + bytes(1000)


@pytest.fixture
def stored(storage):
    key = f"jobs/local/job_{'0' * 32}/result/1/audio.wav"
    return StoredFile("audio.wav", "audio/wav", storage.put_bytes(key, DATA, content_type="audio/wav"))


def test_link_is_valid_until_it_expires_and_for_its_file_only(services, stored):
    box = services.secret_box
    query = parse_qs(urlsplit(signed_link("http://x/", box, "job_1", stored, 2_000_000_000)).query)
    signature = query["signature"][0]
    check_link(box, stored, expires_s=2_000_000_000, signature=signature)
    for file, expires_s in ((stored, 2_000_000_001), (replace(stored, name="b.wav"), 2_000_000_000)):
        with pytest.raises(Forbidden):
            check_link(box, file, expires_s=expires_s, signature=signature)
    expired = parse_qs(urlsplit(signed_link("http://x/", box, "job_1", stored, 1000)).query)["signature"][0]
    with pytest.raises(Forbidden):
        check_link(box, stored, expires_s=1000, signature=expired)


def test_storage_that_serves_files_itself_makes_the_link_and_the_redirect(
    app, services, stored, finished_job, monkeypatch
):
    monkeypatch.setattr(services.storage, "url", lambda key, **_options: f"https://bucket.test/{key}")
    url, _ = file_linker(services)(finished_job({}), stored)
    assert url == f"https://bucket.test/{stored.object.key}"
    with app.test_request_context():
        response = file_response(services, stored)
    assert (response.status_code, response.location) == (302, url)


def test_whole_file_ignores_a_range(app, services, stored):
    for whole, status, length in ((True, 200, len(DATA)), (False, 206, 4)):
        with app.test_request_context(headers={"Range": "bytes=0-3"}):
            response = serve(services, stored, whole=whole)
            assert (response.status_code, len(response.get_data())) == (status, length)


def test_head_reads_nothing(app, services, stored, monkeypatch):
    monkeypatch.setattr(services.storage, "read", lambda *_arguments, **_options: pytest.fail("read"))
    with app.test_request_context(method="HEAD"):
        response = serve(services, stored, whole=True)
    assert response.headers["Content-Length"] == str(len(DATA))


def test_small_file_with_other_bytes_is_an_error_before_the_response(app, services, stored):
    with app.test_request_context(), pytest.raises(CorruptObject):
        serve(services, replace(stored, object=replace(stored.object, sha256="0" * 64)))


def test_a_range_of_other_bytes_is_an_error_before_the_response(app, services, stored):
    (services.settings.data_dir / "objects" / stored.object.key).write_bytes(DATA[:-1] + b"x")
    with app.test_request_context(headers={"Range": "bytes=0-3"}), pytest.raises(CorruptObject):
        serve(services, stored)


def test_files_that_are_sent_take_the_places_of_their_tenant(app, services, stored):
    with app.test_request_context():
        sent = [serve(services, stored) for _ in range(services.settings.max_tenant_transfers)]
        with pytest.raises(TooManyTransfers):
            serve(services, stored)
        for response in sent:
            response.close()
        assert services.transfers.taken == 0
