"""The output ConfigMap is as the job asks for it, and the user's once it is written."""

import pytest

from cluster import jobs
from cluster.jobnamespace import JobNamespace, eventually

pytestmark = pytest.mark.cluster
FACTS = {"outputUri", "jobId", "state", "provider", "target"}


def test_output_holds_the_parts_that_the_job_asks_for(place: JobNamespace) -> None:
    """By name; the others are not there, and no key says that they are missing."""
    place.apply(jobs.ionq("bell", output={"include": ["counts"]}))
    place.wait("bell", "Complete")
    assert place.output("bell").keys() - FACTS == {"counts.json"}


def test_output_is_written_as_the_job_asks(place: JobNamespace) -> None:
    """Name, keys and labels of the ConfigMap are the user's; without the result only the facts stand in it."""
    output = {
        "configMapName": "chosen",
        "keys": {"uri": "where", "jobId": "which"},
        "labels": {"experiment": "42"},
        "annotations": {"lab.example/paper": "a title with blanks"},
        "includeResult": False,
    }
    place.apply(jobs.ionq("bell", output=output))
    place.wait("bell", "Complete")
    written = place.find("configmap", "chosen")
    assert written is not None
    status = place.status("bell")
    assert written["data"] == {
        "where": status["outputUri"],
        "which": status["jobId"],
        "state": "Succeeded",
        "provider": "ionq",
        "target": "ionq.simulator",
    }
    assert written["immutable"] is True
    assert written["metadata"]["labels"] == {
        "experiment": "42",
        "quantumjobs.dev/job": "bell",
        "app.kubernetes.io/managed-by": "quantumjob-operator",
    }
    assert written["metadata"]["annotations"] == {"lab.example/paper": "a title with blanks"}
    (owner,) = written["metadata"]["ownerReferences"]
    assert owner["uid"] == place.job("bell")["metadata"]["uid"]
    assert not owner.get("blockOwnerDeletion")
    assert status["outputConfigMap"] == "chosen"


def test_output_that_a_user_deletes_is_not_made_again(place: JobNamespace) -> None:
    """The ConfigMap is written once; a finished job doesn't come back for it."""
    place.apply(jobs.ionq("bell"))
    place.wait("bell")
    place.kubectl("delete", "configmap", "bell-output")
    place.patch(
        "quantumjob", "bell", {"metadata": {"labels": {"touched": "yes"}}, "spec": {"deletionPolicy": "Cancel"}}
    )
    eventually(lambda: place.status("bell")["observedGeneration"] == 2)
    assert place.find("configmap", "bell-output") is None
