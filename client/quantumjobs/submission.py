"""Sending a job exactly once, whatever becomes of the answer.

The name is chosen before anything is sent. After a lost answer the name is looked up; a second creation never follows,
since the first may still arrive, or may have run and be gone already.
"""

import time
from typing import Any, Final

from quantumjobs import facts
from quantumjobs.errors import ForbiddenError, NameTakenError, NotFoundError, OutcomeUnknownError, QuantumJobsError
from quantumjobs.kubeapi import CONFIG_MAPS, JOBS, KubeApi, LostAnswerError
from quantumjobs.manifest import Order, is_same_purchase, is_this_submission, manifest, program_config_map

Resource = dict[str, Any]
_LOOKS: Final = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Pauses before each look for a job whose answer was lost."""


def send(api: KubeApi, namespace: str, order: Order, *, dry_run: bool = False) -> Resource:
    """Create the job of an order; returns the stored object.

    Args:
        api: The cluster.
        namespace: Where the job goes.
        order: What is wanted.
        dry_run: Have the API server check it and store nothing.

    Raises:
        NameTakenError: The name belongs to another job.
        OutcomeUnknownError: The answer was lost and the job was not seen since.
    """
    wanted = manifest(order)
    try:
        stored = api.create(JOBS, namespace, wanted, dry_run=dry_run)
    except LostAnswerError as error:
        stored = _found_again(api, namespace, wanted, error)
    except NameTakenError:
        stored = _compared(api, namespace, wanted)
    if not dry_run:
        _send_program(api, namespace, order, stored)
    return stored


def _found_again(api: KubeApi, namespace: str, wanted: Resource, error: LostAnswerError) -> Resource:
    name = facts.name_of(wanted)
    for pause in _LOOKS:
        time.sleep(pause)
        try:
            found = api.get(JOBS, namespace, name)
        except NotFoundError:
            continue
        if is_this_submission(found, wanted) or is_same_purchase(found, wanted):
            return found
        raise NameTakenError(f"there is another quantumjob {name} in namespace {namespace}: choose another name")
    raise OutcomeUnknownError(
        f"it is not known whether {name} was submitted ({error}); nothing was sent again. Look with "
        f"`kubectl get quantumjob {name} -n {namespace}`; submitting again under the same name cannot pay twice",
        name,
    ) from error


def _compared(api: KubeApi, namespace: str, wanted: Resource) -> Resource:
    """The job that has the name already, if it is this very order."""
    name = facts.name_of(wanted)
    found = api.get(JOBS, namespace, name)
    if is_this_submission(found, wanted) or is_same_purchase(found, wanted):
        return found
    key = wanted["spec"].get("idempotencyKey")
    if key and found["spec"].get("idempotencyKey") == key:
        raise NameTakenError(f"the key {key} stands for another program or target ({name}): choose another key")
    raise NameTakenError(
        f"there is a quantumjob {name} in namespace {namespace} already: choose another name, or open it by its name"
    )


def _send_program(api: KubeApi, namespace: str, order: Order, stored: Resource) -> None:
    """Store a long program beside its job, which waits for it; without it the job is cancelled unsent."""
    body = program_config_map(order, stored)
    if body is None:
        return
    try:
        api.create(CONFIG_MAPS, namespace, body)
    except NameTakenError:
        return  # the same order was sent before
    except (LostAnswerError, QuantumJobsError) as error:
        if _is_there(api, namespace, facts.name_of(body)):
            return
        name = facts.name_of(stored)
        api.patch(JOBS, namespace, name, {"spec": {"cancel": True}})
        said = f"the program of {name} could not be stored ({error}): the job was cancelled before it was sent to Azure"
        raise (
            ForbiddenError(said) if isinstance(error, ForbiddenError) else OutcomeUnknownError(said, name)
        ) from error


def _is_there(api: KubeApi, namespace: str, name: str) -> bool:
    try:
        api.get(CONFIG_MAPS, namespace, name)
    except QuantumJobsError:
        return False
    return True
