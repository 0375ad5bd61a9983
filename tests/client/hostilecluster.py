"""An API server each of whose texts means harm to the terminal of whoever reads it.

Kubernetes admits such texts in annotations, messages and ConfigMaps; here they stand everywhere. Must not live here:
assertions.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import yaml

CLIPBOARD: Final = "\x1b]52;c;ZXZpbA==\x07"
_HALF: Final = "\ud800"
HARM: Final = f"{CLIPBOARD}\x1b[2J\x9b31m\r\b\u202e\u2066\u200b\u2028\n\tmallory: Succeeded\x00{_HALF}"
"""Sets the clipboard, clears the screen, colours, overwrites, turns the text around, and makes up a line."""
_STAMP: Final = "2026-01-01T00:00:00Z"
_IN_PATHS: Final = frozenset({"name", "namespace"})
"""No request can hold half of a character."""
_ADMITTED: Final = frozenset({"creationTimestamp", "lastTransitionTime", "resourceVersion", "status", "type", "state"})
"""What the client takes for times, versions and words of the API, which a schema bounds."""


def _harmful(value: Any, field: str = "") -> Any:
    """The same with harm after each text that people write."""
    if isinstance(value, dict):
        return {key: _harmful(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_harmful(one, field) for one in value]
    harm = HARM.removesuffix(_HALF) if field in _IN_PATHS else HARM
    return f"{value}{harm}" if isinstance(value, str) and field not in _ADMITTED else value


def job(state: str) -> dict[str, Any]:
    """A QuantumJob in a state."""
    ended = {"Succeeded": "Complete", "Failed": "Failed"}.get(state)
    kinds = {"Submitted": "False" if state == "Pending" else "True"} | (
        {ended: "True", "Finished": "True"} if ended else {}
    )
    conditions = [
        {"type": kind, "status": status, "reason": "Reason", "message": "message", "lastTransitionTime": _STAMP}
        for kind, status in kinds.items()
    ]
    amounts = [{"unit": "USD", "amount": "1"}]
    status = {
        "state": state,
        "conditions": conditions,
        "jobId": "id",
        "error": {"code": "code", "message": "message"},
        "estimate": {"amounts": amounts},
        "budgets": [{"namespace": "lab", "name": "budget", "state": "Reserved", "amounts": amounts}],
        "cost": {"estimatedTotal": 1.0, "currencyCode": "USD"},
        "workspace": {"ref": {"namespace": "lab", "name": "default"}},
    }
    made: dict[str, Any] = _harmful(
        {
            "metadata": {"name": "bell", "namespace": "lab", "resourceVersion": "7", "creationTimestamp": _STAMP},
            "spec": {"target": "ionq.simulator", "maxCost": amounts, "program": {}},
            "status": status,
        }
    )
    parameters = {f"theta{HARM}": f"0.5{HARM}", "list": [HARM], "none": None}
    made["metadata"]["annotations"] = {"client.quantumjobs.dev/parameters": json.dumps(parameters)}
    made["status"]["outputConfigMap"] = "bell-output"
    return made


def _workspace() -> dict[str, Any]:
    target = {"provider": "ionq", "target": "ionq.simulator", "availability": "Available", "targetProfile": "Base"}
    ready = {"type": "Ready", "status": "False", "reason": "Reason", "message": "why", "lastTransitionTime": _STAMP}
    made: dict[str, Any] = _harmful({"status": {"targets": [target], "conditions": [ready]}})
    made["status"]["targets"].append(target)
    return made | {"metadata": {"name": "default", "namespace": "lab"}}


def _answers(path: str, state: str) -> Any:
    """What a GET answers."""
    data = {"counts.json": json.dumps({f"00{HARM}": 3, "11": 1})}
    output = {"metadata": {"name": "bell-output"}, "data": data if state == "Succeeded" else {"countsOmitted": HARM}}
    event = {"metadata": {"creationTimestamp": _STAMP}, "reason": HARM, "message": HARM, "lastTimestamp": HARM}
    limits = [{"unit": "USD", "amount": "5"}]
    budget = _harmful({"metadata": {"namespace": "lab", "name": "b"}, "spec": {"limits": limits}})
    budget["spec"]["workspaces"] = ["default"]
    return {
        "version": {"gitVersion": f"v1{HARM}"},
        "v1alpha1": {"resources": [{"name": f"quantumjobs{HARM}"}]},
        "quantumjobs": _list(job(state)),
        "quantumbudgets": _list(budget),
        "configmaps": _list(output),
        "events": _list(event),
        "default": _workspace(),
        "bell-output": output,
        "bell": job(state),
    }.get(path.rpartition("/")[2].partition("%")[0])


def _list(*items: Any) -> dict[str, Any]:
    return {"metadata": {"resourceVersion": "7"}, "items": list(items)}


class _Handler(BaseHTTPRequestHandler):
    state = "Succeeded"

    def do_GET(self) -> None:
        """An object or a list, or a refusal."""
        asked = urlsplit(self.path)
        if "watch" in parse_qs(asked.query):
            ended = job("Succeeded")
            ended["metadata"]["resourceVersion"] = "8"
            self._send(200, {"type": "MODIFIED", "object": ended})
            return
        found = _answers(asked.path, self.state)
        refusal = {"kind": "Status", "message": f"no{HARM}", "code": 422}
        self._send(200 if found else 422, found or refusal)

    def do_POST(self) -> None:
        """A review allows; a job is taken."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._send(201, {"status": {"allowed": True}} if "selfsubject" in self.path else job("Pending"))

    def do_PATCH(self) -> None:
        """It is taken as well."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._send(200, job("Cancelling"))

    def _send(self, code: int, body: Any) -> None:
        data = json.dumps(body).encode() + b"\n"
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


def kubeconfig_of(folder: Path, cluster: Mapping[str, str], token: str) -> Path:
    """A kubeconfig that names one cluster, and the namespace `lab` there."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": dict(cluster)}],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "lab"}}],
        "current-context": "x",
    }
    path = folder / "kubeconfig"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(content))
    return path


@contextmanager
def hostile_cluster(folder: Path, state: str) -> Iterator[Path]:
    """Serve; yields a kubeconfig. Jobs are in the state until they are watched, and have succeeded then."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state}))
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield kubeconfig_of(folder, {"server": f"http://127.0.0.1:{server.server_port}"}, "t")
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
