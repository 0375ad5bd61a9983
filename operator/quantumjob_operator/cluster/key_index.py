"""The jobs by the idempotency key that they share, and whose it is.

Whoever may create jobs can have thousands with one key: each look at one of them, and each end of one, must not walk
through all. Must not live here: what owning a key means (`lifecycle.attempts`).
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from quantumjob_operator.lifecycle.attempts import KeyRank, key_rank
from quantumjob_operator.model.quantumjob import QuantumJob

Key = tuple[str, str]
"""A namespace and an idempotency key."""


def _nobody(_uid: str) -> None:
    """Nobody waits."""


@dataclass(slots=True)
class JobsByKey:
    """The jobs with a key, and in their order those that may own it.

    Attributes:
        wake: Called with the uid of an object that owns its key by the news of another, or has one rival less.
    """

    wake: Callable[[str], None] = _nobody
    _having: dict[Key, dict[str, QuantumJob]] = field(default_factory=dict)
    _line: dict[Key, list[KeyRank]] = field(default_factory=dict)

    def put(self, old: QuantumJob | None, new: QuantumJob | None) -> None:
        """A version of a job takes the place of another one.

        Args:
            old: None if the job is new.
            new: None if it is gone.
        """
        before, after = _key(old), _key(new)
        if before is None and after is None:
            return
        former, rank = _rank(old), _rank(new)
        if new and (before, former) == (after, rank):
            self._having[(new.namespace, new.spec.idempotency_key or "")][new.uid] = new
            return
        fronts = {key: self._front(key) for key in (before, after) if key}
        if old and before:
            self._take_out(old.uid, before, former)
        if new and after:
            self._having.setdefault(after, {})[new.uid] = new
            if rank:
                insort(self._line.setdefault(after, []), rank)
        for key, front in fronts.items():
            now = self._front(key)
            if now and now != front and now[0] not in {one.uid for one in (old, new) if one}:
                self.wake(now[0])

    def having(self, namespace: str, key: str) -> Iterator[QuantumJob]:
        """All jobs with a key, whatever has become of them."""
        return iter(self._having.get((namespace, key), {}).values())

    def deciding(self, job: QuantumJob) -> list[QuantumJob]:
        """Of all with a job's key those that decide whose it is: the first two in line, and the job itself."""
        key = _key(job) or ("", "")
        having, first = self._having.get(key, {}), [uid for *_, uid in self._line.get(key, ())[:2]]
        return [having[uid] for uid in dict.fromkeys((*first, job.uid)) if uid in having]

    def _front(self, key: Key) -> tuple[str, ...]:
        """Its owner, and the rival that must step back first if there is one."""
        return tuple(
            uid for number, (behind, _, uid) in enumerate(self._line.get(key, ())[:2]) if not number or not behind
        )

    def _take_out(self, uid: str, key: Key, rank: KeyRank | None) -> None:
        del self._having[key][uid]
        if not self._having[key]:
            del self._having[key]
        if rank:
            line = self._line[key]
            del line[bisect_left(line, rank)]
            if not line:
                del self._line[key]


def _key(job: QuantumJob | None) -> Key | None:
    key = job.spec.idempotency_key if job else None
    return None if job is None or key is None else (job.namespace, key)


def _rank(job: QuantumJob | None) -> KeyRank | None:
    """Its place in the line for its key; none if it is over."""
    return None if job is None or job.status.finished else key_rank(job)
