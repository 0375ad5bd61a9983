"""QuantumJobs and QuantumWorkspaces in the cluster: read, claim, release, and the one writer of status.

Must not live here: what is written (`lifecycle`).
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from quantumjob_operator.cluster.api import Api, ClusterError, NotFound
from quantumjob_operator.cluster.cache import Known
from quantumjob_operator.cluster.paths import path_of
from quantumjob_operator.lifecycle.attempts import Rival, rival_of
from quantumjob_operator.model.jobstatus import JobStatus, status_patch
from quantumjob_operator.model.naming import (
    API_VERSION,
    BUDGET_PLURAL,
    CLAIM_ANNOTATION,
    FINALIZER,
    GROUP,
    JOB_PLURAL,
    POLICY_PLURAL,
    VERSION,
    WORKSPACE_FINALIZER,
    WORKSPACE_KIND,
    WORKSPACE_PLURAL,
)
from quantumjob_operator.model.quantumbudget import parse_budget
from quantumjob_operator.model.quantumjob import Claim, QuantumJob, parse_job
from quantumjob_operator.model.quantumpolicy import parse_policy
from quantumjob_operator.model.quantumworkspace import QuantumWorkspace, parse_workspace
from quantumjob_operator.scheduling.shared_answers import SharedAnswers

_PARSERS: Final[dict[str, Callable[[Mapping[str, Any]], Known]]] = {
    JOB_PLURAL: parse_job,
    WORKSPACE_PLURAL: parse_workspace,
    POLICY_PLURAL: parse_policy,
    BUDGET_PLURAL: parse_budget,
}
PLURALS: Final = tuple(_PARSERS)
BASE: Final = f"/apis/{GROUP}/{VERSION}"
"""The operator's own group."""
_NOT_FOUND: Final = 404
_PAGE: Final = 20
"""Objects of a page."""

T = TypeVar("T")


def collection(plural: str, namespace: str | None) -> str:
    """The path of a collection; of the whole cluster without a namespace."""
    return path_of(BASE, plural, namespace)


def parse_known(plural: str, body: Mapping[str, Any]) -> Known:
    """An object of one of the operator's kinds.

    Raises:
        MalformedObject: The installed CRDs are not this operator's.
    """
    return _PARSERS[plural](body)


