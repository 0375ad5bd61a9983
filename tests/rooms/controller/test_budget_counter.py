"""The count of a budget, from lists that say what their owner likes."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import pytest

from quantumjob_operator.model.jobstatus import JobStatus
from quantumjob_operator.model.money import Basis, Estimate
from quantumjob_operator.model.naming import CLAIM_ANNOTATION, job_id
from quantumjob_operator.model.quantumjob import parse_job
from quantumjob_operator.model.quantumworkspace import parse_workspace
from rooms.controller.counting import FORMER, LIMITS, PAGE, Lab, row
from rooms.model.bodies import CLAIM, RESOURCE_ID, UID, Body, job_body, workspace_body

CLAIMED: Final = job_id(RESOURCE_ID.lower(), "mallory", uid=UID, key=None, attempt=1)


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({"namespace": "platform/secrets/quantum-credentials"}, id="a Secret instead of a namespace"),
        pytest.param({"namespace": "mallory/../../../version"}, id="a path"),
        pytest.param({"namespace": "mallory?x=1"}, id="a query"),
        pytest.param({"namespace": "n" * 64}, id="a namespace that is too long"),
        pytest.param({"name": "x" * 38_000}, id="a name of a page"),
        pytest.param({"name": "Bell"}, id="a name that no object has"),
        pytest.param({"uid": "x" * 38_000}, id="a uid of a page"),
        pytest.param({"id": "-" * 38_000 + UUID(int=1).hex}, id="an id of a page that reads as a GUID"),
        pytest.param({"cluster": "another"}, id="another cluster"),
        pytest.param(
            {"cluster": "another", "sent": "2020-01-01T00:00:00Z"}, id="another cluster, which says that it is long ago"
        ),
    ],
)
async def test_what_nobody_here_can_have_sent_counts_for_nothing(told: Body) -> None:
    """And nobody is asked about it: the answer would show in what the budget counts."""
    lab = Lab(lambda _: [row(1, **told), row(2)], budget_spec={"namespaces": {"selector": {"tier": "gold"}}})
    await lab.look()
    assert lab.asked == ["mallory"]
    assert lab.state is not None
    assert list(lab.state.ledger.open) == [str(UUID(int=2))]


async def test_jobs_of_a_cluster_without_a_name_count() -> None:
    """Nobody gave it one, and the uid of kube-system can't be read: what it sent costs as much."""
    lab = Lab(lambda _: [row(1, cluster=""), row(2)], cluster="")
    await lab.look()
    assert lab.state is not None
    assert list(lab.state.ledger.open) == [str(UUID(int=1))]


async def test_jobs_of_a_cluster_that_was_renamed_count() -> None:
    """They were paid for, whatever it is called now."""
    lab = Lab(lambda _: [row(1, cluster=FORMER), row(2, cluster="another")])
    await lab.look()
    assert lab.state is not None
    assert list(lab.state.ledger.open) == [str(UUID(int=1))]


async def test_a_credential_that_is_refused_is_said_to_keep_a_budget_from_being_counted() -> None:
    """By its condition, and it is tried again."""
    lab = Lab(lambda _: [], refuses=True)
    kept = await lab.look()
    assert kept is not None
    assert "QuantumWorkspace mine is not ready" in kept.message


async def test_a_time_after_all_times_ends_no_count() -> None:
    """Whoever owns the list writes it: in this time zone it is of a year that is none."""
    lab = Lab(lambda _: [row(1, sent="9999-12-31T23:59:59-01:00"), row(2)])
    await lab.look()
    assert lab.state is not None
    assert list(lab.state.ledger.open) == [str(UUID(int=1)), str(UUID(int=2))]


async def test_what_is_known_of_a_job_counts_where_its_cost_is_not() -> None:
    """It is one job, and its parameters tell its shots."""
    limits = [{"unit": unit, "amount": "1000"} for unit in ("USD", "jobs", "shots")]
    lab = Lab(lambda _: [row(1)], budget_spec={"limits": limits})
    spec = {"parameters": {"shots": 100}, "workspaceRef": {"name": "mine"}}
    lab.cache.put_job(parse_job(job_body(spec, namespace="mallory", uid=str(UUID(int=1)))))
    await lab.look()
    assert lab.state is not None
    (entry,) = lab.state.ledger.open.values()
    assert {one.unit: one.amount for one in entry.amounts} == {"jobs": "1", "shots": "100"}


