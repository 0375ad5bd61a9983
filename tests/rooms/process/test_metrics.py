"""What Prometheus sees: states and targets, never the name of a job."""

from collections.abc import Mapping

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.metrics import Metrics
from quantumjob_operator.model.quantumjob import parse_job
from quantumjob_operator.model.quantumworkspace import parse_workspace
from rooms.model.bodies import job_body, workspace_body

_OFFERED = {"provider": "IonQ", "target": "ionq.simulator", "availability": "Available"}
Sample = tuple[str, frozenset[tuple[str, str]]]


def scrape(metrics: Metrics) -> dict[Sample, float]:
    """Every sample of a scrape, as Prometheus reads it."""
    families = text_string_to_metric_families(generate_latest(metrics.registry).decode())
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def sample(name: str, **labels: str) -> Sample:
    """A sample's name and labels."""
    return name, frozenset(labels.items())


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
    metrics.count_jobs_from(filled(*states).labels)
    counted = {labels: value for (name, labels), value in scrape(metrics).items() if name == "quantumjob_jobs"}
    assert counted == {
        frozenset({("state", state), ("provider", "ionq"), ("target", "ionq.simulator")}): number
        for state, number in expected.items()
    }


def test_a_scrape_tells_the_truth_of_its_moment() -> None:
    """Jobs that went are counted no more; no counter can drift."""
    known, metrics = filled("Waiting", "Waiting"), Metrics()
    metrics.count_jobs_from(known.labels)
    waiting = sample("quantumjob_jobs", state="Waiting", provider="ionq", target="ionq.simulator")
    assert scrape(metrics)[waiting] == 2
    known.remove("uid-0")
    assert scrape(metrics)[waiting] == 1
    known.remove("uid-1")
    assert waiting not in scrape(metrics)


def test_target_that_no_workspace_offers_is_counted_as_other() -> None:
    """Else what one tenant writes into specs is there for all to read, and makes as many series as they like."""
    metrics = Metrics()
    metrics.count_jobs_from(filled(None, None, target="merger-with-contoso").labels)
    assert scrape(metrics)[sample("quantumjob_jobs", state="Pending", provider="other", target="other")] == 2
    assert "contoso" not in generate_latest(metrics.registry).decode()


def test_no_scrape_holds_the_name_of_a_job() -> None:
    """Ten thousand jobs would be ten thousand series; names and uids stay in the logs."""
    metrics = Metrics()
    metrics.count_jobs_from(filled("Waiting", "Succeeded").labels)
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
