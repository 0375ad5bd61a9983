"""What is remembered of one workspace's list, between the searches for jobs without an object.

Whoever owns the list can show new rows in every search: what is told of them has an end in each hour. Must not live
here: the search (`garbage_collector`).
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

MOST: Final = 100
"""Jobs of one workspace that a search acts on, and as many that were sent as orphans: a list of many more was not made
by this cluster. So many are told of in an hour, too."""
_HOUR: Final = 3600.0


@dataclass(slots=True)
class Sightings:
    """No other workspace's rows change it.

    Attributes:
        due: Monotonic time of the next search.
        first_seen: When each job without an object was seen first.
        reported: Those that people were told of, and when.
        hour: When the hour began in which reports are counted.
        told: How many reports there were in it; True: of jobs that were sent as orphans.
        untold: How many jobs were not told of one by one in it.
    """

    due: float
    first_seen: dict[str, float] = field(default_factory=dict)
    reported: dict[str, float] = field(default_factory=dict)
    hour: float = 0.0
    told: Counter[bool] = field(default_factory=Counter)
    untold: int = 0

    def forget_all_but(self, seen: set[str], now: float, *, complete: bool) -> None:
        """Keep what a search saw, and after one that broke off some of what was known before as well.

        Of whom people were told is known for an hour, though the list hides it: it may come back.
        """
        kept = seen if complete else seen.union(list(self.first_seen)[:MOST])
        self.first_seen = {job: at for job, at in self.first_seen.items() if job in kept}
        self.reported = {job: at for job, at in self.reported.items() if job in kept or now - at < _HOUR}

    def may_tell(self, job: str, now: float, *, orphan: bool) -> bool:
        """Whether people are told of a job now, who were not before; it counts as told."""
        if job in self.reported:
            return False
        if self.told[orphan] >= MOST:
            self.untold += 1
            return False
        self.reported[job] = now
        self.told[orphan] += 1
        return True

    def begin_hour(self, now: float) -> int:
        """How many were not told of in the hour that has ended; 0 while it lasts."""
        if now - self.hour < _HOUR:
            return 0
        untold, self.untold = self.untold, 0
        self.hour, self.told = now, Counter()
        return untold
