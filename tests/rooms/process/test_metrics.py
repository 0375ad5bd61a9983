"""What Prometheus sees: states and targets, never the name of a job."""

from collections.abc import Mapping
from datetime import timedelta
from typing import cast

import pytest
from prometheus_client import generate_latest

from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.cache_figures import CacheFigures
from quantumjob_operator.controller.job_wiring import Common
from quantumjob_operator.metrics import Metrics
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.quantumjob import parse_job
from quantumjob_operator.model.quantumworkspace import parse_workspace
from quantumjob_operator.scheduling.work_queue import WorkQueue
from quantumjob_operator.settings import Settings
from quantumjob_operator.wiring import count_refused
from rooms.model.bodies import Body, job_body, workspace_body
from rooms.process.scraping import NOW, sample, scrape

_OFFERED = {"provider": "IonQ", "target": "ionq.simulator", "availability": "Available"}


def filled(*states: str | None, target: str = "ionq.simulator") -> Cache:
    """An cache with a job in each of the states (None: without one), and a workspace that offers a target."""
    known = Cache()
    known.put_workspace(parse_workspace(workspace_body() | {"status": {"targets": [_OFFERED]}}))
    for number, state in enumerate(states):
        body = job_body({"target": target}, uid=f"uid-{number}", name=f"secret-experiment-{number}")
        known.put_job(parse_job(body | {"status": {"state": state} if state else {}}))
    return known


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        pytest.param([], {}, id="no job"),
        pytest.param([None], {"Pending": 1}, id="a job that nobody has reconciled yet"),
        pytest.param(["Pending", None], {"Pending": 2}, id="and one that is pending count together"),
        pytest.param(["Waiting"] * 3 + ["Executing"], {"Waiting": 3, "Executing": 1}, id="several states"),
    ],
)
def test_jobs_by_state(states: list[str | None], expected: Mapping[str, int]) -> None:
    """Counted from what is in memory at the scrape."""
    metrics = Metrics()
    metrics.count_from(CacheFigures(filled(*states)), lambda: NOW)
    counted = {labels: value for (name, labels), value in scrape(metrics).items() if name == "quantumjob_jobs"}
    assert counted == {
        frozenset({("state", state), ("provider", "ionq"), ("target", "ionq.simulator")}): number
        for state, number in expected.items()
    }


def test_a_scrape_tells_the_truth_of_its_moment() -> None:
    """Jobs that went are counted no more; no counter can drift."""
    known, metrics = filled("Waiting", "Waiting"), Metrics()
    metrics.count_from(CacheFigures(known), lambda: NOW)
    waiting = sample("quantumjob_jobs", state="Waiting", provider="ionq", target="ionq.simulator")
    assert scrape(metrics)[waiting] == 2
    known.remove("uid-0")
    assert scrape(metrics)[waiting] == 1
    known.remove("uid-1")
    assert waiting not in scrape(metrics)


def test_target_that_no_workspace_offers_is_counted_as_other() -> None:
    """Else what one tenant writes into specs is there for all to read, and makes as many series as they like."""
    metrics = Metrics()
    metrics.count_from(CacheFigures(filled(None, None, target="merger-with-contoso")), lambda: NOW)
    assert scrape(metrics)[sample("quantumjob_jobs", state="Pending", provider="other", target="other")] == 2
    assert "contoso" not in generate_latest(metrics.registry).decode()


def pending(
    reason: str | None, minutes: float, *, uid: str, resumed: float | None = None, state: str = "Pending"
) -> Body:
    """A job that is held back since some minutes before now; None: that nobody has looked at."""
    held = [("Submitted", reason, minutes)] if reason else []
    held += [("Suspended", "Resumed", resumed)] if resumed is not None else []
    conditions = [
        {"type": kind, "status": "False", "reason": why, "lastTransitionTime": stamp(NOW - timedelta(minutes=back))}
        for kind, why, back in held
    ]
    body = job_body(uid=uid, name=uid, creationTimestamp=stamp(NOW - timedelta(minutes=minutes)))
    return body | {"status": {"state": state, "conditions": conditions} if reason else {}}


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        pytest.param([], {}, id="nothing is pending"),
        pytest.param([pending(None, 2, uid="a")], {"NotSeenYet": (1, 120)}, id="a job that nobody has looked at"),
        pytest.param(
            [
                pending("Throttled", 2, uid="a"),
                pending("Throttled", 5, uid="b"),
                pending("ProgramNotFound", 1, uid="c"),
            ],
            {"Throttled": (2, 300), "ProgramNotFound": (1, 60)},
            id="the oldest of each reason",
        ),
        pytest.param(
            [pending("Throttled", 600, uid="a", resumed=3)], {"Throttled": (1, 180)}, id="since it was resumed"
        ),
        pytest.param([pending("Suspended", 5, uid="a", state="Suspended")], {}, id="one that its user holds back"),
        pytest.param([pending("Submitted", 5, uid="a", state="Waiting")], {}, id="one in the provider's queue"),
    ],
)
def test_what_jobs_wait_for_and_how_long(bodies: list[Body], expected: Mapping[str, tuple[int, float]]) -> None:
    """By reason: how many, and for how long the oldest."""
    known, metrics = Cache(), Metrics()
    for body in bodies:
        known.put_job(parse_job(body))
    metrics.count_from(CacheFigures(known), lambda: NOW)
    found = {
        (name, dict(labels)["reason"]): value
        for (name, labels), value in scrape(metrics).items()
        if "_pending_" in name
    }
    assert found == {
        (name, reason): value
        for reason, values in expected.items()
        for name, value in zip(("quantumjob_pending_jobs", "quantumjob_pending_oldest_seconds"), values, strict=True)
    }


