"""The Redis that `voicemill up` starts for itself."""

import os

from tests.services.machine_speed import poll
from tests.services.process import Child, free_port
from workers.stack import private_redis


def test_it_answers_from_its_start_to_its_end(tmp_path):
    redis = private_redis.configure(tmp_path, free_port())
    assert not redis.answers()
    server = Child(redis.command, log=tmp_path / "redis.log", env={"PATH": os.defpath})
    try:
        assert poll(redis.answers)
        # Whether its two answers come at once or one after the other.
        assert all(redis.answers() for _ in range(50))
    finally:
        server.stop()
    assert not redis.answers()
