"""The output ConfigMap: is its name free, and written once.

Must not live here: what stands in it (`results`).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from quantumjob_operator.cluster.api import Api, Conflict, NotFound, ObjectTooLong
from quantumjob_operator.cluster.objects import job_reference
from quantumjob_operator.cluster.paths import CORE, path_of
from quantumjob_operator.model.naming import JOB_KIND, JOB_LABEL, MANAGED_BY, MANAGED_BY_LABEL
from quantumjob_operator.model.quantumjob import QuantumJob


class Owner(StrEnum):
    """Whose the output name of a job is."""

    NOBODY = "Nobody"
    JOB = "Job"
    PREDECESSOR = "Predecessor"  # a deleted job of the same name, whose ConfigMap the garbage collector has yet to find
    OTHER = "Other"


class Outputs:
    """Output ConfigMaps on one API server."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def owner(self, job: QuantumJob) -> Owner:
        """Whose the job's output name is."""
        try:
            found = await self._api.read_short(path_of(CORE, "configmaps", job.namespace, job.output_name))
        except NotFound:
            return Owner.NOBODY
        except ObjectTooLong:
            return Owner.OTHER  # none that was written here has so many keys
        return _owner(found, job)

    async def write(self, job: QuantumJob, data: Mapping[str, str], binary: Mapping[str, str]) -> Owner:
        """Make the ConfigMap, and tell whose the name is: the job's, unless another ConfigMap has it already.

        Args:
            job: The owner.
            data: Text by key.
            binary: Base64 by key.

        Raises:
            ClusterError: The API server refuses it or could not be asked.
        """
        labels = dict((job.spec.output.labels if job.spec.output else None) or {})
        annotations = dict((job.spec.output.annotations if job.spec.output else None) or {})
        body: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": job.output_name,
                "namespace": job.namespace,
                "labels": {**labels, JOB_LABEL: job.name, MANAGED_BY_LABEL: MANAGED_BY},
                "annotations": annotations,
                "ownerReferences": [{**job_reference(job), "controller": True}],
            },
            # The service promises that output never changes, and immutable ConfigMaps cost the kubelets no watch.
            "immutable": True,
            "data": dict(data),
        }
        if binary:
            body["binaryData"] = dict(binary)
        try:
            path = path_of(CORE, "configmaps", job.namespace)
            await self._api.request("POST", path, body, query={"fieldManager": MANAGED_BY})
        except Conflict:
            return await self.owner(job)
        return Owner.JOB


def _owner(config_map: dict[str, Any], job: QuantumJob) -> Owner:
    owners = config_map["metadata"].get("ownerReferences") or []
    if any(owner.get("uid") == job.uid for owner in owners):
        return Owner.JOB
    # Two objects of one name never live at once.
    same_name = any((owner.get("kind"), owner.get("name")) == (JOB_KIND, job.name) for owner in owners)
    return Owner.PREDECESSOR if same_name else Owner.OTHER