class Objects:
    """The operator's own kinds on one API server."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._rivals = SharedAnswers(self._list_rivals)

    async def served(self) -> bool:
        """Whether the API server serves all kinds, so that a watch of them can begin."""
        try:
            found = await self._api.request("GET", BASE)
        except ClusterError as error:
            # A group that is not served has a 404 without a Status.
            if error.status == _NOT_FOUND:
                return False
            raise
        names = {resource["name"] for resource in found.get("resources", [])}
        return names.issuperset(PLURALS)

    def versions(self, plural: str, namespace: str | None) -> AsyncIterator[tuple[str, str]]:
        """The uid and resourceVersion of each object."""
        return self._api.list_versions(collection(plural, namespace))

    async def revision(self, plural: str, namespace: str | None) -> int:
        """The revision of the whole cluster's store at this moment, as the API server stamps it on a listing."""
        return int(await self._api.list_revision(collection(plural, namespace)))

    async def read_job(self, namespace: str, name: str) -> QuantumJob | None:
        """The object as it is now, or None."""
        try:
            return parse_job(await self._api.request("GET", _path(JOB_PLURAL, namespace, name)))
        except NotFound:
            return None

    async def each_of(self, namespace: str, hear: Callable[[QuantumJob], object]) -> None:
        """Tell of all objects of a namespace, as they are now, whatever the watch has told."""
        await self._each(namespace, {}, parse_job, hear)

    async def claim(self, job: QuantumJob, claim: Claim) -> QuantumJob:
        """Put on the finalizer and the claim, if nobody changed the object since it was read.

        Raises:
            Conflict: Somebody did.
        """
        finalizers = job.finalizers if job.has_finalizer else (*job.finalizers, FINALIZER)
        metadata = {"finalizers": list(finalizers), "annotations": {CLAIM_ANNOTATION: claim.annotation()}}
        return await self._patch_metadata(job, metadata)

    async def release(self, job: QuantumJob) -> QuantumJob | None:
        """Take off the finalizer; None if that made the object go.

        Raises:
            Conflict: Somebody changed the object since it was read.
        """
        rest = [name for name in job.finalizers if name != FINALIZER]
        try:
            released = await self._patch_metadata(job, {"finalizers": rest})
        except NotFound:
            return None
        return None if released.deletion_requested and not rest else released

    async def renounce(self, job: QuantumJob) -> QuantumJob:
        """Take off finalizer and claim.

        Raises:
            Conflict: Somebody changed the object since it was read.
        """
        rest = [name for name in job.finalizers if name != FINALIZER]
        return await self._patch_metadata(job, {"finalizers": rest, "annotations": {CLAIM_ANNOTATION: None}})

    async def delete(self, job: QuantumJob) -> None:
        """Delete the object, if it is still the one that was read.

        Raises:
            Conflict: It is not.
        """
        body = {"preconditions": {"uid": job.uid, "resourceVersion": job.resource_version}}
        try:
            await self._api.request("DELETE", _path(JOB_PLURAL, job.namespace, job.name), body)
        except NotFound:
            return

    async def each_with_key(self, namespace: str, key: str, hear: Callable[[QuantumJob], object]) -> None:
        """Tell of all objects of a namespace with an idempotency key, as they are now."""
        await self._each(namespace, _with_key(key), parse_job, hear)

    async def rivals(self, namespace: str, key: str) -> Sequence[Rival]:
        """What of those objects decides whose the key is, by a listing that begins after this call.

        Who waits for one at the same time shares it: each of n objects may have everything listed that n objects hold,
        by no more than an annotation.
        """
        return await self._rivals.get((namespace, key))

    async def _list_rivals(self, asked: tuple[str, str]) -> Sequence[Rival]:
        namespace, key = asked
        rivals: list[Rival] = []
        await self._each(namespace, _with_key(key), lambda body: rival_of(parse_job(body)), rivals.append)
        return rivals

    async def _each(
        self,
        namespace: str,
        query: Mapping[str, str],
        of_each: Callable[[Mapping[str, Any]], T],
        hear: Callable[[T], object],
    ) -> None:
        """A listing in pages: objects may be long, and no more than a page of them is in memory for its sake."""
        pages = self._api.list_pages(collection(JOB_PLURAL, namespace), query, _PAGE, of_each)
        async for page in pages:
            while page:  # nobody counts what they take: of a page nothing is left while the next one is awaited
                hear(page.pop(0))

    async def write_status(self, job: QuantumJob, status: JobStatus) -> QuantumJob:
        """Write what differs, in one PATCH; nothing if nothing differs. The only writer of a job's status.

        Raises:
            Conflict: Somebody changed the object since it was read; the decision was made on old facts.
        """
        if job.status == status or not (patch := status_patch(job.status, status)):
            return job
        body = {"metadata": {"uid": job.uid, "resourceVersion": job.resource_version}, "status": patch}
        answer = await self._api.patch(_path(JOB_PLURAL, job.namespace, job.name, "status"), body)
        return parse_job(answer)

    async def write_workspace_status(self, workspace: QuantumWorkspace, status: dict[str, Any]) -> QuantumWorkspace:
        """Write a workspace's status fields if they differ. The only writer of a workspace's status."""
        changed = {key: value for key, value in status.items() if workspace.status.get(key) != value}
        if not changed:
            return workspace
        metadata = {"uid": workspace.uid, "resourceVersion": workspace.resource_version}
        path = _path(WORKSPACE_PLURAL, workspace.namespace, workspace.name, "status")
        return parse_workspace(await self._api.patch(path, {"metadata": metadata, "status": changed}))

    async def mark_workspace(self, workspace: QuantumWorkspace, *, in_use: bool) -> QuantumWorkspace | None:
        """Put on or take off the finalizer that keeps a workspace while claims point to it; None if it is gone.

        Raises:
            Conflict: Somebody changed the object since it was read.
        """
        rest = [name for name in workspace.finalizers if name != WORKSPACE_FINALIZER]
        finalizers = [*rest, WORKSPACE_FINALIZER] if in_use else rest
        guarded = {"finalizers": finalizers, "uid": workspace.uid, "resourceVersion": workspace.resource_version}
        path = _path(WORKSPACE_PLURAL, workspace.namespace, workspace.name)
        try:
            marked = parse_workspace(await self._api.patch(path, {"metadata": guarded}))
        except NotFound:
            return None
        return None if marked.deletion_requested and not finalizers else marked

    async def _patch_metadata(self, job: QuantumJob, metadata: dict[str, Any]) -> QuantumJob:
        guarded = {**metadata, "uid": job.uid, "resourceVersion": job.resource_version}
        return parse_job(await self._api.patch(_path(JOB_PLURAL, job.namespace, job.name), {"metadata": guarded}))


def _with_key(key: str) -> dict[str, str]:
    return {"fieldSelector": f"spec.idempotencyKey={key}"}


def _path(plural: str, namespace: str, *name: str) -> str:
    return path_of(BASE, plural, namespace, *name)


def job_reference(job: QuantumJob) -> dict[str, Any]:
    """An ownerReference or involvedObject to a job, without what only one of them has."""
    return {"apiVersion": API_VERSION, "kind": "QuantumJob", "name": job.name, "uid": job.uid}


def workspace_reference(workspace: QuantumWorkspace) -> dict[str, Any]:
    """An involvedObject that is a workspace."""
    return {
        "apiVersion": API_VERSION,
        "kind": WORKSPACE_KIND,
        "name": workspace.name,
        "namespace": workspace.namespace,
        "uid": workspace.uid,
    }
