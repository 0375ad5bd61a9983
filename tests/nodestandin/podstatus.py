"""The status of a Pod from that of its containers, by the kubelet's rules: no I/O.

Must not live here: how the status is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from nodestandin.api import Manifest
from nodestandin.containers import Container, timestamp


@dataclass(slots=True)
class PodStatus:
    """Remembers since when each condition holds.

    Attributes:
        address: The Pod's.
        node_address: The node's.
    """

    address: str
    node_address: str
    _start: str = field(default_factory=timestamp)
    _since: dict[tuple[str, bool], str] = field(default_factory=dict)

    def of(self, first: Sequence[Container], containers: Sequence[Container]) -> Manifest:
        """The status.

        Args:
            first: The init containers.
            containers: The others.
        """
        initialized = all(one.ended and one.exit_code == 0 for one in first)
        ready = bool(containers) and all(one.ready for one in containers)
        conditions = {"PodScheduled": True, "Initialized": initialized, "ContainersReady": ready, "Ready": ready}
        return {
            "phase": _phase(first, containers),
            "conditions": [self._condition(name, holds=holds) for name, holds in conditions.items()],
            "hostIP": self.node_address,
            "podIP": self.address,
            "podIPs": [{"ip": self.address}],
            "startTime": self._start,
            "initContainerStatuses": [one.status() for one in first],
            "containerStatuses": [one.status() for one in containers],
        }

    def _condition(self, name: str, *, holds: bool) -> Manifest:
        self._since.pop((name, not holds), None)
        since = self._since.setdefault((name, holds), timestamp())
        return {"type": name, "status": str(holds), "lastTransitionTime": since}


def _phase(first: Sequence[Container], containers: Sequence[Container]) -> str:
    if any(one.ended and one.exit_code for one in first):
        return "Failed"
    if all(one.ended for one in containers):
        return "Failed" if any(one.exit_code for one in containers) else "Succeeded"
    begun = any("waiting" not in one.status()["state"] or one.status()["restartCount"] for one in containers)
    return "Running" if begun else "Pending"
