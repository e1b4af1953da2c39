"""The services that other tests stand on do answer."""

from __future__ import annotations

import psycopg
import redis

from tests.services.postgres import PostgresServer
from tests.services.redis import RedisServer


def test_postgres_keeps_what_it_committed_over_a_crash() -> None:
    server = PostgresServer().start()
    try:
        url = server.url(server.create_database()).replace("+psycopg", "")
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        server.stop(immediate=True)
        server.start()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    finally:
        server.close()


def test_redis_comes_back_empty_at_the_same_address(tmp_path) -> None:
    server = RedisServer(tmp_path).start()
    try:
        with redis.Redis.from_url(server.url) as client:
            client.set("a", 1)
            server.kill()
            server.start()
            assert client.get("a") is None
    finally:
        server.stop()


def test_each_s3_url_names_an_own_bucket(s3_server, s3_url) -> None:
    client = s3_server.client()
    bucket = s3_url.removeprefix("s3://").partition("/")[0]
    client.put_object(Bucket=bucket, Key="a", Body=b"42")
    other = s3_server.create_bucket()
    assert client.get_object(Bucket=bucket, Key="a")["Body"].read() == b"42"
    assert client.list_objects_v2(Bucket=other)["KeyCount"] == 0
    client.close()
