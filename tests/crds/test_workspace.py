"""What the API server accepts, rejects and lets change in a QuantumWorkspace, and what a rejection says."""

from typing import Any, Final

import pytest

from crds.manifests import (
    ABSENT,
    DNS_NAME_OF_254,
    FULL_WORKSPACE,
    GUID,
    NAME_OF_64,
    RESOURCE_ID,
    SMALLEST_WORKSPACE,
    Manifest,
    changed,
)
from crds.server import CustomResources

pytestmark = pytest.mark.cluster

SECRET: Final = {"secretKeyRef": {"name": "azure-quantum", "key": "key"}}


def selecting(**condition: Any) -> Manifest:
    """Namespaces allowed by one condition on a label."""
    return {"from": "Selector", "selector": {"matchExpressions": [condition]}}


ACCEPTED: Final = [
    pytest.param("resourceId", RESOURCE_ID.upper(), id="a resource id in capitals, as tools spell it"),
    pytest.param("resourceId", RESOURCE_ID.replace("research-rg", "Rg_(1).x"), id="a resource group with punctuation"),
    pytest.param("resourceId", RESOURCE_ID.replace("research-ws", "w2"), id="a workspace name of 2 characters"),
    pytest.param("resourceId", RESOURCE_ID.replace("research-ws", "w" * 54), id="a workspace name of 54 characters"),
    pytest.param("location", "westus2", id="a location with a digit"),
    pytest.param("workspaceKind", "V1", id="kind V1"),
    pytest.param("workspaceKind", "V2", id="kind V2"),
    pytest.param("endpoint", "https://eastus.quantum.azure.com", id="an endpoint with a name"),
    pytest.param("endpoint", "http://emulator.quantum.svc:65535", id="an endpoint with a port"),
    pytest.param("endpoint", "http://[::1]:8080", id="an endpoint on IPv6"),
    pytest.param("credentials", {"apiKey": SECRET}, id="an API key"),
    pytest.param("credentials", {"connectionString": SECRET}, id="a connection string"),
    pytest.param("credentials", {"operatorIdentity": {}}, id="the operator's identity"),
    pytest.param("credentials", {"workloadIdentity": {"clientId": GUID, "tenantId": GUID}}, id="a workload identity"),
    pytest.param("credentials", {"clientSecret": {"clientId": GUID, "tenantId": GUID, **SECRET}}, id="a client secret"),
    pytest.param("allowedNamespaces", {"from": "Same"}, id="its own namespace"),
    pytest.param("allowedNamespaces", {"from": "All"}, id="all namespaces"),
    pytest.param("allowedNamespaces", {"from": "Selector", "selector": {}}, id="an empty selector"),
    pytest.param("allowedNamespaces", selecting(key="a.b/c", operator="Exists"), id="namespaces with a label"),
    pytest.param("maxJobsInFlight", 1, id="one job at a time"),
    pytest.param("maxJobsInFlightPerNamespace", 1, id="one job at a time for each namespace"),
]


@pytest.mark.parametrize(("field", "value"), ACCEPTED)
def test_good_field_is_accepted(resources: CustomResources, field: str, value: Any) -> None:
    """A workspace that is small but for this field would be created."""
    manifest = changed(changed(SMALLEST_WORKSPACE, "metadata.name", "another"), f"spec.{field}", value)
    assert resources.try_create(manifest).message == ""


