"""What Prometheus sees of budgets: each limit and what is used of it, never the name of a job."""

import json
from collections import Counter
from typing import Any

from prometheus_client import generate_latest

from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.cache_figures import CacheFigures
from quantumjob_operator.metrics import Metrics
from quantumjob_operator.model.quantumbudget import parse_budget
from quantumjob_operator.model.quantumjob import parse_job
from quantumjob_operator.model.quantumworkspace import parse_workspace
from rooms.model.bodies import job_body, workspace_body
from rooms.process.scraping import NOW, Sample, sample, scrape


def scraped(*totals: dict[str, Any], **status: Any) -> tuple[dict[Sample, float], str]:
    """The samples about one budget, and the text of the scrape."""
    meta = {"name": "research", "namespace": "platform", "uid": "b", "resourceVersion": "1"}
    spec = {"workspaces": ["shared"], "period": "Month", "limits": [{"unit": "USD", "amount": "2000"}]}
    cache, metrics = Cache(), Metrics()
    body = {"metadata": meta | {"creationTimestamp": "2026-01-15T10:00:00Z"}, "spec": spec}
    cache.put_budget(parse_budget(body | {"status": {"totals": list(totals), **status}}))
    metrics.count_from(CacheFigures(cache), lambda: NOW)
    found = {one: value for one, value in scrape(metrics).items() if "_budget_" in one[0]}
    return found, generate_latest(metrics.registry).decode()


def total(namespace: str = "vqe", left: str = "119.5") -> dict[str, Any]:
    """The sums of a namespace."""
    used = {"limit": "2000", "spent": "1640.5", "reserved": "240", "left": left}
    return {"namespace": namespace, "unit": "USD", **used}


def test_each_limit_and_what_is_used_of_it() -> None:
    """With whose it is; a bill in a unit without a limit is no series."""
    billed = {"namespace": "vqe", "unit": "EUR", "spent": "5", "reserved": "0"}
    found, _ = scraped(total(), billed)
    labels = {"namespace": "platform", "budget": "research", "job_namespace": "vqe", "unit": "USD"}
    assert found == {
        sample("quantumjob_budget_limit", **labels): 2000,
        sample("quantumjob_budget_spent", **labels): 1640.5,
        sample("quantumjob_budget_reserved", **labels): 240,
        sample("quantumjob_budget_left", **labels): 119.5,
    }


def test_limits_are_no_unbounded_series() -> None:
    """A thousand, those of which least is left; there may be any number of namespaces."""
    found, _ = scraped(*(total(f"ns-{left}", str(left)) for left in range(1500)))
    names = {dict(labels)["job_namespace"] for name, labels in found if name == "quantumjob_budget_left"}
    assert names == {f"ns-{left}" for left in range(1000)}


def test_budgets_of_one_namespace_keep_no_others_from_being_seen() -> None:
    """Though nothing is left of any of them."""
    cache, metrics = Cache(), Metrics()
    spec = {"workspaces": ["shared"], "period": "Month", "limits": [{"unit": "USD", "amount": "2000"}]}
    for number, left in enumerate([0] * 1500 + [100]):
        namespace = "mallory" if left == 0 else "platform"
        meta = {"name": f"b-{number}", "namespace": namespace, "uid": f"b-{number}", "resourceVersion": "1"}
        body = {"metadata": meta | {"creationTimestamp": "2026-01-15T10:00:00Z"}, "spec": spec}
        cache.put_budget(parse_budget(body | {"status": {"totals": [total(left=str(left))]}}))
    metrics.count_from(CacheFigures(cache), lambda: NOW)
    shown = Counter(dict(labels)["namespace"] for name, labels in scrape(metrics) if name == "quantumjob_budget_left")
    assert shown == {"mallory": 999, "platform": 1}


def test_no_job_is_named() -> None:
    """For whom something is reserved stands in status alone."""
    entry = {"jobId": "id-1", "namespace": "vqe", "name": "secret-experiment", "uid": "uid-1", "workspace": "shared"}
    _, text = scraped(total(), reservations=[json.dumps(entry | {"reservedAt": "2026-11-22T12:00:00Z"})])
    assert "secret-experiment" not in text
    assert "uid-1" not in text


def test_what_jobs_take_by_target() -> None:
    """Of the jobs that are there; a target that no workspace offers is `other`."""
    cache, metrics = Cache(), Metrics()
    offered = {"provider": "ionq", "target": "ionq.qpu.aria-1"}
    cache.put_workspace(parse_workspace(workspace_body() | {"status": {"targets": [offered]}}))
    for number, (target, state) in enumerate(
        (("ionq.qpu.aria-1", "Settled"), ("ionq.qpu.aria-1", "Settled"), ("merger-with-contoso", "Reserved"))
    ):
        shown = {"namespace": "platform", "name": "research", "state": state}
        body = job_body({"target": target}, uid=f"uid-{number}", name=f"secret-{number}")
        amounts = [{"unit": "USD", "amount": "97.5"}]
        cache.put_job(parse_job(body | {"status": {"budgets": [shown | {"amounts": amounts}]}}))
    metrics.count_from(CacheFigures(cache), lambda: NOW)
    found = {one: value for one, value in scrape(metrics).items() if one[0] == "quantumjob_budget_jobs_amount"}
    labels = {"namespace": "platform", "budget": "research", "unit": "USD"}
    assert found == {
        sample("quantumjob_budget_jobs_amount", **labels, target="ionq.qpu.aria-1", state="Settled"): 195,
        sample("quantumjob_budget_jobs_amount", **labels, target="other", state="Reserved"): 97.5,
    }