async def test_free_jobs_under_way_take_no_place() -> None:
    """Nothing was reserved for them, and a tenant may have any number."""
    lab = Lab(lambda page: [row(page * PAGE + number) for number in range(PAGE)], pages=26)
    free = Estimate(Basis.FREE, "it costs nothing")
    for number in range(26 * PAGE):
        body = job_body(namespace="mallory", name=f"bell-{number}", uid=str(UUID(int=number)))
        lab.cache.put_job(replace(parse_job(body), status=JobStatus(estimate=free)))
    await lab.look()
    assert lab.state is not None
    assert lab.state.ledger.open == {}


@pytest.mark.parametrize(
    ("max_cost", "reserved"),
    [
        pytest.param("250", ["250"], id="as much as a job may"),
        pytest.param("250.01", ["250"], id="more than the budget lets a job have"),
        pytest.param("100000000000000", ["250"], id="more than there is"),
    ],
)
@pytest.mark.parametrize("sent", [False, True])
async def test_a_claim_reserves_no_more_than_the_operator_would_have(
    max_cost: str, reserved: list[str], *, sent: bool
) -> None:
    """Users write claims, and what a job may cost: one that was never sent, or failed, must not fill everybody's."""
    rows = [row(0, id=CLAIMED, uid=UID, status="Failed") | {"beginExecutionTime": "2026-11-22T12:00:00Z"}]
    lab = Lab(lambda _: rows if sent else [], budget_spec=LIMITS | {"unknownCost": "Declared"})
    spec = {"maxCost": [{"unit": "USD", "amount": max_cost}], "workspaceRef": {"name": "mine"}}
    body = job_body(spec, namespace="mallory", annotations={CLAIM_ANNOTATION: CLAIM})
    lab.cache.put_job(parse_job(body))
    await lab.look()
    assert lab.state is not None
    entries = lab.state.ledger.open.values()
    assert [amount.amount for one in entries for amount in one.amounts] == reserved
    assert [one.basis for one in entries] == ["Estimate" if sent else "Claimed"] * len(entries)


@pytest.mark.parametrize("admitted", [False, True])
async def test_a_claim_from_a_namespace_that_is_not_admitted_counts_for_nothing(*, admitted: bool) -> None:
    """Its user wrote it, and nothing can have been sent under it."""
    lab = Lab(lambda _: [], budget_spec=LIMITS | {"unknownCost": "Declared"})
    spec = {"allowedNamespaces": {"from": "All"}} if admitted else {}
    lab.cache.put_workspace(
        parse_workspace(workspace_body(spec, namespace="mallory", name="mine", resourceVersion="99"))
    )
    max_cost, ref = [{"unit": "USD", "amount": "9"}], {"namespace": "mallory", "name": "mine"}
    claim = {"annotations": {CLAIM_ANNOTATION: CLAIM}}
    lab.cache.put_job(parse_job(job_body({"maxCost": max_cost, "workspaceRef": ref}, namespace="outsider", **claim)))
    await lab.look()
    assert lab.state is not None
    assert len(lab.state.ledger.open) == admitted


async def test_what_was_sent_a_moment_before_a_period_is_remembered_and_not_counted() -> None:
    """The former period has counted it: the next object with its key must not pay for it again."""
    began = datetime.now(UTC) - timedelta(seconds=10)
    sent = {number: (began + timedelta(seconds=after)).isoformat() for number, after in enumerate((-5, -3600, 5))}
    bill = {"costEstimate": {"currencyCode": "USD", "estimatedTotal": 1.25, "events": []}}
    rows = [row(number, status="Succeeded", sent=at) | bill for number, at in sent.items()]
    lab = Lab(lambda _: rows, budget_spec={"period": "Lifetime"})
    lab.budget = replace(lab.budget, created=began)
    lab.cache.budgets[lab.budget.uid] = lab.budget
    assert await lab.look() is not None, "what was counted is not written here"
    assert lab.state
    assert lab.state.counted
    assert set(lab.state.remembered) == {str(UUID(int=0)), str(UUID(int=2))}
    assert list(lab.state.ledger.spent.values()) == [Decimal("1.25")]


async def test_what_a_tenant_has_under_way_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """More than a ledger holds, of which no version told what was reserved: others' jobs are reserved one by one."""
    lab = Lab(
        lambda page: [row(page * PAGE + n, namespace=("mallory", "alice")[page == 25]) for n in range(PAGE)], pages=26
    )
    shared = workspace_body({"allowedNamespaces": {"from": "All"}}, namespace="mallory", name="mine", uid="shared")
    lab.cache.put_workspace(parse_workspace(shared))
    await lab.look()
    assert lab.state is not None
    held = Counter(one.namespace for one in lab.state.ledger.open.values())
    assert held == {"mallory": 2_000, "alice": PAGE}
    assert "500 jobs of namespace mallory that have not ended count as reserved for good" in caplog.text
