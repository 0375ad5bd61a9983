"""Signing in to a workspace by way of an identity provider, and who may use a workspace, on the real control plane.

The operator has its own ServiceAccount's token and role; tokens of `quantumjob-workload` come from the real API server,
and the identity provider checks them by its published keys.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from cluster import jobs
from cluster.identities import (
    ACCOUNT,
    SECRET_NAME,
    Directory,
    client_secret,
    secret,
    service_account,
    workload_identity,
)
from cluster.jobnamespace import JobNamespace, eventually
from devcluster.processes import free_port
from localstack import manifests
from localstack.manifests import SERVICE_ACCOUNT, SYSTEM_NAMESPACE
from localstack.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

OLD: Final = "old~secret.of-the_application-0123456789"
NEW: Final = "new~secret.of-the_application-0123456789"
Authenticator = Callable[[JobNamespace, Directory], str]
KEPT_SECONDS: Final = 2
_numbers: Final = itertools.count(1)


@pytest.fixture(scope="module")
def entra_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A system with an identity provider, whose operator reads credentials again each second."""
    folder, port = tmp_path_factory.mktemp("entra-stack"), free_port()
    operator_args = [
        f"--authority=https://127.0.0.1:{port}",
        f"--ca-bundle={folder / 'emulator' / 'entra' / 'ca.crt'}",
        "--no-instance-discovery",
        "--workspace-refresh-seconds=1",
        "--put-start-seconds=2",
        "--request-timeout-seconds=3",
        "--visibility-delay-seconds=1",
        "--poll-min-seconds=0.3",
        "--poll-max-seconds=1",
    ]
    emulator_args = [f"--entra-port={port}", "--waiting-seconds=0.1", "--executing-seconds=0.1"]
    with Stack.start(operator_args=operator_args, emulator_args=emulator_args, folder=folder) as started:
        yield started


@pytest.fixture(scope="module")
def directory(entra_stack: Stack) -> Directory:
    """The identity provider, which trusts this cluster."""
    made = Directory(entra_stack)
    made.trust_cluster()
    return made


@pytest.fixture
def place(entra_stack: Stack) -> Iterator[JobNamespace]:
    """A namespace of the test's own, without a workspace."""
    made = JobNamespace(entra_stack, f"identity-{next(_numbers)}")
    made.apply(manifests.namespace(made.name))
    yield made
    entra_stack.emulator.admin("DELETE", "settings")
    entra_stack.emulator.admin("PUT", "entra", {"token_seconds": 3600})


def authenticate_with_secret(place: JobNamespace, directory: Directory, value: str = OLD) -> str:
    """A workspace with a client secret; returns the application."""
    application = directory.new_application()
    directory.set_secrets(application, OLD)
    place.apply(secret(value), place.workspace(credentials=client_secret(application)))
    return application


def authenticate_as_account(place: JobNamespace, directory: Directory) -> str:
    """A workspace with a workload identity whose federation is complete; returns the application."""
    application = directory.new_application()
    directory.federate(application, place.name)
    place.apply(service_account(), place.workspace(credentials=workload_identity(application)))
    return application


def wait_not_ready(place: JobNamespace, reason: str) -> str:
    """Wait until the workspace says why it is not ready; returns the message."""
    return str(place.wait_reason("default", "Ready", reason, kind="quantumworkspace")["message"])


def wait_executing(place: JobNamespace, name: str) -> None:
    """Submit a job that executes for long, and wait until it does."""
    place.stack.emulator.behave(executing_seconds=600)
    place.apply(jobs.ionq(name))
    place.wait_state(name, "Executing")


@pytest.mark.parametrize("authenticate", [authenticate_with_secret, authenticate_as_account])
def test_a_job_runs_with_a_token(place: JobNamespace, directory: Directory, authenticate: Authenticator) -> None:
    """Submission, polling and output go by tokens; none shows in what the operator wrote."""
    authenticate(place, directory)
    place.apply(jobs.ionq("bell"))
    place.wait("bell", "Complete")
    assert place.output("bell")["counts.json"]
    written = place.kubectl("get", "quantumjobs,quantumworkspaces,configmaps,events", "-o", "json")
    for text in (written, place.stack.operator.log.read_text()):
        assert "eyJ" not in text
        assert OLD not in text


