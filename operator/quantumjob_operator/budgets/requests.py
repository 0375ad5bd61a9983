"""Whether a budget lets a job be submitted now.

Rules, the first that applies:
1. What is known to be free passes.
2. While the ledger is not counted, or the budget is suspended, nothing passes; while it is about to go, only that for
   which it goes on to wait.
3. What can't be told, or is above `perJob`, does not pass however much is left.
4. A reservation that stands is confirmed, and never lowered: the job that it was made for may run, and who asks now may
   be another object with its key, which only the service tells apart. But it does not begin once a limit was lowered so
   far that it would not fit if all others released what they have. What is more, or new, must fit every limit,
   together with what the job that waits longest needs: else small ones would take for ever what is released for a large
   one.
5. What a count has set aside, because a claim or the ledger itself told of it and no list did, is no leave to send: its
   job is asked of every limit. While it may be on its way it counts, but it ends no other job for good.
6. Given back is only what nobody else was granted meanwhile: whoever finds a new reservation confirms it in the ledger,
   where the one who made it sees that.

Must not live here: who waits, and who is woken (`controller.spending`).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from quantumjob_operator.budgets import refusals
from quantumjob_operator.budgets.fit import Ahead, no_longer_fits, of_unit
from quantumjob_operator.budgets.ledger import Ledger, last_confirmed, ledger_of, put, release
from quantumjob_operator.budgets.needs import CLAIMED, CostUnknown, Needs
from quantumjob_operator.budgets.refusals import Refusal
from quantumjob_operator.budgets.room import MOST_ASKERS, Room, places
from quantumjob_operator.budgets.simulated import fits
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.money import Amount, larger
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.reservation import Reservation


@dataclass(frozen=True, slots=True)
class Request:
    """A job that asks to be submitted.

    Attributes:
        job_id: Its id at the service.
        workspace: Name of the QuantumWorkspace.
        place: Where that leads to, as in a reservation.
        fresh: A reservation that was confirmed so lately needs no further confirmation. Less than a fence: a process
            that goes on where another one stopped confirms for itself, and so the other one gives nothing back.
        ahead: Those for whom something is kept.
        keyed: Its id is that of an idempotency key, which other objects may have, too.
    """

    job_id: str
    namespace: str
    name: str
    uid: str
    workspace: str
    place: str
    needs: Needs | CostUnknown
    fresh: timedelta
    ahead: tuple[Ahead, ...] = ()
    keyed: bool = False


@dataclass(frozen=True, slots=True)
class Granted:
    """The job may be submitted.

    Attributes:
        amounts: What is reserved; empty for what is free.
        since: When the reservation was last confirmed; None for what is free.
        new: It did not stand before.
        claim: What a count had set aside in its place, which comes back if nothing is sent.
    """

    amounts: tuple[Amount, ...]
    since: datetime | None
    new: bool = False
    claim: Reservation | None = None


def ask(budget: QuantumBudget, ledger: Ledger, request: Request, now: datetime) -> tuple[Ledger, Granted | Refusal]:
    """The answer to a request, and the ledger with what it reserved."""
    needs = request.needs
    if isinstance(needs, Needs) and needs.basis == "Free":
        return ledger, Granted((), None)
    standing = ledger.open.get(request.job_id)
    may_stay = budget.deletion_requested and not budget.unreadable
    asked = standing is not None and standing.basis != CLAIMED
    if may_stay and standing and asked and request.uid in (standing.uid, *(standing.asked_by or ())):
        # The budget waits for what is reserved: a job that waited for it, or for more of it, would wait for ever.
        return _confirm(budget, ledger, standing, request, now)
    if refusal := refusals.closed(budget):
        return ledger, refusal
    if isinstance(needs, CostUnknown):
        return ledger, refusals.unknown(budget, needs)
    for limit in budget.spec.per_job:
        if (amount := of_unit(needs.amounts, limit.unit)) > limit.value:
            return ledger, refusals.above_job_limit(budget, limit, amount, needs)
    return _reserve(budget, ledger, request, needs, now)


def in_order(asked: list[tuple[QuantumBudget, Request]], now: datetime) -> list[tuple[QuantumBudget, Request]]:
    """The budgets in the order in which a job asks them: those that refuse by what their status says first.

    The others keep nothing for it then, and confirm nothing: what stands there is found unused, however often it asks.
    """

    def passes(one: tuple[QuantumBudget, Request]) -> bool:
        return isinstance(ask(one[0], ledger_of(one[0], now), one[1], now)[1], Granted)

    return sorted(asked, key=passes) if len(asked) > 1 else asked


def _reserve(
    budget: QuantumBudget, ledger: Ledger, request: Request, needs: Needs, now: datetime
) -> tuple[Ledger, Granted | Refusal]:
    standing = ledger.open.get(request.job_id)
    claim = standing if standing and standing.basis == CLAIMED else None
    if claim and not request.keyed:
        # Nobody but this object sends under it; under a key another one may have a claim, too. A moment later than the
        # count: what was granted before it must not be taken for this, and times are whole seconds.
        now = max(now, last_confirmed(claim) + timedelta(seconds=1))
        guess = replace(claim, amounts=_smaller(claim.amounts, needs.amounts))
        ledger, answer = _raise(budget, put(ledger, guess), request, needs, now)
        return ledger, replace(answer, claim=guess) if isinstance(answer, Granted) else answer
    if standing is not None and not claim and larger(standing.amounts, needs.amounts) == standing.amounts:
        if refusal := no_longer_fits(budget, ledger, standing, needs):
            return ledger, refusal
        return _confirm(budget, ledger, standing, request, now)
    return _raise(budget, ledger, request, needs, now, standing=standing)


def _raise(
    budget: QuantumBudget,
    ledger: Ledger,
    request: Request,
    needs: Needs,
    now: datetime,
    *,
    standing: Reservation | None = None,
) -> tuple[Ledger, Granted | Refusal]:
    """What is new, or more than what stands; a claim under which nothing was sent is as if it were not there."""
    others = release(ledger, request.job_id)
    asked = replace(needs, amounts=larger(standing.amounts if standing else (), needs.amounts))
    entry = _entry(ledger, request, asked, standing, now)
    if refusal := _without_place(budget, ledger, ledger.open.get(request.job_id), entry):
        return ledger, refusal
    refusal = fits(budget, others, request.namespace, needs, ahead=request.ahead)
    if not refusal and asked.amounts != needs.amounts:
        # It would fit without what others with its key may have sent, and that may be nothing: it waits to know.
        refusal = fits(budget, others, request.namespace, asked, ahead=request.ahead, surely=False)
    if refusal:
        return ledger, refusal
    return put(others, entry), Granted(entry.amounts, last_confirmed(entry), new=standing is None)


def _confirm(
    budget: QuantumBudget, ledger: Ledger, standing: Reservation, request: Request, now: datetime
) -> tuple[Ledger, Granted | Refusal]:
    # One that nobody has confirmed may still be given back by whoever made it, who may be another process.
    safe = standing.uid == request.uid and standing.renewed_at is not None
    if safe and now - last_confirmed(standing) < request.fresh:
        return ledger, Granted(standing.amounts, last_confirmed(standing))
    renewed = _renewed(standing, request, now)
    if refusal := _without_place(budget, ledger, standing, renewed):
        return ledger, refusal
    return put(ledger, renewed), Granted(standing.amounts, last_confirmed(renewed))


def _without_place(
    budget: QuantumBudget, ledger: Ledger, standing: Reservation | None, entry: Reservation
) -> Refusal | None:
    """Why a reservation can't be made, or grow: another object with its key may have a longer name, or more units."""
    if standing is not None and places(entry) <= places(standing):
        return None
    room = Room(ledger.open.values())
    return None if room.has_place(entry.namespace) else refusals.busy(budget, entry.namespace, room)


