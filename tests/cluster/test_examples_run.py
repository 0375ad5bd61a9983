"""The examples that consist of more than one manifest, as their pages tell to use them."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from cluster.jobnamespace import JobNamespace
from localstack.manifests import PROJECT

EXAMPLES: Final = PROJECT / "examples"


def printed(script: Path) -> str:
    """What an example's script prints."""
    return subprocess.run([sys.executable, script], check=True, capture_output=True, text=True, timeout=120).stdout


def test_a_sweep_is_waited_for_and_read_by_label(place: JobNamespace) -> None:
    """Twenty jobs, one `kubectl wait -l`, one `kubectl get configmaps -l`: the curve is sin²(angle / 2)."""
    place.kubectl("apply", "-f", "-", stdin=printed(EXAMPLES / "sweep" / "sweep.py"))
    place.kubectl("wait", "--for=condition=Finished", "quantumjobs", "-l", "sweep=ry", "--timeout=90s", timeout=120)
    found: dict[str, Any] = json.loads(place.kubectl("get", "configmaps", "-l", "sweep=ry", "-o", "json"))
    shares = {
        float(one["metadata"]["labels"]["angle"]): json.loads(one["data"]["counts.json"]).get("1", 0) / 1000
        for one in found["items"]
    }
    assert len(shares) == 20
    assert shares == {angle: pytest.approx(math.sin(angle / 2) ** 2, abs=0.001) for angle in shares}


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(EXAMPLES / "from-qsharp" / "from_qsharp.py", id="a program in Q#"),
        pytest.param(EXAMPLES / "from-qiskit" / "from_qiskit.py", id="a circuit of Qiskit"),
    ],
)
def test_a_converted_program_runs(place: JobNamespace, script: Path) -> None:
    """What a converter prints is a job that runs and has counts."""
    manifest = printed(script)
    name = json.loads(place.kubectl("apply", "-f", "-", "-o", "json", stdin=manifest))["metadata"]["name"]
    place.wait(name)
    assert place.status(name)["state"] == "Succeeded"
    assert sum(json.loads(place.output(name)["counts.json"]).values()) > 0
