"""Names, ids, digests and addresses: golden vectors that no upgrade may change."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantumjob_operator.model import naming

WORKSPACE = (
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/Research-RG"
    "/providers/Microsoft.Quantum/workspaces/Research-WS"
)
UID = "7f6a1c1e-9d2b-4b7c-8a55-0d9e6d1f0a01"
LINES = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n"), min_size=1)


def test_the_namespace_of_ids_is_derived_from_the_project_name() -> None:
    """The constant is what its docstring says, so that another implementation can compute it."""
    assert uuid.uuid5(uuid.NAMESPACE_DNS, "quantumjobs.dev") == naming.JOB_ID_NAMESPACE


@pytest.mark.parametrize(
    ("namespace", "uid", "key", "attempt", "expected"),
    [
        pytest.param("research", UID, None, 1, "8286b8a0-1778-5a18-ac2e-617411225159", id="the first attempt by uid"),
        pytest.param("research", UID, None, 2, "bd5a26c6-6517-590d-841d-6fd73cb8896c", id="a later attempt"),
        pytest.param("research", UID, "run-2026-11", 1, "8a3fd140-0278-50e1-8f93-4b3461bb2ce5", id="a key beats uid"),
        pytest.param("other", None, "run-2026-11", 1, "2c65a392-11e6-50f7-bade-f5a237675de1", id="another namespace"),
        pytest.param("research", None, "Größe 1", 1, "e2e2ddb9-360a-5a3e-92d5-4d7fe6710b21", id="a key beyond ASCII"),
    ],
)
def test_job_ids_never_change(namespace: str, uid: str | None, key: str | None, attempt: int, expected: str) -> None:
    """Golden vectors of uuid5(uuid5(DNS, "quantumjobs.dev"), "v1 / workspace / namespace / owner / attempt")."""
    assert naming.job_id(WORKSPACE, namespace, uid=uid, key=key, attempt=attempt) == expected
    owner = f"key:{key}" if key else f"uid:{uid}"
    formula = f"v1\n{WORKSPACE.lower()}\n{namespace}\n{owner}\n{attempt}"
    assert str(uuid.uuid5(naming.JOB_ID_NAMESPACE, formula)) == expected


def test_the_case_of_the_workspace_makes_no_difference_to_ids() -> None:
    """Azure writes resource ids in several cases for one workspace."""
    ids = {
        naming.job_id(text, "research", uid=UID, key=None, attempt=1)
        for text in (WORKSPACE, WORKSPACE.lower(), WORKSPACE.upper(), f"{WORKSPACE}/")
    }
    assert len(ids) == 1


@given(LINES)
def test_a_key_never_meets_a_uid(text: str) -> None:
    """A user who puts another job's uid into the key gets another id."""
    by_uid = naming.job_id(WORKSPACE, "research", uid=text, key=None, attempt=1)
    assert naming.job_id(WORKSPACE, "research", uid=text, key=text, attempt=1) != by_uid


@given(st.tuples(LINES, LINES, st.integers(1, 50)), st.tuples(LINES, LINES, st.integers(1, 50)))
def test_different_owners_get_different_ids(one: tuple[str, str, int], other: tuple[str, str, int]) -> None:
    """No two triples of namespace, key and attempt run together."""
    ids = [naming.job_id(WORKSPACE, space, uid=None, key=key, attempt=number) for space, key, number in (one, other)]
    assert (ids[0] == ids[1]) == (one == other)


@pytest.mark.parametrize(
    ("namespace", "uid", "key", "attempt"),
    [
        pytest.param("research", None, None, 1, id="neither uid nor key"),
        pytest.param("research", UID, "", 1, id="an empty key"),
        pytest.param("research", "", None, 1, id="an empty uid"),
        pytest.param("", UID, None, 1, id="an empty namespace"),
        pytest.param("research", UID, "a\n2", 1, id="a line break in the key"),
        pytest.param("research", UID, "a\r", 1, id="a carriage return in the key"),
        pytest.param("research\nx", UID, None, 1, id="a line break in the namespace"),
        pytest.param("research", UID, None, 0, id="attempt zero"),
    ],
)
def test_parts_that_could_forge_another_id_are_refused(
    namespace: str, uid: str | None, key: str | None, attempt: int
) -> None:
    """Line breaks separate the parts, so no part may have one."""
    with pytest.raises(naming.InvalidName):
        naming.job_id(WORKSPACE, namespace, uid=uid, key=key, attempt=attempt)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(WORKSPACE.removeprefix("/"), id="no leading slash"),
        pytest.param(WORKSPACE.replace("11111111", "1111"), id="a subscription that is no GUID"),
        pytest.param(WORKSPACE.replace("Quantum", "Storage"), id="a resource of another kind"),
        pytest.param(f"{WORKSPACE}/jobs/1", id="something below a workspace"),
        pytest.param(f"{WORKSPACE}?x=1", id="a query"),
        pytest.param(WORKSPACE.replace("Research-RG", "\u017f"), id="a long s, which is an s without case to some"),
        pytest.param(WORKSPACE.replace("Research-RG", "\u212a"), id="a Kelvin sign, which is a k without case"),
        pytest.param(f"{WORKSPACE}\n", id="a line break at the end"),
        pytest.param(WORKSPACE.replace("Research-RG", "a/b"), id="a slash in the resource group"),
        pytest.param(WORKSPACE.replace("Research-RG", "a%2Fb"), id="an escaped slash in the resource group"),
    ],
)
def test_what_is_no_workspace_is_refused(text: str) -> None:
    """Nothing but the resource id of a workspace becomes part of an id or address."""
    with pytest.raises(naming.InvalidName):
        naming.workspace_id(text)


