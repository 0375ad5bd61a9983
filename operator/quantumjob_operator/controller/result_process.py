"""The process that reads one large result and ends: `python -m quantumjob_operator.controller.result_process`.

Lives here: the request on standard input, the answer on standard output, and how much this process may take. Must not
live here: who starts it (`result_reader`), what a result says (`results`).
"""

import json
import os
import pickle
import resource
import sys
from typing import Any, BinaryIO, Final

from quantumjob_operator.results import OutputData, output_data

MAX_ADDRESS_BYTES: Final = 240 * 1024 * 1024
"""What this process may map, its program included. A result of 16 MiB in the six formats takes up to 220 MiB."""
MAX_CPU_SECONDS: Final = 60
_NICE: Final = 5
_LENGTH_BYTES: Final = 8


def encoded_request(arguments: dict[str, Any]) -> bytes:
    """What goes before the result itself: the arguments of `output_data` but that one."""
    head = pickle.dumps(arguments)
    return len(head).to_bytes(_LENGTH_BYTES, "big") + head


def decoded_answer(answer: bytes) -> OutputData:
    """What the process has found.

    Raises:
        ValueError: It said something else, or not all of it.
    """
    data, binary_data = json.loads(answer)
    return OutputData(data, binary_data)


def main() -> None:
    """Read standard input to its end, and answer."""
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESS_BYTES, MAX_ADDRESS_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_SECONDS, MAX_CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answer(sys.stdin.buffer, sys.stdout.buffer)


def answer(requests: BinaryIO, answers: BinaryIO) -> None:
    """Read one request and write its answer."""
    length = int.from_bytes(requests.read(_LENGTH_BYTES), "big")
    arguments = pickle.loads(requests.read(length))  # noqa: S301 - from the operator, which started this process
    found = output_data(result=requests.read(), **arguments)
    answers.write(json.dumps([dict(found.data), dict(found.binary_data)]).encode())
    answers.flush()


if __name__ == "__main__":
    main()
