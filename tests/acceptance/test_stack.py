"""`voicemill up` with real processes and one data directory, under faults from outside."""

import base64
import os
import signal
import stat
import subprocess
import sys

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.acceptance.running_stack import ROOT, RunningStack
from tests.services.machine_speed import deadline, poll


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    running = RunningStack(tmp_path_factory.mktemp("stack") / "data")
    yield running.wait_ready()
    running.stop()


@pytest.fixture
def own_stack(tmp_path):
    """Starts stacks that a test may kill."""
    made = []

    def make(**options):
        made.append(RunningStack(tmp_path / "data", **options))
        return made[-1]

    yield make
    for running in made:
        running.stop()


def test_the_client_file_is_complete_and_readable_by_its_owner_only(stack):
    path = stack.data_dir / "client.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(stack.client_file) == {
        "base_url",
        "ws_url",
        "flower_url",
        "flower_user",
        "flower_password",
        "api_key",
        "webhook_secret",
    }
    assert stack.client_file["webhook_secret"].startswith("whsec_")


def test_secrets_are_readable_by_nobody_else(stack):
    for path in [stack.data_dir, *stack.data_dir.rglob("*")]:
        if path.is_dir() and path.parent == stack.data_dir and path.name != "scratch":
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    for name in ("account.json", "secret.key", "run/redis.conf", "run/flowerconfig.py"):
        assert stat.S_IMODE((stack.data_dir / name).stat().st_mode) == 0o600, name


def test_no_secret_stands_on_a_command_line(stack):
    secrets = [stack.client_file[name] for name in ("flower_password", "api_key", "webhook_secret")]
    secrets.append((stack.data_dir / "secret.key").read_text().strip())
    for process in stack.list_processes():
        assert not [secret for secret in secrets if secret in " ".join(process.cmdline())]


def test_text_becomes_audio_that_can_be_fetched(stack):
    job = stack.wait_until_ended(stack.submit("This sentence is spoken in tones."))
    assert job["state"] == "succeeded", job["error"]
    (audio,) = (file for file in job["result"]["files"] if file["name"] == "audio.wav")
    answer = stack.http.get(f"/jobs/{job['id']}/result", params={"file": "audio.wav"}, follow_redirects=True)
    assert answer.content[:4] == b"RIFF"
    assert len(answer.content) == audio["bytes"]


def test_metrics_count_what_the_workers_did(stack):
    job = stack.wait_until_ended(stack.submit("This sentence is counted."))
    assert job["state"] == "succeeded", job["error"]

    def counted():
        families = text_string_to_metric_families(stack.http.get("/audio/metrics").text)
        samples = [sample for family in families for sample in family.samples]
        steps = {
            sample.labels["step"]
            for sample in samples
            if sample.name == "voicemill_chunks_total" and sample.labels["outcome"] == "succeeded" and sample.value
        }
        speaks = any(sample.name == "voicemill_audio_seconds_total" and sample.value > 0 for sample in samples)
        starts = sum(sample.value for sample in samples if sample.name == "voicemill_engine_starts_total")
        return steps == {"plan", "work", "stitch"} and speaks and starts >= 1

    # Workers hand their sums over with their registration, every 15 s.
    assert poll(counted, deadline_s=60)


def ask_flower(stack, path, **params):
    """JSON of Flower's API, with the password; empty where it has none yet."""
    password = f"{stack.client_file['flower_user']}:{stack.client_file['flower_password']}"
    headers = {"Authorization": "Basic " + base64.b64encode(password.encode()).decode()}
    url = stack.client_file["flower_url"] + path
    answer = httpx.get(url, params=params, headers=headers, timeout=deadline(30))
    return answer.json() if answer.status_code == 200 else {}


def test_flower_shows_the_workers_only_with_the_password(stack):
    assert httpx.get(f"{stack.client_file['flower_url']}/workers").status_code == 401

    def names():
        return {name.split("@")[0] for name in ask_flower(stack, "/api/workers", refresh="true")}

    assert poll(lambda: names() >= {"cpu", "tts.slow"})


def test_flower_names_queue_job_and_step_of_each_task(stack):
    shown = {}

    def has_shown_all_steps():
        # Workers send events once Flower has asked them to: the first job may be over before.
        text = "A sentence that no monitor may show."
        job = stack.wait_until_ended(stack.submit(text))["id"]
        shown.update(ask_flower(stack, "/api/tasks"))
        assert text not in str(shown)
        steps = [("cpu", "plan"), ("tts.slow", "work"), ("cpu", "stitch")]
        return {(task["name"], task["kwargs"]) for task in shown.values()} >= {
            (f"voicemill.{queue}.{step}", str({"queue": queue, "job": job, "step": step})) for queue, step in steps
        }

    assert poll(has_shown_all_steps, deadline_s=60)


