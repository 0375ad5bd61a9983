"""`kubectl quantum` as a process: answers on stdout, everything else on stderr, the exit codes that are documented."""

import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from client.conftest import Researcher, make_researcher
from client.programs import BELL_QASM, ROTATED_QASM, SIMULATOR, UNKNOWN_WORD
from cluster.jobnamespace import FOR_EVER, JobNamespace
from localstack.emulated import Emulator
from localstack.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


@pytest.fixture
def bell(tmp_path: Path) -> Path:
    """A file with a Bell pair."""
    path = tmp_path / "bell.qasm"
    path.write_text(BELL_QASM)
    return path


def test_the_first_command_ends_with_a_histogram(researcher: Researcher, bell: Path) -> None:
    """Run, wait, and the bars; no control codes without a terminal, and one line for each change."""
    done = researcher.run("run", bell, "-t", SIMULATOR, "--shots", "500", "--wait")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["00", "11"]
    assert sum(int(line.split()[-2]) for line in lines) == 500
    assert "█" in lines[0]
    assert "\x1b" not in done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == len(set(done.stderr.splitlines()))
    assert "Succeeded" in done.stderr


def test_a_job_from_the_first_to_the_last_command(researcher: Researcher, bell: Path, tmp_path: Path) -> None:
    """Names on stdout feed the next command; every output is what it says."""
    name = researcher.run("run", bell, "-t", SIMULATOR, "-s", "100", "-o", "name").stdout.strip()
    assert name.startswith("quantumjob.quantumjobs.dev/bell-")
    job = name.rpartition("/")[2]
    assert researcher.run("wait", job, "--timeout=1m").returncode == 0
    assert json.loads(researcher.run("list", "-o", "json").stdout)["items"][0]["metadata"]["name"] == job
    (row,) = csv.DictReader(io.StringIO(researcher.run("list", "-o", "csv").stdout))
    assert (row["name"], row["shots"], row["state"]) == (job, "100", "Succeeded")
    head, line = researcher.run("list").stdout.splitlines()
    assert head.split() == ["NAME", "TARGET", "STATE", "SHOTS", "WAITED", "COST", "AGE"]
    assert line.split()[:4] == [job, SIMULATOR, "Succeeded", "100"]
    rows = json.loads(researcher.run("counts", job, "-o", "json").stdout)
    assert sum(one["count"] for one in rows) == 100
    shares = yaml.safe_load(researcher.run("counts", job, "--normalize", "--top=1", "-o", "yaml").stdout)
    assert len(shares) == 1
    assert 0 < shares[0]["share"] <= 1
    assert researcher.run("why", job).stdout.startswith(f"{job}: Succeeded")
    for picture in ("plot.png", "plot.svg"):
        assert researcher.run("plot", job, "--file", tmp_path / picture).returncode == 0
        assert (tmp_path / picture).stat().st_size > 1000
    wide = researcher.run("plot", job, env={"COLUMNS": "40"}).stdout
    assert max(map(len, wide.splitlines())) <= 40


def test_a_sweep_is_one_table(researcher: Researcher, tmp_path: Path) -> None:
    """One job for each point, and their counts with the parameters, by the label that stdout gave."""
    program = tmp_path / "rotated.qasm"
    program.write_text(ROTATED_QASM)
    done = researcher.run("sweep", program, "-t", SIMULATOR, "-s", "10", "-p", "theta=0:pi:3", "--wait")
    assert done.returncode == 0, done.stderr
    selector = done.stdout.strip()
    rows = list(csv.DictReader(io.StringIO(researcher.run("counts", "-l", selector, "-o", "csv").stdout)))
    assert {row["theta"] for row in rows} == {"0.0", "1.5707963267948966", "3.141592653589793"}
    assert [row["outcome"] for row in rows if row["theta"] == "3.141592653589793"] == ["1"]
    assert list(rows[0]) == ["job", "state", "theta", "outcome", "count"]


