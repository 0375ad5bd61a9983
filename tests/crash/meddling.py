"""What befalls jobs and operators: one stands still, another comes, and the API server waits or refuses."""

import base64
import itertools
import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psutil

from crash.harness import create, quantum_job
from devcluster.heldwebhook import serving
from localstack.manifests import SERVICE_ACCOUNT, SYSTEM_NAMESPACE
from localstack.operated import Operator
from localstack.stack import Stack

ARGUMENTS: Final = (
    "--put-start-seconds=0.7",
    "--request-timeout-seconds=1.5",
    "--visibility-delay-seconds=2",
    "--poll-min-seconds=0.3",
    "--poll-max-seconds=1",
    "--garbage-collection-seconds=2",
)
_NAMES: Final = (f"job-{number}" for number in itertools.count())


def new_job(stack: Stack, **spec: Any) -> tuple[str, str]:
    """Create a job; returns its name and uid."""
    name = next(_NAMES)
    create(stack, [quantum_job(name, **spec)])
    return name, str(stack.get("quantumjob", name)["metadata"]["uid"])


def executing(stack: Stack, name: str) -> None:
    """Wait until the job's status says so."""
    stack.wait(f"quantumjob/{name}", "jsonpath={.status.state}=Executing")


def runs_of(stack: Stack, uid: str) -> list[str]:
    """How each paid run of an object stands; the uid is in its metadata, whatever its key is called there."""
    return [run["status"] for run in stack.emulator.ledger() if uid in run["metadata"].values()]


def events_of(stack: Stack, reason: str, **involved: str) -> list[dict[str, Any]]:
    """The Events with this reason, on an object."""
    found = json.loads(stack.kubectl("get", "events", f"--field-selector=reason={reason}", "--output=json"))["items"]
    return [one for one in found if involved.items() <= one["involvedObject"].items()]


def until(settled: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not settled():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.1)


@contextmanager
def paused(operator: Operator) -> Iterator[None]:
    """The operator stands still, as in a machine that is frozen."""
    process = psutil.Process(operator.pid)
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


@contextmanager
def second_operator(stack: Stack, folder: Path) -> Iterator[Operator]:
    """Another operator beside the first, without proxies."""
    other = Operator(
        folder,
        kubeconfig=stack.cluster.service_account_kubeconfig(SYSTEM_NAMESPACE, SERVICE_ACCOUNT),
        allowed_endpoints=[stack.endpoint, stack.emulator.url, stack.emulator.storage_origin],
        arguments=ARGUMENTS,
    )
    other.start()
    try:
        yield other
    finally:
        other.end()


@contextmanager
def holding_deletions(stack: Stack, folder: Path) -> Iterator[Any]:
    """Deletions of QuantumJobs wait inside the API server, after it has read them."""
    with serving(folder) as (webhook, url, authority):
        configuration = {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "held"},
            "webhooks": [
                {
                    "name": "held.example.org",
                    "clientConfig": {"url": url, "caBundle": base64.b64encode(authority).decode()},
                    "rules": [
                        {
                            "apiGroups": ["quantumjobs.dev"],
                            "apiVersions": ["v1alpha1"],
                            "operations": ["DELETE"],
                            "resources": ["quantumjobs"],
                        }
                    ],
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "timeoutSeconds": 10,
                }
            ],
        }
        stack.kubectl("apply", "--filename=-", stdin=json.dumps(configuration))
        time.sleep(2)  # the API server takes the configuration up from its watch
        try:
            yield webhook
        finally:
            webhook.release()
            stack.kubectl("delete", "validatingwebhookconfiguration", "held")


def refusing(name: str, resource: str) -> list[dict[str, Any]]:
    """An admission policy that refuses updates of a resource of the namespace `default`."""
    rule = {
        "apiGroups": ["quantumjobs.dev"],
        "apiVersions": ["v1alpha1"],
        "operations": ["UPDATE"],
        "resources": [resource],
    }
    group = "admissionregistration.k8s.io/v1"
    policy = {
        "apiVersion": group,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {"resourceRules": [rule]},
            "validations": [
                {"expression": "'team' in object.metadata.?labels.orValue({})", "message": "jobs need the label team"}
            ],
        },
    }
    binding = {
        "apiVersion": group,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    }
    return [policy, binding]


@contextmanager
def policy(stack: Stack, resource: str) -> Iterator[None]:
    """The API server refuses writes for a while."""
    listed = {"apiVersion": "v1", "kind": "List", "items": refusing("labels", resource)}
    with stack.cluster.refusals_expected():
        stack.kubectl("apply", "--filename=-", stdin=json.dumps(listed))
        time.sleep(3)  # the API server takes it up from its watch
        try:
            yield
        finally:
            stack.kubectl("delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", "labels")
            time.sleep(3)
