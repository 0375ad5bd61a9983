"""The output ConfigMap: is its name free, and written once.

Must not live here: what stands in it (`results`).
"""

from collections.abc import Mapping
from typing import Any

from quantumjob_operator.cluster.api import Api, Conflict, NotFound
from quantumjob_operator.cluster.objects import job_reference
from quantumjob_operator.naming import JOB_LABEL, MANAGED_BY, MANAGED_BY_LABEL
from quantumjob_operator.quantumjob import QuantumJob


class Outputs:
    """Output ConfigMaps on one API server."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def is_free(self, job: QuantumJob) -> bool:
        """Whether the job's output name is nobody's, or the job's own."""
        found = await self._read(job)
        return found is None or _is_owned(found, job)

    async def write(self, job: QuantumJob, data: Mapping[str, str], binary: Mapping[str, str]) -> bool:
        """Make the ConfigMap; False if another one has the name. One that is the job's own already counts as written.

        Args:
            job: The owner.
            data: Text by key.
            binary: Base64 by key.

        Raises:
            ClusterError: The API server refuses it or could not be asked.
        """
        labels = dict((job.spec.output.labels if job.spec.output else None) or {})
        body: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": job.output_name,
                "namespace": job.namespace,
                "labels": {**labels, JOB_LABEL: job.name, MANAGED_BY_LABEL: MANAGED_BY},
                "ownerReferences": [{**job_reference(job), "controller": True}],
            },
            # The service promises that output never changes, and immutable ConfigMaps cost the kubelets no watch.
            "immutable": True,
            "data": dict(data),
        }
        if binary:
            body["binaryData"] = dict(binary)
        path = f"/api/v1/namespaces/{job.namespace}/configmaps"
        try:
            await self._api.request("POST", path, body, query={"fieldManager": MANAGED_BY})
        except Conflict:
            found = await self._read(job)
            return found is not None and _is_owned(found, job)
        return True

    async def _read(self, job: QuantumJob) -> dict[str, Any] | None:
        try:
            return await self._api.request("GET", f"/api/v1/namespaces/{job.namespace}/configmaps/{job.output_name}")
        except NotFound:
            return None


def _is_owned(config_map: dict[str, Any], job: QuantumJob) -> bool:
    owners = config_map["metadata"].get("ownerReferences") or []
    return any(owner.get("uid") == job.uid for owner in owners)
