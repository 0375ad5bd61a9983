"""Objects that are gone while another one with their idempotency key may take their job over: how many are waited for.

Whoever may create jobs can have any number of them, one after the other, by an annotation and a deletion each. Must not
live here: who an heir is (`lifecycle.attempts`).
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

MOST_OF_A_NAMESPACE: Final = 1_000
"""As many as no accident leaves: an operator that dies has as many claims without an answer as it has workers."""
_SECONDS: Final = 5.0
_EACH_SECONDS: Final = 0.05
"""Of these for each that waits: a namespace's are looked at twenty times a second at most."""


@dataclass(slots=True)
class AwaitedHeirs:
    """Those that wait, by uid and namespace."""

    _waiting: dict[str, str] = field(default_factory=dict)
    _of: "Counter[str]" = field(default_factory=Counter)

    def wait(self, namespace: str, uid: str, *, surely_sent: bool = False) -> float | None:
        """Seconds until one that is gone is to be looked at again; None if too many of its namespace wait.

        Args:
            namespace: Its own.
            uid: Its own.
            surely_sent: It had a job by the word of an operator, not by an annotation alone: it is never left.
        """
        if uid not in self._waiting:
            if self._of[namespace] >= MOST_OF_A_NAMESPACE and not surely_sent:
                return None
            self._waiting[uid] = namespace
            self._of[namespace] += 1
        return max(_SECONDS, _EACH_SECONDS * self._of[namespace])

    def forget(self, uid: str) -> None:
        """It waits no more."""
        namespace = self._waiting.pop(uid, None)
        if namespace is not None:
            self._of[namespace] -= 1
            if not self._of[namespace]:
                del self._of[namespace]
