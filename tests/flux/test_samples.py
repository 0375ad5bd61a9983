"""The files of the page, as they are printed: only the address of the repository is another."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from cluster import jobs
from cluster.jobnamespace import JobNamespace, eventually
from flux.controllers import Controllers
from flux.delivery import SAMPLES, Delivery, files, sample
from flux.repository import Repositories
from localstack.manifests import PROJECT, credentials
from localstack.stack import Stack

pytestmark = pytest.mark.release

_KUSTOMIZE: Final = SAMPLES.parent / "kustomize"
_EXAMPLES: Final = ("bell", "ghz")


@pytest.fixture(scope="module")
def research(stack: Stack, running_flux: Controllers, repositories: Repositories) -> Iterator[Delivery]:
    """The namespace of the samples."""
    del running_flux
    place = JobNamespace.make(stack, sample("kustomization.yaml")["metadata"]["namespace"])
    yield Delivery(place, repositories.make(place.name))
    place.kubectl("delete", "kustomizations.kustomize.toolkit.fluxcd.io", "--all", "--timeout=120s", timeout=150)


def apply_printed(delivery: Delivery, name: str, folder: Path) -> None:
    """Apply a sample with kubectl, as text, with the one address in it replaced."""
    text = (SAMPLES / name).read_text().replace(sample("repository.yaml")["spec"]["url"], delivery.repository.url)
    (folder / name).write_text(text)
    delivery.place.stack.cluster.kubectl("apply", f"--filename={folder / name}")


@pytest.mark.parametrize("name", ["kustomization.yaml", "accepted.yaml"])
def test_samples_deliver_the_examples(research: Delivery, tmp_path: Path, name: str) -> None:
    """Files of examples/ in a folder `jobs`, and nothing else, become jobs with results."""
    apply_printed(research, "repository.yaml", tmp_path)
    apply_printed(research, name, tmp_path)
    revision = research.push(
        {f"jobs/{job}.yaml": (PROJECT / "examples" / f"{job}.yaml").read_text() for job in _EXAMPLES}
    )
    research.wait_ready(revision)
    for job in _EXAMPLES:
        research.place.wait(job, "Complete")
    assert json.loads(research.place.output("bell")["counts.json"]).keys() == {"00", "11"}
    assert research.paid(*_EXAMPLES) == dict.fromkeys(_EXAMPLES, 1)


def test_file_without_a_namespace_needs_the_one_of_the_sample(delivery: Delivery) -> None:
    """Without `targetNamespace` Flux refuses it."""
    delivery.begin(targetNamespace=None)
    message = delivery.wait_failed(delivery.push(files([jobs.ionq("bell")])))
    assert "QuantumJob/bell namespace not specified" in message


def test_program_beside_its_job(delivery: Delivery, tmp_path: Path) -> None:
    """The sample for kustomize, built by Flux: the job finds the ConfigMap under its generated name.

    A changed program is refused under the old name, and nothing is billed.
    """
    place = delivery.place
    folder = Path(shutil.copytree(_KUSTOMIZE, tmp_path / "kustomize"))
    sources: dict[str, str | bytes | None] = {f"jobs/{path.name}": path.read_text() for path in folder.iterdir()}
    delivery.begin(prune=True)
    delivery.wait_ready(delivery.push(sources))
    reference = place.job("bell-2026-11")["spec"]["program"]["configMapKeyRef"]["name"]
    assert reference.startswith("bell-program-")
    changed = {"jobs/bell.json": jobs.X_ON_FIRST}
    assert "spec.program" in delivery.wait_failed(delivery.push(changed))
    assert delivery.paid("bell-2026-11") == {"bell-2026-11": 1}
    renamed = (folder / "job.yaml").read_text().replace("bell-2026-11", "x-2026-11")
    delivery.wait_ready(delivery.push({"jobs/job.yaml": renamed}))
    assert delivery.paid("bell-2026-11", "x-2026-11") == {"bell-2026-11": 1, "x-2026-11": 1}
    eventually(lambda: place.find("configmap", reference) is None)


def test_workspace_first(delivery: Delivery) -> None:
    """In a Kustomization of its own that the jobs name in `dependsOn`: they come once it is ready."""
    place = delivery.place
    place.kubectl("delete", "quantumworkspace", "default")
    workspace = sample("kustomization.yaml")
    workspace["metadata"]["name"] = "workspace"
    delivery.begin(workspace, path="./workspace")
    delivery.begin(dependsOn=[{"name": "workspace"}])
    delivery.push(files([jobs.ionq("bell")]))
    eventually(lambda: delivery.ready().get("reason") == "DependencyNotReady")
    assert place.find("quantumjob", "bell") is None
    secret = credentials(place.stack.emulator.api_key)
    revision = delivery.push(files([secret, place.workspace()], "workspace"))
    delivery.wait_ready(revision, "workspace")
    delivery.wait_ready(revision)
    assert delivery.paid("bell") == {"bell": 1}
