"""The Redis that `voicemill up` starts for itself."""

import os

from tests.services.machine_speed import poll
from tests.services.process import Child, free_port
from workers.stack import private_redis


def test_it_answers_from_its_start_to_its_end(tmp_path):
    redis = private_redis.configure(tmp_path, free_port())
    assert not redis.is_up()
    server = Child(redis.command, log=tmp_path / "redis.log", env={"PATH": os.defpath})
    try:
        assert poll(redis.is_up)
        # Whether its two answers come at once or one after the other.
        assert all(redis.is_up() for _ in range(50))
    finally:
        server.stop()
    assert not redis.is_up()
