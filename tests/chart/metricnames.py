"""The time series that the operator really offers, and those that a PromQL expression asks for.

For the alerts and the dashboard.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import promql_parser
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from quantumjob_operator.metrics import LimitUsed, Metrics

_NONE: Final[frozenset[str]] = frozenset()
_LABELS_OF_A_TARGET: Final = frozenset({"job", "namespace", "instance", "pod"})


class Some:
    """One of everything that is counted at a scrape."""

    def labels(self) -> list[tuple[str, str, str, str]]:
        """A job."""
        return [("research", "Waiting", "ionq", "ionq.simulator")]

    def pending(self) -> list[tuple[str, datetime]]:
        """A job that is held back."""
        return [("Throttled", datetime.now(UTC))]

    def readiness(self) -> list[tuple[str, str, str, bool]]:
        """A workspace."""
        return [("research", "default", "Connected", True)]

    def limits(self) -> list[LimitUsed]:
        """A limit of a budget."""
        return [LimitUsed("research", "all", "vqe", "USD", 100, 50, 10, 40)]

    def counted(self) -> list[tuple[tuple[str, str, str, str, str], float]]:
        """A job that a budget counts."""
        return [(("research", "all", "ionq.simulator", "USD", "Settled"), 5.0)]


def offered() -> dict[str, frozenset[str]]:
    """Labels of each series of the operator, and of what Prometheus adds."""
    metrics = Metrics()
    metrics.count_from(Some(), lambda: datetime.now(UTC))
    metrics.observe_request("submit", "201", 0.1)
    metrics.reconcile_errors.labels("ClusterError").inc()
    metrics.poll_age.labels("research", "default").set(1)
    samples = (
        sample
        for family in text_string_to_metric_families(generate_latest(metrics.registry).decode())
        for sample in family.samples
    )
    found = {sample.name: frozenset(sample.labels) | _LABELS_OF_A_TARGET for sample in samples}
    return found | {"up": _LABELS_OF_A_TARGET}


def asked_for(expression: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Name of each series in an expression that parses, and the labels that are matched or grouped by.

    Raises:
        ValueError: It does not parse.
    """
    # Grafana's own variables are no PromQL.
    plain = re.sub(r"\[\$__\w+\]", "[5m]", expression)
    yield from _series(promql_parser.parse(plain), _NONE)


def _series(node: Any, grouped: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    if isinstance(node, promql_parser.VectorSelector):
        yield str(node.name), grouped | {matcher.name for matcher in node.matchers.matchers}
    if isinstance(node, promql_parser.AggregateExpr) and node.modifier:
        grouped = frozenset(node.modifier.labels)
    inner = (getattr(node, part, None) for part in ("expr", "vector_selector", "lhs", "rhs"))
    for part in (*inner, *getattr(node, "args", ())):
        if part is not None:
            yield from _series(part, grouped)
