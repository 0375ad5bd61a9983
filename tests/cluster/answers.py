"""What a user is told of a job that does not go on: held, or failed."""

from cluster.jobnamespace import JobNamespace, condition_of


def assert_held(place: JobNamespace, name: str, reason: str, *said: str) -> None:
    """The job is not submitted, for this reason; condition and Warning say the same, and name what they should."""
    condition = place.wait_reason(name, "Submitted", reason)
    assert condition["status"] == "False"
    for word in said:
        assert word in condition["message"]
    told = place.wait_event(name, reason)
    assert told.type == "Warning"
    for word in said:
        assert word in told.message
    job = place.job(name)
    assert job["status"]["state"] == "Pending"
    assert condition_of(job, "Reconciling")["status"] == "True"
    assert place.runs(name) == []


def assert_failed(place: JobNamespace, name: str, reason: str, *said: str) -> None:
    """The job has failed for good; condition and Warning name what they should."""
    place.wait(name)
    condition = condition_of(place.job(name), "Failed")
    assert (condition["status"], condition["reason"]) == ("True", reason)
    told = place.wait_event(name, reason)
    assert told.type == "Warning"
    for word in said:
        assert word in condition["message"]
        assert word in told.message
