"""The server's settings: the only file that reads its environment (`VOICEMILL_*`).

Built once in an entry file and passed down. The docstring of each field has its meaning, unit and special values.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from .errors import Misconfigured

#: Settings that hold a secret; `VOICEMILL_<NAME>_FILE` may name a file with the value.
SECRETS = ("database_url", "broker_url", "storage_url", "secret_key")


#: How the URLs may begin.
_SCHEMES = {
    "database_url": ("postgresql+psycopg", "sqlite"),
    "broker_url": ("redis", "rediss", "amqp", "amqps"),
}


class _SecretFiles(PydanticBaseSettingsSource):
    """Secrets from files, as container platforms mount them: no secret in the environment of a process."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        variable = f"VOICEMILL_{field_name.upper()}"
        path = os.environ.get(f"{variable}_FILE") if field_name in SECRETS else None
        if not path:
            return None, field_name, False
        if variable in os.environ:
            raise Misconfigured(f"{variable} and {variable}_FILE are both set: leave one of them out", field=variable)
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise Misconfigured(f"{variable}_FILE cannot be read: {reason}", field=f"{variable}_FILE") from error

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """Unset = the embedded mode of one machine; three URLs turn it into production."""

    model_config = SettingsConfigDict(env_prefix="VOICEMILL_", extra="ignore", hide_input_in_errors=True)

    data_dir: Path = Field(default_factory=lambda: Path("~/.local/share/voicemill").expanduser())
    """Directory of everything embedded: database, objects, secrets, scratch files, `models.toml`."""

    database_url: SecretStr | None = None
    """SQLAlchemy URL, `postgresql+psycopg://user:password@host/name`. Unset = SQLite under `data_dir`."""

    broker_url: SecretStr | None = None
    """`redis://` or `rediss://` URL. Unset = `voicemill up` starts a private Redis; workers find it in `data_dir`."""

    storage_url: SecretStr | None = None
    """`s3://bucket/prefix?endpoint_url=…&region=…`; credentials as boto3 finds them.
    Unset = a directory under `data_dir`."""

    secret_key: SecretStr | None = None
    """Encrypts webhook secrets and signs download URLs; at least 32 characters. Unset = a 0600 file in `data_dir`;
    required with a database of one's own."""

    outbound_allow: Annotated[tuple[str, ...], NoDecode] = ()
    """`host:port,…` that webhooks may reach although the address is private, over http too.
    Empty = public https only."""

    public_url: str = "http://127.0.0.1:8080"
    """Where clients reach the API; absolute links in answers begin so."""

    lease_s: float = Field(60.0, ge=1)
    """Seconds that a claimed chunk belongs to its worker without a heartbeat."""

    heartbeat_s: float = Field(15.0, ge=0.1)
    """Seconds between heartbeats; a third of `lease_s` or less, so that two may be lost."""

    rescue_trust_s: float = Field(90.0, ge=0)
    """Seconds of gapless sweeps (none later than 20 s after the last) before a sweeper treats
    an expired lease as lost."""

    sweep_s: float = Field(2.0, ge=0.05)
    """Seconds between passes of the sweeper."""

    retry_base_s: float = Field(10.0, gt=0)
    """Backoff of a chunk after an engine error: this × 2ⁿ ± 20 %, in seconds."""

    deadline_s: float = Field(7 * 86_400, gt=0)
    """Seconds until an unfinished job expires, where its request does not say."""

    retain_s: float | None = 30 * 86_400
    """Seconds after its end that a job's input and results are kept. The embedded mode keeps them for ever."""

    keep_parts: bool = True
    """Whether the parts of a job are kept after it succeeded, so that a patch speaks one sentence and not all of them.
    False = they are deleted within about half a minute, and only input and result are kept."""

    max_text_characters: int = Field(20_000_000, ge=1)
    """Longest text of one job, in characters."""

    max_audio_s: float = Field(24 * 3600, gt=0)
    """Longest recording of one job, in seconds of decoded audio."""

    max_upload_bytes: int = Field(5_000_000_000, ge=1)
    """Largest upload, in bytes."""

    max_json_bytes: int = Field(1 << 20, ge=1)
    """Largest JSON body, in bytes, but for /tts/synthesize."""

    max_synthesis_json_bytes: int = Field(32 << 20, ge=1)
    """Largest JSON body of /tts/synthesize, in bytes."""

    min_free_bytes: int = Field(128 << 20, ge=0)
    """Free space under `data_dir` below which a worker starts no chunk, in bytes; it goes on when there is more."""

    inline_text_bytes: int = Field(64 << 10, ge=0)
    """Texts up to this size live in the job's row, so that they are accepted while the storage is down."""

    max_waiters: int = Field(200, ge=0)
    """Long polls and event streams held at once per API process; past it the answer comes at once with Retry-After."""

    max_tenant_waiters: int = Field(150, ge=0)
    """The same for one tenant, so that it cannot take the places of all others."""

    max_key_waiters: int = Field(120, ge=0)
    """The same for one key, so that it cannot take the places of all others of its tenant."""

    api_threads: int = Field(384, ge=8)
    """Threads of an API process for requests; probes have their own. Keep more than `max_waiters` and `max_transfers`
    together."""

    max_transfers: int = Field(100, ge=1)
    """Uploads that arrive and files that are sent at once, per API process; past it the answer is 429."""

    max_tenant_transfers: int = Field(80, ge=1)
    """The same for one tenant."""

    max_key_transfers: int = Field(64, ge=1)
    """The same for one key."""

    max_requests_per_minute: int | None = Field(None, ge=1)
    """Requests that one tenant may send in a minute; past it the answer is 429. Unset = no limit. All API processes
    count together where the broker is Redis, else each alone."""

    max_jobs_per_minute: int | None = Field(None, ge=1)
    """The same for jobs that one tenant submits."""

    min_body_bytes_per_s: float = Field(2048.0, gt=0)
    """Slowest rate at which the body of a request may arrive, in bytes a second; 408 for what is slower."""

    body_grace_s: float = Field(10.0, gt=0)
    """Seconds that a body may be behind `min_body_bytes_per_s`."""

    send_stall_s: float = Field(60.0, gt=0)
    """Seconds in which a client has to take the next 64 KiB of an answer; then its connection is closed."""

    max_body_s: float = Field(6 * 3600, gt=0)
    """Seconds that the body of a request may take to arrive."""

    api_cache_keys_s: float = Field(5.0, ge=0)
    """Seconds that an API process trusts a key it has seen; a revoked key is valid for at most so much longer."""

    webhook_timeout_s: float = Field(15.0, gt=0)
    """Seconds for a webhook receiver to answer."""

    grace_s: float = Field(25.0, ge=0, le=40)
    """Seconds that a stopping worker gives its running chunks to finish before it hands them to others, uncharged."""

    require_sandbox: bool = False
    """Whether a cpu worker refuses to start where the kernel cannot keep its sandboxes from files (Landlock, chroot) or
    system calls (seccomp). False = it starts, and health and metrics warn."""

    child_memory_bytes: int = Field(2 << 30, ge=256 << 20)
    """Address space of the sandboxed cpu child, in bytes."""

    child_cpu_s: int = Field(3600, ge=1)
    """CPU seconds that one chunk may take in the sandboxed cpu child."""

    child_file_bytes: int = Field(20_000_000_000, ge=1)
    """Largest file that the sandboxed child may write, in bytes."""

    child_stall_s: float = Field(300.0, gt=0)
    """Seconds without a message after which the sandboxed cpu child counts as hung."""

    engine_models: int = Field(3, ge=1)
    """Models that one engine process keeps loaded at once; past it the one unused for longest is dropped."""

    engine_memory_bytes: int | None = Field(None, ge=64 << 20)
    """Resident memory of one engine process, in bytes, past which it is killed and its chunks run again.
    Unset = three quarters of what this machine or container has."""

    log_json: bool = False
    """Logs as JSON lines instead of text."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the files that it names."""
        return init_settings, env_settings, _SecretFiles(settings_cls)

    @field_validator(*_SCHEMES)
    @classmethod
    def _check_scheme(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        schemes = _SCHEMES[info.field_name or ""]
        if value is not None and value.get_secret_value().partition("://")[0] not in schemes:
            raise ValueError(f"it begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return value

    @field_validator("outbound_allow", mode="before")
    @classmethod
    def _split_commas(cls, value: Any) -> Any:
        return tuple(item.strip() for item in value.split(",") if item.strip()) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_heartbeat(self) -> Settings:
        if 3 * self.heartbeat_s > self.lease_s:
            raise ValueError(
                f"heartbeat_s ({self.heartbeat_s:g} s) is more than a third of lease_s ({self.lease_s:g} s): two lost "
                f"heartbeats would cost a living worker its chunk. Set VOICEMILL_HEARTBEAT_S to {self.lease_s / 3:.2g} "
                f"or less, or VOICEMILL_LEASE_S to {3 * self.heartbeat_s:g} or more."
            )
        return self

    @property
    def is_embedded(self) -> bool:
        """Whether the database is the private SQLite file."""
        return self.database_url is None

    def resolved_database_url(self) -> str:
        """The SQLAlchemy URL in force."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'voicemill.db'}"


def read_settings(**given: Any) -> Settings:
    """The settings of this process's environment; `given` ones win. Raises Misconfigured, which names no value."""
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        reason = str(first["msg"]).removeprefix("Value error, ")
        if not first["loc"]:
            raise Misconfigured(reason) from error
        variable = f"VOICEMILL_{str(first['loc'][0]).upper()}"
        raise Misconfigured(f"{variable} cannot be used: {reason}", field=variable) from error


@contextmanager
def data_dir_errors(directory: Path) -> Iterator[None]:
    """Around what first writes below a data directory: an error of the system becomes Misconfigured."""
    try:
        yield
    except OSError as error:
        raise Misconfigured(
            f"the data directory {directory} cannot be used ({error.strerror}): let VOICEMILL_DATA_DIR name a "
            "directory in which this user may write",
            field="VOICEMILL_DATA_DIR",
        ) from error


def shared_metrics_folder() -> Path | None:
    """Where prometheus-client keeps the metrics of several processes; None where each has its own."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(folder) if folder else None
