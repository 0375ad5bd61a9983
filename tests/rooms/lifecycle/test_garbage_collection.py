"""Which rows of the service's list tell of a job that was left without an object."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from quantumjob_operator.lifecycle.attempts import identify, is_heir
from quantumjob_operator.lifecycle.garbage_collection import (
    Origin,
    has_id_of_its_uid,
    has_owner,
    may_be_cancelled,
    may_tell,
    origin_of,
    owned_by,
    released_on_purpose,
)
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.naming import (
    METADATA_DELETION_POLICY,
    METADATA_HOLDER,
    METADATA_NAME,
    METADATA_SENT,
    orphan_tag,
)
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumworkspace import Name, referenced_name
from quantumjob_operator.model.remotejob import RemoteJob
from rooms.lifecycle.observations import (
    ELSEWHERE,
    HOLDER,
    KEYED,
    NOW,
    RIVAL,
    WORKSPACE,
    claim,
    claimed,
    finished,
    new,
    owner,
    remote,
)
from rooms.model.bodies import OTHER_UID, UID, workspace

HERE = "this-cluster"


STARTED = NOW
BEFORE, AFTER = NOW - timedelta(minutes=5), NOW + timedelta(minutes=5)


def told(word: str = "Executing", **metadata: Any) -> RemoteJob:
    """A row of a job of this cluster."""
    name = metadata.pop("name", "bell")
    return remote(word, metadata={**owner(**{"cluster": HERE} | metadata), METADATA_NAME: name})


def sent(
    policy: str | None = "Cancel", holder: str = RIVAL, when: datetime | None = BEFORE, **fields: Any
) -> RemoteJob:
    """A job without its object, as its own metadata tell of it."""
    policies = {METADATA_DELETION_POLICY: policy} if policy else {}
    row = told()
    return replace(row, metadata={**row.metadata, **policies, METADATA_HOLDER: holder}, creation_time=when, **fields)


def said(row: RemoteJob, when: datetime) -> RemoteJob:
    """The same, with the time at which it says that it was sent."""
    return replace(row, metadata={**row.metadata, METADATA_SENT: stamp(when)})


@pytest.mark.parametrize(
    ("row", "namespaces", "found"),
    [
        pytest.param(told(), (), True, id="an unfinished job of this cluster"),
        pytest.param(told("Succeeded"), (), False, id="one that is over costs nothing more"),
        pytest.param(told(cluster="another"), (), False, id="another cluster's"),
        pytest.param(replace(told(), metadata={}), (), False, id="one that says nothing"),
        pytest.param(told(), ("other",), False, id="of a namespace that another operator serves"),
        pytest.param(told(), ("research",), True, id="of a namespace that is served"),
        pytest.param(told("Dreaming"), (), True, id="an unknown word is no end"),
        pytest.param(told(namespace="../../../api/v1/namespaces/a?x="), (), False, id="a path for a namespace"),
        pytest.param(told(uid="1"), (), False, id="a uid that is none"),
        pytest.param(told(name="../secrets/a"), (), False, id="a path for a name"),
        pytest.param(told(name=""), (), False, id="an object without a name"),
    ],
)
def test_whose_it_is(row: RemoteJob, namespaces: tuple[str, ...], found: bool) -> None:  # noqa: FBT001 - a column
    """Only this cluster's unfinished jobs count."""
    assert origin_of(row, HERE, namespaces) == (Origin("research", UID, "bell") if found else None)


def test_without_a_name_of_the_cluster_nothing_is_its_own() -> None:
    """An operator that may not read the cluster's name would take every nameless one's jobs for its own."""
    assert origin_of(told(cluster=""), "", ()) is None


@pytest.mark.parametrize(
    ("job_id", "origin", "its"),
    [
        pytest.param(identify(new(), WORKSPACE.id), Origin("research", UID, "bell"), True, id="the first attempt"),
        pytest.param(
            identify(new(), WORKSPACE.id, 7).upper(),
            Origin("research", UID, "bell"),
            True,
            id="a later one, in capitals",
        ),
        pytest.param(
            identify(new(), ELSEWHERE.id), Origin("research", UID, "bell"), False, id="that of another Azure workspace"
        ),
        pytest.param(
            identify(new(), WORKSPACE.id), Origin("victim", UID, "bell"), False, id="that of another namespace"
        ),
        pytest.param(
            identify(new(), WORKSPACE.id), Origin("research", OTHER_UID, "bell"), False, id="that of another object"
        ),
        pytest.param(identify(new(KEYED), WORKSPACE.id), Origin("research", UID, "bell"), False, id="that of a key"),
    ],
)
def test_which_id_an_object_without_a_key_has(job_id: str, origin: Origin, its: bool) -> None:  # noqa: FBT001 - a column
    """What follows from workspace, namespace and uid is no other object's."""
    assert has_id_of_its_uid(replace(told(), id=job_id), origin, WORKSPACE.id) is its