def test_dry_runs_store_nothing(researcher: Researcher, bell: Path, place: JobNamespace) -> None:
    """The client's needs no more than the file; the server's was checked by the API server; kubectl takes both."""
    for kind in ("client", "server"):
        done = researcher.run("run", bell, "-t", SIMULATOR, "-s", "10", f"--dry-run={kind}", "-o", "yaml")
        assert yaml.safe_load(done.stdout)["kind"] == "QuantumJob"
        place.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", stdin=done.stdout)
    assert place.kubectl("get", "quantumjobs", "-o", "name") == ""


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        pytest.param(["wait", "absent"], 6, "there is no quantumjob absent", id="a job that is not there"),
        pytest.param(["counts", "-l", "a=b"], 6, "matches 'a=b'", id="a label that selects nothing"),
        pytest.param(["wait"], 2, "give names, or a label selector", id="neither names nor a label"),
        pytest.param(["list", "-o", "xml"], 2, "'xml' is not one of", id="an output that is not there"),
        pytest.param(["run", "absent.qasm", "-t", SIMULATOR], 6, "no file absent.qasm", id="a file that is not there"),
        pytest.param(["run", "-", "-t", SIMULATOR], 1, "the program is empty", id="an empty program"),
        pytest.param(["list", "-n", "elsewhere"], 7, "you may not list quantumjobs", id="another's namespace"),
        pytest.param(["list", "--kubeconfig=absent"], 1, "no kubeconfig absent", id="no kubeconfig"),
        pytest.param(["list", "--context=absent"], 1, "absent", id="no such context"),
        pytest.param(["wait", "x", "--timeout=soon"], 2, "is no duration", id="no duration"),
        pytest.param(["run", "-", "-t", SIMULATOR, "-p", "theta"], 2, "name=value", id="no assignment"),
    ],
)
def test_bad_input_is_one_line_and_an_exit_code(
    researcher: Researcher, arguments: list[str], code: int, text: str
) -> None:
    """It says what to do, never with a traceback, and stdout stays empty."""
    done = researcher.run(*arguments)
    assert done.returncode == code, done.stderr
    assert text in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_endings_have_their_codes(researcher: Researcher, emulator: Emulator, bell: Path) -> None:
    """3 for a failure, 5 for a time-out whose job goes on, 4 for a cancellation, and 2 without a yes for many."""
    failing = researcher.run("run", "-", "-t", SIMULATOR, "-s", "1", "--wait", stdin=UNKNOWN_WORD)
    assert failing.returncode == 3
    assert "InvalidInputData" in failing.stderr
    emulator.behave(executing_seconds=FOR_EVER)
    label = ("--label", "group=slow")
    jobs = [researcher.run("run", bell, "-t", SIMULATOR, "-s", "1", *label).stdout.strip() for _ in range(2)]
    waiting = researcher.run("wait", jobs[0], "--timeout=1s")
    assert waiting.returncode == 5
    assert f"kubectl quantum wait {jobs[0]}" in waiting.stderr
    assert researcher.run("counts", jobs[0]).returncode == 5
    asked = researcher.run("cancel", "-l", "group=slow")
    assert asked.returncode == 2
    assert "--yes" in asked.stderr
    assert researcher.run("cancel", "-l", "group=slow", "--yes").returncode == 0
    assert researcher.run("wait", "-l", "group=slow", "--timeout=1m").returncode == 4


def test_ctrl_c_leaves_the_job_alone(researcher: Researcher, emulator: Emulator, bell: Path) -> None:
    """It ends with 130 and says how to go on."""
    emulator.behave(executing_seconds=FOR_EVER)
    name = researcher.run("run", bell, "-t", SIMULATOR, "-s", "1").stdout.strip()
    argv = [sys.executable, "-m", "quantumjobs", "wait", name, f"--kubeconfig={researcher.kubeconfig}"]
    waiting = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
    assert waiting.stderr is not None
    assert name in waiting.stderr.readline()
    waiting.send_signal(signal.SIGINT)
    assert waiting.wait(20) == 130
    assert f"kubectl quantum wait {name} -n " in waiting.stderr.read()
    waiting.stderr.close()
    assert researcher.cluster().job(name).outcome.value == "running"
    researcher.run("cancel", name)


