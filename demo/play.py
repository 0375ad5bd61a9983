"""The play itself: apply the examples, watch them, delete one while it executes, and judge how each ended.

Must not live here: where it plays (`local`, `current`), what is shown (`screen`), what is expected (`expectations`).
"""

import time
from pathlib import Path
from typing import Final

from demo.expectations import EXAMPLES, Ending, Expectation, Manifest, Verdict, counts_of, judge_counts
from demo.screen import Row, Screen
from demo.venue import Venue

_EXAMPLES: Final = Path(__file__).resolve().parents[1] / "examples"
_LOOK_SECONDS: Final = 0.3
_LONGEST_DETAIL: Final = 100


class Play:
    """One performance.

    Args:
        venue: Where.
        screen: Shows it.
    """

    def __init__(self, venue: Venue, screen: Screen) -> None:
        self._venue = venue
        self._screen = screen
        self._last: dict[str, Manifest] = {}
        self._deleted: set[str] = set()
        self._gone: set[str] = set()

    def perform(self, seconds: float) -> None:
        """Apply all examples and watch until each has ended, for at most so many seconds."""
        files = [f"--filename={_EXAMPLES / expected.name}.yaml" for expected in EXAMPLES]
        self._screen.say(f"kubectl apply -f examples/{{{','.join(expected.name for expected in EXAMPLES)}}}.yaml")
        self._venue.kubectl.run("apply", *files)
        deadline = time.monotonic() + seconds
        while True:
            self._look()
            self._screen.show([self._row(expected) for expected in EXAMPLES])
            if all(self._has_ended(expected) for expected in EXAMPLES) or time.monotonic() > deadline:
                break
            time.sleep(_LOOK_SECONDS)
        self._screen.close()

    def verdicts(self) -> list[Verdict]:
        """The verdict on each example."""
        return [Verdict(expected.name, self._fault(expected)) for expected in EXAMPLES]

    def _look(self) -> None:
        jobs = {job["metadata"]["name"]: job for job in self._venue.kubectl.read("quantumjobs")["items"]}
        self._gone |= self._deleted - jobs.keys()
        self._last |= jobs
        for expected in EXAMPLES:
            if expected.ending is Ending.DELETED and expected.name not in self._deleted:
                self._delete_while_executing(expected.name)

    def _delete_while_executing(self, name: str) -> None:
        if self._status(name).get("state") != "Executing":
            return
        self._venue.kubectl.run("delete", "quantumjob", name, "--wait=false")
        self._screen.say(f"kubectl delete quantumjob {name}")
        self._deleted.add(name)

    def _status(self, name: str) -> Manifest:
        status: Manifest = self._last.get(name, {}).get("status", {})
        return status

    def _condition(self, name: str, kind: str) -> Manifest:
        conditions = self._status(name).get("conditions") or []
        found: Manifest = next((one for one in conditions if one["type"] == kind), {})
        return found

    def _has_ended(self, expected: Expectation) -> bool:
        if expected.name in self._deleted:
            return expected.name in self._gone
        return self._condition(expected.name, "Finished").get("status") == "True"

    def _row(self, expected: Expectation) -> Row:
        name = expected.name
        target = self._last.get(name, {}).get("spec", {}).get("target", "")
        if name in self._gone:
            detail = f"gone after the workspace said {self._paid_as(name)}"
            return Row(name, expected.about, target, Ending.DELETED, detail)
        state = self._status(name).get("state") or "Pending"
        return Row(name, expected.about, target, state, self._said(name))

    def _said(self, name: str) -> str:
        """The last word of the operator on a job, short enough for a table."""
        error = self._status(name).get("error") or {}
        shown = next(filter(None, (self._condition(name, kind) for kind in ("Stalled", "Reconciling", "Ready"))), {})
        words = error.get("message") or shown.get("message", "")
        line = " ".join(words.split())
        return line if len(line) <= _LONGEST_DETAIL else f"{line[: _LONGEST_DETAIL - 1]}…"

    def _paid_as(self, name: str) -> str:
        """How the workspace's ledger says that the job's run ended."""
        job_id = self._status(name).get("jobId")
        runs = [run["status"] for run in self._venue.emulator.ledger() if run["job"] == job_id]
        return ", ".join(runs) or "nothing"

    def _fault(self, expected: Expectation) -> str | None:
        name = expected.name
        if not self._has_ended(expected):
            return f"has not ended: {self._status(name).get('state', 'not seen')}, {self._said(name)}"
        ended = Ending.DELETED if name in self._gone else self._status(name).get("state")
        if ended != expected.ending:
            return f"ended as {ended}, expected {expected.ending}: {self._said(name)}"
        if ended is Ending.DELETED and self._paid_as(name) != Ending.CANCELLED:
            return f"is deleted, but the workspace's ledger says {self._paid_as(name)}, not Cancelled"
        if ended == Ending.SUCCEEDED:
            config_map = self._venue.kubectl.read("configmap", expected.config_map)
            return judge_counts(expected, counts_of(config_map))
        return None