def test_tokens_expire_while_a_job_is_polled(place: JobNamespace, directory: Directory) -> None:
    """A job outlives several tokens, and the workspace stays ready all the time."""
    directory.put(token_seconds=1)
    authenticate_with_secret(place, directory)
    place.stack.emulator.behave(executing_seconds=3)
    place.apply(jobs.ionq("long"))
    place.wait_state("long", "Executing")
    before = directory.granted()
    place.wait("long", "Complete")
    assert directory.granted() - before >= 2
    assert {told.reason for told in place.events("default")} == {"Connected"}


def test_a_new_secret_is_taken_up_before_the_old_one_ends(place: JobNamespace, directory: Directory) -> None:
    """An administrator who rotates in order (both valid, write the Secret, end the old one) sees no trouble."""
    application = authenticate_with_secret(place, directory)
    wait_executing(place, "long")
    before = directory.granted()
    directory.set_secrets(application, OLD, NEW)
    place.apply(secret(NEW))
    eventually(lambda: directory.granted() > before)
    directory.set_secrets(application, NEW)
    directory.revoke_tokens()
    place.stack.emulator.admin("POST", "clock", {"advance_seconds": 600})
    place.wait("long", "Complete")
    assert {told.reason for told in place.events("default")} == {"Connected"}


def test_a_job_goes_on_after_its_secret_was_replaced(place: JobNamespace, directory: Directory) -> None:
    """A secret that ended too early says so on the workspace; once the Secret has the new one, the job ends well."""
    application = authenticate_with_secret(place, directory)
    wait_executing(place, "long")
    directory.set_secrets(application, NEW)
    directory.revoke_tokens()
    assert "secretKeyRef" in wait_not_ready(place, "CredentialsInvalid")
    place.apply(jobs.ionq("next"))
    assert "Ready says what to do" in place.wait_reason("next", "Submitted", "WorkspaceNotReady")["message"]
    place.stack.emulator.behave(executing_seconds=0.1)
    place.stack.emulator.admin("POST", "clock", {"advance_seconds": 600})
    place.apply(secret(NEW))
    place.wait("default", "Ready", kind="quantumworkspace")
    for name in ("long", "next"):
        place.wait(name, "Complete")


def test_a_missing_account_is_waited_for(place: JobNamespace, directory: Directory) -> None:
    """Workspace and job name what is missing, and go on when it is there; so again after it was taken away."""
    application = directory.new_application()
    directory.federate(application, place.name)
    place.apply(place.workspace(credentials=workload_identity(application)))
    for name in ("first", "second"):
        assert f"ServiceAccount {ACCOUNT} in namespace {place.name}" in wait_not_ready(place, "ServiceAccountNotFound")
        place.apply(jobs.ionq(name))
        assert "ServiceAccountNotFound" in place.wait_reason(name, "Submitted", "WorkspaceNotReady")["message"]
        assert not place.runs(name)
        place.apply(service_account())
        place.wait(name, "Complete")
        # A job finds the account itself, maybe before the workspace's next reconciliation: what that says must be of
        # today.
        place.wait("default", "Ready", kind="quantumworkspace")
        place.kubectl("delete", "serviceaccount", ACCOUNT)


def test_a_missing_federation_says_what_to_configure(place: JobNamespace, directory: Directory) -> None:
    """The message has the subject and the audience to enter; another account's federation does not count."""
    application = directory.new_application()
    directory.federate(application, place.name, account="default")
    place.apply(service_account(), place.workspace(credentials=workload_identity(application)), jobs.ionq("bell"))
    message = wait_not_ready(place, "CredentialsInvalid")
    assert f"system:serviceaccount:{place.name}:{ACCOUNT}" in message
    assert "api://AzureADTokenExchange" in message
    directory.federate(application, place.name)
    place.wait("bell", "Complete")


def take_secret(place: JobNamespace) -> None:
    """Delete the Secret of the client secret."""
    place.kubectl("delete", "secret", SECRET_NAME)


def take_account(place: JobNamespace) -> None:
    """Delete the ServiceAccount."""
    place.kubectl("delete", "serviceaccount", ACCOUNT)