ALL: dict[str, Any] = {"allowedNamespaces": {"from": "All"}}
SELECTED: dict[str, Any] = {"allowedNamespaces": {"from": "Selector", "selector": {"matchLabels": {"a": "b"}}}}


@pytest.mark.parametrize(
    ("spec", "namespace", "without_key", "with_key"),
    [
        pytest.param({}, "research", True, True, id="its own namespace"),
        pytest.param({}, "victim", False, False, id="one that may not use it"),
        pytest.param(ALL, "victim", True, False, id="whoever admits everybody can't ask for a key"),
        pytest.param(SELECTED, "victim", True, False, id="a selector tells nothing of labels"),
    ],
)
def test_which_namespaces_a_list_may_tell_of(
    spec: dict[str, Any], namespace: str, *, without_key: bool, with_key: bool
) -> None:
    """A row of another namespace counts only if its id answers no question about keys; or in everybody's default."""
    of = workspace(spec)
    assert may_tell(of, namespace, ("platform", "shared"), keyed=False) is without_key
    assert may_tell(of, namespace, ("platform", "shared"), keyed=True) is with_key
    assert may_tell(of, namespace, of.key, keyed=True) is without_key


@pytest.mark.parametrize(
    ("row", "jobs", "owned"),
    [
        pytest.param(told(), [new()], True, id="its object is there"),
        pytest.param(told(), [], False, id="no object is there"),
        pytest.param(told(), [new(uid=OTHER_UID)], False, id="an object of another uid has another job"),
        pytest.param(
            replace(told(uid=OTHER_UID), id=identify(new(KEYED), WORKSPACE.id)),
            [new(KEYED)],
            True,
            id="an object with its key has taken it over",
        ),
        pytest.param(
            replace(told(uid=OTHER_UID), id=identify(new(KEYED), WORKSPACE.id)),
            [new(KEYED, status=replace(finished(), job_id=None))],
            False,
            id="an object with its key was refused it",
        ),
        pytest.param(
            replace(told(uid=OTHER_UID), id=identify(new(KEYED), WORKSPACE.id)),
            [new(KEYED, status=replace(finished(), job_id=identify(new(KEYED), WORKSPACE.id)))],
            True,
            id="an object with its key shows it, though it has ended",
        ),
        pytest.param(
            replace(told(uid=OTHER_UID), id=identify(new(KEYED), WORKSPACE.id)),
            [new(KEYED | {"suspend": True})],
            False,
            id="an object with its key is held by its user",
        ),
        pytest.param(
            replace(told(uid=OTHER_UID), id=identify(new(KEYED), WORKSPACE.id)),
            [claimed(KEYED, claim=claim(uid=OTHER_UID))],
            False,
            id="an object with its key is a copy that carries its claim",
        ),
        pytest.param(
            replace(told(uid=OTHER_UID), id=identify(new(KEYED), WORKSPACE.id)),
            [claimed(KEYED, claim=claim(workspace=ELSEWHERE.id))],
            False,
            id="an object with its key was claimed for another workspace",
        ),
        pytest.param(
            replace(told(uid=OTHER_UID), id=identify(new(KEYED), WORKSPACE.id)),
            [claimed(KEYED)],
            True,
            id="an object with its key was claimed for this workspace",
        ),
    ],
)
def test_whether_it_has_an_owner(row: RemoteJob, jobs: list[QuantumJob], owned: bool) -> None:  # noqa: FBT001 - a column
    """By uid, or by the id that a key leads to."""
    assert has_owner(row, {one for job in jobs for one in owned_by(job, WORKSPACE.id)}) is owned


def test_a_forged_claim_makes_nobody_count_for_long() -> None:
    """Its number is the user's to write."""
    forged = claimed(KEYED, claim=claim(900_000))
    owned = set(owned_by(forged, WORKSPACE.id))
    assert identify(forged, WORKSPACE.id, 900_000) in owned
    assert len(owned) < 200


def test_a_key_leads_to_every_attempt_that_its_object_would_ask_for() -> None:
    """An heir that has not claimed yet takes over the second attempt of its predecessor as well."""
    second = replace(told(uid=OTHER_UID), id=identify(new(KEYED), WORKSPACE.id, 2))
    assert has_owner(second, set(owned_by(new(KEYED), WORKSPACE.id)))


