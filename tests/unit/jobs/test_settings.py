"""The server's settings: where they come from, what they refuse, and what never shows in an error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from jobs.errors import Misconfigured
from jobs.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests do not see the variables of the shell that runs them."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"VOICEMILL_{name.upper()}", raising=False)


def test_no_variable_means_embedded_mode() -> None:
    settings = Settings()
    assert settings.is_embedded
    assert (settings.broker_url, settings.storage_url, settings.secret_key) == (None, None, None)


def test_embedded_database_lies_in_the_data_directory(tmp_path: Path) -> None:
    assert Settings(data_dir=tmp_path).resolved_database_url() == f"sqlite:///{tmp_path}/voicemill.db"


def test_database_url_ends_the_embedded_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEMILL_DATABASE_URL", "postgresql+psycopg://v:secret@db/voicemill")
    settings = Settings()
    assert not settings.is_embedded
    assert settings.resolved_database_url() == "postgresql+psycopg://v:secret@db/voicemill"


def test_variable_sets_its_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEMILL_LEASE_S", "62.5")
    monkeypatch.setenv("VOICEMILL_LOG_JSON", "true")
    settings = Settings()
    assert (settings.lease_s, settings.log_json) == (62.5, True)


def test_argument_wins_over_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEMILL_LEASE_S", "62.5")
    assert Settings(lease_s=80).lease_s == 80


def test_variable_of_another_program_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEMILL_URL", "http://127.0.0.1:1")
    assert Settings().public_url == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("value", "receivers"),
    [
        ("", ()),
        ("127.0.0.1:9000", ("127.0.0.1:9000",)),
        (" a.internal:443 , b.internal:8443 ,", ("a.internal:443", "b.internal:8443")),
    ],
)
def test_allowed_receivers_are_a_comma_list(
    monkeypatch: pytest.MonkeyPatch, value: str, receivers: tuple[str, ...]
) -> None:
    monkeypatch.setenv("VOICEMILL_OUTBOUND_ALLOW", value)
    assert Settings().outbound_allow == receivers


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lease_s", "0.5"),
        ("heartbeat_s", "0"),
        ("sweep_s", "0"),
        ("retry_base_s", "0"),
        ("max_audio_s", "0"),
        ("max_text_characters", "0"),
        ("max_upload_bytes", "0"),
        ("max_waiters", "-1"),
        ("child_memory_bytes", "1000"),
        ("child_cpu_s", "0"),
        ("deadline_s", "soon"),
        ("log_json", "perhaps"),
    ],
)
def test_wrong_value_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch, field: str, value: str) -> None:
    monkeypatch.setenv(f"VOICEMILL_{field.upper()}", value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert [error["loc"] for error in caught.value.errors()] == [(field,)]


def test_lease_that_two_lost_heartbeats_would_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEMILL_LEASE_S", "40")
    with pytest.raises(ValidationError, match=r"VOICEMILL_HEARTBEAT_S to 13 or less, or VOICEMILL_LEASE_S to 45"):
        Settings()
    monkeypatch.setenv("VOICEMILL_HEARTBEAT_S", "13")
    assert Settings().heartbeat_s == 13


def test_heartbeat_of_a_third_of_the_lease_is_taken() -> None:
    assert Settings(lease_s=45).heartbeat_s == 15


def test_secrets_appear_neither_in_errors_nor_in_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEMILL_DATABASE_URL", "postgresql+psycopg://v:hunter2@db/voicemill")
    monkeypatch.setenv("VOICEMILL_SECRET_KEY", "hunter2" * 6)
    assert "hunter2" not in repr(Settings())
    monkeypatch.setenv("VOICEMILL_LEASE_S", "hunter2")
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert "hunter2" not in str(caught.value)


def test_retention_is_limited_unless_it_is_switched_off() -> None:
    assert Settings().retain_s == 30 * 86_400
    assert Settings(retain_s=None).retain_s is None


def test_a_secret_is_read_from_the_file_that_its_variable_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secrets = {
        "database_url": "postgresql+psycopg://v:secret@db/voicemill",
        "broker_url": "redis://:secret@redis",
        "storage_url": "s3://secret",
        "secret_key": "secret of the server",
    }
    for name, secret in secrets.items():
        (tmp_path / name).write_text(f"{secret}\n")
        monkeypatch.setenv(f"VOICEMILL_{name.upper()}_FILE", str(tmp_path / name))
    settings = read_settings()
    assert {name: getattr(settings, name).get_secret_value() for name in secrets} == secrets


def test_a_secret_in_two_places_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VOICEMILL_SECRET_KEY", "hunter2")
    monkeypatch.setenv("VOICEMILL_SECRET_KEY_FILE", str(tmp_path / "none"))
    with pytest.raises(Misconfigured, match="VOICEMILL_SECRET_KEY_FILE are both set") as raised:
        read_settings()
    assert "hunter2" not in str(raised.value)


def test_a_secret_whose_file_is_missing_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VOICEMILL_SECRET_KEY_FILE", str(tmp_path / "none"))
    with pytest.raises(Misconfigured, match="VOICEMILL_SECRET_KEY_FILE cannot be read: No such file"):
        read_settings()


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("VOICEMILL_LEASE_S", "hunter2", "VOICEMILL_LEASE_S cannot be used: .* valid number"),
        ("VOICEMILL_GRACE_S", "41", "VOICEMILL_GRACE_S cannot be used: .* less than or equal to 40"),
        ("VOICEMILL_HEARTBEAT_S", "50", "more than a third of lease_s"),
    ],
)
def test_an_invalid_variable_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(Misconfigured, match=says) as raised:
        read_settings()
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("BROKER_URL", "http://:hunter2@redis:6379", "redis://"),
        ("BROKER_URL", "localhost:6379", "redis://"),
        ("DATABASE_URL", "mysql://v:hunter2@db/voicemill", "postgresql+psycopg://"),
        ("DATABASE_URL", "postgresql+asyncpg://v:hunter2@db/voicemill", "postgresql+psycopg://"),
    ],
)
def test_url_of_another_kind_is_refused_with_the_kinds_that_are_taken(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, cure: str
) -> None:
    monkeypatch.setenv(f"VOICEMILL_{name}", value)
    with pytest.raises(Misconfigured, match=re.escape(cure)) as refused:
        read_settings()
    assert refused.value.field == f"VOICEMILL_{name}"
    assert "hunter2" not in str(refused.value)
