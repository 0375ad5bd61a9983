"""QuantumWorkspaces parsed from bodies, whom they admit, and which one a job's reference leads to."""

from collections.abc import Mapping
from typing import Any

import pytest

from quantumjob_operator.model.jobstatus import Condition
from quantumjob_operator.model.parsing import MalformedObject
from quantumjob_operator.model.quantumjob import KeyRef
from quantumjob_operator.model.quantumworkspace import Name, QuantumWorkspace, parse_workspace, resolve_reference
from rooms.model.bodies import RESOURCE_ID, Spoil, dropping, job, putting, spoilt, workspace, workspace_body

GUIDS = {"clientId": "c", "tenantId": "t"}
SELECTOR = {"from": "Selector", "selector": {"matchLabels": {"team": "a"}}}
SHARED = ("quantum-system", "shared")


def expressions(operator: str, values: list[str] | None = None, key: str = "team") -> dict[str, Any]:
    """A selector of one expression."""
    return {"matchExpressions": [{"key": key, "operator": operator, "values": values or []}]}


def test_what_stands_in_a_workspace() -> None:
    """Identity and version from the metadata, the rest as the administrator wrote it."""
    parsed = workspace(generation=3)
    assert (parsed.key, parsed.resource_version, parsed.generation) == (("research", "default"), "7", 3)
    assert parsed.id == RESOURCE_ID.lower()
    assert parsed.spec.resource_id == RESOURCE_ID
    assert parsed.spec.credentials.api_key is not None
    assert parsed.spec.credentials.api_key.secret_key_ref == KeyRef("azure-quantum", "key")
    assert (parsed.conditions, parsed.status, parsed.deletion_requested) == ((), {}, False)


def test_the_conditions_of_a_workspace_are_read() -> None:
    """They keep their transition times only if they are read again."""
    ready = {"type": "Ready", "status": "True", "reason": "Connected", "lastTransitionTime": "2026-11-22T12:00:00Z"}
    parsed = parse_workspace(workspace_body() | {"status": {"conditions": [ready], "targets": []}})
    assert parsed.conditions == (Condition("Ready", "True", "Connected", last_transition_time="2026-11-22T12:00:00Z"),)
    assert parsed.status == {"conditions": [ready], "targets": []}


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        pytest.param(dropping("spec.resourceId"), "spec.resourceId", id="a required field is missing"),
        pytest.param(dropping("spec"), "spec.resourceId", id="there is no spec"),
        pytest.param(
            putting("spec.credentials", {"apiKey": {"secretKeyRef": {"name": "s"}}}),
            "spec.credentials.apiKey.secretKeyRef.key",
            id="half a reference",
        ),
        pytest.param(
            putting("status.conditions", [{"type": "Ready"}]), "status.conditions.0.status", id="half a condition"
        ),
    ],
)
def test_a_malformed_workspace_is_named_with_its_field(spoil: Spoil, field: str) -> None:
    """Such an object was stored under a foreign CRD; the log must say which and what."""
    with pytest.raises(MalformedObject) as caught:
        parse_workspace(spoilt(workspace_body(), spoil))
    assert str(caught.value).startswith(f"research/default: {field}: ")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({}, "https://eastus.quantum.azure.com", id="from the location"),
        pytest.param({"workspaceKind": "V2"}, "https://eastus-v2.quantum.azure.com", id="of the second kind"),
        pytest.param({"endpoint": "http://127.0.0.1:9"}, "http://127.0.0.1:9", id="as the administrator says"),
        pytest.param({"endpoint": "https://quantum.example/"}, "https://quantum.example", id="without a final slash"),
        pytest.param(
            {"endpoint": "https://quantum.example", "workspaceKind": "V2"}, "https://quantum.example", id="kind or not"
        ),
    ],
)
def test_where_requests_go(spec: dict[str, Any], expected: str) -> None:
    """The origin of the data plane."""
    assert workspace(spec).endpoint == expected


@pytest.mark.parametrize(
    ("allowed", "namespace", "admitted"),
    [
        pytest.param(None, "research", True, id="nothing said, its own namespace"),
        pytest.param(None, "other", False, id="nothing said, another namespace"),
        pytest.param({"from": "Same"}, "research", True, id="same, its own namespace"),
        pytest.param({"from": "Same"}, "other", False, id="same, another namespace"),
        pytest.param({"from": "All"}, "other", True, id="all, another namespace"),
        pytest.param(SELECTOR, "research", True, id="a selector, its own namespace"),
        pytest.param(SELECTOR, "other", False, id="a selector, another namespace of which no labels are known"),
        pytest.param({"from": "Everyone"}, "other", False, id="a word that nobody knows"),
        pytest.param({}, "other", False, id="an empty answer"),
    ],
)
def test_who_may_use_a_workspace(allowed: dict[str, Any] | None, namespace: str, *, admitted: bool) -> None:
    """What is not clearly allowed is not allowed."""
    assert workspace({"allowedNamespaces": allowed}).admits(namespace) is admitted