@pytest.mark.parametrize(
    ("row", "allowed"),
    [
        pytest.param(sent(), True, id="a predecessor sent it, to be cancelled with its object"),
        pytest.param(sent(when=AFTER, holder=HOLDER), True, id="we sent it ourselves"),
        pytest.param(
            sent(when=AFTER), False, id="somebody else who lives sent it: a copy of the cluster has the same name"
        ),
        pytest.param(sent(when=None), False, id="nobody knows when it was sent"),
        pytest.param(
            said(sent(when=AFTER), BEFORE), True, id="it was sent before, and the service's clock is another one"
        ),
        pytest.param(said(sent(when=BEFORE), AFTER), False, id="it was sent after, whatever the service's clock says"),
        pytest.param(
            replace(sent(), metadata={**sent().metadata, METADATA_SENT: "soon"}), True, id="what it says is no time"
        ),
        pytest.param(sent("Orphan"), False, id="it was an orphan from the beginning"),
        pytest.param(sent(None), False, id="it doesn't say what is to become of it"),
        pytest.param(sent(tags=(orphan_tag(UID),)), False, id="it was released on purpose"),
    ],
)
def test_what_may_be_cancelled(row: RemoteJob, allowed: bool) -> None:  # noqa: FBT001 - a column
    """Only what says so itself; everything else is reported."""
    assert may_be_cancelled(row, HOLDER, STARTED) is allowed


def referenced(job: QuantumJob) -> Name:
    """Of an operator that has no default."""
    return referenced_name(job, lambda _: None, None)


@pytest.mark.parametrize(
    ("heir", "takes_over"),
    [
        pytest.param(new(KEYED, uid=OTHER_UID), True, id="an object with the same key"),
        pytest.param(new(KEYED), False, id="the object itself"),
        pytest.param(new(KEYED | {"suspend": True}, uid=OTHER_UID), False, id="its user holds it"),
        pytest.param(new(KEYED | {"cancel": True}, uid=OTHER_UID), False, id="its user cancels it"),
        pytest.param(new(KEYED, uid=OTHER_UID, deletion_requested=True), False, id="it goes itself"),
        pytest.param(new(KEYED, uid=OTHER_UID, status=finished()), False, id="it has ended"),
        pytest.param(
            new(KEYED | {"workspaceRef": {"name": "second"}}, uid=OTHER_UID), False, id="it goes to another workspace"
        ),
        pytest.param(
            new(KEYED | {"workspaceRef": {"name": "default"}}, uid=OTHER_UID),
            True,
            id="it names the workspace that the other means without a name",
        ),
        pytest.param(
            claimed(KEYED, uid=OTHER_UID, claim=claim(uid=OTHER_UID, workspace=ELSEWHERE.id)),
            False,
            id="it was claimed for another workspace",
        ),
        pytest.param(claimed(KEYED, uid=OTHER_UID), False, id="it is a copy that carries the claim of the other"),
    ],
)
@pytest.mark.parametrize("age", [pytest.param(1, id="young"), pytest.param(59, id="made a minute ago")])
def test_who_takes_over_the_job_of_an_object_that_is_gone(heir: QuantumJob, takes_over: bool, age: float) -> None:  # noqa: FBT001
    """Whoever never will, keeps nobody from cancelling it."""
    assert is_heir(heir, claimed(KEYED), heir.created + timedelta(seconds=age), referenced) is takes_over


@pytest.mark.parametrize(
    ("heir", "takes_over"),
    [
        pytest.param(claimed(KEYED, uid=OTHER_UID, claim=claim(uid=OTHER_UID)), True, id="it has a claim"),
        pytest.param(new(KEYED, uid=OTHER_UID), False, id="it waits, without a claim, for who knows what"),
    ],
)
def test_an_heir_that_was_made_long_ago(heir: QuantumJob, takes_over: bool) -> None:  # noqa: FBT001 - a column
    """Its program may be missing for ever, and the job runs."""
    assert is_heir(heir, claimed(KEYED), heir.created + timedelta(seconds=61), referenced) is takes_over


def test_a_mark_tells_an_orphan() -> None:
    """Whoever let it go, on purpose, said so at the job itself."""
    assert released_on_purpose(replace(told(), tags=("mine", orphan_tag(UID))))
    assert not released_on_purpose(replace(told(), tags=("mine",)))
    assert not released_on_purpose(sent("Orphan"))
