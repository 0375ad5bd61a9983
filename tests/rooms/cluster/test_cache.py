"""What is known of the objects: the newest version of each, by uid."""

from dataclasses import replace
from typing import Any, Final

import pytest

from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.cache_figures import CacheFigures
from quantumjob_operator.cluster.echoes import is_echo
from quantumjob_operator.model.jobstatus import JobStatus
from quantumjob_operator.model.remains import remains_of
from rooms.model.bodies import CLAIM, OTHER_UID, UID, job, workspace

DEFAULT = ("research", "default")


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        pytest.param("10", "11", "11", id="a newer version replaces an older one"),
        pytest.param("11", "10", "11", id="an older version is dropped"),
        pytest.param("10", "10", "10", id="the same version is no news"),
        pytest.param("9", "10", "10", id="versions are numbers, not texts"),
        pytest.param("10", "9", "10", id="and so in the other direction"),
        pytest.param("9007199254740993", "9007199254740994", "9007199254740994", id="and may be beyond a float"),
    ],
)
def test_the_newest_version_is_kept(first: str, second: str, kept: str) -> None:
    """The watch lags behind the answers of our own patches; what is known must never step back."""
    known = Cache()
    assert known.put_job(job(resourceVersion=first))
    assert known.put_workspace(workspace(resourceVersion=first))
    news = int(second) > int(first)
    assert known.put_job(job(resourceVersion=second)) is news
    assert known.put_workspace(workspace(resourceVersion=second)) is news
    assert known.resource_version(UID) == kept
    assert known.resource_version(OTHER_UID) == kept


@pytest.mark.parametrize("version", [pytest.param(one, id=f"version {one} after 90") for one in ("5", "90", "91")])
def test_after_the_cluster_was_set_back_the_next_version_of_each_object_is_news(version: str) -> None:
    """Versions start over from the snapshot: for once, each object's own next version decides, not the higher one."""
    known = Cache()
    known.put_job(job(resourceVersion="90"))
    known.put_workspace(workspace(resourceVersion="90"))
    assert known.newest == 90
    known.mark_stale()
    assert (known.is_stale(UID), known.resource_version(UID)) == (True, None)
    assert known.put_job(job(resourceVersion=version))
    assert (known.is_stale(UID), known.resource_version(UID)) == (False, version)
    assert not known.put_job(job(resourceVersion="4"))
    assert known.is_stale(OTHER_UID)
    assert known.put_workspace(workspace(resourceVersion=version))
    assert known.newest == int(version)
    assert known.versions() == {UID: version, OTHER_UID: version}


def test_versions_of_different_objects_are_not_compared() -> None:
    """An object made anew under an old name is another object."""
    known = Cache()
    known.put_job(job(resourceVersion="90"))
    assert known.put_job(job(uid=OTHER_UID, resourceVersion="91"))
    assert known.put_job(job(uid="a-third", resourceVersion="5"))
    assert set(known.jobs) == {UID, OTHER_UID, "a-third"}


def test_the_last_version_of_a_removed_job_is_kept_until_somebody_has_looked() -> None:
    """What it left may still run; the event of its deletion may know more than we do."""
    known = Cache()
    known.put_job(job())
    known.put_workspace(workspace())
    known.remove(UID)
    known.remove(OTHER_UID)
    assert known.deleted == {UID: remains_of(job())}
    assert known.resource_version(UID) is None
    assert known.find_workspace(DEFAULT) is None
    known.put_job(job())
    known.remove(UID, job(resourceVersion="99"))
    assert known.deleted == {UID: remains_of(job(resourceVersion="99"))}
    known.remove(UID)
    assert known.deleted == {UID: remains_of(job(resourceVersion="99"))}, "a live read that finds nothing says no more"


def test_what_the_event_of_a_deletion_tells_is_news_until_somebody_has_looked() -> None:
    """A live read can be ahead of the watch; a second event, or one that comes too late, says no more."""
    known = Cache()
    known.put_job(job())
    known.remove(UID)
    assert known.unheard == {UID}
    known.remove(UID, job(resourceVersion="99"))
    known.remove(UID, job(resourceVersion="100"))
    assert (known.unheard, known.deleted) == (set(), {UID: remains_of(job(resourceVersion="99"))})
    assert known.take_deleted(UID) == remains_of(job(resourceVersion="99"))
    known.remove(UID, job(resourceVersion="101"))
    assert (known.unheard, known.deleted) == (set(), {})


def test_an_object_that_is_gone_is_its_namespaces_until_it_was_seen_to() -> None:
    """What it left is reconciled in its namespace's turn, and not in one of everybody's."""
    known, told = Cache(), list[str]()
    known.removed = told.append
    known.put_job(job())
    known.put_workspace(workspace())
    known.remove(UID)
    known.remove(OTHER_UID)
    assert (known.namespace(UID), known.namespace(OTHER_UID)) == ("research", "research")
    assert told == [UID]
    known.take_deleted(UID)
    assert known.namespace(UID) == "research"
    for uid in (UID, OTHER_UID):
        known.seen_to(uid)
        assert not known.namespace(uid)


def test_of_an_object_that_is_gone_its_program_is_not_kept() -> None:
    """Nor are parameters: any number of objects may be gone whose jobs nobody can cancel yet."""
    known, long = Cache(), "x" * 100_000
    spec = {"program": {"format": "qasm", "source": long}, "parameters": {"a": long}, "metadata": {"a": long}}
    known.put_job(job(spec=spec, labels={"a": long}))
    known.remove(UID)
    left = known.deleted[UID]
    assert long not in str(left)
    assert (left.key, left.claim, left.status) == (job().key, job().claim, job().status)


