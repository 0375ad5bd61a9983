"""Many objects with one idempotency key: all but one wait, and waiting costs the API server nothing."""

import json
import time
from typing import Final

import pytest

from cluster import jobs
from cluster.jobnamespace import JobNamespace, condition_of, eventually
from hostile.apiserver import ApiServer, Audit
from localstack.manifests import SERVICE_ACCOUNT, SYSTEM_NAMESPACE
from localstack.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

DUPLICATES: Final = 30
# After this each of them has been reconciled, and those that wait for nobody who would wake them once more.
LOOKED_AT_SECONDS: Final = 15.0


def test_duplicates_that_wait_do_not_list_each_other(stack: Stack, api: ApiServer) -> None:
    """A job that waits for the owner of its key knows from memory that it has to; only who would submit asks."""
    place = JobNamespace.make(stack, "duplicates")
    stack.emulator.behave(targets={"ionq.simulator": {"waiting_seconds": 600}})
    try:
        place.apply(jobs.ionq("owner", idempotencyKey="one"))
        place.wait_state("owner", "Waiting")
        copies = [jobs.ionq(f"copy-{number}", idempotencyKey="one") for number in range(DUPLICATES)]
        answers = api.create_all(place.name, [("quantumjobs", json.dumps(one).encode()) for one in copies])
        assert all(answer.uid for answer in answers)
        eventually(lambda: all(one["status"].get("conditions") for one in api.objects(place.name, "quantumjobs")))
        audit = Audit(stack.cluster.audit_log, f"system:serviceaccount:{SYSTEM_NAMESPACE}:{SERVICE_ACCOUNT}")
        time.sleep(LOOKED_AT_SECONDS)
        asked = {uri for verb, uri in audit.requests() if verb == "list" and "fieldSelector" in uri}
    finally:
        stack.emulator.admin("DELETE", "settings")
    assert asked == set()
    assert condition_of(place.job("copy-7"), "Submitted")["reason"] == "DuplicateIdempotencyKey"
    assert len(place.runs("owner")) == 1
