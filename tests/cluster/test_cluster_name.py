"""The name of the cluster, which jobs carry, is changed under a running release: it is told, with a way out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from cluster import jobs
from cluster.conftest import EMULATOR_ARGS, OPERATOR_ARGS
from cluster.jobnamespace import JobNamespace, condition_of, eventually
from localstack.manifests import SERVICE_ACCOUNT, SYSTEM_NAMESPACE
from localstack.operated import Operator
from localstack.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

KEYED: Final = {"idempotencyKey": "run-1"}
RENAMED: Final = "ClusterRenamed"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A system of its own, whose first operator has no name for its cluster but the cluster's own."""
    with Stack.start(operator_args=OPERATOR_ARGS, emulator_args=EMULATOR_ARGS) as started:
        yield started


def named(stack: Stack, folder: Path, *arguments: str) -> Operator:
    """The next operator, with other settings."""
    folder.mkdir()
    return Operator(
        folder,
        kubeconfig=stack.cluster.service_account_kubeconfig(SYSTEM_NAMESPACE, SERVICE_ACCOUNT),
        allowed_endpoints=[stack.endpoint, stack.emulator.storage_origin],
        arguments=[*OPERATOR_ARGS, *arguments],
    )


def shown_name(place: JobNamespace) -> str:
    """The cluster's name in the status of the workspace."""
    found = place.find("quantumworkspace", "default") or {}
    return str(found["status"].get("clusterName", ""))


def test_a_change_of_the_name(stack: Stack, place: JobNamespace, tmp_path: Path) -> None:
    """Told on the workspace and in the message of the job that ends by it; the setting that it names fixes it."""
    own = stack.get("namespace", "kube-system")["metadata"]["uid"]
    place.apply(jobs.ionq("bell", **KEYED))
    place.wait("bell", "Complete")
    job_id = place.status("bell")["jobId"]
    eventually(lambda: shown_name(place) == own)
    place.delete("bell")
    stack.operator.stop()
    renamed = named(stack, tmp_path / "renamed", "--cluster-name=blue")
    try:
        renamed.start()
        told = place.wait_event("default", RENAMED)
        assert told.type == "Warning"
        for word in (own, "'blue'", "adoptable_clusters"):
            assert word in told.message
        assert shown_name(place) == "blue"
        assert f"cluster named '{own}'" in renamed.log.read_text()
        place.apply(jobs.ionq("bell", **KEYED))
        place.wait("bell")
        failed = condition_of(place.job("bell"), "Failed")
        assert failed["reason"] == "IdempotencyKeyReused"
        for word in (own, "'blue'", "adoptable_clusters"):
            assert word in failed["message"]
        place.delete("bell")
    finally:
        renamed.end()
    mended = named(stack, tmp_path / "fixed", "--cluster-name=green", f'--adoptable-clusters=["{own}","blue"]')
    try:
        mended.start()
        eventually(lambda: shown_name(place) == "green")
        place.apply(jobs.ionq("bell", **KEYED))
        place.wait("bell", "Complete")
        assert place.status("bell")["jobId"] == job_id
        assert [one.reason for one in place.events("default")].count(RENAMED) == 1
    finally:
        mended.end()