SYNTAX: Final = "should match"
LONG: Final = "may not be more than"
WHOLE_ID: Final = "copy it from the portal"
ORIGIN: Final = "endpoint must be an origin"
ONE_KIND: Final = "exactly one of workloadIdentity, clientSecret, apiKey, connectionString and operatorIdentity"
SELECTOR: Final = "add the selector, or remove it"
VALUES: Final = "add values, or remove them"
REJECTED: Final = [
    pytest.param("surprise", 1, "unknown field", id="a field that does not exist"),
    pytest.param("resourceId", ABSENT, "Required", id="no resource id"),
    pytest.param("resourceId", "research-ws", WHOLE_ID, id="a workspace name alone"),
    pytest.param("resourceId", f"/subscriptions/{GUID}/resourceGroups/rg", WHOLE_ID, id="a resource group"),
    pytest.param("resourceId", RESOURCE_ID.replace("research-rg", "\u017f"), "outside of ASCII", id="a long s"),
    pytest.param("resourceId", RESOURCE_ID.replace("research-ws", "w\u212a"), "outside of ASCII", id="a Kelvin sign"),
    pytest.param("resourceId", RESOURCE_ID.replace("Quantum", "Compute"), WHOLE_ID, id="another kind of resource"),
    pytest.param("resourceId", RESOURCE_ID + "/", SYNTAX, id="a resource id with a slash at its end"),
    pytest.param("resourceId", RESOURCE_ID + "/jobs/x", SYNTAX, id="a resource below the workspace"),
    pytest.param("resourceId", RESOURCE_ID.replace(GUID, "my-subscription"), SYNTAX, id="a subscription by name"),
    pytest.param("resourceId", RESOURCE_ID.replace("rg", "rg."), SYNTAX, id="a resource group that ends in a dot"),
    pytest.param("resourceId", RESOURCE_ID.replace("rg", "r?g"), SYNTAX, id="a resource group with a question mark"),
    pytest.param("resourceId", RESOURCE_ID.replace("research-rg", "g" * 91), SYNTAX, id="a long resource group"),
    pytest.param("resourceId", RESOURCE_ID.replace("-ws", "-w#s"), SYNTAX, id="a workspace name with a hash"),
    pytest.param("resourceId", RESOURCE_ID.replace("-ws", "-"), SYNTAX, id="a workspace name that ends in a dash"),
    pytest.param("resourceId", RESOURCE_ID.replace("research-ws", "w"), SYNTAX, id="a workspace name of 1 character"),
    pytest.param("resourceId", RESOURCE_ID.replace("research-ws", "w" * 55), SYNTAX, id="a workspace name of 55"),
    pytest.param("resourceId", RESOURCE_ID + "w" * 320, LONG, id="a resource id without end"),
    pytest.param("location", ABSENT, "Required", id="no location"),
    pytest.param("location", "East US", SYNTAX, id="a location as people write it"),
    pytest.param("location", "eastus.evil.example/", SYNTAX, id="a location that would change the host"),
    pytest.param("location", "e", SYNTAX, id="a location of one letter"),
    pytest.param("location", "e" * 41, LONG, id="a location of 41 letters"),
    pytest.param("workspaceKind", "V3", 'supported values: "V1", "V2"', id="an unknown kind"),
    pytest.param("endpoint", "", SYNTAX, id="an empty endpoint"),
    pytest.param("endpoint", "eastus.quantum.azure.com", ORIGIN, id="an endpoint without a scheme"),
    pytest.param("endpoint", "ftp://eastus.quantum.azure.com", ORIGIN, id="an endpoint of another scheme"),
    pytest.param("endpoint", "https://eastus.quantum.azure.com/", ORIGIN, id="an endpoint with a slash"),
    pytest.param("endpoint", "https://eastus.quantum.azure.com/api", ORIGIN, id="an endpoint with a path"),
    pytest.param("endpoint", "https://user@eastus.quantum.azure.com", ORIGIN, id="an endpoint with a user"),
    pytest.param("endpoint", "https://eastus.quantum.azure.com?a=b", ORIGIN, id="an endpoint with a query"),
    pytest.param("endpoint", "https://eastus.quantum.azure.com#a", ORIGIN, id="an endpoint with a fragment"),
    pytest.param("endpoint", "https://", ORIGIN, id="an endpoint without a host"),
    pytest.param("endpoint", "https://:8080", ORIGIN, id="an endpoint with a port alone"),
    pytest.param("endpoint", "https://a b", ORIGIN, id="an endpoint with a space"),
    pytest.param("endpoint", "https://a\\b", ORIGIN, id="an endpoint with a backslash"),
    pytest.param("endpoint", "http://127.0.0.1:65536", SYNTAX, id="a port above 65535"),
    pytest.param("endpoint", "http://127.0.0.1:0", SYNTAX, id="port 0"),
    pytest.param("endpoint", "http://127.0.0.1:", SYNTAX, id="a colon without a port"),
    pytest.param("endpoint", f"https://{'h' * 300}", LONG, id="an endpoint that is too long"),
    pytest.param("credentials", ABSENT, "Required", id="no credentials"),
    pytest.param("credentials", {}, ONE_KIND, id="empty credentials"),
    pytest.param("credentials", {"apiKey": SECRET, "operatorIdentity": {}}, ONE_KIND, id="two kinds of credentials"),
    *(
        pytest.param(f"credentials.{kind}", {}, f"{field}: Required", id=f"{kind} without {field}")
        for kind, field in (
            ("workloadIdentity", "clientId"),
            ("workloadIdentity", "tenantId"),
            ("clientSecret", "clientId"),
            ("clientSecret", "tenantId"),
            ("clientSecret", "secretKeyRef"),
            ("connectionString", "secretKeyRef"),
            ("apiKey", "secretKeyRef"),
        )
    ),
    pytest.param("allowedNamespaces", {}, "Required", id="allowed namespaces that do not say which"),
    pytest.param(
        "allowedNamespaces.from", "None", 'supported values: "Same", "All", "Selector"', id="an unknown choice"
    ),
    pytest.param("allowedNamespaces", {"from": "Selector"}, SELECTOR, id="Selector without its selector"),
    pytest.param("allowedNamespaces", {"from": "All", "selector": {}}, SELECTOR, id="a selector beside All"),
    pytest.param("allowedNamespaces", {"from": "Same", "selector": {}}, SELECTOR, id="a selector beside Same"),
    pytest.param("allowedNamespaces", selecting(key="a", operator="In"), VALUES, id="In without values"),
    pytest.param(
        "allowedNamespaces", selecting(key="a", operator="Exists", values=["b"]), VALUES, id="Exists with values"
    ),
    pytest.param(
        "allowedNamespaces", selecting(key="a", operator="Like"), "supported values", id="an unknown operator"
    ),
    *(
        pytest.param("allowedNamespaces", selecting(**bad), expected, id=what)
        for bad, expected, what in (
            ({"operator": "Exists"}, "key: Required", "a condition without a key"),
            ({"key": "a"}, "operator: Required", "a condition without an operator"),
            ({"key": "a b", "operator": "Exists"}, SYNTAX, "an impossible label key"),
            ({"key": "k" * 318, "operator": "Exists"}, LONG, "a long label key"),
            ({"key": "a", "operator": "In", "values": ["b", "b"]}, "Duplicate value", "a value twice"),
            ({"key": "a", "operator": "In", "values": ["b c"]}, SYNTAX, "an impossible value"),
            ({"key": "a", "operator": "In", "values": [NAME_OF_64]}, LONG, "a long value"),
            ({"key": "a", "operator": "In", "values": [str(n) for n in range(65)]}, "at most 64 items", "65 values"),
        )
    ),
    pytest.param(
        "allowedNamespaces",
        {"from": "Selector", "selector": {"matchExpressions": [{"key": "a", "operator": "Exists"}] * 33}},
        "at most 32 items",
        id="33 conditions",
    ),
    pytest.param("maxJobsInFlight", 0, "greater than or equal to 1", id="no job at all"),
    pytest.param("maxJobsInFlightPerNamespace", 0, "greater than or equal to 1", id="no job for any namespace"),
    pytest.param("quotaGuard", "Watch", "Unsupported value", id="a guard that does something else"),
    *(
        pytest.param("credentials", {kind: {**others, "secretKeyRef": bad}}, expected, id=f"a Secret of {kind} {what}")
        for kind, others in (
            ("apiKey", {}),
            ("connectionString", {}),
            ("clientSecret", {"clientId": GUID, "tenantId": GUID}),
        )
        for bad, expected, what in (
            ({"name": "A_b", "key": "k"}, SYNTAX, "with an impossible name"),
            ({"name": DNS_NAME_OF_254, "key": "k"}, LONG, "with a long name"),
            ({"name": "n", "key": "a/b"}, SYNTAX, "with an impossible key"),
            ({"name": "n", "key": "k" * 254}, LONG, "with a long key"),
            ({"key": "k"}, "name: Required", "without a name"),
            ({"name": "n"}, "key: Required", "without a key"),
        )
    ),
    *(
        pytest.param("credentials", {kind: good | {field: bad}}, expected, id=f"a {field} of {kind} {what}")
        for kind, good in (
            ("workloadIdentity", {"clientId": GUID, "tenantId": GUID}),
            ("clientSecret", {"clientId": GUID, "tenantId": GUID, **SECRET}),
        )
        for field in ("clientId", "tenantId")
        for bad, expected, what in (
            ("example.onmicrosoft.com", SYNTAX, "that is no GUID"),
            (GUID + "0", LONG, "that is longer than a GUID"),
        )
    ),
    *(
        pytest.param("allowedNamespaces", {"from": "Selector", "selector": {"matchLabels": bad}}, expected, id=what)
        for bad, expected, what in (
            ({"a": "b c"}, SYNTAX, "an impossible label value"),
            ({"a": NAME_OF_64}, LONG, "a long label value"),
            ({"a b": ""}, "correct the key", "a label key with a space"),
            ({f"l{number}": "" for number in range(33)}, "at most 32 items", "33 labels to match"),
        )
    ),
]


