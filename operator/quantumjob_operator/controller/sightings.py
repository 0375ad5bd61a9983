"""What is remembered of one workspace's list, between the searches for jobs without an object.

Whoever owns the list can show new rows in every search, and make QuantumWorkspaces anew that lead to it: what is told
of a namespace's lists has an end in each hour. Must not live here: the search (`garbage_collector`).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from quantumjob_operator.model.quantumworkspace import QuantumWorkspace

MOST: Final = 100
"""Jobs of one workspace that a search acts on, and as many that were sent as orphans: a list of many more was not made
by this cluster. So many are told of in an hour of all workspaces of a namespace together, too."""
MOST_LOOKED: Final = 10_000
"""Objects and listings of one search: whoever owns a list may have their whole namespace listed for each row."""
_OVERLAP: Final = 100
_HOUR: Final = 3600.0


@dataclass(slots=True)
class Hour:
    """What a namespace was told of in an hour, through whichever of its workspaces: they may be gone before it is over.

    Attributes:
        began: When it began.
        told: How many reports there were in it; True: of jobs that were sent as orphans.
        untold: How many jobs were not told of one by one in it.
    """

    began: float = -_HOUR
    told: Counter[bool] = field(default_factory=Counter)
    untold: int = 0

    def begin(self, now: float) -> int:
        """How many were not told of in the hour that has ended; 0 while it lasts."""
        if not self.is_over(now):
            return 0
        untold, self.untold = self.untold, 0
        self.began, self.told = now, Counter()
        return untold

    def is_over(self, now: float) -> bool:
        """Whether another one may begin."""
        return now - self.began >= _HOUR


@dataclass(slots=True)
class Sightings:
    """No other workspace's rows change it.

    Attributes:
        due: Monotonic time of the next search.
        hour: In which reports are counted.
        first_seen: When each job without an object was seen first.
        reported: Those that people were told of, and when.
        looked: Objects that this search had listed live, and listings.
        row: Of the list, where the next search begins, if this one ran out of time.
    """

    due: float
    hour: Hour
    first_seen: dict[str, float] = field(default_factory=dict)
    reported: dict[str, float] = field(default_factory=dict)
    looked: int = 0
    row: int = 0
    _done: set[str] = field(default_factory=set)
    _met: set[str] = field(default_factory=set)

    @property
    def was_cut(self) -> bool:
        """Whether the search had to leave some rows to the next one."""
        return self.looked >= MOST_LOOKED

    def begin(self) -> None:
        """A search begins; after one that left some rows over with these."""
        if not self.was_cut:
            self._done.clear()
        self._met.clear()
        self.looked = 0

    def stop(self, begun: int) -> int:
        """The search ran out of time: at which row the next one begins.

        Rows move up where jobs before them end; those that are passed over so are seen by one that begins at the first.

        Args:
            begun: At which row this one began.
        """
        self.row -= min(_OVERLAP, (self.row - begun) // 2)
        return self.row

    def may_look(self, job: str) -> bool:
        """Whether the owner of a job is looked for now: of too many for one search each has its turn."""
        self._met.add(job)
        if job in self._done or self.was_cut:
            return False
        self._done.add(job)
        return True

    def forget_all_but(self, seen: set[str], now: float, *, complete: bool) -> None:
        """Keep what a search saw, and after one that broke off some of what was known before as well.

        Of whom people were told is known for an hour, though the list hides it: it may come back.
        """
        self._done &= self._met  # a list may invent others each time
        kept = seen if complete else seen.union(list(self.first_seen)[:MOST])
        self.first_seen = {job: at for job, at in self.first_seen.items() if job in kept}
        self.reported = {job: at for job, at in self.reported.items() if job in kept or now - at < _HOUR}

    def may_tell(self, job: str, now: float, *, orphan: bool) -> bool:
        """Whether people are told of a job now, who were not before; it counts as told."""
        if job in self.reported:
            return False
        if self.hour.told[orphan] >= MOST:
            self.hour.untold += 1
            return False
        self.reported[job] = now
        self.hour.told[orphan] += 1
        return True


class Lists:
    """What is remembered of all workspaces' lists."""

    def __init__(self) -> None:
        self._of: dict[str, Sightings] = {}
        self._hours: dict[str, Hour] = {}

    def __getitem__(self, uid: str) -> Sightings:
        """Of the workspace of this uid."""
        return self._of[uid]

    def known(self, workspaces: Mapping[str, QuantumWorkspace], now: float) -> None:
        """These workspaces are there, by their uids, and no others."""
        served = {one.namespace for one in workspaces.values()}
        self._hours = {name: one for name, one in self._hours.items() if name in served or not one.is_over(now)}
        of = {}
        for uid, one in workspaces.items():
            of[uid] = self._of.get(uid) or Sightings(now, self._hours.setdefault(one.namespace, Hour()))
        self._of = of

    def due(self, now: float) -> list[str]:
        """Whose list is to be searched: who waits longest before others."""
        return [uid for _, uid in sorted((one.due, uid) for uid, one in self._of.items() if one.due <= now)]
