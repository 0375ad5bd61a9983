"""What the watch takes in of an event, and what it need not read."""

import logging

import pytest

from quantumjob_operator.model.naming import JOB_PLURAL
from rooms.cluster.test_policies import ear, woken
from rooms.model.bodies import UID, job_body


@pytest.mark.parametrize(
    ("version", "read"),
    [
        pytest.param("40", False, id="an older version"),
        pytest.param("50", False, id="the version that the answer to our own patch brought"),
        pytest.param("51", True, id="a newer version"),
    ],
)
def test_only_a_newer_version_is_read(caplog: pytest.LogCaptureFixture, *, version: str, read: bool) -> None:
    """An object that can't be read is told of if somebody tries."""
    watch = ear()
    watch._hear(JOB_PLURAL, None, job_body(resourceVersion="50"))
    assert woken(watch) == {UID}
    with caplog.at_level(logging.ERROR):
        watch._hear(JOB_PLURAL, "MODIFIED", job_body(resourceVersion=version) | {"spec": {"provider": 7}})
    assert bool(caplog.records) is read
    assert woken(watch) == set()


def test_a_restored_cluster_may_bring_back_an_older_version() -> None:
    """It is read, whatever its number."""
    watch = ear()
    watch._hear(JOB_PLURAL, None, job_body(resourceVersion="50"))
    watch.cache.mark_stale()
    woken(watch)
    watch._hear(JOB_PLURAL, None, job_body(resourceVersion="7"))
    assert woken(watch) == {UID}
    assert watch.cache.jobs[UID].resource_version == "7"


def test_an_object_that_was_deleted_before_the_cluster_was_restored_is_listed() -> None:
    """Versions go on from where they were (`etcdutl snapshot restore --bump-revision`); only a list tells of it."""
    watch = ear()
    watch._hear(JOB_PLURAL, None, job_body(resourceVersion="50"))
    watch._hear(JOB_PLURAL, "DELETED", job_body(resourceVersion="60"))
    woken(watch)
    watch._hear(JOB_PLURAL, "MODIFIED", job_body(resourceVersion="55"))
    assert not watch.cache.jobs
    watch._hear(JOB_PLURAL, None, job_body(resourceVersion="50"))
    assert woken(watch) == {UID}
    assert UID in watch.cache.jobs
