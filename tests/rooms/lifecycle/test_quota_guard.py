"""Whether a provider's own quota serves a job: what counts, what is left, and what is said."""

from dataclasses import replace
from typing import Any, Final

import pytest

from quantumjob_operator.lifecycle import Action, decide
from quantumjob_operator.lifecycle.observation import ABSENT, QuotaLooked, Trouble
from quantumjob_operator.lifecycle.quota_guard import Need, shortage, takes_much, untold
from quantumjob_operator.model.conditions import Kind
from quantumjob_operator.model.money import Amount, Basis, Estimate
from quantumjob_operator.model.quotas import Quota
from rooms.lifecycle.observations import OUTPUT, PROGRAM, WORKSPACE, claimed, new, reason_of, remote, seen


def hqc(limit: float | None = 800.0, used: float | None = 796.8, holds: float | None = 0.0, **other: Any) -> Quota:
    """A quota of which 3.2 are left."""
    return replace(Quota("hqc", "Subscription", "quantinuum", "Infinite", used, holds, limit), **other)


def needs(*amounts: tuple[str, str], target: str = "quantinuum.qpu.h2-1", basis: Basis = Basis.PRICE_LIST) -> Need:
    """A job with an estimate."""
    estimate = Estimate(basis, "counted", tuple(Amount(unit, amount) for unit, amount in amounts), "2025-09-17")
    return Need(target.partition(".")[0], target, estimate)


MUCH: Final = needs(("hqc", "13.9"), ("USD", "173.75"))
AT_A_TIME: Final = Quota("jobs", "Workspace", "qci", "None", 1.0, 1.0, 3.0)
QCI: Final = Need("qci", "qci.simulator")
OFFERS: Final = [{"target": f"quantinuum.{one}"} for one in ("qpu.h2-1", "qpu.h2-2", "sim.h2-1sc", "sim.h2-1e")]


@pytest.mark.parametrize(
    ("need", "quotas", "since", "short"),
    [
        pytest.param(MUCH, [hqc()], [], True, id="more than is left"),
        pytest.param(needs(("hqc", "3.2")), [hqc()], [], False, id="just as much as is left"),
        pytest.param(needs(("hqc", "3.2")), [hqc(holds=0.1)], [], True, id="what is held for others is not left"),
        pytest.param(needs(("hqc", "1.7")), [hqc()], [needs(("hqc", "1.6"))], True, id="one of ours went before"),
        pytest.param(needs(("hqc", "1.6")), [hqc()], [needs(("hqc", "1.6"))], False, id="and there is enough for both"),
        pytest.param(
            needs(("hqc", "3.2")), [hqc()], [needs(("ehqc", "9"))], False, id="one of ours took of another dimension"
        ),
        pytest.param(needs(("ehqc", "13.9")), [hqc()], [], False, id="ehqc is not hqc"),
        pytest.param(needs(("hqc", "13.9"), target="ionq.qpu.x"), [hqc()], [], False, id="of another provider"),
        pytest.param(Need("Quantinuum", "x", MUCH.estimate), [hqc()], [], True, id="a provider spelled in another way"),
        pytest.param(Need("quantinuum", "quantinuum.qpu.h2-1"), [hqc()], [], False, id="no estimate"),
        pytest.param(needs(basis=Basis.UNKNOWN), [hqc()], [], False, id="an estimate that knows nothing"),
        pytest.param(needs(basis=Basis.FREE), [hqc(used=800.0)], [], False, id="a free target of the same provider"),
        pytest.param(MUCH, [hqc(limit=None)], [], False, id="a quota without a limit"),
        pytest.param(MUCH, [hqc(used=None, holds=None)], [], False, id="a quota of which nothing is used"),
        pytest.param(MUCH, [], [], False, id="no quota at all"),
        pytest.param(MUCH, [hqc(used=0.0), hqc(scope="Workspace")], [], True, id="one of two scopes has too little"),
        pytest.param(needs(("hqc", "0")), [hqc(used=900.0)], [], False, id="it is overdrawn, and this one takes 0"),
        pytest.param(needs(("hqc", "0.1")), [hqc(0.3, 0.2)], [], False, id="sums of floats are no matter"),
        pytest.param(QCI, [AT_A_TIME], [], False, id="one more may run"),
        pytest.param(QCI, [AT_A_TIME], [QCI], True, id="and one of ours is that"),
        pytest.param(
            needs(("jobs", "2"), target="qci.simulator"), [AT_A_TIME], [], True, id="it says that it takes two"
        ),
        pytest.param(needs(basis=Basis.FREE, target="qci.x"), [AT_A_TIME], [QCI], True, id="a free one runs, too"),
    ],
)
def test_what_is_held(need: Need, quotas: list[Quota], since: list[Need], *, short: bool) -> None:
    """Blocked only by what the job itself is known to take."""
    assert (shortage(need, quotas, since) is not None) is short


