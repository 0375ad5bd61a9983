"""Jobs by the raw protocol, in the order of calls that the SDK uses; no assertion lives here."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any, Final

import httpx

BELL: Final = {
    "qubits": 2,
    "circuit": [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}],
}
_WAIT_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.02
_FINAL: Final = ("Succeeded", "Completed", "Failed", "Cancelled")

JobBody = dict[str, Any]


class NeverHappenedError(Exception):
    """What was waited for did not come."""


def eventually(condition: Callable[[], bool]) -> None:
    """Return once a condition holds.

    Raises:
        NeverHappenedError: It does not within half a minute.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise NeverHappenedError
        time.sleep(_LOOK_SECONDS)


class Jobs:
    """Submits and watches jobs.

    Args:
        wire: A client of the workspace.
        web: A client without a credential.
    """

    def __init__(self, wire: httpx.Client, web: httpx.Client) -> None:
        self._wire = wire
        self._web = web

    def body(self, job_id: str, **changes: Any) -> JobBody:
        """Return the body of a PUT; changes to None leave a field out."""
        container = f"http://127.0.0.1:1/emulator/job-{job_id}"
        usual = {
            "itemType": "Job",
            "name": "bell",
            "containerUri": f"{container}?sv=secret&sig=secret",
            "inputDataUri": f"{container}/inputData",
            "inputDataFormat": "ionq.circuit.v1",
            "outputDataFormat": "ionq.quantum-results.v1",
            "providerId": "ionq",
            "target": "ionq.simulator",
            "inputParams": {"shots": 100},
        }
        return {key: value for key, value in {**usual, **changes}.items() if value is not None}

    def upload(self, job_id: str, program: Any = BELL) -> str:
        """Upload a program and return the address of its container with the SAS."""
        container = self._wire.post("/storage/sasUri", json={"containerName": f"job-{job_id}"}).raise_for_status()
        address = str(container.json()["sasUri"])
        blob = httpx.URL(address).copy_with(path=f"{httpx.URL(address).path}/inputData")
        content = program if isinstance(program, bytes) else json.dumps(program).encode()
        headers = {"x-ms-blob-type": "BlockBlob", "content-type": "application/json", "if-none-match": "*"}
        self._web.put(blob, content=content, headers=headers).raise_for_status()
        return address

    def put(self, job_id: str, **changes: Any) -> httpx.Response:
        """PUT a job and return whatever is answered."""
        return self._wire.put(f"/jobs/{job_id}", json=self.body(job_id, **changes))

    def submit(self, program: Any = BELL, **changes: Any) -> str:
        """Upload and submit a job, and return its id."""
        job_id = str(uuid.uuid4())
        self.upload(job_id, program)
        self.put(job_id, **changes).raise_for_status()
        return job_id

    def queue(self, count: int = 1, **changes: Any) -> list[str]:
        """Submit jobs without programs, which is enough for jobs that shall not execute, and return their ids."""
        ids = [str(uuid.uuid4()) for _ in range(count)]
        for job_id in ids:
            self.put(job_id, **changes).raise_for_status()
        return ids

    def get(self, job_id: str) -> JobBody:
        """Return a job."""
        body: JobBody = self._wire.get(f"/jobs/{job_id}").raise_for_status().json()
        return body

    def finished(self, job_id: str) -> JobBody:
        """Return a job once it is final."""
        return self._once(job_id, _FINAL)

    def in_status(self, job_id: str, word: str) -> JobBody:
        """Return a job once it shows a status."""
        return self._once(job_id, (word,))

    def _once(self, job_id: str, words: tuple[str, ...]) -> JobBody:
        eventually(lambda: self.get(job_id)["status"] in words)
        return self.get(job_id)

    def pages(self, path: str = "/jobs", **query: str | int) -> list[JobBody]:
        """Return all pages of a list."""
        pages: list[JobBody] = [self._wire.get(path, params=query).raise_for_status().json()]
        while link := pages[-1]["nextLink"]:
            # The link carries the whole query; a client's own default parameters would replace it.
            pages.append(self.follow(link))
        return pages

    def follow(self, link: str) -> JobBody:
        """Return the page that a link leads to."""
        page: JobBody = self._web.get(link, headers=self._wire.headers).raise_for_status().json()
        return page
