"""`make dev` and `make dev-down`: a system left running for a person's shell, an SDK, or a script."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from azure.core.credentials import AzureKeyCredential
from azure.quantum import Workspace

from demonstration.conftest import PROJECT

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_NAMES = [
    "KUBECONFIG",
    "QUANTUM_ENDPOINT",
    "QUANTUM_API_KEY",
    "QUANTUM_SUBSCRIPTION_ID",
    "QUANTUM_RESOURCE_GROUP",
    "QUANTUM_WORKSPACE",
    "QUANTUM_LOCATION",
    "OPERATOR_PID",
    "EMULATOR_PID",
    "OPERATOR_METRICS",
]


_SDK_BLOCK = re.compile(r"^## With the official SDK\n.*?```console\n\$ make dev\n(.*?)^```", re.DOTALL | re.MULTILINE)


class Dev:
    """The commands behind the two targets, in a folder of the test's own."""

    def __init__(self, folder: Path) -> None:
        self._slots = [f"--dir={folder / 'state'}", f"--env-file={folder / 'dev.env'}"]
        self.env_file = folder / "dev.env"
        self.line = ""
        self.progress = ""

    def call(self, command: str, *arguments: str) -> str:
        """Run one of them; returns what it printed, and keeps what it told meanwhile."""
        argv = [sys.executable, "-m", "localstack", command, *self._slots, *arguments]
        done = subprocess.run(argv, cwd=PROJECT, check=True, capture_output=True, text=True)
        self.progress = done.stderr
        return done.stdout

    def shell(self, script: str) -> str:
        """What a shell prints that has pasted the line and read the file; the PATH holds nothing but the system's."""
        text = f"set -eu; {self.line}\nset -a; . {self.env_file}; set +a\n{script}"
        environment = {"PATH": os.defpath, "HOME": os.environ.get("HOME", "/")}
        return subprocess.run(
            ["bash", "-c", text], cwd=PROJECT, env=environment, check=True, capture_output=True, text=True
        ).stdout

    def variables(self) -> dict[str, str]:
        """The file, as a shell reads it."""
        names: dict[str, str] = json.loads(
            self.shell(f"{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'")
        )
        return {name: names[name] for name in _NAMES}


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """A system that was left running, with arguments for its parts."""
    running = Dev(tmp_path_factory.mktemp("dev"))
    try:
        running.line = running.call(
            "up", "--emulator-args=--executing-seconds=0.1 --seed=7", "--operator-args=--poll-min-seconds=0.3"
        )
        yield running
    finally:
        running.call("down")


def test_a_person_can_apply_a_job_at_once(dev: Dev) -> None:
    """The pasted line is all that kubectl needs, and everything is ready when it is printed."""
    assert dev.line.count("\n") == 1
    dev.shell("kubectl apply -f examples/bell.yaml; kubectl wait --for=condition=Finished quantumjob/bell")
    assert json.loads(dev.shell("kubectl get configmap bell-output -o jsonpath='{.data.counts\\.json}'")) == {
        "00": 250,
        "11": 250,
    }


def test_it_tells_how_far_it_is_and_what_comes_next(dev: Dev) -> None:
    """Steps with a total, in order; then commands to paste, and how to end it."""
    assert re.findall(r"^(\d)/(\d) \w", dev.progress, re.MULTILINE) == [(str(step), "5") for step in range(1, 6)]
    _, _, following = dev.progress.partition("Everything runs.")
    for command in re.findall(r"^  (kubectl .*)$", following, re.MULTILINE):
        dev.shell(command)
    assert str(dev.env_file) in following
    assert "make dev-down" in following


def test_the_page_of_the_emulator_shows_how_to_use_the_sdk(dev: Dev) -> None:
    """The block of docs/emulator.md, pasted after `make dev`."""
    (block,) = _SDK_BLOCK.findall((PROJECT / "docs" / "emulator.md").read_text())
    script = re.sub(r"^\$ ", "", block, flags=re.MULTILINE)
    here = script.replace("build/dev.env", str(dev.env_file)).replace(".venv/bin/python", sys.executable)
    assert "ionq.simulator" in dev.shell(here)


def test_the_sdk_finds_the_job(dev: Dev) -> None:
    """The variables lead the official SDK to the workspace in which the operator's jobs run."""
    dev.shell("kubectl apply -f examples/ghz.yaml; kubectl wait --for=condition=Finished quantumjob/ghz")
    job_id = dev.shell("kubectl get quantumjob ghz -o jsonpath='{.status.jobId}'")
    told = dev.variables()
    workspace = Workspace(
        subscription_id=told["QUANTUM_SUBSCRIPTION_ID"],
        resource_group=told["QUANTUM_RESOURCE_GROUP"],
        name=told["QUANTUM_WORKSPACE"],
        location=told["QUANTUM_LOCATION"],
        credential=AzureKeyCredential(told["QUANTUM_API_KEY"]),
        _quantum_endpoint=told["QUANTUM_ENDPOINT"],
    )
    result = dev.shell("kubectl get configmap ghz-output -o jsonpath='{.data.result}'")
    assert workspace.get_job(job_id).get_results() == json.loads(result)


def test_arguments_reach_the_parts(dev: Dev) -> None:
    """`EMULATOR_ARGS` and `OPERATOR_ARGS` end up on the command lines of the processes that the file names."""
    told = dev.variables()
    assert "--seed=7" in psutil.Process(int(told["EMULATOR_PID"])).cmdline()
    assert "--poll-min-seconds=0.3" in psutil.Process(int(told["OPERATOR_PID"])).cmdline()


def test_the_file_is_private(dev: Dev) -> None:
    """It holds the workspace's key."""
    assert dev.env_file.stat().st_mode & 0o077 == 0