@pytest.mark.parametrize(("field", "value", "remedy"), REJECTED)
def test_bad_field_is_rejected_with_a_remedy(resources: CustomResources, field: str, value: Any, remedy: str) -> None:
    """A workspace that is small but for this field is refused; the message names the field and what is right."""
    message = resources.try_create(changed(SMALLEST_WORKSPACE, f"spec.{field}", value)).message
    assert f"spec.{field}" in message
    assert remedy in message


def test_workspace_needs_a_spec(resources: CustomResources) -> None:
    """A workspace without a spec is refused."""
    assert "spec: Required" in resources.try_create(changed(SMALLEST_WORKSPACE, "spec", ABSENT)).message


FIXED: Final = [
    pytest.param(FULL_WORKSPACE, {"resourceId": RESOURCE_ID + "2"}, "resourceId", id="resourceId changed"),
    pytest.param(FULL_WORKSPACE, {"location": "westus"}, "location", id="location changed"),
    pytest.param(FULL_WORKSPACE, {"workspaceKind": "V1"}, "workspaceKind", id="workspaceKind changed"),
    pytest.param(FULL_WORKSPACE, {"workspaceKind": None}, "workspaceKind", id="workspaceKind removed"),
    pytest.param(SMALLEST_WORKSPACE, {"workspaceKind": "V1"}, "workspaceKind", id="workspaceKind added"),
]


@pytest.mark.parametrize(("workspace", "change", "field"), FIXED)
def test_which_workspace_it_is_stays_fixed(
    resources: CustomResources, workspace: Manifest, change: Manifest, field: str
) -> None:
    """A change of what identifies the workspace is refused; the message names the field and the way out."""
    message = resources.try_merge(workspace, {"spec": change}).message
    assert f"spec.{field}" in message
    assert "create another QuantumWorkspace" in message


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"endpoint": "https://eastus.quantum.azure.com"}, id="the endpoint"),
        pytest.param({"credentials": {"clientSecret": None, "apiKey": SECRET}}, id="the kind of credentials"),
        pytest.param({"allowedNamespaces": None}, id="the allowed namespaces"),
        pytest.param({"maxJobsInFlight": None}, id="the limit of jobs"),
    ],
)
def test_how_it_is_used_may_change(resources: CustomResources, change: Manifest) -> None:
    """A change of how the workspace is reached, by whom and how much is taken."""
    assert resources.try_merge(FULL_WORKSPACE, {"spec": change}).message == ""