def test_a_second_stack_on_the_same_directory_is_refused(stack):
    again = subprocess.run(
        [sys.executable, "-m", "workers.stack", "--data-dir", str(stack.data_dir), "--port", "0", "--families", "slow"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=deadline(60),
        check=False,
    )
    assert again.returncode == 2
    assert "running" in again.stderr
    assert stack.http.get("/audio/health").status_code == 200


def test_a_taken_port_is_named(stack, tmp_path):
    port = stack.client_file["base_url"].rpartition(":")[2]
    refused = subprocess.run(
        [sys.executable, "-m", "workers.stack", "--data-dir", str(tmp_path), "--port", port, "--families", "tone"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=deadline(60),
        check=False,
    )
    assert refused.returncode == 2
    assert port in refused.stderr


def test_the_audit_finds_nothing(stack):
    stack.wait_until_ended(stack.submit("Something to look at."))
    done = subprocess.run(
        [sys.executable, "-m", "workers.maintenance.audit", "--deep", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "VOICEMILL_DATA_DIR": str(stack.data_dir)},
        timeout=deadline(60),
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("words", [("redis",), ("granian",), ("flower",), ("workers.controller", "slow")])
def test_a_process_that_dies_is_restarted_and_jobs_go_on(stack, words):
    job = stack.submit("Before it happens sleep:0.3 there is work.")
    before = stack.find_process(*words)
    before.kill()
    assert poll(lambda: not before.is_running())

    def works():
        try:
            return stack.http.get("/audio/health").status_code == 200 and stack.find_process(*words).pid != before.pid
        except (httpx.HTTPError, AssertionError):
            return False

    assert poll(works)
    assert stack.wait_until_ended(job)["state"] == "succeeded"
    after = stack.wait_until_ended(stack.submit("After it happened there is work."))
    assert after["state"] == "succeeded", after["error"]


def test_an_engine_that_dies_ends_neither_its_job_nor_its_worker(stack):
    controller = stack.find_process("workers.controller", "slow")
    (engine, *_) = controller.children()
    job = stack.submit("The engine dies sleep:1 under this.")
    assert poll(lambda: stack.http.get(f"/jobs/{job['id']}").json()["state"] == "running")
    engine.kill()
    assert stack.wait_until_ended(job)["state"] == "succeeded"
    assert controller.is_running()


def test_a_stop_is_graceful_and_complete(own_stack):
    stack = own_stack().wait_ready()
    stack.wait_until_ended(stack.submit("Short."))
    processes = stack.list_processes()
    stack.process.send_signal(signal.SIGTERM)
    assert stack.process.wait(deadline(60)) == 0
    assert not (stack.data_dir / "client.json").exists()
    _, alive = psutil.wait_procs(processes, timeout=deadline(30))
    assert not alive


def test_nothing_outlives_a_killed_stack_and_the_next_one_resumes(own_stack):
    stack = own_stack().wait_ready()
    text = " ".join(f"Sentence number {number} takes its time sleep:1 here." for number in range(6))
    job = stack.submit(text)
    assert poll(lambda: stack.http.get(f"/jobs/{job['id']}").json()["state"] == "running")
    processes = stack.list_processes()
    os.kill(stack.process.pid, signal.SIGKILL)
    stack.process.wait()
    _, alive = psutil.wait_procs(processes[1:], timeout=deadline(60))
    assert not alive, [process.cmdline() for process in alive]

    again = own_stack().wait_ready()
    assert again.client_file["api_key"] == stack.client_file["api_key"]
    ended = again.wait_until_ended(job)
    assert ended["state"] == "succeeded", ended["error"]


def test_everything_killed_at_once_resumes_within_seconds(own_stack):
    stack = own_stack().wait_ready()
    text = " ".join(f"Sentence number {number} takes its time sleep:1 here." for number in range(6))
    job = stack.submit(text)
    assert poll(lambda: stack.http.get(f"/jobs/{job['id']}").json()["state"] == "running")
    processes = stack.list_processes()
    for process in processes:
        process.suspend()
    for process in processes:
        process.kill()
    stack.process.wait()
    psutil.wait_procs(processes[1:], timeout=deadline(30))

    again = own_stack().wait_ready()
    ended = again.wait_until_ended(job)
    assert ended["state"] == "succeeded", ended["error"]
