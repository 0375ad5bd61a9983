"""What a budget says of jobs that nobody answers for, where several processes ask.

Rules:
1. What a process found out by asking it says once for each time that it asked, whoever takes it off meanwhile.
2. The condition is taken off once the job that it names is reserved no more, or by a process that asked about this job
   after it had seen the condition, and was answered. That it knows of no trouble is no reason.

Must not live here: who is asked, and when (`budget_sweep`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from quantumjob_operator.budgets.conditions import UNCONFIRMED
from quantumjob_operator.model.jobstatus import Condition
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.reservation import Reservation


@dataclass(frozen=True, slots=True)
class Found:
    """What is to become of the condition; it stays as it is if neither is there.

    Attributes:
        text: What it is to say.
        over: The condition that no longer holds, as it was seen.
        asked_at: When the service was last asked about the job that the text names.
    """

    text: str = ""
    over: Condition | None = None
    asked_at: float = 0.0

    def of(self, budget: QuantumBudget) -> str | None:
        """What is said of a budget in its newest version; empty if nothing is, None if that stays as it is."""
        if self.text:
            return self.text
        return "" if self.over is not None and self.over == _condition(budget) else None


class Unconfirmed:
    """What this process knows of those that nobody answers for."""

    def __init__(self) -> None:
        self._why: dict[str, tuple[float, str]] = {}
        self._seen: dict[str, Condition] = {}
        self._answered: set[str] = set()
        """Jobs for which the service has answered since a condition that names them was seen first."""
        self._said: dict[str, tuple[str, float]] = {}

    def see(self, budget: QuantumBudget) -> str | None:
        """Look at the condition; the id of the job that it names, if that is reserved."""
        there, seen = _condition(budget), self._seen.pop(budget.uid, None)
        if there is None:
            return None
        self._seen[budget.uid] = there
        named = _named(budget, there)
        if named and (seen is None or _told(seen) != _told(there)):
            self._answered.discard(named)
        return named

    def unanswered(self, job_id: str, now: float, why: str) -> float | None:
        """Nobody answers for a job; since when, or None if that is new."""
        since, _ = self._why.get(job_id, (None, ""))
        self._why[job_id] = (now if since is None else since, why)
        self._answered.discard(job_id)
        return since

    def answered(self, job_id: str) -> None:
        """The service has answered for a job."""
        self._why.pop(job_id, None)
        self._answered.add(job_id)

    def found(self, budget: QuantumBudget, asked: Callable[[str], float | None]) -> Found:
        """What is to become of the condition.

        Args:
            budget: As it is after the service was asked.
            asked: When this process last asked about a job.
        """
        left = [one for one in budget.status.reservations if one.job_id in self._why]
        over = self._over(budget)
        if left:
            text, asked_at = self._text(left), asked(left[0].job_id) or 0.0
            if over or self._said.get(budget.uid) != (text, asked_at):
                return Found(text, asked_at=asked_at)
        return Found(over=over)

    def say(self, uid: str, found: Found) -> None:
        """What was found stands in a budget's status."""
        if found.text:
            self._said[uid] = (found.text, found.asked_at)

    def keep(self, budgets: Mapping[str, QuantumBudget]) -> None:
        """Forget what is reserved in none of these."""
        jobs = {one.job_id for each in budgets.values() for one in each.status.reservations}
        self._why = {one: told for one, told in self._why.items() if one in jobs}
        self._answered &= jobs
        self._seen = {one: seen for one, seen in self._seen.items() if one in budgets}
        self._said = {one: said for one, said in self._said.items() if one in budgets}

    def _over(self, budget: QuantumBudget) -> Condition | None:
        """The condition that was seen, if it no longer holds."""
        seen = self._seen.get(budget.uid)
        named = _named(budget, seen) if seen else None
        return seen if named is None or named in self._answered else None

    def _text(self, left: list[Reservation]) -> str:
        first, more = left[0], f", and of {len(left) - 1} more" if len(left) > 1 else ""
        return (
            f"what job {first.job_id} of QuantumJob {first.namespace}/{first.name} cost is not known{more}, because "
            f"{self._why[first.job_id][1]}: it counts as reserved until the service answers for it; repair the "
            "QuantumWorkspace or its credentials. What nobody answers for within seven days counts as spent"
        )


def _condition(budget: QuantumBudget) -> Condition | None:
    return next((one for one in budget.status.conditions if one.type == UNCONFIRMED), None)


def _named(budget: QuantumBudget, condition: Condition) -> str | None:
    return next((one.job_id for one in budget.status.reservations if one.job_id in condition.message), None)


def _told(condition: Condition) -> tuple[str, str]:
    return condition.message, condition.last_transition_time