def test_a_workspace_has_one_spelling() -> None:
    """Lower case, without the final slash; and the spelling is its own spelling."""
    canonical = naming.workspace_id(f"{WORKSPACE}/")
    assert canonical == WORKSPACE.lower()
    assert naming.workspace_id(canonical) == canonical


def digest(**changes: object) -> str:
    """The digest of one fixed job, with the given changes."""
    job: dict[str, object] = {
        "provider": "ionq",
        "target": "ionq.simulator",
        "input_format": "ionq.circuit.v1",
        "output_format": "ionq.quantum-results.v1",
        "parameters": {"shots": 500, "noise": {"model": "ideal", "seed": 1}},
        "session_id": None,
        "program": b'{"qubits":1,"circuit":[]}',
    }
    return naming.spec_digest(**(job | changes))  # type: ignore[arg-type]  # rows change one argument by name


def test_the_digest_never_changes() -> None:
    """A golden vector: adoption after an upgrade compares with digests that an older operator wrote."""
    assert digest(parameters={"shots": 500}) == (
        "sha256:41c32a705970e08b082195eb9984ec6a3c8d232958a182c7eb35096ae981c1ff"
    )


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"provider": "IonQ"}, id="the provider's case"),
        pytest.param({"parameters": {"noise": {"seed": 1, "model": "ideal"}, "shots": 500}}, id="the order of keys"),
    ],
)
def test_what_makes_no_difference_to_the_purchase_keeps_the_digest(changes: dict[str, object]) -> None:
    """Two spellings of one job are the same billable definition."""
    assert digest(**changes) == digest()


def test_absent_and_empty_parameters_are_the_same() -> None:
    """Both send an empty `inputParams`."""
    assert digest(parameters=None) == digest(parameters={})


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"provider": "quantinuum"}, id="another provider"),
        pytest.param({"target": "ionq.qpu.forte-1"}, id="another target"),
        pytest.param({"input_format": "qir.v1"}, id="another input format"),
        pytest.param({"output_format": "microsoft.quantum-results.v2"}, id="another output format"),
        pytest.param({"parameters": {"shots": 501}}, id="other parameters"),
        pytest.param({"parameters": {"shots": "500"}}, id="a parameter of another type"),
        pytest.param({"session_id": UID}, id="a session"),
        pytest.param({"program": b'{"qubits":1,"circuit":[] }'}, id="one more byte of program"),
    ],
)
def test_every_part_of_the_purchase_is_in_the_digest(changes: dict[str, object]) -> None:
    """A job that differs in any of these is not ours to adopt."""
    assert digest(**changes) != digest()


@pytest.mark.parametrize(
    ("location", "kind", "expected"),
    [
        pytest.param("eastus", "V1", "https://eastus.quantum.azure.com", id="first kind"),
        pytest.param("westeurope", "V2", "https://westeurope-v2.quantum.azure.com", id="second kind"),
    ],
)
def test_the_endpoint_follows_from_location_and_kind(location: str, kind: str, expected: str) -> None:
    """No call to the resource manager is needed to find the data plane."""
    assert naming.endpoint(location, kind) == expected


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        pytest.param("evil.example/", "V1", id="a host in the location"),
        pytest.param("East US", "V1", id="a display name"),
        pytest.param("eastus\n", "V1", id="a line break"),
        pytest.param("", "V1", id="nothing"),
        pytest.param("eastus", "V3", id="an unknown kind"),
    ],
)
def test_nothing_else_gets_into_a_host(location: str, kind: str) -> None:
    """Credentials are sent to this host."""
    with pytest.raises(naming.InvalidName):
        naming.endpoint(location, kind)


def test_the_portal_page_names_workspace_and_job() -> None:
    """The link that status.portalUrl shows."""
    assert naming.portal_url(WORKSPACE, UID) == (
        f"https://portal.azure.com/#resource{WORKSPACE}/job_management?microsoft_azure_quantum_jobid={UID}"
    )


def test_the_portal_page_of_something_else_is_refused() -> None:
    """A link is never made of text that is no job id."""
    with pytest.raises(naming.InvalidName):
        naming.portal_url(WORKSPACE, "x&y")


def test_the_output_is_named_after_the_job() -> None:
    """The default name of the ConfigMap."""
    assert naming.default_output_name("bell") == "bell-output"
