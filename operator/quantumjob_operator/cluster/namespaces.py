"""What namespaces tell: their labels, read by name and kept for a moment, and the cluster's own name.

Must not live here: what labels allow.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

from quantumjob_operator.cluster.api import Api, ClusterError

_KEPT_SECONDS: Final = 2.0
_UNREADABLE: Final = frozenset({403, 404})
_PAUSE_SECONDS: Final = 2.0
_log = logging.getLogger(__name__)
Labels = Mapping[str, str]


class Namespaces:
    """Reads namespaces.

    Args:
        api: The API server.
        monotonic: Seconds of a clock that never steps back.
    """

    def __init__(self, api: Api, monotonic: Callable[[], float]) -> None:
        self._api = api
        self._monotonic = monotonic
        self._kept: dict[str, tuple[float, Labels]] = {}
        self._unread: dict[str, float] = {}
        """Until when those that could not be read are not asked for again, the first before others."""

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._kept) + len(self._unread)

    async def labels(self, name: str) -> Labels | None:
        """The labels of a namespace, at most a few seconds old; None if it is gone or may not be read.

        Raises:
            ClusterError: The API server could not be asked.
        """
        now = self._monotonic()
        until, _ = self._kept.get(name, (self._unread.get(name, now), None))
        if now >= until:
            self._take(name, await self._read(name))
        return self.known(name)

    def _take(self, name: str, labels: Labels | None) -> None:
        now = self._monotonic()
        while self._unread and next(iter(self._unread.values())) <= now:
            del self._unread[next(iter(self._unread))]
        if labels is None:
            self._kept.pop(name, None)
            self._unread[name] = now + _KEPT_SECONDS
        else:
            self._unread.pop(name, None)
            self._kept[name] = (now + _KEPT_SECONDS, labels)

    def known(self, name: str) -> Labels | None:
        """The labels of a namespace as they were read last; None as for `labels`, or if they never were."""
        return self._kept[name][1] if name in self._kept else None

    async def cluster_uid(self) -> str:
        """A name for this cluster: the uid of the namespace kube-system, which lives as long as the cluster.

        Waits until the API server answers; empty if the operator may not read that namespace.
        """
        while True:
            try:
                found = await self._api.request("GET", "/api/v1/namespaces/kube-system")
            except ClusterError as error:
                if error.status in _UNREADABLE:
                    _log.warning("no name for this cluster: %s; set cluster_name", error)
                    return ""
                _log.warning("%s", error)
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return str(found["metadata"]["uid"])

    async def _read(self, name: str) -> Labels | None:
        try:
            found = await self._api.request("GET", f"/api/v1/namespaces/{name}")
        except ClusterError as error:
            if error.status in _UNREADABLE:
                return None
            raise
        return found["metadata"].get("labels") or {}