@pytest.mark.parametrize(
    ("authenticate", "take", "reason"),
    [
        pytest.param(authenticate_with_secret, take_secret, "CredentialsNotFound", id="its Secret"),
        pytest.param(authenticate_as_account, take_account, "ServiceAccountNotFound", id="its ServiceAccount"),
    ],
)
def test_what_was_taken_away_still_cancels_and_never_submits(
    place: JobNamespace,
    directory: Directory,
    authenticate: Authenticator,
    take: Callable[[JobNamespace], None],
    reason: str,
) -> None:
    """The credential in memory ends the job that runs, while the next one is pending."""
    authenticate(place, directory)
    wait_executing(place, "long")
    take(place)
    wait_not_ready(place, reason)
    place.apply(jobs.ionq("next"))
    place.wait_reason("next", "Submitted", "WorkspaceNotReady")
    place.delete("long")
    assert [run["status"] for run in place.runs("long")] == ["Cancelled"]
    assert not place.runs("next")


@pytest.mark.slow
def test_a_namespace_that_goes_takes_its_running_job_along(place: JobNamespace, directory: Directory) -> None:
    """It refuses tokens and loses its ServiceAccount at once; the credential in memory still cancels."""
    authenticate_as_account(place, directory)
    wait_executing(place, "long")
    place.stack.kubectl("delete", "namespace", place.name, "--timeout=60s", timeout=90)
    assert [run["status"] for run in place.runs("long")] == ["Cancelled"]


def test_an_outage_of_the_identity_provider_is_no_wrong_secret(place: JobNamespace, directory: Directory) -> None:
    """The workspace is unreachable, not badly configured, and is ready again by itself."""
    directory.put(outage=503)
    authenticate_with_secret(place, directory)
    assert "identity provider" in wait_not_ready(place, "Unreachable")
    directory.put(outage=0)
    place.wait("default", "Ready", kind="quantumworkspace")


def test_the_operator_gets_tokens_of_one_account_name_only(entra_stack: Stack) -> None:
    """Its role allows `quantumjob-workload` in each namespace, and no other account; namespaces are not listed."""
    account = f"--as=system:serviceaccount:{SYSTEM_NAMESPACE}:{SERVICE_ACCOUNT}"

    def may(*question: str) -> bool:
        return entra_stack.kubectl("auth", "can-i", *question, account, check=False).strip() == "yes"

    assert may("create", f"serviceaccounts/{ACCOUNT}", "--subresource=token")
    assert not may("create", "serviceaccounts/default", "--subresource=token")
    assert not may("create", "serviceaccounts", "--subresource=token")
    assert may("get", "namespaces/default")
    assert not may("list", "namespaces")


def test_a_selector_decides_whose_jobs_may_come(place: JobNamespace, directory: Directory) -> None:
    """A namespace that is not selected reads as if there were no workspace; selected, its job runs.

    Losing the label stops what comes next, and not what runs.
    """
    authenticate_with_secret(place, directory)
    selector = {"matchLabels": {"team": "a"}, "matchExpressions": [{"key": "shut", "operator": "DoesNotExist"}]}
    shared = place.workspace(
        credentials=place.stack.get("quantumworkspace", "default", namespace=place.name)["spec"]["credentials"],
        allowedNamespaces={"from": "Selector", "selector": selector},
    )
    place.apply(shared)
    guest = JobNamespace(place.stack, f"{place.name}-guest")
    guest.apply(manifests.namespace(guest.name))
    ref = {"name": "default", "namespace": place.name}
    guest.apply(jobs.ionq("bell", workspaceRef=ref), jobs.ionq("lost", workspaceRef={**ref, "name": "none"}))
    shut_out = guest.wait_reason("bell", "Submitted", "WorkspaceNotFound")["message"]
    missing = guest.wait_reason("lost", "Submitted", "WorkspaceNotFound")["message"]
    assert shut_out.replace("/default", "/none") == missing
    place.stack.emulator.behave(executing_seconds=600)
    place.stack.kubectl("label", "namespace", guest.name, "team=a")
    guest.wait_state("bell", "Executing")
    place.stack.kubectl("label", "namespace", guest.name, "shut=yes")
    # What was read of a namespace is believed for a few seconds.
    time.sleep(KEPT_SECONDS)
    guest.apply(jobs.ionq("later", workspaceRef=ref))
    guest.wait_reason("later", "Submitted", "WorkspaceNotFound")
    place.stack.emulator.admin("POST", "clock", {"advance_seconds": 600})
    guest.wait("bell", "Complete")