@pytest.mark.parametrize(
    ("conditions", "reason", "ready"),
    [
        pytest.param([("Ready", "True", "Connected")], "Connected", 1, id="ready"),
        pytest.param([("Ready", "False", "Unreachable")], "Unreachable", 0, id="not ready"),
        pytest.param([("InUse", "True", "JobsInFlight")], "NotSeenYet", 0, id="nobody has looked at it"),
    ],
)
def test_whether_a_workspace_is_ready(conditions: list[tuple[str, str, str]], reason: str, ready: int) -> None:
    """With the reason, and how many of its requests were not let in; nothing is left of one that is gone."""
    known, metrics = Cache(), Metrics()
    rows = [{"type": kind, "status": status, "reason": why} for kind, status, why in conditions]
    workspace = parse_workspace(workspace_body() | {"status": {"conditions": rows}})
    known.put_workspace(workspace)
    metrics.count_from(CacheFigures(known), lambda: NOW)
    metrics.credentials_refused.update([workspace.key, workspace.key, ("elsewhere", "gone")])
    namespace, name = workspace.key
    found = {one: value for one, value in scrape(metrics).items() if "_workspace_" in one[0]}
    refusals = "quantumjob_workspace_credentials_refused_total"
    assert found == {
        sample("quantumjob_workspace_ready", namespace=namespace, workspace=name, reason=reason): ready,
        sample(refusals, namespace=namespace, workspace=name): 2,
    }
    known.remove(workspace.uid)
    assert not any("_workspace_" in one[0] for one in scrape(metrics))


@pytest.mark.parametrize(
    ("there", "counted"),
    [
        pytest.param(True, 1, id="its QuantumWorkspace is there"),
        pytest.param(False, 0, id="its QuantumWorkspace is gone"),
    ],
)
def test_whose_refusals_are_counted(*, there: bool, counted: int) -> None:
    """A request may end after its QuantumWorkspace, and nobody would take the name off any more."""
    one, cache, queue = parse_workspace(workspace_body()), Cache(), cast("WorkQueue[str]", None)
    if there:
        cache.put_workspace(one)
    clock = Clock(lambda: 0.0, lambda: NOW)
    common = Common(settings=Settings(), allowed=AllowedOrigins(), clock=clock, cache=cache, queue=queue)
    count_refused(common, one.key)
    assert common.metrics.credentials_refused.total() == counted


def test_no_scrape_holds_the_name_of_a_job() -> None:
    """Ten thousand jobs would be ten thousand series; names and uids stay in the logs."""
    metrics = Metrics()
    metrics.count_from(CacheFigures(filled("Waiting", "Succeeded")), lambda: NOW)
    metrics.observe_request("get_job", "200", 0.1)
    metrics.submission_seconds.observe(1)
    metrics.reconcile_errors.labels("Conflict").inc()
    text = generate_latest(metrics.registry).decode()
    assert "secret-experiment" not in text
    assert "uid-" not in text


def test_requests_to_the_service_by_operation_and_outcome() -> None:
    """Both the count and the seconds."""
    metrics = Metrics()
    metrics.observe_request("get_job", "200", 0.5)
    metrics.observe_request("get_job", "200", 1.5)
    metrics.observe_request("get_job", "timeout", 30)
    metrics.observe_request("put_job", "200", 2)
    seen = scrape(metrics)
    assert seen[sample("quantumjob_remote_requests_total", operation="get_job", code="200")] == 2
    assert seen[sample("quantumjob_remote_requests_total", operation="get_job", code="timeout")] == 1
    assert seen[sample("quantumjob_remote_request_seconds_sum", operation="get_job")] == 32
    assert seen[sample("quantumjob_remote_request_seconds_count", operation="put_job")] == 1


def test_what_never_happened_is_zero_and_not_absent() -> None:
    """An alert on a rate needs the series to be there before the first event."""
    seen = scrape(Metrics())
    assert seen[sample("quantumjob_cancellations_unconfirmed_total")] == 0
    assert seen[sample("quantumjob_submissions_total")] == 0
    assert seen[sample("quantumjob_submission_seconds_count")] == 0
    assert seen[sample("quantumjob_workqueue_depth")] == 0


def test_two_operators_in_one_process_count_for_themselves() -> None:
    """The registry is their own, so that tests and embedders can have several."""
    one, other = Metrics(), Metrics()
    one.submissions.inc()
    assert scrape(one)[sample("quantumjob_submissions_total")] == 1
    assert scrape(other)[sample("quantumjob_submissions_total")] == 0
