"""The researchers' role: each of its rights is needed by some command, which names it when it lacks."""

from pathlib import Path

import pytest

from client.bare import Bare
from client.programs import BELL_IONQ, SIMULATOR
from devcluster.controlplane import ControlPlane
from quantumjobs.cli.checks import RIGHTS

pytestmark = [pytest.mark.cluster, pytest.mark.slow]
JOBS = "quantumjobs.dev", "quantumjobs"
WORKSPACES = "quantumjobs.dev", "quantumworkspaces"
POLICIES = "quantumjobs.dev", "quantumpolicies"
BUDGETS = "quantumjobs.dev", "quantumbudgets"
_LONG = '{"qubits": 1, "circuit": [' + '{"gate": "x", "target": 0},' * 4000 + '{"gate": "x", "target": 0}]}'


LACKING = [
    pytest.param((*JOBS, "list"), ["list"], "you may not list quantumjobs", id="list jobs"),
    pytest.param((*JOBS, "get"), ["why", "there"], "you may not get quantumjob there", id="get a job"),
    pytest.param(
        (*JOBS, "create"), ["run", "bell.json", "-t", SIMULATOR], "you may not create quantumjob bell-", id="create"
    ),
    pytest.param((*JOBS, "patch"), ["cancel", "there"], "you may not patch quantumjob there", id="patch a job"),
    pytest.param(
        (*WORKSPACES, "get"), ["targets"], "you may not get quantumworkspace default", id="get the workspace"
    ),
    pytest.param(("", "configmaps", "get"), ["counts", "done"], "you may not get configmap done-out", id="an output"),
    pytest.param(("", "configmaps", "list"), ["counts", "-l", "a=b"], "you may not list configmaps", id="list outputs"),
    pytest.param(
        ("", "configmaps", "create"), ["run", "long.json", "-t", SIMULATOR, "--name=long"],
        "you may not create configmap long-program", id="store a long program",
    ),
]  # fmt: skip
SPARED = [
    pytest.param((*JOBS, "watch"), ["wait", "there", "--timeout=2s"], 5, "is still Executing", id="it asks instead"),
    pytest.param(("", "events", "list"), ["why", "there"], 0, "", id="it tells the rest"),
]


def lacking(kinds: ControlPlane, folder: Path, right: tuple[str, str, str]) -> Bare:
    """A researcher without one right, with a job that runs and so many that have ended that outputs come in pages."""
    bare = Bare.make(kinds, "-".join(("lacking", right[1], right[2])), folder, role=False)
    bare.grant(without=right)
    bare.make_job("there")
    bare.make_job("done", "Succeeded")
    if right[1:] == ("configmaps", "list"):
        for number in range(21):
            bare.make_job(f"job-{number}", "Succeeded", a="b")
    (folder / "bell.json").write_text(BELL_IONQ)
    (folder / "long.json").write_text(_LONG)
    return bare


@pytest.mark.parametrize(("right", "command", "said"), LACKING)
def test_a_missing_right_is_named(
    kinds: ControlPlane, tmp_path: Path, right: tuple[str, str, str], command: list[str], said: str
) -> None:
    """Each of the role's rights is needed by some command, which names it when it lacks."""
    done = lacking(kinds, tmp_path, right).run(*command, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (7, "" if command[0] != "counts" else done.stdout)
    assert said in done.stderr
    assert "quantumjob-researcher" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("right", "command", "code", "said"), SPARED)
def test_a_right_that_can_be_spared(
    bare: Bare, right: tuple[str, str, str], command: list[str], code: int, said: str
) -> None:
    """Without it a command does with less."""
    bare.kubectl("delete", "rolebinding", "researcher")
    bare.grant(without=right)
    bare.make_job("there")
    done = bare.run(*command)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "there" in done.stdout


def test_every_right_of_the_role_was_taken_away_once() -> None:
    """But those that kubectl itself needs: to delete a job, to list workspaces, and to read what binds jobs."""
    tried = {parameter.values[0] for parameter in (*LACKING, *SPARED)}
    read = {(*kind, verb) for kind in (POLICIES, BUDGETS) for verb in ("get", "list")}
    assert set(RIGHTS) - tried == {(*JOBS, "delete"), (*WORKSPACES, "list"), *read}
