"""Opens the storage that the settings name."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from jobs.errors import Misconfigured, StorageUnavailable
from jobs.settings import Settings

from .directory_storage import DirectoryStorage
from .storage import Storage

_OPTIONS = frozenset({"endpoint_url", "public_endpoint_url", "region"})


def open_storage(settings: Settings) -> Storage:
    """The bucket of VOICEMILL_STORAGE_URL, or the directory `objects` of the data directory. Raises Misconfigured."""
    if settings.storage_url is None:
        try:
            return DirectoryStorage(settings.data_dir / "objects")
        except StorageUnavailable as error:
            raise Misconfigured(
                f"{error.detail}: {settings.data_dir / 'objects'}. Let VOICEMILL_DATA_DIR name a directory in which "
                "this user may write, or VOICEMILL_STORAGE_URL a bucket",
                field="VOICEMILL_DATA_DIR",
            ) from error
    url = urlsplit(settings.storage_url.get_secret_value())
    if url.scheme != "s3" or not url.hostname:
        raise _wrong("it must read s3://bucket/prefix?endpoint_url=…&region=…")
    if url.username is not None:
        raise _wrong("credentials belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, not into the URL")
    options = {name: values[-1] for name, values in parse_qs(url.query).items()}
    if unknown := sorted(set(options) - _OPTIONS):
        raise _wrong(f"it has no option {unknown[0]!r}; there are {', '.join(sorted(_OPTIONS))}")
    # Imported here: a machine with a directory storage never loads boto3.
    from botocore.exceptions import BotoCoreError

    from jobs.storage.s3.s3_storage import S3Storage

    try:
        return S3Storage(
            url.netloc,
            prefix=url.path,
            endpoint_url=options.get("endpoint_url"),
            public_endpoint_url=options.get("public_endpoint_url"),
            region=options.get("region"),
        )
    except (BotoCoreError, ValueError) as error:
        raise _wrong(str(error)) from error


def _wrong(reason: str) -> Misconfigured:
    return Misconfigured(f"VOICEMILL_STORAGE_URL cannot be used: {reason}", field="VOICEMILL_STORAGE_URL")