A = {"matchLabels": {"team": "a"}}
A_OR_B, NEITHER = expressions("In", ["a", "b"]), expressions("NotIn", ["a", "b"])


@pytest.mark.parametrize(
    ("selector", "labels", "selected"),
    [
        pytest.param({}, {}, True, id="an empty selector selects everything"),
        pytest.param({}, {"team": "a"}, True, id="an empty selector and any label"),
        pytest.param({}, None, False, id="an empty selector, but labels that cannot be read"),
        pytest.param(A, {"team": "a", "more": "x"}, True, id="the label, among others"),
        pytest.param(A, {"team": "b"}, False, id="the label with another value"),
        pytest.param(A, {"team": "A"}, False, id="the value in another case"),
        pytest.param(A, {}, False, id="no such label"),
        pytest.param(A, None, False, id="labels that cannot be read"),
        pytest.param({"matchLabels": {"team": "a", "tier": "1"}}, {"team": "a"}, False, id="one of two labels"),
        pytest.param({"matchLabels": {"team": ""}}, {}, False, id="an empty value is not an absent label"),
        pytest.param({"matchLabels": {"team": ""}}, {"team": ""}, True, id="an empty value"),
        pytest.param(A_OR_B, {"team": "b"}, True, id="In, one of the values"),
        pytest.param(A_OR_B, {"team": "c"}, False, id="In, another value"),
        pytest.param(A_OR_B, {}, False, id="In, no such label"),
        pytest.param(NEITHER, {"team": "c"}, True, id="NotIn, another value"),
        pytest.param(NEITHER, {"team": "a"}, False, id="NotIn, one of the values"),
        pytest.param(NEITHER, {}, True, id="NotIn, no such label: Kubernetes selects it"),
        pytest.param(expressions("Exists"), {"team": ""}, True, id="Exists, with an empty value"),
        pytest.param(expressions("Exists"), {"tier": "1"}, False, id="Exists, another label"),
        pytest.param(expressions("DoesNotExist"), {"tier": "1"}, True, id="DoesNotExist, another label"),
        pytest.param(expressions("DoesNotExist"), {"team": ""}, False, id="DoesNotExist, with an empty value"),
        pytest.param(
            {**A, **expressions("Exists", key="tier")}, {"team": "a"}, False, id="a label, not the expression"
        ),
        pytest.param(
            {**A, **expressions("Exists", key="tier")}, {"tier": "1"}, False, id="the expression, not the label"
        ),
        pytest.param(
            {**A, **expressions("Exists", key="tier")}, {"team": "a", "tier": "1"}, True, id="label and expression"
        ),
        pytest.param(expressions("Gt", ["3"]), {"team": "4"}, False, id="an operator that nobody knows"),
        pytest.param(expressions("In"), {"team": "a"}, False, id="In without values"),
        pytest.param(expressions("NotIn"), {}, False, id="NotIn without values"),
        pytest.param(expressions("Exists", ["a"]), {"team": "a"}, False, id="Exists with values"),
        pytest.param(None, {"team": "a"}, False, id="no selector at all"),
    ],
)
def test_what_a_selector_selects(
    selector: dict[str, Any] | None, labels: dict[str, str] | None, *, selected: bool
) -> None:
    """As Kubernetes selects by labels; what is not understood selects nothing."""
    shared = workspace({"allowedNamespaces": {"from": "Selector", "selector": selector}})
    assert shared.admits("other", labels) is selected


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param({}, None, id="an API key is served"),
        pytest.param(
            {"credentials": {"connectionString": {"secretKeyRef": {"name": "s", "key": "k"}}}}, None,
            id="a connection string is served",
        ),
        pytest.param({"credentials": {"operatorIdentity": {}}}, None, id="the operator's identity is served"),
        pytest.param({"allowedNamespaces": {"from": "All"}}, None, id="all namespaces are served"),
        pytest.param({"credentials": {"workloadIdentity": GUIDS}}, None, id="workload identity is served"),
        pytest.param(
            {"credentials": {"clientSecret": GUIDS | {"secretKeyRef": {"name": "s", "key": "k"}}}}, None,
            id="a client secret is served",
        ),
        pytest.param({"allowedNamespaces": SELECTOR}, None, id="a selector is served"),
        pytest.param(
            {"allowedNamespaces": {"from": "Selector", "selector": expressions("Gt", ["3"])}},
            "allowedNamespaces.selector.matchExpressions (operator Gt)",
            id="a selector with an operator of a later version is not",
        ),
        pytest.param({"maxJobsInFlight": 1, "maxJobsInFlightPerNamespace": 1}, None, id="limits are served"),
    ],
)  # fmt: skip
def test_what_is_not_served_is_named(spec: dict[str, Any], field: str | None) -> None:
    """A field without effect would be a promise that nobody keeps."""
    assert workspace(spec).unserved_field() == field


