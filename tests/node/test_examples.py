"""The project's examples, by the commands of their pages, run by an operator in its Pod."""

import json
import math
import subprocess
import sys
from typing import Any, Final

import pytest

from chart.installation import Installation, states
from localstack.manifests import PROJECT

pytestmark = pytest.mark.slow

EXAMPLES: Final = PROJECT / "examples"


def counts(installed: Installation, job: str) -> dict[str, int]:
    """What a job counted."""
    output = json.loads(installed.kubectl("get", "configmap", f"{job}-output", "--output=json"))
    found: dict[str, int] = json.loads(output["data"]["counts.json"])
    return found


def printed(script: str) -> str:
    """What an example's script prints."""
    command = [sys.executable, str(EXAMPLES / script)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=170).stdout


@pytest.mark.parametrize(
    ("name", "shots", "outcomes"),
    [
        pytest.param("bell", 500, {"00", "11"}, id="in IonQ's format"),
        pytest.param("ghz", 100, {"000", "111"}, id="in OpenQASM"),
        pytest.param("qir", 100, {"01", "10"}, id="in QIR"),
        pytest.param("program-from-configmap", 500, {"00", "11"}, id="in a ConfigMap"),
    ],
)
def test_example_has_its_counts(installed: Installation, name: str, shots: int, outcomes: set[str]) -> None:
    """As `kubectl apply` takes it from examples/."""
    installed.kubectl("apply", f"--filename={EXAMPLES / name}.yaml")
    installed.finish(name)
    found = counts(installed, name)
    assert (sum(found.values()), set(found)) == (shots, outcomes)


@pytest.mark.parametrize(
    ("script", "name", "outcomes"),
    [
        pytest.param("from-qiskit/from_qiskit.py", "from-qiskit", {"000", "111"}, id="a circuit of Qiskit"),
        pytest.param("from-qsharp/from_qsharp.py", "from-qsharp", {"000", "111"}, id="a program in Q#"),
    ],
)
def test_converted_program_has_its_counts(installed: Installation, script: str, name: str, outcomes: set[str]) -> None:
    """What the script prints is applied."""
    installed.kubectl("apply", "--filename=-", stdin=printed(script))
    installed.finish(name)
    found = counts(installed, name)
    assert (sum(found.values()), set(found)) == (100, outcomes)


def test_sweep_has_its_curve(installed: Installation) -> None:
    """Twenty jobs: sin²(angle / 2)."""
    installed.kubectl("apply", "--filename=-", stdin=printed("sweep/sweep.py"))
    finished = ("wait", "--for=condition=Finished", "quantumjobs", "--selector=sweep=ry", "--timeout=300s")
    installed.kubectl(*finished, timeout=330)
    listed: dict[str, Any] = json.loads(installed.kubectl("get", "configmaps", "--selector=sweep=ry", "--output=json"))
    shares = {
        float(one["metadata"]["labels"]["angle"]): json.loads(one["data"]["counts.json"]).get("1", 0) / 1000
        for one in listed["items"]
    }
    assert len(shares) == 20
    assert shares == {angle: pytest.approx(math.sin(angle / 2) ** 2, abs=0.001) for angle in shares}


def test_example_with_a_mistake_fails(installed: Installation) -> None:
    """And is there to be read."""
    installed.kubectl("apply", f"--filename={EXAMPLES / 'broken'}.yaml")
    installed.finish("broken")
    assert states(job for job in installed.jobs() if job["metadata"]["name"] == "broken") == {"Failed": 1}


def test_example_that_is_deleted_is_cancelled(installed: Installation) -> None:
    """Deletion returns when the service has confirmed it."""
    installed.emulator.behave(executing_seconds=600)
    installed.kubectl("apply", f"--filename={EXAMPLES / 'cancelled'}.yaml")
    installed.kubectl(
        "wait", "--for=jsonpath={.status.state}=Executing", "quantumjob/cancelled", "--timeout=150s", timeout=170
    )
    installed.kubectl("delete", "quantumjob", "cancelled", "--timeout=150s", timeout=170)
    installed.emulator.behave(executing_seconds=0)
    assert installed.emulator.ledger()[-1]["status"] == "Cancelled"
