"""What takes long while an image is built: it ends with whoever began it, and its output is kept."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import psutil

from images.engine import run_with_us

_TESTS: Final = Path(__file__).parents[1]
_SECONDS: Final = 60.0
_RUNS: Final = """
import os, sys
from pathlib import Path
from images.engine import run_with_us
run_with_us(["sh", "-c", "echo $$ > pid; exec sleep 600"], os.environ, Path(sys.argv[1]))
"""


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
