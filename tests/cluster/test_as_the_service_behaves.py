"""What the service does beside the usual: it stops no job, and what it tells is shown."""

from typing import Any, Final

import pytest

from cluster import jobs
from cluster.jobnamespace import FOR_EVER, JobNamespace, condition_of, eventually
from localstack.emulated import Emulator
from localstack.manifests import Manifest
from localstack.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

NAMES: Final = ("one", "two", "three")
USED: Final = "standardMinutesLifetime"
UNSEEN_WORDS: Final = ["Queued", "Finishing", "CancellationRequested", "Cancelling"]


def workspace(place: JobNamespace) -> Manifest:
    """The QuantumWorkspace of the test."""
    return place.stack.get("quantumworkspace", "default", namespace=place.name)


def types(found: Manifest) -> set[str]:
    """The conditions of an object."""
    return {one["type"] for one in found["status"].get("conditions", [])}


def executing(place: JobNamespace, emulator: Emulator) -> None:
    """Several jobs that execute, so that a list costs less than asking one by one."""
    emulator.behave(executing_seconds=FOR_EVER)
    place.apply(*map(jobs.ionq, NAMES))
    for name in NAMES:
        place.wait_state(name, "Executing")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "status-before", "status": 400, "count": 3}, id="refused in each of three forms"),
        pytest.param({"kind": "truncated-body", "count": 1}, id="unreadable"),
    ],
)
def test_a_list_that_fails_stops_no_news(place: JobNamespace, emulator: Emulator, fault: dict[str, Any]) -> None:
    """The workspace is ready and says what is; news come as before; the condition goes when the list comes back."""
    executing(place, emulator)
    emulator.admin("POST", "faults", {"operation": "list-jobs", **fault})
    eventually(lambda: "ListingRefused" in types(workspace(place)))
    found = workspace(place)
    assert condition_of(found, "Ready")["status"] == "True"
    assert condition_of(found, "ListingRefused")["reason"] == "AskedOneByOne"
    place.patch("quantumjob", "one", {"spec": {"cancel": True}})
    place.wait("one", "Finished")
    eventually(lambda: "ListingRefused" not in types(workspace(place)), within=120)
    place.pass_time()
    for name in NAMES[1:]:
        place.wait(name, "Complete")


def test_words_that_a_filter_may_not_have(place: JobNamespace, emulator: Emulator) -> None:
    """The list is asked for in words that were seen accepted, and nobody has to know."""
    emulator.behave(refused_filter_words=UNSEEN_WORDS)
    executing(place, emulator)
    place.pass_time()
    for name in NAMES:
        place.wait(name, "Complete")
    assert "ListingRefused" not in types(workspace(place))


def test_a_cancellation_that_the_word_does_not_tell(place: JobNamespace, emulator: Emulator) -> None:
    """Workspaces of kind V1 say isCancelling beside the word."""
    emulator.behave(executing_seconds=FOR_EVER, cancelling_words=False, cancelling_seconds=FOR_EVER)
    place.apply(jobs.ionq("one"))
    place.wait_state("one", "Executing")
    place.patch("quantumjob", "one", {"spec": {"cancel": True}})
    eventually(lambda: place.status("one")["state"] == "Cancelling")
    asked = {
        "operation": "get-job",
        "kind": "delay-before",
        "seconds": 0,
        "job": place.status("one")["jobId"],
        "count": 4,
    }
    emulator.admin("POST", "faults", asked)
    # Four polls later it is still so: what it shows is the service's answer, not only the wish.
    eventually(lambda: not emulator.admin("GET", "faults")["faults"])
    status = place.status("one")
    assert (status["state"], status["remoteStatus"]) == ("Cancelling", "Executing")
    emulator.behave(cancelling_seconds=0)
    place.pass_time(2 * FOR_EVER)
    place.wait_reason("one", "Failed", "Cancelled")


def test_a_workspace_whose_quotas_are_refused_is_ready(place: JobNamespace, emulator: Emulator) -> None:
    """Those that it had before are shown no longer."""
    eventually(lambda: workspace(place)["status"].get("quotas"))
    emulator.admin("POST", "faults", {"operation": "get-quotas", "kind": "status-before", "status": 403, "count": 99})
    place.apply(place.workspace(maxJobsInFlight=7))
    eventually(lambda: "quotas" not in workspace(place)["status"])
    assert condition_of(workspace(place), "Ready")["status"] == "True"


def test_what_is_used_where_quotas_are_not_told(place: JobNamespace, emulator: Emulator) -> None:
    """A workspace of kind V2 is asked for both; one of kind V1 only if its quotas are refused, and then as well."""
    emulator.behave(workspace_kind="V2")
    place.apply(jobs.ionq("one"))
    place.wait("one", "Complete")
    place.apply(place.workspace("second", workspaceKind="V2"))
    eventually(lambda: used(place, "second"))
    assert place.stack.get("quantumworkspace", "second", namespace=place.name)["status"]["quotas"]
    assert not used(place, "default")
    emulator.admin("POST", "faults", {"operation": "get-quotas", "kind": "status-before", "status": 403, "count": 99})
    place.apply(place.workspace(maxJobsInFlight=7))
    eventually(lambda: used(place, "default"))
    assert condition_of(workspace(place), "Ready")["status"] == "True"


