"""Git's manifests, applied again in every situation of a job: there is no drift to show, and nothing changes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from cluster import jobs
from gitops.states import NAMESPACE, Object, Situation
from localstack.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


@dataclass(frozen=True, slots=True)
class Repository:
    """The cluster's jobs, and their manifests as somebody has them in Git.

    Attributes:
        stack: Its operator doesn't run, so that each object stays in its situation.
        manifests: All of them, as one list.
    """

    stack: Stack
    manifests: str

    def kubectl(self, command: str, manifests: str) -> tuple[int, str]:
        """Run `kubectl apply` or `kubectl diff` on the server; returns its exit code and what it found."""
        done = self.stack.cluster.kubectl(command, "--server-side", "-f", "-", stdin=manifests, check=False)
        return done.returncode, done.stdout

    def versions(self) -> dict[str, str]:
        """The resource version of each job."""
        found = json.loads(self.stack.kubectl("get", "quantumjobs", "-o", "json", namespace=NAMESPACE))["items"]
        return {one["metadata"]["name"]: one["metadata"]["resourceVersion"] for one in found}


def in_git(job: Object) -> Object:
    """What was applied: a field that somebody else has set since (`cancel`, `suspend`) is not in Git."""
    (applied,) = (entry for entry in job["metadata"]["managedFields"] if entry["operation"] == "Apply")
    fields = applied["fieldsV1"]["f:spec"]
    return {
        "apiVersion": job["apiVersion"],
        "kind": job["kind"],
        "metadata": {name: job["metadata"][name] for name in ("name", "namespace")},
        "spec": {name: value for name, value in job["spec"].items() if f"f:{name}" in fields},
    }


@pytest.fixture(scope="module")
def repository(idle_stack: Stack, objects: dict[Situation, Object]) -> Iterator[Repository]:
    """A job in each situation, those that an operator would end at once made anew without one."""
    idle_stack.wait(f"quantumjob/{Situation.UNSEEN}", "Finished", namespace=NAMESPACE)
    idle_stack.operator.stop()
    try:
        yield Repository(idle_stack, _manifests(idle_stack, set(objects)))
    finally:
        idle_stack.operator.start()


def _manifests(stack: Stack, expected: set[Situation]) -> str:
    """Make the jobs anew that an operator would have ended, and take all of them for what is in Git."""
    stack.kubectl("delete", "quantumjob", Situation.UNSEEN, namespace=NAMESPACE)
    stack.apply(jobs.ionq(Situation.UNSEEN), namespace=NAMESPACE)
    change = '{"spec":{"ttlSecondsAfterFinished":86399}}'
    stack.kubectl("patch", "quantumjob", Situation.CHANGED, "--type=merge", "-p", change, namespace=NAMESPACE)
    arguments = ("get", "quantumjobs", "-o", "json", "--show-managed-fields")
    found = json.loads(stack.kubectl(*arguments, namespace=NAMESPACE))["items"]
    assert {one["metadata"]["name"] for one in found} == expected
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": [*map(in_git, found)]})


def test_diff_is_empty_in_every_situation(repository: Repository) -> None:
    """Neither the operator nor the API server has written what a manifest speaks of."""
    assert repository.kubectl("diff", repository.manifests) == (0, "")


def test_apply_changes_nothing_in_any_situation(repository: Repository) -> None:
    """Not even the resource version, so that no watcher wakes up.

    Except once for an object that nobody has written a status to: its default is stored with the first write.
    """
    before = repository.versions()
    code, said = repository.kubectl("apply", repository.manifests)
    assert code == 0, said
    after = repository.versions()
    assert {name for name in before if after[name] != before[name]} <= {Situation.UNSEEN}


def test_changed_manifest_is_a_difference(repository: Repository) -> None:
    """The comparison sees what is there to be seen."""
    changed = json.loads(repository.manifests)
    for one in changed["items"]:
        one["metadata"]["labels"] = {"example.org/changed": "a"}
    code, shown = repository.kubectl("diff", json.dumps(changed))
    assert code == 1, shown
    assert shown.count("+    example.org/changed: a") == len(repository.versions())
