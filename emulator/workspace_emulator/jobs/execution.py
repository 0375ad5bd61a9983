"""Runs the program of one job and writes its output: storage on one side, `programs` on the other; no states here."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from azure.core.exceptions import AzureError, ResourceNotFoundError

from workspace_emulator.behaviour import Behaviour
from workspace_emulator.contract.catalogue import find_target, output_blob
from workspace_emulator.contract.errors import JobError
from workspace_emulator.jobs.job import Job
from workspace_emulator.programs import ProgramError, ProgramOutput, ProgramRequest, run_program
from workspace_emulator.storage.account import BlobName, Storage

_log = logging.getLogger(__name__)
_LABEL: Final = "placeholder: this workspace does not simulate programs"
# One shot with outcome 0 in each provider's format, where the format leaves room with a label.
_PLACEHOLDERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "ionq.quantum-results.v1": {"histogram": {"0": 1.0}, "notSimulated": _LABEL},
    "honeywell.quantum-results.v1": {"c": ["0"]},
    "rigetti.quil-results.v1": {"ro": [[0]]},
    "pasqal.pulser-results.v1": {"0": 1},
    "microsoft.quantum-results.v1": {"Histogram": ["[0]", 1.0], "NotSimulated": _LABEL},
    "microsoft.quantum-results.v2": {
        "DataFormat": "microsoft.quantum-results.v2",
        "Results": [{"Histogram": [{"Outcome": [0], "Display": "[0]", "Count": 1}], "Shots": [[0]]}],
        "NotSimulated": _LABEL,
    },
}


class Execution:
    """Runs programs, a limited number at a time.

    Args:
        storage: Where programs are read and outputs are written.
        simulations: How many programs run at the same time.
    """

    def __init__(self, storage: Storage, *, simulations: int) -> None:
        self._storage = storage
        self._slots = asyncio.Semaphore(simulations)

    async def outcome(self, job: Job, behaviour: Behaviour) -> ProgramOutput | JobError:
        """Return what a job's program results in; never raises for anything that a program can be to blame for."""
        try:
            if not behaviour.simulate:
                return _placeholder(job)
            async with self._slots:
                program = await self._storage.read(job.program)
                return await run_program(_request(job, program, behaviour.seed))
        except ProgramError as error:
            return JobError(str(error.code), error.message)
        except ResourceNotFoundError:
            return JobError("InvalidInputData", f"there is no blob {job.program.blob} in {job.program.container}")
        except AzureError as error:
            _log.warning("job %s: its program cannot be read: %s", job.id, type(error).__name__)
            return JobError("InternalError", "the program could not be read from storage")

    async def publish(self, job: Job, output: ProgramOutput, behaviour: Behaviour) -> None:
        """Write a job's output.

        Raises:
            azure.core.exceptions.AzureError: The storage account refuses or cannot be reached.
        """
        metadata = {"simulated": "true" if behaviour.simulate else "false"}
        name = BlobName(job.output.container, output.blob_name)
        await self._storage.write(name, output.body, content_type=output.content_type, metadata=metadata)


def _request(job: Job, program: bytes, seed: int | None) -> ProgramRequest:
    definition = job.definition
    target = find_target(definition.provider_id, definition.target)
    return ProgramRequest(
        input_format=definition.input_data_format,
        output_format=definition.output_data_format,
        program=program,
        parameters=definition.input_params or {},
        provider=definition.provider_id,
        target=definition.target,
        profile=None if target is None else target.qir_profile,
        seed=None if seed is None else _seed_of_run(seed, job),
    )


def _seed_of_run(seed: int, job: Job) -> int:
    """Return a seed of its own for each run, the same at each start of the emulator; 31 bits suit every simulator."""
    digest = hashlib.sha256(f"{seed}/{job.id}/{job.run}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def _placeholder(job: Job) -> ProgramOutput:
    output_format = job.definition.output_data_format
    body = json.dumps(_PLACEHOLDERS.get(output_format, {"notSimulated": _LABEL})).encode()
    return ProgramOutput(body=body, content_type="application/json", blob_name=output_blob(output_format))