@pytest.mark.parametrize(
    ("need", "quota", "says"),
    [
        pytest.param(
            MUCH,
            hqc(),
            "quantinuum has 3.2 hqc left of 800 (Subscription, never renewed); this job needs about 13.9. Ask for a "
            "higher quota at Azure, or use quantinuum.sim.h2-1e in a new job",
            id="a machine with a simulator",
        ),
        pytest.param(
            needs(("hqc", "5000"), target="quantinuum.sim.h2-1e"),
            hqc(limit=4000.0, used=4001.0, period="Monthly"),
            "quantinuum has 0 hqc left of 4,000 (Subscription, renewed every month); this job needs about 5,000. Ask "
            "for a higher quota at Azure or wait until it is renewed",
            id="a quota of the month that is overdrawn",
        ),
        pytest.param(
            QCI,
            replace(AT_A_TIME, utilization=3.0, scope=""),
            "qci has 0 jobs left of 3 (at a time); this job needs 1. It starts when others have ended, or when the "
            "quota is raised at Azure",
            id="how many run at a time",
        ),
        pytest.param(MUCH, hqc(period="Weekly"), "(Subscription, never renewed)", id="a word that is not known"),
        pytest.param(MUCH, hqc(limit=1e22, used=1e22), "left of 1e+22", id="a number beyond reason"),
    ],
)
def test_what_is_said(need: Need, quota: Quota, says: str) -> None:
    """What is left, of how much, until when, how much is needed, and what to do; tried again every five minutes."""
    short = shortage(need, [quota], [], OFFERS)
    assert short is not None
    assert says in short.message
    assert (short.reason, short.retry_after, short.final) == ("QuotaExhausted", 300.0, False)


@pytest.mark.parametrize(
    ("amount", "since", "much"),
    [
        pytest.param("1.6", [], False, id="half of it"),
        pytest.param("1.61", [], True, id="more than half"),
        pytest.param("1", [needs(("hqc", "1.5"))], True, id="more than half of what ours have left"),
    ],
)
def test_what_is_looked_at_again(amount: str, since: list[Need], *, much: bool) -> None:
    """Others may have used it meanwhile."""
    assert takes_much(needs(("hqc", amount)), [hqc()], since) is much


@pytest.mark.parametrize(
    ("need", "quotas", "says"),
    [
        pytest.param(MUCH, [hqc()], "", id="it was compared"),
        pytest.param(QCI, [AT_A_TIME], "", id="how many run was compared"),
        pytest.param(needs(basis=Basis.FREE), [hqc()], "", id="a free target"),
        pytest.param(
            needs(("ehqc", "7")), [hqc()], "quotas of quantinuum in hqc, and the estimate expects 7 ehqc", id="ehqc"
        ),
        pytest.param(
            needs(("hqc", "7")), [], "no quota of quantinuum is told, and the estimate expects 7 hqc", id="none"
        ),
        pytest.param(Need("quantinuum", "x"), [hqc()], "the estimate says nothing of the cost", id="no estimate"),
    ],
)
def test_what_could_not_be_compared(need: Need, quotas: list[Quota], says: str) -> None:
    """It is told, and the job goes on."""
    assert says in untold(need, quotas)
    assert bool(untold(need, quotas)) is bool(says)


GUARDED: Final = replace(WORKSPACE, guards_quota=True)
SHORT: Final = shortage(MUCH, [hqc()], [])


@pytest.mark.parametrize(
    ("known", "action"),
    [
        pytest.param({"workspace": WORKSPACE}, Action.CLAIM, id="nobody asks for it"),
        pytest.param({"workspace": GUARDED, "needs_slot": True}, Action.LOOK_AT_QUOTA, id="before a slot is asked for"),
        pytest.param({"workspace": GUARDED, "needs_slot": True, "quota": QuotaLooked()}, Action.TAKE_SLOT, id="enough"),
        pytest.param({"workspace": GUARDED, "quota": QuotaLooked("x")}, Action.CLAIM, id="nothing to compare"),
    ],
)
def test_when_it_is_looked_at(known: dict[str, Any], action: Action) -> None:
    """Last but one: who waits for a quota holds no slot."""
    assert decide(seen(new(), program=PROGRAM, output=OUTPUT, **known)).action is action


@pytest.mark.parametrize(
    "known",
    [
        pytest.param({"quota": SHORT}, id="before the claim"),
        pytest.param({"quota": Trouble("ServiceUnavailable", "no answer")}, id="the quotas can't be had"),
    ],
)
def test_what_is_short_is_held(known: dict[str, Any]) -> None:
    """Pending, with the reason, and looked at again."""
    decision = decide(seen(new(), program=PROGRAM, output=OUTPUT, workspace=GUARDED, needs_slot=True, **known))
    assert decision.action is Action.NONE
    assert reason_of(decision.status, Kind.SUBMITTED) == f"False:{known['quota'].reason}"
    assert decision.backoff


def test_after_the_claim_it_is_looked_at_again() -> None:
    """And what came too late, when the request was due, holds it as well."""
    facts: dict[str, Any] = {"program": PROGRAM, "remote": ABSENT, "workspace": GUARDED}
    assert decide(seen(claimed(), **facts)).action is Action.LOOK_AT_QUOTA
    late = decide(seen(claimed(), **facts, quota=QuotaLooked(), submission=SHORT))
    assert (late.action, reason_of(late.status, Kind.SUBMITTED), late.again) == (
        Action.NONE,
        "False:QuotaExhausted",
        300.0,
    )


def test_what_could_not_be_compared_is_told_with_the_acceptance() -> None:
    """In the condition Submitted."""
    facts: dict[str, Any] = {"program": PROGRAM, "workspace": GUARDED, "quota": QuotaLooked("nothing to compare")}
    decision = decide(seen(claimed(), **facts, submission=remote(), remote=remote()))
    submitted = decision.status.condition(Kind.SUBMITTED)
    assert submitted is not None
    assert submitted.message.endswith("; nothing to compare")
