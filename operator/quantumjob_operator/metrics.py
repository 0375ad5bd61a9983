"""What the operator counts, for Prometheus.

Lives here: the names and labels of all metrics. No job name is ever a label: ten thousand jobs would be ten thousand
series. Must not live here: when something is counted.
"""

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from http import HTTPStatus
from itertools import islice
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_MOST_TARGETS: Final = 200
"""Azure offers some thirty; a workspace's status, which its endpoint writes, may name thousands."""
_CODES: Final = frozenset(str(int(status)) for status in HTTPStatus)
_OTHER: Final = "other"
_SUBMISSION_BUCKETS: Final = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800)

_OF_A_LIMIT: Final = {
    "limit": "Limits of QuantumBudgets; job_namespace is whose it is, if each namespace has its own",
    "spent": "What was billed of a limit in this period",
    "reserved": "What is set aside of a limit for jobs under way",
    "left": "What further jobs may cost of a limit; below 0 after higher bills than expected, or a lower limit",
}
_LABELS_OF_A_LIMIT: Final = 4
_MOST_LIMITS: Final = 1000
"""Those of which least is left, namespaces in turn: a budget may be for each of any number of namespaces."""
_MOST_WORKSPACES: Final = 1000
OTHERS: Final = "(other)"
"""Where there are more, the label of the rest, in the place of a namespace and a name: nothing else can have it."""

T = TypeVar("T", bound=tuple[Any, ...])


class Metrics:
    """All metrics, in a registry of their own.

    Attributes:
        credentials_refused: Requests that were not let in, by namespace and name of the QuantumWorkspace.
    """

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        counter, gauge = partial(Counter, registry=registry), partial(Gauge, registry=registry)
        histogram = partial(Histogram, registry=registry)
        self.submission_seconds = histogram(
            "quantumjob_submission_seconds",
            "Seconds from the creation of a QuantumJob to its acceptance by the service",
            buckets=_SUBMISSION_BUCKETS,
        )
        self.remote_requests = counter(
            "quantumjob_remote_requests_total",
            "Requests to Azure Quantum and its storage by operation and outcome",
            ["operation", "code"],
        )
        self.remote_seconds = histogram(
            "quantumjob_remote_request_seconds",
            "Seconds that a request to Azure Quantum and its storage took",
            ["operation"],
        )
        self.credentials_refused: Tally[tuple[str, str]] = Tally()
        self._count(counter)
        self._gauge(gauge)

    def _count(self, counter: Callable[..., Counter]) -> None:
        self.reconcile_errors = counter(
            "quantumjob_reconcile_errors_total",
            "Reconciliations of an object that ended in an error, by class",
            ["error"],
        )
        self.unconfirmed = counter(
            "quantumjob_cancellations_unconfirmed_total",
            "Objects released although the end of their remote job was not confirmed",
        )
        self.refused_writes = counter(
            "quantumjob_refused_writes_total", "Writes to QuantumJobs that the API server refused (admission, schema)"
        )
        self.left_behind = counter(
            "quantumjob_jobs_without_object_total",
            "Unfinished remote jobs whose QuantumJob was gone when they were found",
        )
        self.submissions = counter("quantumjob_submissions_total", "Jobs that the service accepted from this process")

    def _gauge(self, gauge: Callable[..., Gauge]) -> None:
        self.poll_age = gauge(
            "quantumjob_poll_age_seconds",
            "Seconds since the last answered poll of a workspace's jobs, by workspace",
            ["namespace", "workspace"],
        )
        self.clock_skew = gauge(
            "quantumjob_clock_skew_seconds",
            "Seconds by which the clock of this machine is ahead of the API server's; negative if it is behind",
        )
        self.leader = gauge("quantumjob_leader", "1 where this process works on objects, 0 where it is on standby")
        self.workqueue_depth = gauge("quantumjob_workqueue_depth", "Objects that wait to be reconciled")

    def observe_request(self, operation: str, code: str, seconds: float) -> None:
        """Count one request to the service."""
        # An endpoint may answer with any three digits.
        known = code in _CODES or not code.isdecimal()
        self.remote_requests.labels(operation, code if known else _OTHER).inc()
        self.remote_seconds.labels(operation).observe(seconds)

    def count_from(self, known: "Known", now: Callable[[], datetime]) -> None:
        """Report jobs and workspaces, counted anew at each scrape from what is in memory."""
        self.registry.register(_Counts(known, now, self.credentials_refused))


class Known(Protocol):
    """What is in memory, as it is counted."""

    def labels(self) -> Iterable[tuple[str, str, str, str]]:
        """Namespace, state, provider and target of each job."""

    def pending(self) -> Iterable[tuple[str, datetime]]:
        """Why each pending job is held back, and since when it is pending."""

    def readiness(self) -> Iterable[tuple[str, str, str, bool]]:
        """Namespace, name, reason and whether it is ready, of each workspace."""

    def limits(self) -> Iterable["LimitUsed"]:
        """Each limit of each budget, and what is used of it."""

    def counted(self) -> Iterable[tuple[tuple[str, str, str, str, str], float]]:
        """What budgets count for each job: namespace and name of the budget, target, unit and state, and how much."""


class LimitUsed(NamedTuple):
    """A limit of a budget in the current period.

    Attributes:
        namespace: Of the budget.
        budget: Its name.
        job_namespace: Whose limit it is; empty if all share it.
        unit: The currency, or the provider's own unit.
        limit: The limit.
        spent: What was billed.
        reserved: What is set aside for jobs under way.
        left: What further jobs may cost.
    """

    namespace: str
    budget: str
    job_namespace: str
    unit: str
    limit: float
    spent: float
    reserved: float
    left: float


