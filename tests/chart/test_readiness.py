"""templates/tests/readiness.yaml: what `helm test` runs."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from chart.conftest import Render
from chart.helm import OPERATOR_CHART, Rendering

_SCRIPT = OPERATOR_CHART / "files" / "readiness.py"


@contextmanager
def operator_that_answers(*statuses: int) -> Iterator[str]:
    """A server whose /readyz answers with these statuses, one after the other; yields its URL."""
    remaining = list(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(remaining.pop(0))
            self.end_headers()
            self.wfile.write(b'{"firstListing": true}')

        def log_message(self, *_: object) -> None:
            """Keep the terminal clean."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/readyz"
        finally:
            server.shutdown()
            thread.join()


def test_it_is_a_hook_that_cleans_up(default: Rendering) -> None:
    """It can be repeated, and a failed one stays to be looked at."""
    assert default.only("Pod")["metadata"]["annotations"] == {
        "helm.sh/hook": "test",
        "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
    }


def test_it_runs_the_operators_image_as_hardened(default: Rendering) -> None:
    """It needs no more than the operator itself."""
    (container,) = default.only("Pod")["spec"]["containers"]
    assert container["image"] == default.container()["image"]
    assert container["securityContext"] == default.container()["securityContext"]
    assert default.only("Pod")["spec"]["securityContext"] == default.pod()["securityContext"]


def test_it_asks_the_service_of_the_release(default: Rendering) -> None:
    """With the script of the chart."""
    (container,) = default.only("Pod")["spec"]["containers"]
    assert container["command"] == ["python", "-c"]
    assert container["args"] == [
        _SCRIPT.read_text(),
        "http://quantumjob-operator.quantumjob-system.svc:8080/readyz",
    ]


def test_without_a_service_it_shows_that_the_image_starts(render: Render) -> None:
    """There is nobody to ask."""
    (container,) = render({"metrics": {"service": {"enabled": False}}}).only("Pod")["spec"]["containers"]
    assert container["args"] == ["--help"]
    assert "command" not in container


def test_script_waits_until_the_operator_is_ready() -> None:
    """A first listing takes a moment."""
    with operator_that_answers(503, 200) as url:
        done = subprocess.run(
            [sys.executable, "-c", _SCRIPT.read_text(), url], capture_output=True, text=True, check=False, timeout=60
        )
    assert done.returncode == 0, done.stderr
    assert '{"firstListing": true}' in done.stdout
    assert "503" in done.stdout


def test_script_fails_if_it_never_is() -> None:
    """And says so; without the pauses between its attempts."""
    impatient = _SCRIPT.read_text().replace("range(30)", "range(2)").replace("time.sleep(2)", "time.sleep(0)")
    with operator_that_answers(503, 503) as url:
        done = subprocess.run(
            [sys.executable, "-c", impatient, url], capture_output=True, text=True, check=False, timeout=60
        )
    assert done.returncode != 0
    assert "not ready" in done.stderr
