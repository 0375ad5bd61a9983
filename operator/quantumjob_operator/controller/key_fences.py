"""Until when a 404 is not believed because of what was, or may have been, sent for another object.

Objects with the same idempotency key share the ids of their jobs, and one of them can be gone while its request is on
its way: its own fence went with it, or is another process's. Must not live here: the fence of an object's own requests
(`lifecycle.fence`).
"""

from collections.abc import Iterable
from typing import Final

from quantumjob_operator.model.quantumjob import QuantumJob

_FOREVER: Final = float("inf")
_CLEAN_SECONDS: Final = 10.0


class KeyFences:
    """What one process knows of requests for other objects. All times are monotonic seconds."""

    def __init__(self) -> None:
        self._sent: dict[str, tuple[str, float]] = {}
        self._missed: dict[tuple[str, str], float] = {}
        self._cleaned = 0.0

    def sending(self, job_id: str, uid: str) -> tuple[str, float] | None:
        """A PUT begins: as long as it is not answered, nobody knows when it takes effect.

        Returns:
            What to hand to `not_applied`.
        """
        before = self._sent.get(job_id)
        self._sent[job_id] = (uid, _FOREVER)
        return before

    def sent(self, job_id: str, uid: str, until: float, now: float) -> None:
        """The PUT has ended, and may have taken effect."""
        self._clean(now)
        self._sent[job_id] = (uid, until)

    def not_applied(self, job_id: str, before: tuple[str, float] | None) -> None:
        """The PUT had no effect: what was known before holds."""
        if before is None:
            self._sent.pop(job_id, None)
        else:
            self._sent[job_id] = before

    def missed(self, gone: Iterable[QuantumJob], until: float, now: float) -> None:
        """Objects are gone without having been released by us: whoever served them may have sent their jobs."""
        self._clean(now)
        for job in gone:
            if job.spec.idempotency_key is not None:
                key = (job.namespace, job.spec.idempotency_key)
                self._missed[key] = max(until, self._missed.get(key, 0.0))

    def _clean(self, now: float) -> None:
        """What is over is forgotten, now and then: it costs as much as there is."""
        if now >= self._cleaned + _CLEAN_SECONDS:
            self._cleaned = now
            self._sent = {one: kept for one, kept in self._sent.items() if kept[1] > now}
            self._missed = {key: kept for key, kept in self._missed.items() if kept > now}

    def until(self, job_id: str, job: QuantumJob | None = None) -> float:
        """Until when a 404 for an id is not believed.

        Args:
            job_id: The id.
            job: The object that asks. With it, what was sent for itself does not count (its own fence knows that), and
                what went with its key does.
        """
        uid, sent = self._sent.get(job_id, ("", 0.0))
        if job is None:
            return sent
        key = (job.namespace, job.spec.idempotency_key or "")
        return max(sent if uid != job.uid else 0.0, self._missed.get(key, 0.0))
