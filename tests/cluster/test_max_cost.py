"""A job that would cost more than it may is never sent; what it is expected to cost is in its status."""

import json
import re
from typing import Any, Final

import pytest
import yaml

from cluster import jobs
from cluster.answers import assert_failed, assert_held
from cluster.jobnamespace import JobNamespace, condition_of, eventually
from localstack import manifests

pytestmark = pytest.mark.cluster

PRICES: Final = (manifests.PROJECT / "charts/quantumjob-workspace/files/prices.yaml").read_text()


def limit(amount: str, unit: str = "ehqc") -> dict[str, Any]:
    """A job's `maxCost`."""
    return {"maxCost": [{"unit": unit, "amount": amount}]}


@pytest.fixture
def priced(place: JobNamespace) -> JobNamespace:
    """A namespace whose QuantumWorkspace names the published price list."""
    place.apply(jobs.config_map("prices", {"prices.yaml": PRICES}), place.workspace(pricesRef={"name": "prices"}))
    return place


def test_above_its_limit_it_is_never_sent(priced: JobNamespace) -> None:
    """It ends with both numbers and what to do; status says what it would have cost."""
    priced.apply(jobs.quantinuum("ghz", **limit("6")))
    assert_failed(
        priced, "ghz", "AboveMaxCost", "allows 6 ehqc", "cost 6.275 ehqc", "100 shots", "2025-09-17", "in a new job"
    )
    assert priced.runs("ghz") == []
    assert priced.status("ghz")["estimate"] == {
        "basis": "PriceList",
        "amounts": [{"unit": "ehqc", "amount": "6.275"}],
        "asOf": "2025-09-17",
        "detail": "1 one-qubit and 2 two-qubit gates, 6 measurements and preparations, 100 shots, 25% more for the "
        "provider's compiler",
    }
    assert "finalizers" not in priced.job("ghz")["metadata"]


def test_within_its_limit_it_runs(priced: JobNamespace) -> None:
    """With its estimate beside the result."""
    priced.apply(jobs.quantinuum("ghz", **limit("6.275")))
    priced.wait("ghz")
    status = priced.status("ghz")
    assert (status["state"], status["estimate"]["amounts"]) == ("Succeeded", [{"unit": "ehqc", "amount": "6.275"}])
    assert len(priced.runs("ghz")) == 1


def test_qir_is_counted(priced: JobNamespace) -> None:
    """A straight line of it, as text, with the entry point that the operator finds and sends."""
    program = {"format": "qir.v1", "source": jobs.qir_that_flips_the_first()}
    made = {"provider": "quantinuum", "target": "quantinuum.sim.h2-1e", "program": program}
    priced.apply(jobs.job("little", **made, **limit("5.774")), jobs.job("enough", **made, **limit("5.775")))
    assert_failed(
        priced, "little", "AboveMaxCost", "allows 5.774 ehqc", "cost 5.775 ehqc", "1 one-qubit and 0 two-qubit"
    )
    priced.wait("enough")
    assert (priced.status("enough")["state"], len(priced.runs("enough"))) == ("Succeeded", 1)
    assert priced.runs("little") == []


def test_the_job_of_the_page_runs(priced: JobNamespace) -> None:
    """As printed."""
    page = (manifests.PROJECT / "docs" / "money.md").read_text()
    block, *_ = re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    priced.apply(yaml.safe_load(block))
    priced.wait("ghz")
    assert priced.status("ghz")["state"] == "Succeeded"


def test_without_a_price_list_the_limit_is_only_shown(place: JobNamespace) -> None:
    """Unknown is not 0: a limit of 0 stops it, another one does not."""
    place.apply(jobs.ionq("some", **limit("5", "USD")), jobs.ionq("none", **limit("0", "USD")))
    assert_failed(place, "none", "AboveMaxCost", "not known to be 0", "spec.pricesRef")
    place.wait("some")
    assert place.status("some")["state"] == "Succeeded"
    assert place.status("some")["estimate"]["basis"] == "Unknown"


@pytest.mark.slow
def test_unreadable_price_list_holds_what_has_a_limit(place: JobNamespace) -> None:
    """Nothing new is submitted on a guess; without a limit nobody waits, and the list can be repaired."""
    broken = "asOf: 2025-09-17\ntargets: [{target: a, model: Free}, {target: a, model: Free}]"
    place.apply(jobs.config_map("prices", {"prices.yaml": broken}), place.workspace(pricesRef={"name": "prices"}))
    place.apply(jobs.quantinuum("limited", **limit("7")), jobs.ionq("free"))
    assert_held(place, "limited", "PriceListUnreadable", "ConfigMap prices", "target a is there twice")
    place.wait("free")
    place.apply(jobs.config_map("prices", {"prices.yaml": "targets: ["}))
    eventually(lambda: "it is no YAML (line 1)" in condition_of(place.job("limited"), "Submitted")["message"])
    place.apply(jobs.config_map("prices", {"prices.yaml": PRICES}))
    place.wait("limited")
    assert place.status("limited")["state"] == "Succeeded"


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        pytest.param([{"unit": "USD", "amount": "-1"}], "amount", id="negative"),
        pytest.param([{"unit": "USD", "amount": "1e3"}], "amount", id="with an exponent"),
        pytest.param([{"unit": "USD", "amount": "1,000"}], "amount", id="with a comma"),
        pytest.param([{"unit": "USD", "amount": 5}], "amount", id="no text"),
        pytest.param([{"unit": "USD", "amount": "1"}] * 2, "Duplicate", id="a unit twice"),
        pytest.param([], "at least 1", id="empty"),
    ],
)
def test_bad_limits_are_refused(place: JobNamespace, limits: list[dict[str, Any]], says: str) -> None:
    """By the API server."""
    body = jobs.ionq("bell", maxCost=limits)
    refused = place.stack.cluster.kubectl("create", f"-n={place.name}", "-f", "-", stdin=json.dumps(body), check=False)
    assert refused.returncode != 0
    assert "maxCost" in refused.stderr
    assert says in refused.stderr


def test_limit_is_fixed(place: JobNamespace) -> None:
    """A limit that could be raised would be none."""
    place.apply(jobs.ionq("bell", suspend=True, **limit("5", "USD")))
    patch = '{"spec": {"maxCost": [{"unit": "USD", "amount": "50"}]}}'
    refused = place.stack.cluster.kubectl(
        "patch", f"-n={place.name}", "quantumjob", "bell", "--type=merge", "-p", patch, check=False
    )
    assert "maxCost is fixed when the job is created" in refused.stderr
