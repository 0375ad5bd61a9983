"""Which tenants have taken more than is usual of something that others wait for, until that is forgotten.

Each one's share may be small, and many namespaces of one owner have all of it: so those who took much share one part
together. Must not live here: of what it is taken, or which part that is.
"""

from dataclasses import dataclass, field
from typing import Final

_MOST_KNOWN: Final = 10_000


@dataclass(slots=True)
class Excess:
    """What each tenant has taken beyond what is usual, in seconds.

    Attributes:
        usual: So much at a time is nothing.
        limit: Beyond this a tenant is one of those who take much.
        most: No more is remembered.
        forgotten: So much in each second.
    """

    usual: float
    limit: float
    most: float
    forgotten: float
    _known: dict[str, tuple[float, float]] = field(default_factory=dict)

    def note(self, tenant: str, seconds: float, now: float) -> None:
        """A tenant has taken so much at a time."""
        left = self._left(tenant, now)
        self._known.pop(tenant, None)
        if more := min(self.most, left + max(0.0, seconds - self.usual)):
            self._known[tenant] = more, now
            if len(self._known) > _MOST_KNOWN:
                del self._known[next(iter(self._known))]

    def is_much(self, tenant: str, now: float) -> bool:
        """Whether a tenant has taken more than it should."""
        return self._left(tenant, now) > self.limit

    def _left(self, tenant: str, now: float) -> float:
        seconds, since = self._known.get(tenant, (0.0, now))
        return max(0.0, seconds - self.forgotten * (now - since))
