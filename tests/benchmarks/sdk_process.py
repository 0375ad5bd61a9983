"""The second peer: one process that submits one job with the official SDK and waits for its end.

Prints a line of JSON once the job is accepted and one when it has seen the end. Must not live here: how many of them
run (`sdk`).
"""

import argparse
import json
import os
import sys
import time
from typing import Final

from azure.core.credentials import AzureKeyCredential
from azure.quantum import Workspace

from benchmarks.plan import PROGRAM

_FOR_EVER: Final = 10_000_000


def main() -> None:
    """Submit a job and wait for it."""
    parser = argparse.ArgumentParser(prog="sdk_process", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--most-seconds", type=int, default=30, help="between two reconciliations at the job (the SDK's default)"
    )
    arguments = parser.parse_args()
    with _workspace() as workspace:
        job = workspace.get_targets("ionq.simulator").submit(PROGRAM, name="sdk", shots=10)
        _tell("submitted", job.id)
        job.wait_until_completed(
            max_poll_wait_secs=arguments.most_seconds, timeout_secs=_FOR_EVER, print_progress=False
        )
        _tell(job.details.status, job.id)


def _workspace() -> Workspace:
    return Workspace(
        subscription_id=os.environ["QUANTUM_SUBSCRIPTION_ID"],
        resource_group=os.environ["QUANTUM_RESOURCE_GROUP"],
        name=os.environ["QUANTUM_WORKSPACE"],
        location=os.environ["QUANTUM_LOCATION"],
        credential=AzureKeyCredential(os.environ["QUANTUM_API_KEY"]),
        _quantum_endpoint=os.environ["QUANTUM_ENDPOINT"],
    )


def _tell(what: str, job_id: str) -> None:
    sys.stdout.write(json.dumps({"what": what, "job": job_id, "at": time.time(), "cpu": time.process_time()}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
