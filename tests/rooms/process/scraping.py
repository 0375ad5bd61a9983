"""A scrape of the metrics, as Prometheus reads it."""

from datetime import UTC, datetime
from typing import Final

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from quantumjob_operator.metrics import Metrics

NOW: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
Sample = tuple[str, frozenset[tuple[str, str]]]


def scrape(metrics: Metrics) -> dict[Sample, float]:
    """Every sample of a scrape, as Prometheus reads it."""
    families = text_string_to_metric_families(generate_latest(metrics.registry).decode())
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def sample(name: str, **labels: str) -> Sample:
    """A sample's name and labels."""
    return name, frozenset(labels.items())
