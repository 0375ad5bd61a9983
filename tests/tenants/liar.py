"""A service of a tenant's own, at an address that the administrator allows: it says whatever serves the tenant."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

_JOBS: Final = "/jobs/"


@dataclass(slots=True)
class Liar:
    """What it says, and what it was asked.

    Attributes:
        url: Its origin.
        owners: By the name of an Azure workspace the metadata of every job that it knows there, whatever id is asked
            for; it knows none of the others.
        word: The status of all these jobs.
        asked: Method and path of every request about a job.
    """

    url: str
    owners: dict[str, Mapping[str, str]] = field(default_factory=dict)
    word: str = "Succeeded"
    asked: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, method: str, path: str) -> tuple[int, dict[str, Any]]:
        """Status and body of an answer."""
        head, asks_for_job, job_id = path.partition("?")[0].rpartition(_JOBS)
        if not asks_for_job:
            return 200, {"value": []}
        self.asked.append((method, path))
        owner = self.owners.get(head.rsplit("/", 1)[-1])
        if owner is None:
            return 404, {"error": {"code": "NotFound", "message": "there is no such job"}}
        job_id = job_id.partition("/")[0]
        job = {"id": job_id, "name": "lie", "status": self.word, "providerId": "ionq", "target": "ionq.simulator"}
        return 200, {**job, "metadata": dict(owner)}


@contextmanager
def liar(port: int) -> Iterator[Liar]:
    """Answer on a port of loopback for as long as the context is open."""
    told = Liar(f"http://127.0.0.1:{port}")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def reply(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self.rfile.read(length)
            status, body = told.answer(self.command, self.path)
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the library
            """Nothing: what was asked is kept."""

    for method in ("GET", "PUT", "POST", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.reply)
    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join(5)
