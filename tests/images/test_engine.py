"""What an engine is asked for: names with digests; and what takes long, which ends with whoever began it."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import psutil
import pytest

from images.engine import named_by_digest, run_with_us

_TESTS: Final = Path(__file__).parents[1]
_SECONDS: Final = 60.0
_RUNS: Final = """
import os, sys
from pathlib import Path
from images.engine import run_with_us
run_with_us(["sh", "-c", "echo $$ > pid; exec sleep 600"], os.environ, Path(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("image", "known", "named"),
    [
        pytest.param("one.example/p:3", ["one.example/p@sha256:a"], "one.example/p@sha256:a", id="by its tag"),
        pytest.param(
            "one.example:5000/p", ["one.example:5000/p@sha256:a"], "one.example:5000/p@sha256:a", id="by neither"
        ),
        pytest.param("one.example/p@sha256:b", [], "one.example/p@sha256:b", id="by its digest"),
        pytest.param("one.example:5000/p:3@sha256:b", [], "one.example:5000/p@sha256:b", id="by both"),
        pytest.param(
            "one.example/p:3",
            ["localhost/mine@sha256:a", "one.example/p@sha256:a"],
            "one.example/p@sha256:a",
            id="has another name here",
        ),
        pytest.param("docker.io/library/p:3", ["p@sha256:a"], "p@sha256:a", id="is of the engine's own registry"),
        pytest.param("p:3", ["docker.io/library/p@sha256:a"], "docker.io/library/p@sha256:a", id="is named in short"),
    ],
)
def test_image_is_named_by_its_digest(image: str, known: list[str], named: str) -> None:
    """As its registry knows it, however it was asked for."""
    assert named_by_digest(image, known) == named


def test_exit_code_and_all_that_it_said(tmp_path: Path) -> None:
    """On either of its outputs; its temporary files go with the folder."""
    script = 'echo "$TMPDIR"; echo worse >&2; exit 3'
    assert run_with_us(["sh", "-c", script], os.environ, tmp_path) == (3, f"{tmp_path}\nworse\n")


def test_nothing_goes_on_after_a_kill(tmp_path: Path) -> None:
    """By SIGKILL, with no chance to end it."""
    told = tmp_path / "pid"
    command = [sys.executable, "-c", _RUNS, str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(_TESTS)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment) as parent:
        deadline = time.monotonic() + _SECONDS
        while not told.exists() or not told.read_text().endswith("\n"):
            assert time.monotonic() < deadline, "it never began"
            time.sleep(0.05)
        started = psutil.Process(int(told.read_text()))
        parent.kill()
    psutil.wait_procs([started], timeout=_SECONDS)
    assert not started.is_running()