def _renewed(standing: Reservation, request: Request, now: datetime) -> Reservation:
    return replace(
        standing,
        name=request.name,
        uid=request.uid,
        workspace=request.workspace,
        place=request.place,
        renewed_at=stamp(now),
        asked_by=_askers(standing, request),
    )


def _entry(ledger: Ledger, request: Request, needs: Needs, standing: Reservation | None, now: datetime) -> Reservation:
    reserved_at, start = standing.reserved_at if standing else stamp(now), stamp(ledger.period.start)
    return Reservation(
        job_id=request.job_id,
        namespace=request.namespace,
        name=request.name,
        uid=request.uid,
        workspace=request.workspace,
        place=request.place,
        reserved_at=reserved_at,
        renewed_at=stamp(now) if standing else None,
        amounts=needs.amounts,
        basis=needs.basis,
        # All of it was asked of this period's limits; when it was sent is told by the other.
        period_start=start if reserved_at < start else None,
        ended_at=standing.ended_at if standing else None,
        asked_by=_askers(standing, request),
    )


def _askers(standing: Reservation | None, request: Request) -> tuple[str, ...] | None:
    """All objects for which the job may have been sent under a reservation; None if there are too many to tell."""
    if standing is None:
        return (request.uid,) if request.keyed else None
    if standing.asked_by is None or request.uid in standing.asked_by:
        return standing.asked_by
    return (*standing.asked_by, request.uid) if len(standing.asked_by) < MOST_ASKERS else None


def give_back(ledger: Ledger, request: Request, granted: Granted, *, refused: bool = False) -> Ledger:
    """The ledger without what a request was granted anew, unless somebody else was granted it meanwhile.

    Another process, or another object with the same key, may send the job under it.

    Args:
        ledger: As it is.
        request: Of the job.
        granted: What it was granted.
        refused: The service has refused the job under a claim that was sure, so that no other process can send it
            either: what stood before is given back, too, unless it is another object's, or awaits a bill.
    """
    standing = ledger.open.get(request.job_id)
    if standing is None or standing.uid != request.uid or standing.ended_at is not None:
        return ledger
    if last_confirmed(standing) != granted.since:
        return ledger
    others = request.keyed and standing.asked_by != (request.uid,)
    if others if refused else (not granted.new or standing.renewed_at is not None):
        return ledger
    return put(ledger, granted.claim) if granted.claim and not refused else release(ledger, request.job_id)


def _smaller(guessed: tuple[Amount, ...], needed: tuple[Amount, ...]) -> tuple[Amount, ...]:
    """What was guessed, as far as it is needed."""
    most = {one.unit: one for one in needed}
    return tuple(min(one, most[one.unit], key=lambda each: each.value) for one in guessed if one.unit in most)