def test_a_reader_that_goes_away_is_no_error(researcher: Researcher, bell: Path) -> None:
    """`| head -1` ends without a traceback."""
    for _ in range(3):
        researcher.run("run", bell, "-t", SIMULATOR, "-s", "1")
    command = f"{sys.executable} -m quantumjobs list -o json | head -1"
    env = os.environ | {"KUBECONFIG": str(researcher.kubeconfig)}
    done = subprocess.run(["bash", "-c", command], env=env, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("{\n", "")


@pytest.mark.parametrize(
    ("env", "codes"),
    [
        pytest.param({"TERM": "xterm"}, True, id="a terminal"),
        pytest.param({"TERM": "xterm", "NO_COLOR": "1"}, False, id="a terminal without colours"),
        pytest.param({"TERM": "dumb"}, False, id="a dumb terminal"),
    ],
)
def test_terminals_get_what_they_take(researcher: Researcher, bell: Path, env: dict[str, str], *, codes: bool) -> None:
    """A live table with control codes only where it is wanted."""
    controller, terminal = pty.openpty()
    argv = [sys.executable, "-m", "quantumjobs", "run", str(bell), "-t", SIMULATOR, "-s", "10", "--wait"]
    whole = os.environ | {"KUBECONFIG": str(researcher.kubeconfig), "COLUMNS": "80"} | env
    running = subprocess.Popen(argv, env=whole, stdout=terminal, stderr=terminal, stdin=subprocess.DEVNULL)
    os.close(terminal)
    shown = b""
    try:
        while chunk := os.read(controller, 65536):
            shown += chunk
    except OSError:  # how Linux says that no writer is left
        pass
    os.close(controller)
    assert running.wait(30) == 0
    assert (b"\x1b[" in shown) == codes
    assert "█".encode() in shown


def test_doctor_names_the_missing_right(researcher: Researcher, place: JobNamespace) -> None:
    """All is well with the role; without it each right is named."""
    fine = researcher.run("doctor")
    assert fine.returncode == 0, fine.stdout + fine.stderr
    assert "NO" not in fine.stdout
    place.kubectl("delete", "rolebinding", "researcher")
    deadline = time.monotonic() + 20
    while (lacking := researcher.run("doctor")).returncode == 0 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert lacking.returncode == 7
    assert "create quantumjobs" in lacking.stderr
    assert "quantumjob-researcher" in lacking.stderr


def test_targets_are_listed(researcher: Researcher, place: JobNamespace) -> None:
    """With provider, availability and formats."""
    place.wait("default", "Ready", kind="quantumworkspace")
    rows = list(csv.DictReader(io.StringIO(researcher.run("targets", "-o", "csv").stdout)))
    (row,) = [row for row in rows if row["target"] == SIMULATOR]
    assert (row["provider"], row["availability"], row["profile"]) == ("ionq", "Available", "Base")
    assert row["formats"] == "qir.v1,ionq.circuit.v1"


def test_compile_needs_no_cluster(tmp_path: Path, bell: Path) -> None:
    """With a profile, it writes QIR to stdout wherever it runs."""
    env = os.environ | {"KUBECONFIG": str(tmp_path / "absent")}
    for output, start in (("ll", b"%Result"), ("bc", b"BC\xc0\xde")):
        argv = [sys.executable, "-m", "quantumjobs", "compile", str(bell), "--profile=Base", "-o", output]
        done = subprocess.run(argv, env=env, capture_output=True, check=True)
        assert done.stdout.startswith(start)


def test_kubectl_finds_and_completes_it(researcher: Researcher, stack: Stack) -> None:
    """As a plugin, with the names of commands, flags and jobs."""
    place = researcher.place
    env = stack.cluster.kubectl_environment()
    env |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}", "KUBECONFIG": str(researcher.kubeconfig)}

    def kubectl(*arguments: str) -> str:
        done = subprocess.run(["kubectl", *arguments], env=env, capture_output=True, text=True, check=True)
        return done.stdout

    job = researcher.cluster().submit(BELL_QASM, target=SIMULATOR, shots=1)
    assert job.name in kubectl("quantum", "list", "-n", place.name)
    assert "counts" in kubectl("__complete", "quantum", "cou")
    assert "--shots" in kubectl("__complete", "quantum", "run", "--sh")
    assert job.name in kubectl("__complete", "quantum", "wait", "bell", "") + kubectl(
        "__complete", "quantum", "wait", ""
    )


def test_two_roles_differ(place: JobNamespace, stack: Stack, tmp_path: Path) -> None:
    """Somebody without the role is told which right is missing, in one request."""
    done = make_researcher(place, stack, tmp_path, role=False).run("list")
    assert done.returncode == 7
    assert "you may not list quantumjobs" in done.stderr
    assert "quantumjob-researcher" in done.stderr
