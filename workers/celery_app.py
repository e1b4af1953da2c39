"""The Celery application of a worker, which receives notifications. No message holds a job: SQL is the record."""

from __future__ import annotations

from collections.abc import Sequence

from celery import Celery
from kombu.entity import Exchange, Queue

from jobs.dispatch.celery_dispatch import broker_options, broker_tls
from jobs.states import CPU_QUEUE


def make_app(broker_url: str, queues: Sequence[str]) -> Celery:
    """An application that consumes these queues and no other."""
    app = Celery("voicemill", broker=broker_url, set_as_current=False)
    app.conf.update(
        # A message is acknowledged when it arrives: leases in SQL bring back what a dead worker held.
        task_acks_late=False,
        task_ignore_result=True,
        result_backend=None,
        task_serializer="json",
        accept_content=["json"],
        # A worker without a free slot leaves the message to others. The first is for Redis, the second for AMQP.
        worker_disable_prefetch=True,
        worker_prefetch_multiplier=1,
        task_queues=[Queue(name, Exchange(name), routing_key=name) for name in queues],
        task_default_queue=queues[0],
        task_create_missing_queues=False,
        broker_connection_max_retries=None,
        broker_connection_retry_on_startup=True,
        broker_channel_error_retry=True,
        broker_transport_options=broker_options(),
        broker_use_ssl=broker_tls(broker_url),
        # A graceful stop is ours (controller.py): it releases what is not finished.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        # Three events a message cost as much as the message itself: a monitor (Flower) enables them when it starts.
        worker_send_task_events=False,
        task_send_sent_event=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_enable_remote_control=True,
        worker_proc_alive_timeout=60,
        enable_utc=True,
    )
    return app


def __getattr__(name: str) -> Celery:
    """`app`, for Celery's own programs (`celery --app workers.celery_app flower`): the broker of the settings."""
    if name != "app":
        raise AttributeError(name)
    from jobs.settings import read_settings

    from .wiring import broker_url

    return make_app(broker_url(read_settings()), [CPU_QUEUE])
