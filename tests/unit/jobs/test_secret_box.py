"""Encryption and signatures under the key of the installation."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from jobs.errors import Misconfigured
from jobs.secret_box import SecretBox, open_secret_box
from jobs.settings import Settings

KEY = "k" * 32


def test_encrypted_text_is_unreadable_and_can_be_decrypted() -> None:
    box = SecretBox(KEY)
    encrypted = box.encrypt("whsec_abc")
    assert "whsec" not in encrypted
    assert encrypted != box.encrypt("whsec_abc")
    assert SecretBox(KEY).decrypt(encrypted) == "whsec_abc"


def test_another_key_cannot_decrypt() -> None:
    with pytest.raises(Misconfigured, match="VOICEMILL_SECRET_KEY"):
        SecretBox("o" * 32).decrypt(SecretBox(KEY).encrypt("x"))


def test_changed_ciphertext_cannot_be_decrypted() -> None:
    encrypted = SecretBox(KEY).encrypt("x")
    flipped = encrypted[:20] + ("A" if encrypted[20] != "A" else "B") + encrypted[21:]
    with pytest.raises(Misconfigured):
        SecretBox(KEY).decrypt(flipped)
    with pytest.raises(Misconfigured):
        SecretBox(KEY).decrypt("not encrypted, é")


def test_short_key_is_refused_by_name() -> None:
    with pytest.raises(Misconfigured, match=r"VOICEMILL_SECRET_KEY.*32") as caught:
        SecretBox("k" * 31)
    assert caught.value.field == "VOICEMILL_SECRET_KEY"


def test_signature_is_valid_for_one_link_until_it_expires() -> None:
    box = SecretBox(KEY)
    signature = box.sign("jobs/a/b/result/1/audio.mp3", "audio.mp3", 1000)
    good = ("jobs/a/b/result/1/audio.mp3", "audio.mp3", 1000)
    assert box.verify(signature, *good, now_s=999.9)
    assert not box.verify(signature, *good, now_s=1000)
    assert not box.verify(signature, good[0], good[1], 2000, now_s=999)
    assert not box.verify(signature, good[0] + "x", good[1], 1000, now_s=999)
    assert not box.verify(signature, good[0], "other.mp3", 1000, now_s=999)
    assert not box.verify(signature[:-1], *good, now_s=999)
    assert not box.verify("", *good, now_s=999)
    assert not box.verify("é", *good, now_s=999)
    assert not SecretBox("o" * 32).verify(signature, *good, now_s=999)


def test_signature_depends_on_where_each_field_ends() -> None:
    box = SecretBox(KEY)
    assert box.sign("ab", "c", 1) != box.sign("a", "bc", 1)
    assert box.sign("a", "b1", 1) != box.sign("a", "b", 11)


def test_embedded_key_is_created_once_and_private(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    encrypted = open_secret_box(settings).encrypt("x")
    assert open_secret_box(settings).decrypt(encrypted) == "x"
    key_file = tmp_path / "data" / "secret.key"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert [p.name for p in key_file.parent.iterdir()] == ["secret.key"]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        boxes = list(pool.map(lambda _: open_secret_box(Settings(data_dir=tmp_path)), range(32)))
    encrypted = boxes[0].encrypt("x")
    assert {box.decrypt(encrypted) for box in boxes} == {"x"}


def test_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    open_secret_box(Settings(data_dir=tmp_path))
    (tmp_path / "secret.key").chmod(0o644)
    with pytest.raises(Misconfigured, match="chmod 600"):
        open_secret_box(Settings(data_dir=tmp_path))


def test_external_database_requires_a_key(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=SecretStr("postgresql+psycopg://u@h/d"))
    with pytest.raises(Misconfigured, match="VOICEMILL_SECRET_KEY is required"):
        open_secret_box(settings)
    assert not (tmp_path / "secret.key").exists()
    given = Settings(
        data_dir=tmp_path, database_url=SecretStr("postgresql+psycopg://u@h/d"), secret_key=SecretStr("s" * 40)
    )
    assert open_secret_box(given).decrypt(SecretBox("s" * 40).encrypt("x")) == "x"