def used(place: JobNamespace, name: str) -> set[str]:
    """The providers of whose offers something is used, as a QuantumWorkspace shows it."""
    found = place.stack.get("quantumworkspace", name, namespace=place.name)
    return {row["provider"] for row in found["status"].get("quotaUsages", []) if float(row["usage"][USED])}


@pytest.mark.parametrize(
    ("status", "code"),
    [(402, "PaymentRequired"), (403, "InsufficientQuota"), (400, "QuotaExceeded"), (429, "CreditsExhausted")],
)
def test_a_quota_that_is_used_up_holds_the_job(place: JobNamespace, emulator: Emulator, status: int, code: str) -> None:
    """Nothing is wrong with its definition, and nothing was billed."""
    refusal = {"operation": "create-job", "kind": "status-before", "status": status, "code": code, "count": 9}
    emulator.admin("POST", "faults", refusal)
    place.apply(jobs.ionq("held"))
    assert place.wait_reason("held", "Submitted", "QuotaExhausted")["status"] == "False"
    assert place.status("held")["state"] == "Pending"
    assert place.runs("held") == []
    place.delete("held")


def test_who_waits_for_a_quota_keeps_nobody_waiting(place: JobNamespace, emulator: Emulator) -> None:
    """With one slot for all, the others go on; once there is some, it asks for the slot like any other."""
    place.apply(place.workspace(maxJobsInFlight=1))
    emulator.behave(quota_limits={"quantinuum": 0.0}, quota_refusal={"status": 403, "code": "InsufficientQuota"})
    place.apply(jobs.quantinuum("held"))
    place.wait_reason("held", "Submitted", "QuotaExhausted")
    place.apply(jobs.ionq("other"))
    place.wait("other", "Complete")
    assert place.runs("held") == []
    emulator.behave(executing_seconds=FOR_EVER, quota_limits={})
    place.apply(jobs.ionq("long"))
    place.wait_state("long", "Executing")
    place.patch("quantumjob", "held", {"metadata": {"labels": {"look": "again"}}})
    place.wait_reason("held", "Submitted", "MaxJobsInFlight")
    place.patch("quantumjob", "long", {"spec": {"cancel": True}})
    place.wait_state("held", "Executing")
    assert len(place.runs("held")) == 1


def test_a_cost_in_a_plan_of_credits(place: JobNamespace, emulator: Emulator) -> None:
    """Nothing to pay, and what was billed all the same."""
    emulator.behave(billing="credits")
    place.apply(jobs.quantinuum("ghz"))
    place.wait("ghz", "Complete")
    status = place.status("ghz")
    assert float(status["cost"]["estimatedTotal"]) == 0
    (billed,) = [one for one in status["cost"]["events"] if one["dimension"] == "ehqc"]
    assert float(billed["billed"]) > 0
    assert {one["unit"]: one["amount"] for one in status["totalCost"]}["ehqc"] == billed["billed"]


def test_where_the_output_of_a_failed_job_lies(place: JobNamespace) -> None:
    """Without a signature; and it has no cost, which is not 0."""
    place.apply(jobs.quantinuum("bad", jobs.UNPARSABLE_QASM))
    place.wait_reason("bad", "Failed", "JobFailed")
    status = place.status("bad")
    assert status["outputUri"].startswith("http")
    assert "?" not in status["outputUri"]
    assert "cost" not in status


def test_what_targets_can_do(place: JobNamespace) -> None:
    """As the service tells it, for people and for the client."""
    eventually(lambda: workspace(place)["status"].get("targets"))
    targets = {one["target"]: one for one in workspace(place)["status"]["targets"]}
    assert targets["ionq.simulator"]["numQubits"] == 29
    assert targets["ionq.simulator"]["targetProfile"] == "Base"


def test_the_place_in_the_queue(place: JobNamespace, emulator: Emulator) -> None:
    """Of a job that waits: written when it has halved or is near, and gone when the job begins."""
    emulator.behave(waiting_seconds=FOR_EVER, others_ahead=800)
    place.apply(jobs.ionq("waits"))
    eventually(lambda: place.status("waits").get("queue"))
    first = place.status("waits")["queue"]
    assert first["ahead"] == 800
    assert "usualWaitSeconds" in first
    emulator.behave(others_ahead=500)
    emulator.behave(others_ahead=390)
    eventually(lambda: place.status("waits")["queue"]["ahead"] == 390)
    emulator.behave(others_ahead=3)
    eventually(lambda: place.status("waits")["queue"]["ahead"] == 3)
    emulator.behave(waiting_seconds=0.2)
    place.pass_time()
    place.wait("waits", "Complete")
    assert "queue" not in place.status("waits")


def test_a_service_that_tells_no_places(stack: Stack, place: JobNamespace, emulator: Emulator) -> None:
    """The call is tried once, and nothing is wrong."""
    emulator.admin(
        "POST", "faults", {"operation": "get-queue-position", "kind": "status-before", "status": 404, "count": 99}
    )
    emulator.behave(waiting_seconds=FOR_EVER)
    place.apply(jobs.ionq("waits"))
    place.wait_state("waits", "Waiting")
    eventually(lambda: "are not asked for" in stack.operator.log.read_text())
    assert "queue" not in place.status("waits")
    place.delete("waits")
