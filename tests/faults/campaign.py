"""The whole campaign: kills at boundaries, encounters, kills at random moments, the end of all faults, the verdict."""

import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from devcluster.proxyrules import Moment
from faults.boundaries import BOUNDARIES, Boundary, Way
from faults.budgets import WIDE, entries_left
from faults.encounters import Encounters
from faults.evidence import alarms_of, begun_of, is_true, releases_of, runs_of, seen_of, told_of
from faults.jobs import Object, Target
from faults.judge import Evidence, Verdict, judge
from faults.plan import FULL, LOSABLE, Plan
from faults.rounds import Rounds
from faults.system import TIGHT_NAMESPACE, System, launch
from faults.turmoil import Turmoil
from faults.writes import Write

_UNCHANGED_SECONDS: Final = 90.0
"""An object that is at no end and hasn't changed for so long after all faults ended is stuck.

More than the minute after which the operator says what is to be done about an output that Kubernetes has not removed.
"""
_SETTLED_SECONDS: Final = 300.0
_LOOK_SECONDS: Final = 1.0
_SELDOM: Final = frozenset({Write.RENOUNCE})
"""Two operators have to claim one key at the same moment."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a campaign came to.

    Attributes:
        figures: The JSON of `build/faults.json`.
        verdict: The violations.
        unhit: Boundaries that were not hit as often as planned, which makes the run invalid.
    """

    figures: dict[str, Any]
    verdict: Verdict
    unhit: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether it was valid and nothing was violated."""
        return self.verdict.clean and not self.unhit


def progress(line: str) -> None:
    """Say on the terminal how far it is."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()


def run(plan: Plan, folder: Path, *, boundaries: Sequence[Boundary] = BOUNDARIES, report: Report = progress) -> Outcome:
    """Run a campaign; takes minutes.

    Args:
        plan: What happens.
        folder: A new one; keeps the logs.
        boundaries: Where the operator is killed.
        report: Told how far it is.
    """
    began = time.monotonic()
    with System.start(folder, repeated_put=plan.repeated_put, seed=plan.seed) as system:
        report(f"seed {plan.seed}: a repeated PUT is {plan.repeated_put}; logs in {folder}")
        rounds = Rounds(system, boundaries, random.Random(plan.seed), share=plan.size.share)  # noqa: S311 - no secrets
        rounds.run(plan.size.rounds, report)
        encounters = Encounters(system, plan.size, random.Random(plan.seed))  # noqa: S311 - no secrets
        encounters.run(report)
        turmoil = Turmoil(system, plan, report)
        turmoil.run()
        _settle(system, report)
        verdict = judge(_evidence(system))
        figures = {
            "seed": plan.seed,
            "kills": rounds.kills + encounters.kills + turmoil.kills,
            "kills_between_effect_and_answer": rounds.within,
            "stopped_and_continued": encounters.frozen + turmoil.frozen,
            "api_server_restarts": turmoil.restarts,
            **system.disturbances.figures(),
            "faults_injected": system.struck(),
            "jobs": len(system.users.jobs),
            **{count: len(found) for count, found in asdict(verdict).items()},
            "repeated_put": plan.repeated_put,
            "billed_runs": len(system.stack.emulator.ledger()),
            "seconds": round(time.monotonic() - began),
            "kills_at_boundaries": {
                boundary.name: {moment.value: rounds.hits[boundary, moment] for moment in Moment}
                for boundary in boundaries
            },
            "violations": [sentence for found in asdict(verdict).values() for sentence in found],
        }
    unhit = (*(f"{boundary.name} ({moment})" for boundary, moment in rounds.missing), *_never_lost(system, plan))
    return Outcome(figures, verdict, unhit)


def _never_lost(system: System, plan: Plan) -> Iterator[str]:
    """The writes of whose answers none was lost, in a campaign that is large enough for all."""
    if plan.size.losses >= FULL.losses:
        yield from (
            f"answer lost: {kind}" for kind in LOSABLE if kind not in _SELDOM and not system.disturbances.lost[kind]
        )


def _settle(system: System, report: Report) -> None:
    """All faults are over: an operator runs undisturbed, users end what would run for ever, until all is at rest."""
    launch(system.operators[0])
    system.users.raise_limit(TIGHT_NAMESPACE, WIDE)
    objects = system.users.look()
    for one in objects:
        job = system.users.jobs[one["metadata"]["uid"]]
        if one["spec"]["target"] != Target.SHORT and not is_true(one, "Finished"):
            system.users.cancel(job)
    report(f"all faults are over; {len(objects)} of {len(system.users.jobs)} objects are left")
    began = changed = time.monotonic()
    before: dict[str, str] = {}
    while (now := time.monotonic()) - began < _SETTLED_SECONDS:
        waiting = _restless(system)
        for one in waiting:
            system.users.follow_advice(one)
        restless = {one["metadata"]["uid"]: one["metadata"]["resourceVersion"] for one in waiting}
        changed, before = (changed if restless == before else now), restless
        if not restless or now - changed > _UNCHANGED_SECONDS:
            break
        # The proxies are threads of this process: whoever looks all the time keeps them from passing anything on.
        time.sleep(max(_LOOK_SECONDS, 4 * (time.monotonic() - now)))
    while time.monotonic() - began < _SETTLED_SECONDS and _something_reserved(system):
        time.sleep(_LOOK_SECONDS)
    report(f"at rest after {time.monotonic() - began:.0f} s, {len(before)} objects are not at an end")


def _something_reserved(system: System) -> bool:
    runs = system.stack.emulator.ledger()
    return any(entries_left(one, runs) for one in system.users.budgets())


def _restless(system: System) -> list[Object]:
    """The objects that something is still to happen to."""
    running = {run.uid for run in runs_of(system.stack.emulator.ledger()) if not run.ended}
    objects = system.users.look()
    return [
        one
        for one, seen in zip(objects, seen_of(objects, ()), strict=True)
        if seen.leaving or seen.uid in running or not (seen.finished or (seen.suspended and seen.state == "Suspended"))
    ]


def _evidence(system: System) -> Evidence:
    return Evidence(
        wishes=[job.wish for job in system.users.jobs.values()],
        runs=runs_of(system.stack.emulator.ledger()),
        objects=seen_of(system.users.look(), system.users.outputs()),
        releases=list(releases_of(system.log_lines())),
        told=told_of(system.users.events()),
        begun=begun_of(system.proxy(Way.CLUSTER).exchanges),
        alarms=alarms_of(system.log_lines()),
        interruptions=system.interruptions,
        purses=system.purses(),
    )
