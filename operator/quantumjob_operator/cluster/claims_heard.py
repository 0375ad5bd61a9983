"""What the versions of jobs have told of their claims, beyond the claim that stands there now.

The watch tells of every version, and a reconciliation looks at the newest one only: whoever wrote a claim that is gone
by then may have sent the job. Must not live here: what follows from that (`lifecycle.fence`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from quantumjob_operator.model.naming import CLAIM_ANNOTATION
from quantumjob_operator.model.quantumjob import Claim, QuantumJob

_MOST_LOST: Final = 2


@dataclass(slots=True)
class ClaimsHeard:
    """Of all jobs, each by its uid.

    Attributes:
        holder: This process's name in claims.
        lost: The holders whose claims vanished from it; of two one is somebody else: no more.
        named: The highest attempt that a claim named which was taken off or set back since.
        unfenced: The jobs of which a claim was taken off, set back, or taken over by another process, and that were not
            reconciled since: whatever stands there by then, somebody else may have sent.
    """

    holder: str = ""
    lost: dict[str, set[str]] = field(default_factory=dict)
    named: dict[str, int] = field(default_factory=dict)
    unfenced: set[str] = field(default_factory=set)

    def note(self, before: Claim, job: QuantumJob) -> None:
        """This claim stood there, and a newer version of the job may have none, or another one."""
        if before.uid != job.uid:
            return  # nobody has sent anything for this object under it
        # One that was copied from another object is none.
        now = job.claim if job.claim and job.claim.uid == job.uid else None
        if now is None:
            holders = self.lost.setdefault(job.uid, set())
            holders |= {before.holder} if len(holders) < _MOST_LOST else set()
        if now is None or now.attempt < before.attempt:
            self.named[job.uid] = max(self.named.get(job.uid, 0), before.attempt)
            self.unfenced.add(job.uid)
        elif now.holder not in (before.holder, self.holder):
            self.unfenced.add(job.uid)

    def is_foreign(self, body: Mapping[str, Any]) -> bool:
        """Whether an object's JSON has a claim that is not this process's, without reading it."""
        text = (body["metadata"].get("annotations") or {}).get(CLAIM_ANNOTATION)
        return text is not None and self.holder not in text

    def note_late(self, known: QuantumJob, late: QuantumJob) -> None:
        """A version is told after a newer one was read: what stood there in between is known only by it."""
        claim, now = late.claim, known.claim
        if claim is None or claim.uid != late.uid or claim.holder == self.holder:
            return
        if now and now.holder == claim.holder and now.attempt >= claim.attempt:
            return
        if now is None or now.attempt < claim.attempt:
            self.named[late.uid] = max(self.named.get(late.uid, 0), claim.attempt)
        self.unfenced.add(late.uid)

    def renounced(self, uid: str) -> None:
        """This process has taken its own claim off: nothing was sent under it."""
        self.named.pop(uid, None)
        self.unfenced.discard(uid)

    def forget(self, uid: str) -> None:
        """The object is gone."""
        self.lost.pop(uid, None)
        self.renounced(uid)
