"""News of jobs that wait for their reconciliations, which may come late: no more of them than memory is set aside for.

A job without news is asked for by its reconciliation, so that only a request is lost. Must not live here: whose news
are believed (`process_state`), or what follows from them (`lifecycle`).
"""

from dataclasses import dataclass, field
from typing import Final

from quantumjob_operator.controller.process_state import News
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.scheduling.fair_share import FairShare

KEPT_BYTES: Final = 8 * 1024 * 1024
"""A namespace alone has nearly half of it."""
_EACH_BYTES: Final = 16 * 1024
_ENTRY_BYTES: Final = 512


@dataclass(slots=True)
class KeptNews:
    """The newest news of each job, by the uid of its object."""

    _share: FairShare = field(default_factory=lambda: FairShare(KEPT_BYTES))
    _kept: dict[str, tuple[News, str, int]] = field(default_factory=dict)

    def put(self, uid: str, namespace: str, remote: RemoteJob | None, through: str) -> None:
        """Keep what was learned in the place of older news, if there is room for it.

        Args:
            uid: Of the object.
            namespace: Whose job it is.
            remote: None for a 404: it counts from the moment in which it was asked for, which only the
                reconciliation's own GET knows.
            through: The uid of the QuantumWorkspace through which it was asked.
        """
        self.take(uid)
        if remote is None:
            return
        size = remote.size + _ENTRY_BYTES
        if size <= _EACH_BYTES and self._share.take_now(namespace, size):
            self._kept[uid] = (News(remote, through), namespace, size)

    def take(self, uid: str) -> News | None:
        """What was learned; it is not kept any longer."""
        news, namespace, size = self._kept.pop(uid, (None, "", 0))
        if news:
            self._share.give_back(namespace, size)
        return news