class _Counts(Collector):
    """Counts when asked, so that no counter can drift from the truth, and nothing is left of what is gone."""

    def __init__(self, known: Known, now: Callable[[], datetime], refused: Mapping[tuple[str, str], int]) -> None:
        self._known = known
        self._now = now
        self._refused = refused

    def collect(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily(
            "quantumjob_jobs", "QuantumJobs by state and target", labels=["state", "provider", "target"]
        )
        for labels, count in sorted(_bounded(Tally(self._known.labels())).items()):
            jobs.add_metric(labels, count)
        yield jobs
        yield from self._pending()
        yield from self._workspaces()
        yield from self._budgets()

    def _budgets(self) -> Iterator[Metric]:
        families = [
            GaugeMetricFamily(
                f"quantumjob_budget_{what}", text, labels=["namespace", "budget", "job_namespace", "unit"]
            )
            for what, text in _OF_A_LIMIT.items()
        ]
        nearest = sorted(self._known.limits(), key=lambda one: one.left / one.limit if one.limit else 1.0)
        for one in _in_turns(nearest)[:_MOST_LIMITS]:
            labels, values = one[:_LABELS_OF_A_LIMIT], one[_LABELS_OF_A_LIMIT:]
            for family, value in zip(families, values, strict=True):
                family.add_metric(labels, value)
        yield from families
        yield self._by_target()

    def _by_target(self) -> Metric:
        """What the jobs that are there take of budgets; the largest sums, if there are too many."""
        family = GaugeMetricFamily(
            "quantumjob_budget_jobs_amount",
            "What budgets count for the QuantumJobs that are there, by target and state (Reserved, Settled, Unsettled)",
            labels=["namespace", "budget", "target", "unit", "state"],
        )
        sums: dict[tuple[str, str, str, str, str], float] = {}
        for labels, amount in self._known.counted():
            sums[labels] = sums.get(labels, 0.0) + amount
        for labels in _in_turns(sorted(sums, key=lambda one: -sums[one]))[:_MOST_LIMITS]:
            family.add_metric(labels, sums[labels])
        return family

    def _pending(self) -> Iterator[Metric]:
        count = GaugeMetricFamily(
            "quantumjob_pending_jobs", "QuantumJobs that are held back, by reason", labels=["reason"]
        )
        oldest = GaugeMetricFamily(
            "quantumjob_pending_oldest_seconds",
            "Seconds for which the oldest of the QuantumJobs that are held back has been pending, by its reason",
            labels=["reason"],
        )
        since: dict[str, list[datetime]] = {}
        for reason, moment in self._known.pending():
            since.setdefault(reason, []).append(moment)
        now = self._now()
        for reason, moments in sorted(since.items()):
            count.add_metric([reason], len(moments))
            oldest.add_metric([reason], (now - min(moments)).total_seconds())
        yield from (count, oldest)

    def _workspaces(self) -> Iterator[Metric]:
        ready = GaugeMetricFamily(
            "quantumjob_workspace_ready",
            "1 where a QuantumWorkspace answers and accepts its credentials, 0 where it does not, by reason",
            labels=["namespace", "workspace", "reason"],
        )
        refused = CounterMetricFamily(
            "quantumjob_workspace_credentials_refused",
            "Requests that were not let in, by workspace",
            labels=["namespace", "workspace"],
        )
        shown, rest = bounded_workspaces(sorted(self._known.readiness(), key=lambda one: one[-1]))
        for namespace, name, reason, is_ready in sorted(shown):
            ready.add_metric([namespace, name, reason], is_ready)
            refused.add_metric([namespace, name], self._refused.get((namespace, name), 0))
        if rest:
            ready.add_metric([OTHERS] * 3, all(is_ready for *_, is_ready in rest))
            refused.add_metric([OTHERS] * 2, sum(self._refused.get(one[:2], 0) for one in rest))
        yield from (ready, refused)


def bounded_workspaces(rows: Iterable[T]) -> tuple[list[T], list[T]]:
    """Those that have series of their own, and the rest.

    Args:
        rows: One for each workspace, which begins with its namespace; of one namespace the first go before.
    """
    fair = _in_turns(rows)
    return fair[:_MOST_WORKSPACES], fair[_MOST_WORKSPACES:]


def _in_turns(rows: Iterable[T]) -> list[T]:
    """The first row of each namespace, with which it begins, then the second of each: nobody keeps others out."""
    places: Tally[str] = Tally()
    ranked: list[tuple[int, T]] = []
    for row in rows:
        places[row[0]] += 1
        ranked.append((places[row[0]], row))
    ranked.sort(key=lambda one: one[0])
    return [row for _, row in ranked]


def _bounded(jobs: "Tally[tuple[str, str, str, str]]") -> "Tally[tuple[str, str, str]]":
    """By state and target, of which there are as many as there may be series: each namespace's with most jobs."""
    targets: Tally[tuple[str, str, str]] = Tally()
    for (namespace, _, provider, target), count in jobs.items():
        targets[namespace, provider, target] += count
    ranked = dict.fromkeys(one[1:] for one in _in_turns(one for one, _ in targets.most_common()))
    shown = set(islice(ranked, _MOST_TARGETS))
    bounded: Tally[tuple[str, str, str]] = Tally()
    for (_, state, provider, target), count in jobs.items():
        bounded[(state, provider, target) if (provider, target) in shown else (state, _OTHER, _OTHER)] += count
    return bounded
