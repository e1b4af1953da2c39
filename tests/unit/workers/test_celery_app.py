"""The Celery settings that keep a message a mere notification; each stands for a trap that was met."""

import pytest

from workers.celery_app import make_app


@pytest.fixture
def app():
    return make_app("redis://127.0.0.1:1/0", ["cpu", "webhook"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("task_acks_late", False),
        ("task_ignore_result", True),
        ("result_backend", None),
        ("task_serializer", "json"),
        ("accept_content", ["json"]),
        ("worker_disable_prefetch", True),
        ("worker_prefetch_multiplier", 1),
        ("task_create_missing_queues", False),
        ("broker_connection_max_retries", None),
        ("broker_connection_retry_on_startup", True),
        ("broker_channel_error_retry", True),
        ("worker_cancel_long_running_tasks_on_connection_loss", False),
        ("worker_send_task_events", False),
    ],
)
def test_a_setting_is_as_it_must_be(app, name, value):
    assert app.conf[name] == value


def test_the_transport_notices_a_dead_link(app):
    options = app.conf.broker_transport_options
    assert options["socket_keepalive"] is True
    assert options["socket_timeout"] <= 10 and options["socket_connect_timeout"] <= 5
    assert options["health_check_interval"] <= 25


def test_it_consumes_its_own_queues_only(app):
    assert [queue.name for queue in app.conf.task_queues] == ["cpu", "webhook"]


def test_redis_keeps_one_list_for_each_queue_and_no_copy_of_what_was_received(app):
    options = app.conf.broker_transport_options
    assert options["priority_steps"] == [0]
    assert options["ack_emulation"] is False


def test_without_a_broker_celerys_programs_are_told_what_is_missing(monkeypatch):
    from jobs.errors import Misconfigured
    from workers import celery_app

    monkeypatch.delenv("VOICEMILL_BROKER_URL", raising=False)
    with pytest.raises(Misconfigured, match="VOICEMILL_BROKER_URL"):
        _ = celery_app.app
