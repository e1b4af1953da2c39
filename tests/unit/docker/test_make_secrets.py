"""The secrets of compose.yaml."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from jobs.settings import read_settings

FOLDER = Path(__file__).resolve().parents[3] / "docker"


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    """A copy of the directory in which the secrets were made."""
    shutil.copy(FOLDER / "make_secrets.sh", tmp_path)
    make(tmp_path)
    return tmp_path


def make(folder: Path) -> None:
    subprocess.run(["sh", str(folder / "make_secrets.sh")], check=True, capture_output=True)


def read(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (folder / "secrets").iterdir()}


def test_every_secret_of_compose_is_made(docker: Path) -> None:
    wanted = yaml.safe_load((FOLDER / "compose.yaml").read_text())["secrets"]
    assert sorted(f"secrets/{name}" for name in wanted) == sorted(secret["file"] for secret in wanted.values())
    assert wanted.keys() <= read(docker).keys()


def test_secrets_are_kept_when_it_runs_again(docker: Path) -> None:
    first = read(docker)
    (docker / "secrets" / "flower_password").unlink()
    make(docker)
    second = read(docker)
    assert first.pop("flower_password") != second.pop("flower_password")
    assert first == second


def test_other_users_are_kept_out_and_users_of_containers_are_not(docker: Path) -> None:
    assert (docker / "secrets").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (docker / "secrets").iterdir()} == {0o644}


def test_settings_are_read_from_them(docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("database_url", "broker_url", "secret_key"):
        monkeypatch.setenv(f"VOICEMILL_{name.upper()}_FILE", str(docker / "secrets" / name))
    settings, made = read_settings(data_dir=docker), read(docker)
    assert settings.database_url is not None
    assert made["postgres_password"].strip() in settings.database_url.get_secret_value()
    assert settings.broker_url is not None
    assert made["redis_password"].strip() in settings.broker_url.get_secret_value()
    assert settings.secret_key is not None
    assert len(settings.secret_key.get_secret_value()) >= 32


def test_the_store_and_its_client_get_the_same_key(docker: Path) -> None:
    made = read(docker)
    [identity] = json.loads(made["storage.json"])["identities"]
    [credentials] = identity["credentials"]
    assert f"aws_access_key_id = {credentials['accessKey']}" in made["storage_credentials"]
    assert f"aws_secret_access_key = {credentials['secretKey']}" in made["storage_credentials"]
    # It may do anything with its bucket, and nothing with others.
    assert all(action.endswith(":voicemill") for action in identity["actions"])


def test_redis_keeps_nothing_and_asks_for_the_password(docker: Path) -> None:
    made = read(docker)
    assert f"requirepass {made['redis_password'].strip()}" in made["redis.conf"]
    assert "maxmemory-policy noeviction" in made["redis.conf"]


def test_no_two_secrets_are_alike(docker: Path) -> None:
    random = [text.strip() for text in read(docker).values() if re.fullmatch(r"[0-9a-f]{64}\n", text)]
    assert len(random) == 5
    assert len(set(random)) == 5
