"""The operator's command line beside its settings: help, version, and a check that gives up."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

import pytest

# Starts the operator where no name server answers, and with less patience than a person has.
_WITHOUT_DNS: Final = """
import socket, time
from quantumjob_operator import __main__, check
socket.getaddrinfo = lambda *_, **__: time.sleep(600)
check._PATIENCE_SECONDS, check._ANSWER_SECONDS = 2, 1
__main__.main()
"""
_NOWHERE: Final = "https://127.0.0.1:9"


def run(arguments: list[str], environment: dict[str, str], code: str = "") -> "subprocess.CompletedProcess[str]":
    """The operator in a process of its own that finds no kubeconfig; killed if it does not end within a minute."""
    started = ["-c", code] if code else ["-m", "quantumjob_operator"]
    command = [sys.executable, *started, *arguments]
    bare = {"HOME": "/nonexistent", "PATH": os.defpath} | environment
    return subprocess.run(command, env=bare, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("program", "flag", "told"),
    [
        pytest.param("quantumjob_operator", "--help", "--watch-namespaces", id="the operator's help"),
        pytest.param("quantumjob_operator", "--version", f" {version('quantumjob-operator')}\n", id="its version"),
        pytest.param("workspace_emulator", "--help", "--storage-url", id="the emulator's help"),
        pytest.param("workspace_emulator", "--version", f" {version('quantumjob-operator')}\n", id="its version too"),
    ],
)
def test_what_was_asked_for_is_no_failure(program: str, flag: str, told: str) -> None:
    """It is printed, and the exit code is 0."""
    done = subprocess.run([sys.executable, "-m", program, flag], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert told in done.stdout


@pytest.mark.parametrize("command", ["check", "drain"])
def test_commands_have_a_help_of_their_own(command: str) -> None:
    """With what they take beside the operator's settings."""
    done = run([command, "--help"], {})
    assert (done.returncode, done.stderr) == (0, "")
    assert f"quantumjob-operator {command}" in done.stdout


def test_check_gives_up_where_no_name_is_resolved(tmp_path: Path) -> None:
    """A look-up that blocks its thread for minutes keeps nobody waiting: what is known is printed, and it ends."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        f'{{"clusters": [{{"name": "c", "cluster": {{"server": "{_NOWHERE}"}}}}], "current-context": "c",'
        ' "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],'
        ' "users": [{"name": "u", "user": {"token": "t"}}]}'
    )
    done = run(["check", "--readyz=http://operator.example/readyz"], {"KUBECONFIG": str(kubeconfig)}, _WITHOUT_DNS)
    assert (done.returncode, done.stderr) == (1, "")
    server, operator = done.stdout.splitlines()
    assert server.startswith("MISSING  API server: ")
    assert operator.startswith("MISSING  the operator at http://operator.example/readyz is not ready: ")


def test_check_outside_of_a_cluster_says_so_without_a_warning_of_a_library() -> None:
    """Its output is for a person: one line for each thing, and nothing else."""
    done = run(["check"], {})
    assert (done.returncode, done.stderr) == (1, "")
    (line,) = done.stdout.splitlines()
    assert line.startswith("MISSING  API server: connect: NoConfiguration: ")
