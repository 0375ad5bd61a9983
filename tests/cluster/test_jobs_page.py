"""The manifests of docs/jobs.md are jobs: each is accepted, and runs where the local workspace can run its language."""

import re
from typing import Any, Final

import pytest
import yaml

from cluster.jobnamespace import JobNamespace
from localstack.manifests import PROJECT

PAGE: Final = PROJECT / "docs" / "jobs.md"
JOBS: Final[list[dict[str, Any]]] = [
    yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
]
NEVER_RUN_HERE: Final = {"rigetti.quil.v1", "pasqal.pulser.v1"}


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job["metadata"]["name"])
def test_manifests_are_jobs(place: JobNamespace, job: dict[str, Any]) -> None:
    """Succeeded, or refused by the workspace that has no simulator for it; never by the API server or the operator."""
    language = job["spec"]["program"]["format"]
    place.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "rydberg"}, "data": {"sequence.json": "{}"}}
    )
    place.apply(job)
    place.wait(job["metadata"]["name"])
    status = place.status(job["metadata"]["name"])
    assert (status["state"], status.get("jobId") is not None) == (
        "Failed" if language in NEVER_RUN_HERE else "Succeeded",
        True,
    )


def test_page_has_a_job_for_each_language_that_is_written_by_hand() -> None:
    """QIR is written by compilers, and its examples are run by tests of their own."""
    assert {job["spec"]["program"]["format"] for job in JOBS} == {
        "ionq.circuit.v1",
        "honeywell.openqasm.v1",
        *NEVER_RUN_HERE,
    }
