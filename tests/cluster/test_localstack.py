"""The harness that starts the whole system puts the parts together as it says, and takes them apart again."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import httpx
import psutil
import pytest

from devcluster.errors import StartError
from localstack.manifests import SERVICE_ACCOUNT, SYSTEM_NAMESPACE
from localstack.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_TESTS = Path(__file__).parents[1]
_API_VERSION = "2026-01-15-preview"


@pytest.fixture(scope="module")
def idle() -> Iterator[Stack]:
    """A system without its operator, with proxies."""
    with Stack.start(start_operator=False, through_proxy=True, emulator_args=["--executing-seconds=3"]) as started:
        yield started


def list_jobs(stack: Stack, endpoint: str) -> httpx.Response:
    """List the workspace's jobs as a client of the service."""
    return httpx.get(
        f"{endpoint}{stack.emulator.resource_id}/jobs",
        params={"api-version": _API_VERSION},
        headers={"x-ms-quantum-api-key": stack.emulator.api_key},
    )


def test_default_workspace_leads_to_the_emulator(idle: Stack) -> None:
    """The QuantumWorkspace in `default` names the emulator behind its proxy, and the Secret holds its key."""
    spec = idle.get("quantumworkspace", "default")["spec"]
    assert (spec["resourceId"], spec["endpoint"]) == (idle.emulator.resource_id, idle.endpoint)
    assert list_jobs(idle, idle.endpoint).status_code == HTTPStatus.OK
    assert idle.workspace_proxy is not None
    assert [exchange.status for exchange in idle.workspace_proxy.exchanges] == [HTTPStatus.OK]


def test_further_namespace_gets_a_workspace(idle: Stack) -> None:
    """Tests work in namespaces of their own."""
    idle.add_workspace("elsewhere")
    assert idle.get("quantumworkspace", "default", namespace="elsewhere")["spec"]["endpoint"] == idle.endpoint
    assert idle.get("secret", "quantum-credentials", namespace="elsewhere")["type"] == "quantumjobs.dev/credentials"


def test_operator_is_not_administrator(idle: Stack) -> None:
    """The operator's account may patch the status of jobs and may not create roles."""
    account = f"--as=system:serviceaccount:{SYSTEM_NAMESPACE}:{SERVICE_ACCOUNT}"

    def may(*question: str) -> bool:
        return idle.kubectl("auth", "can-i", *question, account, check=False).strip() == "yes"

    assert may("patch", "quantumjobs", "--subresource=status")
    assert not may("create", "clusterroles")


def test_killed_emulator_comes_back_as_it_was(idle: Stack) -> None:
    """Address, key and changed state outlive a crash; settings changed at run time don't."""
    address, key, storage = idle.emulator.url, idle.emulator.api_key, idle.emulator.storage_origin
    idle.emulator.behave(executing_seconds=7)
    assert idle.emulator.admin("GET", "settings")["executing_seconds"] == 7
    idle.emulator.kill()
    assert not idle.emulator.running
    idle.emulator.start()
    assert (idle.emulator.url, idle.emulator.api_key, idle.emulator.storage_origin) == (address, key, storage)
    assert idle.emulator.admin("GET", "settings")["executing_seconds"] == 3
    assert idle.emulator.ledger() == []


def test_running_part_is_not_started_twice(idle: Stack) -> None:
    """A second start would leave the first one behind."""
    with pytest.raises(StartError, match="stop it first"):
        idle.emulator.start()


def test_operator_is_ready_and_survives_a_kill(stack: Stack) -> None:
    """The operator runs, says that it is ready, and is ready again after a crash."""
    first = stack.operator.pid
    stack.operator.kill()
    assert not psutil.pid_exists(first)
    stack.operator.start()
    assert stack.operator.ready()
    assert httpx.get(stack.operator.metrics_url).status_code == HTTPStatus.OK


def test_command_leaves_the_system_running_until_down(tmp_path: Path) -> None:
    """`up` writes the variables that a shell needs, `down` leaves no process."""
    env_file = tmp_path / "dev.env"

    def command(name: str) -> None:
        argv = [sys.executable, "-m", "localstack", name, f"--env-file={env_file}", f"--dir={tmp_path / 'state'}"]
        subprocess.run(argv, env=os.environ | {"PYTHONPATH": str(_TESTS)}, check=True, capture_output=True)

    command("up")
    try:
        variables = dict(line.split("=", 1) for line in env_file.read_text().splitlines())
        (pid,) = shlex.split(variables["OPERATOR_PID"])
        assert psutil.pid_exists(int(pid))
        assert httpx.get(shlex.split(variables["OPERATOR_METRICS"])[0]).status_code == HTTPStatus.OK
    finally:
        command("down")
    assert not psutil.pid_exists(int(pid))
    assert not env_file.exists()