OWN = workspace()
OWN_SHARED = workspace(name="shared")
FOREIGN_CLOSED = workspace(namespace=SHARED[0], name=SHARED[1])
FOREIGN_OPEN = workspace({"allowedNamespaces": {"from": "All"}}, namespace=SHARED[0], name=SHARED[1])
REF_OWN = {"name": "shared"}
REF_FOREIGN = {"name": SHARED[1], "namespace": SHARED[0]}


def resolved(
    reference: Mapping[str, str] | None, there: list[QuantumWorkspace], default: Name | None
) -> QuantumWorkspace | str:
    """What the reference of a job in the namespace research leads to."""
    names = {one.key: one for one in there}
    return resolve_reference(job({"workspaceRef": reference} if reference else None), names.get, default)


@pytest.mark.parametrize(
    ("reference", "there", "default", "expected"),
    [
        pytest.param(None, [OWN], None, OWN, id="without a reference, its namespace's default"),
        pytest.param(None, [OWN, FOREIGN_OPEN], SHARED, OWN, id="its namespace's default comes before the operator's"),
        pytest.param(None, [FOREIGN_OPEN], SHARED, FOREIGN_OPEN, id="else the operator's default"),
        pytest.param(REF_OWN, [OWN, OWN_SHARED, FOREIGN_OPEN], SHARED, OWN_SHARED, id="a name in its own namespace"),
        pytest.param(REF_FOREIGN, [OWN, OWN_SHARED, FOREIGN_OPEN], None, FOREIGN_OPEN, id="a name in another one"),
        pytest.param(
            {"name": "default", "namespace": "research"}, [OWN], None, OWN, id="its own namespace, spelled out"
        ),
    ],
)
def test_which_workspace_a_job_uses(
    reference: Mapping[str, str] | None,
    there: list[QuantumWorkspace],
    default: Name | None,
    expected: QuantumWorkspace,
) -> None:
    """The reference, else the namespace's default, else the operator's."""
    assert resolved(reference, there, default) is expected


@pytest.mark.parametrize(
    ("reference", "there", "default", "wanted"),
    [
        pytest.param(None, [], None, "research/default", id="no default anywhere"),
        pytest.param(None, [OWN_SHARED], None, "research/default", id="no default beside another one"),
        pytest.param(REF_OWN, [OWN], None, "research/shared", id="a name that its namespace does not have"),
        pytest.param(
            REF_OWN, [OWN, FOREIGN_OPEN], SHARED, "research/shared", id="a wrong name never means the default"
        ),
        pytest.param(REF_FOREIGN, [OWN], None, "quantum-system/shared", id="a name that another one does not have"),
        pytest.param(None, [], SHARED, "quantum-system/shared", id="an operator's default that is missing"),
    ],
)
def test_a_reference_that_leads_nowhere_says_where_it_leads(
    reference: Mapping[str, str] | None, there: list[QuantumWorkspace], default: Name | None, wanted: str
) -> None:
    """The sentence names the field and the workspace, so that one of both can be fixed."""
    sentence = resolved(reference, there, default)
    assert isinstance(sentence, str)
    assert sentence.startswith("spec.workspaceRef")
    assert f"QuantumWorkspace {wanted}," in sentence


@pytest.mark.parametrize(
    ("reference", "default"),
    [
        pytest.param(REF_FOREIGN, None, id="by reference"),
        pytest.param(None, SHARED, id="by the operator's default"),
    ],
)
def test_missing_and_not_allowed_read_the_same_across_namespaces(
    reference: Mapping[str, str] | None, default: Name | None
) -> None:
    """Whoever may not use a workspace must not learn that it exists."""
    missing = resolved(reference, [], default)
    closed = resolved(reference, [FOREIGN_CLOSED], default)
    assert isinstance(missing, str)
    assert closed == missing


@pytest.mark.parametrize(
    ("reference", "default", "absent"),
    [
        pytest.param(REF_OWN, None, False, id="a reference within the namespace"),
        pytest.param(REF_FOREIGN, None, False, id="a reference to another namespace"),
        pytest.param(None, None, True, id="no reference, its namespace's default"),
        pytest.param(None, SHARED, True, id="no reference, the operator's default"),
    ],
)
def test_an_absent_reference_is_called_absent(
    reference: Mapping[str, str] | None, default: Name | None, *, absent: bool
) -> None:
    """A user who wrote no reference must not search for it."""
    assert ("spec.workspaceRef is absent" in str(resolved(reference, [], default))) is absent