def test_an_answer_that_is_older_than_the_event_of_the_deletion_is_no_news() -> None:
    """Nobody would ever tell again that the object is gone; but a cluster that was set back has it again."""
    known = Cache()
    known.put_job(job(resourceVersion="90"))
    known.remove(UID, job(resourceVersion="95"))
    assert not known.put_job(job(resourceVersion="91"))
    assert known.jobs == {}
    for number in range(1000):
        assert known.put_job(job(uid=str(number), resourceVersion="96"))
        known.remove(str(number), job(uid=str(number), resourceVersion="97"))
    assert not known.put_job(job(uid="999", resourceVersion="96"))
    known.mark_stale()
    assert known.put_job(job(uid="999", resourceVersion="96"))


def test_of_any_number_of_claims_that_were_taken_off_two_are_remembered() -> None:
    """One of them is surely somebody else's; users can write and remove as many as they like."""
    known = Cache()
    for number in range(0, 100, 2):
        holder = CLAIM.replace("a-process", f"process-{number}")
        annotations = {"quantumjobs.dev/claim": holder}
        known.put_job(job(resourceVersion=str(10 + number), annotations=annotations))
        known.put_job(job(resourceVersion=str(11 + number)))
    assert known.claims.lost == {UID: {"process-0", "process-2"}}


def test_an_object_that_was_let_go_leaves_nothing() -> None:
    """The event of its deletion comes after that, and is no news."""
    known = Cache()
    known.put_job(job())
    known.forget(UID)
    known.remove(UID, job(resourceVersion="99"))
    assert known.deleted == {}


def test_a_version_of_a_forgotten_object_is_news() -> None:
    """After a resync an object may turn out to be there, whatever its version."""
    known = Cache()
    known.put_job(job(resourceVersion="10"))
    known.remove(UID)
    assert known.put_job(job(resourceVersion="9"))


def test_a_workspace_is_found_by_its_name() -> None:
    """In its namespace only, in its newest version."""
    known = Cache()
    known.put_workspace(workspace())
    newer = workspace({"location": "westeurope"}, resourceVersion="8")
    known.put_workspace(newer)
    assert known.find_workspace(DEFAULT) is newer
    assert known.find_workspace(("other", "default")) is None


@pytest.mark.parametrize(
    "gone_first",
    [
        pytest.param(True, id="the end of the old one is heard first"),
        pytest.param(False, id="the new one is heard first"),
    ],
)
def test_a_workspace_made_anew_under_its_name_is_found(*, gone_first: bool) -> None:
    """Forgetting the old object must not hide the new one."""
    known = Cache()
    known.put_workspace(workspace(uid="old"))
    if gone_first:
        known.remove("old")
    anew = workspace(uid="new", resourceVersion="20")
    known.put_workspace(anew)
    if not gone_first:
        known.remove("old")
    assert known.find_workspace(DEFAULT) is anew


def test_labels_for_the_metrics() -> None:
    """One row for each job: whose it is, its state, and where it goes; the provider in the service's own case."""
    known = Cache()
    known.put_job(job())
    known.put_job(job({"provider": "IonQ", "target": "ionq.qpu.forte-1"}, uid=OTHER_UID))
    offered = [{"provider": "ionq", "target": target} for target in ("ionq.simulator", "ionq.qpu.forte-1")]
    known.put_workspace(replace(workspace(), uid="a-third", status={"targets": offered}))
    assert sorted(CacheFigures(known).labels()) == [
        ("research", "Pending", "ionq", "ionq.qpu.forte-1"),
        ("research", "Pending", "ionq", "ionq.simulator"),
    ]


CLAIMED: Final = {"finalizers": ["quantumjobs.dev/cancel"], "annotations": {"quantumjobs.dev/claim": CLAIM}}
UNREADABLE: Final = {**CLAIMED, "annotations": {"quantumjobs.dev/claim": "changed by hand"}}


@pytest.mark.parametrize(
    ("old", "new", "echo"),
    [
        pytest.param({}, {"labels": {"a": "b"}}, True, id="what the operator doesn't read changed"),
        pytest.param({}, CLAIMED, True, id="a claim and a finalizer came"),
        pytest.param({}, {"generation": 3}, False, id="the spec changed"),
        pytest.param({}, {"deletionTimestamp": "2026-11-22T13:00:00Z"}, False, id="the object was deleted"),
        pytest.param(CLAIMED, {**CLAIMED, "finalizers": []}, False, id="the finalizer was taken off"),
        pytest.param(CLAIMED, {**CLAIMED, "annotations": {}}, False, id="the claim was taken away"),
        pytest.param(CLAIMED, UNREADABLE, False, id="the claim was made unreadable"),
        pytest.param(UNREADABLE, CLAIMED, False, id="the claim was fixed"),
    ],
)
def test_echoes_of_our_own_writing_ask_for_no_look(old: dict[str, Any], new: dict[str, Any], *, echo: bool) -> None:
    """A reconciliation at each echo would cut short the back-off that was just written; what users do is no echo."""
    assert is_echo(job(**old), job(resourceVersion="2000", **new)) is echo


def test_a_written_status_is_an_echo() -> None:
    """Of a job as of a workspace."""
    assert is_echo(job(), replace(job(resourceVersion="2000"), status=JobStatus(observed_generation=2)))
    assert is_echo(workspace(), replace(workspace(resourceVersion="8"), status={"observedGeneration": 1}))
