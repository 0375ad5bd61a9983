"""What the API server accepts, rejects and lets change in a QuantumBudget, and what a rejection says."""

from typing import Any, Final

import pytest

from crds.manifests import ABSENT, DNS_NAME_OF_254, SMALLEST_JOB, Manifest, changed
from crds.server import CustomResources

pytestmark = pytest.mark.cluster

SMALLEST: Final[Manifest] = {
    "apiVersion": "quantumjobs.dev/v1alpha1",
    "kind": "QuantumBudget",
    "metadata": {"name": "smallest"},
    "spec": {"workspaces": ["shared"], "period": "Month", "limits": [{"unit": "USD", "amount": "2000"}]},
}
PLAIN: Final = "an amount is a decimal number in quotes, of at most 15 digits before and 6 behind the point"
REMEDY: Final = 'write it as "97.50"'
CAPITALS: Final = "write it as USD or hqc"
ONCE: Final = "each unit stands here once: merge the entries of a unit, or remove all but one"
CAP: Final = "a job may never cost more than the whole limit of its unit: lower perJob, or raise limits"


def amounts(amount: Any, unit: Any = "USD") -> list[Manifest]:
    """A list of one entry."""
    return [{"unit": unit, "amount": amount}]


ACCEPTED: Final = [
    pytest.param("limits", amounts("0"), id="nothing, which stops what costs"),
    pytest.param("limits", amounts("0.000001"), id="six digits behind the point"),
    pytest.param("limits", amounts("9" * 15), id="fifteen digits"),
    pytest.param("limits", amounts("5", "qpu_time_centiseconds"), id="a provider's own unit"),
    pytest.param("limits", amounts("5", "usd"), id="a unit that nobody bills, which a condition tells"),
    pytest.param("limits", [*amounts("5"), *amounts("5", "hqc")], id="two units"),
    pytest.param("perJob", amounts("2000"), id="a cap as high as the limit"),
    pytest.param("perJob", amounts("2000.000000"), id="and written otherwise"),
    pytest.param("perJob", amounts("9000", "hqc"), id="a cap of a unit without a limit"),
    pytest.param("namespaces", {"selector": {}}, id="all namespaces"),
    pytest.param("jobs", {"matchLabels": {"sweep": "vqe-7"}}, id="a sweep"),
    pytest.param("each", "Namespace", id="limits of each namespace"),
    *(pytest.param("period", one, id=f"period {one}") for one in ("Day", "Quarter", "Year", "Lifetime")),
]


@pytest.mark.parametrize(("field", "value"), ACCEPTED)
def test_good_field_is_accepted(resources: CustomResources, field: str, value: Any) -> None:
    """A budget that is small but for this field would be created."""
    assert resources.try_create(changed(SMALLEST, f"spec.{field}", value)).message == ""


