"""`make demo` on loopback: what it shows, when it ends 0, what it leaves."""

import os
import pty
import re
import subprocess
from typing import Final

import pytest

from demonstration.conftest import PROJECT, Demo

_ENDINGS: Final = {
    "bell": "Succeeded",
    "ghz": "Succeeded",
    "qir": "Succeeded",
    "broken": "Failed",
    "cancelled": "Deleted",
}
_UNAVAILABLE: Final = """--emulator-args=--targets='{"rigetti.sim.qvm":{"available":false}}'"""


@pytest.mark.cluster
def test_every_example_is_played_to_its_end(demo: Demo) -> None:
    """It ends 0, and its lines tell how each job ended, with outputs, bars and the table of kubectl."""
    ended = demo.run()
    assert (ended.code, ended.errors) == (0, "")
    for name, ending in _ENDINGS.items():
        assert re.search(rf"^ *[\d.]+ s  {name} +{ending}\b", ended.output, re.MULTILINE), name
    assert "gone after the workspace said Cancelled" in ended.output
    for name, counts in {"bell": "00 11", "ghz": "000 111", "qir": "01 10"}.items():
        shown = ended.output.partition(f"\nConfigMap {name}-output\n")[2].partition("\n\n")[0]
        bars = re.findall(r"^  ([01]+) +█+ (\d+)$", shown, re.MULTILINE)
        assert [outcome for outcome, _ in bars] == counts.split()
        assert all(int(count) > 0 for _, count in bars)
    assert re.search(r"^NAME +PROVIDER +TARGET +STATE +REASON +MESSAGE", ended.output, re.MULTILINE)
    assert re.search(r"^broken .*[(]InvalidInputData[)]", ended.output, re.MULTILINE)
    _, command, last = ended.output.partition("$ kubectl quantum run examples/bell.qasm -t ionq.simulator")
    assert command
    assert re.findall(r"^([01]+) █+\S* +\d+ +[\d.]+%$", last, re.MULTILINE) == ["00", "11"]


@pytest.mark.cluster
@pytest.mark.slow
def test_a_job_that_does_not_end_is_not_taken_for_success(demo: Demo) -> None:
    """It ends 1 and names the job and the reason; on a terminal, where a table shows the jobs meanwhile."""
    controller, terminal = pty.openpty()
    demo.environment = {"TERM": "xterm", "COLUMNS": "160"}
    with demo.start(_UNAVAILABLE, "--seconds=10", stdout=terminal) as running:
        os.close(terminal)
        shown = _read_all(controller)
        running.communicate(timeout=60)
    assert running.returncode == 1
    assert "\x1b[" in shown
    assert "QuantumJobs, " in shown
    faults = re.findall(r"NOT AS EXPECTED (\w+): has not ended: Pending, (.*)", shown)
    assert [name for name, _ in faults] == ["qir"]
    assert "takes no jobs" in faults[0][1]


def test_lines_carry_no_control_codes(demo: Demo) -> None:
    """What goes to a file or a pipe is plain text, whatever the environment asks for."""
    demo.environment = {"FORCE_COLOR": "1", "TERM": "xterm", "PATH": "", "KUBECONFIG": os.devnull}
    ended = demo.run("--cluster=current")
    assert ended.code == 1
    assert not re.search(r"[^\n\x20-\U0010ffff]", ended.output + ended.errors)


@pytest.mark.parametrize(
    ("call", "command"),
    [
        pytest.param(["demo"], "-m demo --cluster=local  --emulator-args='' --operator-args=''", id="a bare demo"),
        pytest.param(
            ["demo", "CLUSTER=current", "YES=1"],
            "-m demo --cluster=current --yes --emulator-args='' --operator-args=''",
            id="the current cluster, agreed to",
        ),
        pytest.param(
            ["dev", "OPERATOR_ARGS=--log-level=DEBUG", """EMULATOR_ARGS=--targets='{"a": {}}'"""],
            r"""-m localstack up --emulator-args='--targets='\''{"a": {}}'\''' --operator-args='--log-level=DEBUG'""",
            id="arguments with quotes arrive as one word",
        ),
        pytest.param(["dev-down"], "-m localstack down", id="the end of it"),
    ],
)
def test_make_passes_on_what_it_is_given(call: list[str], command: str) -> None:
    """Each target is one command line."""
    # `-o`: this is not the moment to renew the virtualenv. The tests themselves may run under make, which then says so.
    make = ["make", "--no-print-directory", "-n", "-o", ".venv/.installed"]
    done = subprocess.run([*make, *call], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith(command)


def _read_all(controller: int) -> str:
    """What was written to a terminal until its last writer went away."""
    chunks = []
    with os.fdopen(controller, "rb") as reader:
        try:
            while chunk := reader.read1():
                chunks.append(chunk)
        except OSError:  # how Linux says that no writer is left
            return b"".join(chunks).decode()
    return b"".join(chunks).decode()
