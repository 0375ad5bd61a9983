"""Reading results beside the event loop: small ones in a thread, large ones in a process of their own.

One small and one large result is read at a time, each round-robin by namespace. A thread would not do for a large one:
the reader of JSON holds the interpreter's lock for seconds, and what it made would stay in this process's memory. Must
not live here: what a result says (`results`).
"""

import asyncio
import logging
import sys
from contextlib import suppress
from functools import partial
from typing import Any, Final

from quantumjob_operator.controller.result_process import decoded_answer, encoded_request
from quantumjob_operator.results import Omitted, OutputData, output_data
from quantumjob_operator.scheduling.calculations import aside
from quantumjob_operator.scheduling.fair_share import FairShare

LARGE_BYTES: Final = 256 * 1024
"""Of a result and the program that is read for its sake."""
LARGE_AT_ONCE_BYTES: Final = 24 * 1024 * 1024
_SECONDS: Final = 180.0
_SLICE: Final = 256 * 1024
_log = logging.getLogger(__name__)


class ResultReader:
    """Reads results.

    Attributes:
        memory: Bytes of large results that are held at a time, while they are fetched or wait to be read.
    """

    def __init__(self) -> None:
        self.memory = FairShare(LARGE_AT_ONCE_BYTES)
        self._turns = FairShare(1)

    async def read(
        self, result: bytes | None, namespace: str, *, program: bytes | None, **arguments: Any
    ) -> OutputData:
        """What goes into the output ConfigMap.

        Args:
            namespace: In whose turn it is read.
            result: The blob, if it was read.
            program: The job's, if it has to be read as well.
            arguments: Further arguments of `output_data`.
        """
        arguments["program"] = program
        if result is None:
            return output_data(result=None, **arguments)
        if len(result) + len(program or b"") <= LARGE_BYTES:
            return await aside(namespace, partial(output_data, result=result, **arguments))
        async with self._turns.hold(namespace):
            try:
                async with asyncio.timeout(_SECONDS):
                    return await _read_elsewhere(result, arguments)
            except (TimeoutError, OSError, ValueError) as error:
                # It took more memory or time than a result may.
                _log.warning("the result of job %s could not be read (%s)", arguments["facts"].job_id, error)
        return output_data(result=None, **{**arguments, "omitted": Omitted.TOO_LARGE})


async def _read_elsewhere(result: bytes, arguments: dict[str, Any]) -> OutputData:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "quantumjob_operator.controller.result_process"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    if process.stdin is None or process.stdout is None:
        raise OSError("the process has no pipes")
    try:
        with suppress(BrokenPipeError, ConnectionResetError):  # its answer says what became of it
            process.stdin.write(encoded_request(arguments))
            for start in range(0, len(result), _SLICE):
                process.stdin.write(result[start : start + _SLICE])
                await process.stdin.drain()
        process.stdin.close()
        answer = await process.stdout.read()
        if await process.wait() != 0:
            raise ValueError(f"the process that read it ended with {process.returncode}")
        return decoded_answer(answer)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