BAD_AMOUNTS: Final = {
    "a negative amount": "-1",
    "an amount with an exponent": "1e3",
    "an amount with a comma": "1,000",
    "no number": "NaN",
    "infinity": "Infinity",
    "an empty amount": "",
    "an amount with a currency": "5 USD",
    "a quantity of Kubernetes": "2k",
    "a point without digits": "5.",
    "seven digits behind the point": "0.0000001",
    "sixteen digits": "1" * 16,
    "a hexadecimal number": "0x10",
    "digits that are not ASCII": "\N{ARABIC-INDIC DIGIT FIVE}",
}
REJECTED: Final = [
    *(
        pytest.param(field, amounts(bad), (f"spec.{field}[0].amount", PLAIN, REMEDY), id=f"{what} in {field}")
        for what, bad in BAD_AMOUNTS.items()
        for field in ("limits", "perJob")
    ),
    pytest.param("limits", amounts(5), ("limits[0].amount", "string"), id="a number instead of text"),
    pytest.param("limits", amounts("5", "5 USD"), ("limits[0].unit", CAPITALS), id="a unit that is none"),
    pytest.param("limits", amounts("5", ""), ("limits[0].unit", CAPITALS), id="an empty unit"),
    pytest.param("limits", amounts("5") * 2, ("Duplicate value", ONCE), id="a unit twice"),
    pytest.param("perJob", amounts("5") * 2, ("Duplicate value", ONCE), id="a unit twice in perJob"),
    pytest.param("limits", [], ("spec.limits", "name at least one, for example"), id="no limits"),
    pytest.param("limits", ABSENT, ("spec.limits: Required",), id="limits left out"),
    pytest.param("limits", amounts("1") * 9, ("at most 8 items",), id="nine limits"),
    pytest.param("perJob", [], ("spec.perJob", "name at least one unit, or remove perJob"), id="an empty cap"),
    pytest.param("perJob", amounts("2000.000001"), ("spec.perJob", CAP), id="a cap above the limit"),
    pytest.param("perJob", amounts("10000"), ("spec.perJob", CAP), id="a cap with more digits than the limit"),
    pytest.param("workspaces", [], ("spec.workspaces", "name at least one of this namespace"), id="no workspaces"),
    pytest.param("workspaces", ["a", "a"], ("Duplicate value",), id="a workspace twice"),
    pytest.param("workspaces", ["A b"], ("spec.workspaces[0]",), id="a name that no workspace has"),
    pytest.param("workspaces", [DNS_NAME_OF_254], ("Too long",), id="a name that is too long"),
    pytest.param("period", ABSENT, ("spec.period: Required",), id="no period"),
    pytest.param("period", "Week", ('supported values: "Day", "Month"',), id="an unknown period"),
    pytest.param("unknownCost", "Guess", ('supported values: "Hold", "Declared", "Allow"',), id="an unknown choice"),
    pytest.param("onExceeded", "Pay", ('supported values: "Hold", "Reject"',), id="another one"),
    pytest.param("approval", {"above": amounts("5")}, ("unknown field",), id="a field that does not exist"),
]


@pytest.mark.parametrize(("field", "value", "says"), REJECTED)
def test_bad_field_is_rejected(resources: CustomResources, field: str, value: Any, says: tuple[str, ...]) -> None:
    """With the field and the remedy."""
    message = resources.try_create(changed(SMALLEST, f"spec.{field}", value)).message
    for part in says:
        assert part in message


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"workspaces": ["other"]}, "create another QuantumBudget instead", id="other workspaces"),
        pytest.param({"workspaces": ["shared", "other"]}, "create another QuantumBudget instead", id="a further one"),
        pytest.param({"limits": amounts("100"), "perJob": amounts("250")}, CAP, id="a limit lowered below the cap"),
        pytest.param({"limits": amounts("1")}, "", id="a lower limit"),
        pytest.param({"limits": amounts("5", "hqc")}, "", id="another unit"),
        pytest.param({"suspend": True, "onExceeded": "Reject", "unknownCost": "Hold"}, "", id="its policy"),
        pytest.param({"period": "Year", "each": "Namespace"}, "", id="what makes a new count necessary"),
    ],
)
def test_changes(resources: CustomResources, change: Manifest, says: str) -> None:
    """Which workspaces are counted is fixed; what they may cost is not."""
    name = changed(SMALLEST, "metadata.name", "changing")
    resources.create(name)
    message = resources.try_merge(name, {"spec": change}).message
    assert (says in message) if says else (message == "")


@pytest.mark.parametrize("bad", BAD_AMOUNTS.values(), ids=BAD_AMOUNTS)
def test_a_limit_of_a_job_is_as_strict(resources: CustomResources, bad: str) -> None:
    """It is compared with a budget's."""
    message = resources.try_create(changed(SMALLEST_JOB, "spec.maxCost", amounts(bad))).message
    for part in ("spec.maxCost[0].amount", PLAIN, REMEDY):
        assert part in message


def test_who_may_change_a_budget_can_not_claim_that_nothing_was_spent(resources: CustomResources) -> None:
    """Status is a subresource."""
    name = changed(SMALLEST, "metadata.name", "honest")
    resources.create(name)
    answer = resources.try_merge(name, {"status": {"unsettled": 1}})
    assert answer.accepted
    assert "unsettled" not in answer.body.get("status", {})
