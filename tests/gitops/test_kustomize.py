"""The sample for kustomize: names that it generates reach the fields of our kinds, in real kustomize."""

import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from cluster.jobnamespace import JobNamespace
from devcluster.build import control_plane_binaries
from localstack.manifests import PROJECT
from localstack.stack import Stack

_SAMPLE: Final = PROJECT / "docs" / "gitops" / "kustomize"
_GENERATED: Final = [{"name": "given", "literals": ["key=value"]}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the sample, to be changed."""
    return Path(shutil.copytree(_SAMPLE, tmp_path / "jobs"))


def built(folder: Path) -> list[dict[str, Any]]:
    """What kustomize makes of a folder: `kubectl kustomize` has it built in."""
    done = subprocess.run(
        [control_plane_binaries() / "kubectl", "kustomize", folder],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def only(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """The one object of a kind."""
    (found,) = (one for one in objects if one["kind"] == kind)
    return found


def change(folder: Path, **fields: Any) -> None:
    """Set fields of the kustomization; None takes one away."""
    path = folder / "kustomization.yaml"
    changed = yaml.safe_load(path.read_text()) | fields
    path.write_text(yaml.safe_dump({name: value for name, value in changed.items() if value is not None}))


def write(folder: Path, kind: str, spec: dict[str, Any]) -> None:
    """Put an object of ours, and a Secret to be generated, into the kustomization."""
    body = {"apiVersion": "quantumjobs.dev/v1alpha1", "kind": kind, "metadata": {"name": "object"}, "spec": spec}
    (folder / "object.yaml").write_text(yaml.safe_dump(body))
    change(folder, resources=["object.yaml"], configMapGenerator=None, secretGenerator=_GENERATED)


def test_job_refers_to_the_generated_configmap(folder: Path) -> None:
    """By the name with the hash."""
    objects = built(folder)
    name = only(objects, "ConfigMap")["metadata"]["name"]
    assert name.startswith("bell-program-")
    assert only(objects, "QuantumJob")["spec"]["program"]["configMapKeyRef"] == {"name": name, "key": "bell.json"}


def test_without_the_references_it_would_not(folder: Path) -> None:
    """Which is why the file has to be there: kustomize knows only the kinds of Kubernetes."""
    change(folder, configurations=None)
    reference = only(built(folder), "QuantumJob")["spec"]["program"]["configMapKeyRef"]
    assert reference["name"] == "bell-program"


def test_job_refers_to_a_generated_secret(folder: Path) -> None:
    """The same for a confidential program."""
    write(folder, "QuantumJob", {"program": {"secretKeyRef": {"name": "given", "key": "key"}}})
    objects = built(folder)
    name = only(objects, "Secret")["metadata"]["name"]
    assert name != "given"
    assert only(objects, "QuantumJob")["spec"]["program"]["secretKeyRef"]["name"] == name


@pytest.mark.parametrize("way", ["apiKey", "connectionString", "clientSecret"])
def test_workspace_refers_to_a_generated_secret(folder: Path, way: str) -> None:
    """Whatever the way to authenticate."""
    write(folder, "QuantumWorkspace", {"credentials": {way: {"secretKeyRef": {"name": "given", "key": "key"}}}})
    objects = built(folder)
    credentials = only(objects, "QuantumWorkspace")["spec"]["credentials"]
    assert credentials[way]["secretKeyRef"]["name"] == only(objects, "Secret")["metadata"]["name"] != "given"


def test_job_refers_to_a_workspace_that_got_a_prefix(folder: Path) -> None:
    """And only if the workspace is part of the same kustomization."""
    job = yaml.safe_load((folder / "job.yaml").read_text())
    for name in ("ours", "theirs"):
        named = job | {"metadata": {"name": name}, "spec": job["spec"] | {"workspaceRef": {"name": name}}}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(named))
    workspace = {"apiVersion": job["apiVersion"], "kind": "QuantumWorkspace", "metadata": {"name": "ours"}}
    (folder / "workspace.yaml").write_text(yaml.safe_dump(workspace))
    change(folder, namePrefix="team-", resources=["ours.yaml", "theirs.yaml", "workspace.yaml"])
    jobs = {one["metadata"]["name"]: one["spec"] for one in built(folder) if one["kind"] == "QuantumJob"}
    assert jobs["team-ours"]["workspaceRef"]["name"] == "team-ours"
    assert jobs["team-theirs"]["workspaceRef"]["name"] == "theirs"


@pytest.mark.cluster
@pytest.mark.slow
def test_sample_runs(stack: Stack, folder: Path) -> None:
    """Applied as it is; a changed program is refused, and so not billed under the old name."""
    place = JobNamespace.make(stack, "kustomized")
    change(folder, namespace=place.name)
    place.kubectl("apply", "-k", folder)
    place.wait("bell-2026-11", "Complete")
    assert place.output("bell-2026-11")["counts.json"]
    (folder / "bell.json").write_text('{"qubits": 1, "circuit": [{"gate": "x", "target": 0}]}')
    refused = stack.cluster.kubectl("apply", "-k", folder, check=False)
    assert refused.returncode == 1
    assert "spec.program" in refused.stderr
    assert [run["status"] for run in place.runs("bell-2026-11")] == ["Succeeded"]
