"""One Lease (coordination.k8s.io/v1), read and written by compare-and-swap.

Must not live here: who may write it, and when (`election`).
"""

from collections.abc import Mapping
from typing import Any, Final

from quantumjob_operator.cluster.api import Api, NotFound
from quantumjob_operator.cluster.election import NOBODY, Lease, Record
from quantumjob_operator.cluster.paths import path_of

_API: Final = "coordination.k8s.io/v1"


class Leases:
    """Reads and writes the Lease of a name.

    Args:
        api: The API server.
        place: `namespace/name`.
    """

    def __init__(self, api: Api, place: str) -> None:
        self._api = api
        namespace, _slash, self._name = place.partition("/")
        self._namespace = namespace

    async def read(self) -> Lease | None:
        """The Lease as it is now; None if there is none.

        Raises:
            ClusterError: The API server did not answer so.
        """
        try:
            return _parsed(await self._api.request("GET", self._path(self._name)))
        except NotFound:
            return None

    async def write(self, known: Lease | None, record: Record) -> Lease:
        """Put a record in the place of a version that is known, or where there is none.

        Raises:
            Conflict: Somebody else has written since.
            ClusterError: The API server did not answer so; the record may have been written all the same.
        """
        body: dict[str, Any] = {"spec": _spec(record)}
        if known is None:
            body |= {"apiVersion": _API, "kind": "Lease", "metadata": {"name": self._name}}
            return _parsed(await self._api.request("POST", self._path(), body))
        body["metadata"] = {"resourceVersion": known.version}
        return _parsed(await self._api.patch(self._path(self._name), body))

    def _path(self, *name: str) -> str:
        return path_of(f"/apis/{_API}", "leases", self._namespace, *name)


def _spec(record: Record) -> dict[str, Any]:
    return {
        "holderIdentity": record.holder,
        "leaseDurationSeconds": int(record.promised),
        "acquireTime": record.acquired,
        "renewTime": record.renewed,
        "leaseTransitions": record.transitions,
    }


def _parsed(body: Mapping[str, Any]) -> Lease:
    """All fields are optional for the API server, and so is the whole spec."""
    spec = body.get("spec") or {}
    record = Record(
        holder=spec.get("holderIdentity") or NOBODY,
        promised=float(spec.get("leaseDurationSeconds") or 0),
        acquired=spec.get("acquireTime") or "",
        renewed=spec.get("renewTime") or "",
        transitions=spec.get("leaseTransitions") or 0,
    )
    return Lease(body["metadata"]["resourceVersion"], record)
