"""The examples are accepted by the API server, and the scripts among them print what they promise.

Running them is the demo's part.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from devcluster.controlplane import ControlPlane

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
MANIFESTS: Final = [pytest.param(path, id=path.name) for path in sorted(EXAMPLES.glob("*.yaml"))]
CONVERTERS: Final = [
    pytest.param(EXAMPLES / "from-qsharp" / "from_qsharp.py", id="from Q#"),
    pytest.param(EXAMPLES / "from-qiskit" / "from_qiskit.py", id="from Qiskit"),
]
SCRIPTS: Final = [*CONVERTERS, pytest.param(EXAMPLES / "sweep" / "sweep.py", id="a sweep")]
SWEEP: Final = EXAMPLES / "sweep" / "sweep.py"
STEPS: Final = 20


def printed_by(script: Path) -> str:
    """What a script prints; fails if it fails or writes to standard error."""
    environment = os.environ | {"QDK_PYTHON_TELEMETRY": "none"}
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def spec_of(path: Path) -> dict[str, Any]:
    """The spec of the job in a manifest file."""
    documents = yaml.safe_load_all(path.read_text())
    (spec,) = (document["spec"] for document in documents if document["kind"] == "QuantumJob")
    assert isinstance(spec, dict)
    return spec


@pytest.mark.cluster
@pytest.mark.parametrize("path", MANIFESTS)
def test_manifest_is_accepted(control_plane: ControlPlane, namespace: str, path: Path) -> None:
    """Each manifest would be created as it stands."""
    kinds = [document["kind"] for document in yaml.safe_load_all(path.read_text())]
    done = control_plane.kubectl("create", "--dry-run=server", "--validate=strict", "-n", namespace, "-f", path)
    assert len(done.stdout.splitlines()) == len(kinds)


@pytest.mark.cluster
@pytest.mark.parametrize("script", SCRIPTS)
def test_printed_manifest_is_accepted(control_plane: ControlPlane, namespace: str, script: Path) -> None:
    """What a script prints would be created as it stands."""
    arguments = ("create", "--dry-run=server", "--validate=strict", "-n", namespace, "-f", "-")
    assert "created" in control_plane.kubectl(*arguments, stdin=printed_by(script)).stdout


@pytest.mark.parametrize("script", CONVERTERS)
def test_converter_is_short(script: Path) -> None:
    """A converter is so short that it can be read at a glance and pasted into a notebook."""
    assert len(script.read_text().splitlines()) <= 15


def test_qsharp_becomes_qir() -> None:
    """The Q# program arrives as QIR of the Base profile, with the entry point that absent parameters mean."""
    program = json.loads(printed_by(EXAMPLES / "from-qsharp" / "from_qsharp.py"))["spec"]["program"]
    assert program["format"] == "qir.v1"
    assert "define i64 @ENTRYPOINT__main()" in program["source"]
    assert '"qir_profiles"="base_profile"' in program["source"]


def test_qiskit_becomes_openqasm() -> None:
    """The Qiskit circuit arrives as OpenQASM 2.0, the language of the format."""
    program = json.loads(printed_by(EXAMPLES / "from-qiskit" / "from_qiskit.py"))["spec"]["program"]
    assert program["format"] == "honeywell.openqasm.v1"
    assert program["source"].startswith("OPENQASM 2.0;")


@pytest.mark.parametrize("name", ["bell.yaml", "cancelled.yaml"])
def test_ionq_program_is_json(name: str) -> None:
    """The IonQ programs are JSON with qubits and a circuit."""
    assert json.loads(spec_of(EXAMPLES / name)["program"]["source"]).keys() == {"qubits", "circuit"}


def test_broken_program_is_broken_and_others_are_not() -> None:
    """Qiskit reads the GHZ program and fails at the broken one, in the line that the example names."""
    from qiskit import qasm2  # noqa: PLC0415 - a second of import for this test alone

    qasm2.loads(spec_of(EXAMPLES / "ghz.yaml")["program"]["source"])
    with pytest.raises(qasm2.QASM2ParseError, match=re.escape("<input>:6")):
        qasm2.loads(spec_of(EXAMPLES / "broken.yaml")["program"]["source"])


@pytest.mark.cluster
def test_sweep_is_selected_by_label(control_plane: ControlPlane, namespace: str) -> None:
    """One label selects all jobs of the sweep, and each puts it on its output as well."""
    control_plane.kubectl("apply", "-n", namespace, "-f", "-", stdin=printed_by(SWEEP))
    selected = control_plane.kubectl("get", "quantumjobs", "-n", namespace, "-l", "sweep=ry", "-o", "json").stdout
    jobs = json.loads(selected)["items"]
    assert len(jobs) == STEPS
    assert len({job["metadata"]["labels"]["angle"] for job in jobs}) == STEPS
    for job in jobs:
        assert job["spec"]["output"]["labels"] == job["metadata"]["labels"]


@pytest.mark.parametrize(
    "readme", [EXAMPLES / "README.md", EXAMPLES / "sweep" / "README.md"], ids=lambda path: str(path.parent.name)
)
def test_readme_names_what_exists(readme: Path) -> None:
    """Each link of an index leads to a file."""
    for link in re.findall(r"\]\(([^)]+)\)", readme.read_text()):
        assert (readme.parent / link).exists()


def test_index_is_complete() -> None:
    """Each example stands in the index."""
    index = (EXAMPLES / "README.md").read_text()
    for example in EXAMPLES.iterdir():
        assert example.name == "README.md" or f"]({example.name}" in index
