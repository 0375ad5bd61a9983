"""What goes wrong between a living operator and the API server: answers lost after their effect, events late or merged.

Must not live here: when (`drawing`, `encounters`).
"""

from collections import Counter
from typing import Any, Final

from devcluster.proxy import TlsProxy
from devcluster.proxyrules import Moment, Predicate, Request, Rule, timed_out
from devcluster.proxystreams import Withheld
from faults.jobs import API
from faults.writes import Write, write_of

_JOBS: Final = f"{API}/"


class Disturbances:
    """All that were made, and how often each struck.

    Attributes:
        lost: Answers that were lost, by what was written.
    """

    def __init__(self, proxy: TlsProxy) -> None:
        self.lost: Counter[Write] = Counter()
        self._proxy = proxy
        self._rules: list[Rule] = []
        self._withheld: list[Withheld] = []

    def lose_answers(self, kind: Write, *, times: int, cut: bool, of: Predicate | None = None) -> None:
        """Lose the answers to the next writes of a kind, by cutting the connection or by another answer.

        Args:
            kind: What is written.
            times: How many.
            cut: Whether the connection is cut; else etcd has "timed out".
            of: Only those of which this is true.
        """

        def picks(request: Request) -> bool:
            picked = write_of(request) is kind and (of is None or of(request))
            self.lost[kind] += picked
            return picked

        if cut:
            self._rules.append(self._proxy.drop(picks, when=Moment.AFTER, times=times))
        else:
            self._rules.append(self._proxy.replace(picks, timed_out(), times=times))

    def withhold_events(self, *, merge: bool, client: str | None = None) -> Withheld:
        """Hold back what the watches tell of jobs and workspaces.

        Args:
            merge: Whether only the last version of each object is told later.
            client: Only of this one; of all if None.
        """
        withheld = self._proxy.withhold(
            lambda request: request.path.startswith(_JOBS) and client in {None, request.client}, merge=merge
        )
        self._withheld.append(withheld)
        return withheld

    def end(self) -> None:
        """No answer is lost any more, and all that is pending is told."""
        for rule in self._rules:
            rule.retire()
        for withheld in self._withheld:
            withheld.release()

    def figures(self) -> dict[str, Any]:
        """What struck, for the report."""
        return {
            "answers_lost": {kind.value: self.lost[kind] for kind in Write if self.lost[kind]},
            "events_withheld": sum(withheld.lines for withheld in self._withheld),
            "events_merged": sum(withheld.merged for withheld in self._withheld),
        }
