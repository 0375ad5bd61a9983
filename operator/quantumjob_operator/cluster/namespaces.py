"""What namespaces tell: their labels, read by name and kept for a moment, and the cluster's own name.

Must not live here: what labels allow.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

from quantumjob_operator.cluster.api import Api, ClusterError
from quantumjob_operator.cluster.paths import CORE, NAMESPACES, path_of

_KEPT_SECONDS: Final = 2.0
_FORGOTTEN_SECONDS: Final = 3600.0
"""After which labels are forgotten that nobody asks for any more."""
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
        """Until when they hold, and the labels; those that were read longest ago before others."""
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
        while self._kept and next(iter(self._kept.values()))[0] <= now - _FORGOTTEN_SECONDS:
            del self._kept[next(iter(self._kept))]
        self._kept.pop(name, None)
        if labels is None:
            self._unread[name] = now + _KEPT_SECONDS
        else:
            self._unread.pop(name, None)
            self._kept[name] = (now + _KEPT_SECONDS, labels)

    def known(self, name: str) -> Labels | None:
        """The labels of a namespace as they were read last; None as for `labels`, or if that is long ago."""
        return self._kept[name][1] if name in self._kept else None

    async def cluster_uid(self) -> str:
        """A name for this cluster: the uid of the namespace kube-system, which lives as long as the cluster.

        Waits until the API server answers; empty if the operator may not read that namespace.
        """
        while True:
            try:
                found = await self._api.request("GET", path_of(CORE, NAMESPACES, None, "kube-system"))
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
            found = await self._api.request("GET", path_of(CORE, NAMESPACES, None, name))
        except ClusterError as error:
            if error.status in _UNREADABLE:
                return None
            raise
        return found["metadata"].get("labels") or {}
