"""Whether nothing of an attempt was sent, whatever its user writes into its claim.

Rules:
1. Only operators send: what a predecessor has sent is shown by the end of a fence that begins when this process first
   sees the object, and what this process has sent by the end of the fence of its PUT.
2. An attempt that the service does not have after that was not sent, until this process begins to send it.
3. No claim that is written later changes this. A holder in a claim, and a fence, keep a PUT back (`fence`), and so they
   must; but users can write them, again and again, and a slot kept meanwhile keeps others waiting for nothing.

Lives here: what the count of slots asks for. Must not live here: whether a 404 lets a PUT start (`fence`).
"""

from dataclasses import dataclass
from typing import Final

from quantumjob_operator.lifecycle.observation import ABSENT, Absent, Trouble
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.model.values import replace

_FOREVER: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Unsent:
    """What one process knows of one job. All times are monotonic seconds.

    Attributes:
        hidden_until: What operators have sent may not be shown before.
        attempt: That was not sent by then, nor since; 0: none is known.
    """

    hidden_until: float = 0.0
    attempt: int = 0

    def hidden(self, until: float) -> "Unsent":
        """A predecessor may have sent until now, whatever was asked before; it is shown by then."""
        return Unsent(hidden_until=max(self.hidden_until, until))

    def sending(self) -> "Unsent":
        """A PUT of this process begins."""
        return Unsent(hidden_until=_FOREVER)

    def sent(self, until: float) -> "Unsent":
        """It has ended, and what came of it is shown by then."""
        return replace(self, hidden_until=until)

    def answered(
        self, remote: RemoteJob | Absent | Trouble | None, asked: float, attempt: int, *, sure: bool
    ) -> "Unsent":
        """The service was asked for an attempt.

        Args:
            remote: Its answer.
            asked: When.
            attempt: Which; 0: not known.
            sure: The claim is ours, and a 404 is believed.
        """
        if isinstance(remote, RemoteJob):
            return replace(self, attempt=0)
        known = remote is ABSENT and (sure or asked >= self.hidden_until)
        return replace(self, attempt=attempt) if known else self

    def left(self, now: float) -> float:
        """Seconds until the service can tell."""
        return max(0.0, self.hidden_until - now)


NOTHING_KNOWN: Final = Unsent()
