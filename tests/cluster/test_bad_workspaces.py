"""A workspace that is missing, wrong or out of reach gets an answer, and the job goes on once it is mended."""

from typing import Final

import pytest

from cluster import jobs
from cluster.answers import assert_held
from cluster.jobnamespace import JobNamespace, condition_of
from localstack import manifests
from localstack.manifests import Manifest

pytestmark = pytest.mark.cluster

WRONG_KEY: Final = "not-the-key-of-this-workspace"


def test_missing_workspace(place: JobNamespace) -> None:
    """The job waits for its QuantumWorkspace, and runs as soon as that is ready."""
    place.apply(jobs.ionq("bell", workspaceRef={"name": "later"}))
    assert_held(place, "bell", "WorkspaceNotFound", "spec.workspaceRef", f"{place.name}/later", "create it")
    place.apply(place.workspace("later"))
    place.wait("bell", "Complete")


def test_workspace_of_others_reads_like_a_missing_one(place: JobNamespace) -> None:
    """A job may not learn whether another namespace has a workspace that it may not use."""
    place.apply(
        jobs.ionq("closed", workspaceRef={"name": "default", "namespace": "default"}),
        jobs.ionq("absent", workspaceRef={"name": "absent", "namespace": "default"}),
    )
    assert_held(place, "closed", "WorkspaceNotFound", "spec.workspaceRef", "allowedNamespaces")
    assert_held(place, "absent", "WorkspaceNotFound")
    closed, absent = (condition_of(place.job(name), "Submitted")["message"] for name in ("closed", "absent"))
    assert closed == absent.replace("default/absent", "default/default")


def test_wrong_key_is_said_on_both_and_mended_by_the_secret(place: JobNamespace) -> None:
    """Workspace and job name the credential; when the Secret is corrected both go on by themselves."""
    place.apply(manifests.credentials(WRONG_KEY), place.workspace("mine"))
    place.apply(jobs.ionq("bell", workspaceRef={"name": "mine"}))
    ready = place.wait_reason("mine", "Ready", "CredentialsInvalid", kind="quantumworkspace")
    assert ready["status"] == "False"
    assert "Secret" in ready["message"]
    assert place.wait_event("mine", "CredentialsInvalid").type == "Warning"
    assert_held(place, "bell", "WorkspaceNotReady", f"{place.name}/mine", "Secret")
    place.apply(manifests.credentials(place.stack.emulator.api_key))
    place.wait("bell", "Complete")
    place.wait("mine", "Ready", kind="quantumworkspace")


def test_secret_that_was_not_made_for_credentials_reads_like_a_missing_one(place: JobNamespace) -> None:
    """A workspace can't be used to try out other Secrets."""
    key = {"apiKey": place.stack.emulator.api_key}

    def signing_in_with(secret: str) -> Manifest:
        credentials = {"apiKey": {"secretKeyRef": {"name": secret, "key": "apiKey"}}}
        return place.workspace(secret, credentials=credentials)

    place.apply(jobs.secret("opaque", key), signing_in_with("opaque"), signing_in_with("absent"))
    conditions = [
        place.wait_reason(name, "Ready", "CredentialsNotFound", kind="quantumworkspace")
        for name in ("opaque", "absent")
    ]
    opaque, absent = (one["message"] for one in conditions)
    assert opaque == absent.replace("absent", "opaque")
    assert "spec.credentials.apiKey.secretKeyRef" in opaque
    place.apply(jobs.secret("opaque", key, labels={"quantumjobs.dev/credentials": "true"}))
    place.wait("opaque", "Ready", kind="quantumworkspace")


def test_endpoint_that_is_not_allowed(place: JobNamespace) -> None:
    """No request leaves for an address that the administrator hasn't allowed; the field and who can help are named."""
    place.apply(place.workspace("elsewhere", endpoint="http://127.0.0.1:9"))
    place.apply(jobs.ionq("bell", workspaceRef={"name": "elsewhere"}))
    ready = place.wait_reason("elsewhere", "Ready", "NotAllowed", kind="quantumworkspace")
    assert "spec.endpoint" in ready["message"]
    assert place.wait_event("elsewhere", "NotAllowed").type == "Warning"
    assert_held(place, "bell", "WorkspaceNotReady", f"{place.name}/elsewhere", "spec.endpoint")
    place.patch("quantumworkspace", "elsewhere", {"spec": {"endpoint": place.stack.endpoint}})
    place.wait("bell", "Complete")


def test_endpoint_that_refuses_connections(place: JobNamespace, refusing_origin: str) -> None:
    """Nobody listens at the endpoint: workspace and job say so, and wait."""
    place.apply(place.workspace("silent", endpoint=refusing_origin))
    place.apply(jobs.ionq("bell", workspaceRef={"name": "silent"}))
    ready = place.wait_reason("silent", "Ready", "Unreachable", kind="quantumworkspace")
    assert ready["status"] == "False"
    assert place.wait_event("silent", "Unreachable").type == "Warning"
    assert_held(place, "bell", "ServiceUnavailable", f"{place.name}/silent")
    place.patch("quantumworkspace", "silent", {"spec": {"endpoint": place.stack.endpoint}})
    place.wait("bell", "Complete")
