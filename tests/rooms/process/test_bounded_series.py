"""Series of metrics have a bound, whatever endpoints and namespaces make up."""

from collections.abc import Iterator

import pytest

from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.cache_figures import CacheFigures
from quantumjob_operator.metrics import Metrics
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.quantumworkspace import parse_workspace
from rooms.model.bodies import workspace_body
from rooms.process.scraping import NOW, scrape


class Labelled(CacheFigures):
    """Figures that have labels, as if workspaces offered them all."""

    def __init__(self, labels: list[tuple[str, str, str, str]]) -> None:
        super().__init__(Cache())
        self._labels = labels

    def labels(self) -> Iterator[tuple[str, str, str, str]]:
        """The given ones."""
        return iter(self._labels)


def test_targets_are_no_unbounded_series() -> None:
    """An endpoint may offer what it likes, and have more jobs of each: others' targets have series of their own."""
    metrics = Metrics()
    many = [("mallory", "Waiting", "p", f"t-{number % 1000}") for number in range(5000)]
    metrics.count_from(Labelled([*many, *[("research", "Waiting", "ionq", "ionq.simulator")] * 2]), lambda: NOW)
    counted = {labels: value for (name, labels), value in scrape(metrics).items() if name == "quantumjob_jobs"}
    assert len(counted) <= 201
    assert sum(counted.values()) == 5002
    assert counted[frozenset({("state", "Waiting"), ("provider", "ionq"), ("target", "ionq.simulator")})] == 2


def test_codes_are_no_unbounded_series() -> None:
    """An endpoint may answer with any three digits; words are ours."""
    metrics = Metrics()
    for code in ("200", "404", "timeout", *(str(code) for code in range(600, 1000))):
        metrics.observe_request("get_job", code, 0.1)
    codes = {dict(labels)["code"] for name, labels in scrape(metrics) if name == "quantumjob_remote_requests_total"}
    assert codes == {"200", "404", "timeout", "other"}


def crowded(mallorys: int, others: int) -> tuple[Cache, Metrics]:
    """One namespace has many workspaces that are not ready, of which the last is; others have one each, which is not.

    Each was refused twice.
    """
    known, metrics = Cache(), Metrics()
    names = [("mallory", f"w-{number:05}") for number in range(mallorys)]
    names += [(f"team-{number:05}", "shared") for number in range(others)]
    for number, (namespace, name) in enumerate(names):
        state = "True" if number == mallorys - 1 else "False"
        condition = {"type": "Ready", "status": state, "reason": "Told", "lastTransitionTime": stamp(NOW)}
        body = workspace_body(namespace=namespace, name=name, uid=f"{namespace}/{name}")
        known.put_workspace(parse_workspace(body | {"status": {"conditions": [condition]}}))
        metrics.credentials_refused.update([(namespace, name)] * 2)
    metrics.count_from(CacheFigures(known), lambda: NOW)
    return known, metrics


@pytest.mark.parametrize(
    ("mallorys", "others", "seen", "rest"),
    [
        pytest.param(980, 20, 980, 0, id="as many as there may be"),
        pytest.param(5_000, 20, 980, 4_020, id="one namespace has too many of them"),
    ],
)
def test_workspaces_are_no_unbounded_series(mallorys: int, others: int, seen: int, rest: int) -> None:
    """A thousand: each namespace's are seen, those that are not ready first; the rest are one series together."""
    _, metrics = crowded(mallorys, others)
    found = scrape(metrics)
    ready = {labels: value for (name, labels), value in found.items() if name == "quantumjob_workspace_ready"}
    namespaces = [dict(labels)["namespace"] for labels in ready]
    assert {name: namespaces.count(name) for name in ("mallory", "team-00000", "(other)")} == {
        "mallory": seen,
        "team-00000": 1,
        "(other)": 1 if rest else 0,
    }
    assert len({name for name in namespaces if name.startswith("team-")}) == others
    assert (1.0 in ready.values()) == (rest == 0)
    assert sum(value for (name, _), value in found.items() if name.endswith("refused_total")) == 2 * (mallorys + others)
