"""An S3-compatible store: moto's server in a child process. It checks no credentials."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.config import Config

from .machine_speed import deadline
from .process import Child, ServiceMissing, free_port

#: Credentials for any client of the server; moto does not check them.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}

_names = count()


class S3Server:
    """`start()`, then `create_bucket()`; objects live in the server's memory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.port = free_port()
        self._child: Child | None = None

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> S3Server:
        try:
            import moto.server  # noqa: F401
        except ImportError as error:
            raise ServiceMissing("no S3 server: `pip install 'moto[server]>=5.2.5'`") from error
        args = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        self._child = Child(args, log=self._directory / "moto.log", env=CREDENTIALS)
        self._child.wait_ready(self._is_ready, deadline_s=60)
        return self

    def stop(self) -> None:
        if self._child:
            self._child.stop()

    def client(self) -> Any:
        """A boto3 client of this server."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(s3={"addressing_style": "path"}),
        )

    def create_bucket(self) -> str:
        """Name of a new, empty bucket."""
        name = f"voicemill-test-{next(_names)}"
        client = self.client()
        client.create_bucket(Bucket=name)
        client.close()
        return name

    def url(self, bucket: str) -> str:
        """The bucket as a value of VOICEMILL_STORAGE_URL."""
        return f"s3://{bucket}/test?endpoint_url={self.endpoint_url}&region=us-east-1"

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.endpoint_url}/moto-api/", timeout=deadline(2)).status_code < 500
        except httpx.TransportError:
            return False
