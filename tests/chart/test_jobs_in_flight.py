"""Helm's commands while jobs run: nothing is lost, nothing is billed twice, nothing is stuck for good."""

from collections.abc import Iterator
from typing import Final

import pytest

from chart.installation import SHORT_FENCE, WAIT, Installation, bell, states, until
from chart.releases import RELEASE, SYSTEM
from chart.test_install_guide import GUIDE, commands
from chart.values import REPLICATED

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_JOBS: Final = 50


@pytest.fixture
def installed(installation: Installation) -> Iterator[Installation]:
    """An operator with a workspace and no job."""
    installation.releases.install(installation.values(**SHORT_FENCE), *WAIT)
    installation.make_workspace()
    installation.emulator.behave(simulate=False)
    yield installation
    installation.emulator.admin("DELETE", "settings")
    installation.clean()


@pytest.mark.parametrize("command", ["upgrade", "rollback"])
def test_fifty_jobs_in_flight_do_not_notice(installed: Installation, command: str) -> None:
    """Some are being submitted while the old pod ends, and some run; each is billed once and succeeds."""
    billed_before = installed.accepted()
    if command == "rollback":
        installed.releases.upgrade(installed.values(**SHORT_FENCE, workers=16), *WAIT)
    slowly = {"least": 1.0, "most": 3.0}
    installed.emulator.behave(executing_seconds=15, put_delay_before=slowly, put_delay_after=slowly)
    (before,) = installed.operators()
    installed.apply(*(bell(f"job-{number:02}") for number in range(_JOBS)))
    until(lambda: installed.accepted() > billed_before)
    assert installed.accepted() < billed_before + _JOBS, "all were accepted before the old pod was asked to end"
    if command == "upgrade":
        installed.releases.upgrade(installed.values(**SHORT_FENCE, workers=8), *WAIT)
    else:
        installed.releases.helm.run("rollback", RELEASE, f"--namespace={SYSTEM}", *WAIT)
    (after,) = installed.operators()
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert states(installed.jobs())["Succeeded"] < _JOBS
    installed.finish()
    assert states(installed.jobs()) == {"Succeeded": _JOBS}
    assert installed.billed() == {f"job-{number:02}": 1 for number in range(_JOBS)}
    assert installed.accepted() == billed_before + _JOBS


@pytest.fixture
def abandoned(installed: Installation) -> Installation:
    """Two jobs run, the operator was uninstalled, and then the jobs were deleted."""
    installed.emulator.behave(executing_seconds=600)
    installed.apply(bell("one"), bell("other"))
    until(lambda: states(installed.jobs())["Executing"] == 2)
    installed.uninstall()
    assert states(installed.jobs()) == {"Executing": 2}
    installed.kubectl("delete", "quantumjobs", "--all", "--wait=false")
    assert all(job["metadata"]["deletionTimestamp"] for job in installed.jobs())
    return installed


def test_jobs_that_were_deleted_without_an_operator_are_cancelled_by_the_next(abandoned: Installation) -> None:
    """The definitions have stayed, and the same release takes them over."""
    abandoned.releases.install(abandoned.values(**SHORT_FENCE), *WAIT)
    abandoned.kubectl("wait", "--for=delete", "quantumjobs", "--all", "--timeout=60s", timeout=90)
    assert {run["status"] for run in abandoned.emulator.ledger()[-2:]} == {"Cancelled"}


def test_what_is_stuck_without_an_operator_is_let_go_as_the_guide_says(abandoned: Installation) -> None:
    """Jobs first, then their workspace; then the namespace can go too."""
    abandoned.kubectl("delete", "quantumworkspace", "default", "--wait=false")
    let_job_go, let_workspace_go = (command.split(" NAME ", 1) for command in commands(GUIDE, "Removing it")[1])
    for (command, patch), names in ((let_job_go, ("one", "other")), (let_workspace_go, ("default",))):
        for name in names:
            option, flag, value = patch.split(" ", 2)
            abandoned.kubectl(*command.split()[1:], name, option, flag, value.strip("'"))
    abandoned.kubectl("wait", "--for=delete", "quantumjobs,quantumworkspaces", "--all", "--timeout=30s")
    abandoned.releases.cluster.kubectl("delete", "namespace", abandoned.namespace, "--timeout=60s", timeout=90)


def test_either_of_two_replicas_can_go(installation: Installation) -> None:
    """Both are ready side by side, and whichever is killed, jobs go on and are billed once."""
    values = installation.values(**SHORT_FENCE) | REPLICATED
    installation.releases.install(values, *WAIT)
    installation.make_workspace()
    installation.emulator.behave(simulate=False)
    told = installation.releases.helm.run("test", RELEASE, f"--namespace={SYSTEM}", "--timeout=90s")
    assert "Phase:          Succeeded" in told
    first, second = installation.operators()
    for number, pod in enumerate((first, second)):
        name = pod["metadata"]["name"]
        force = ("--grace-period=0", "--force")
        installation.releases.cluster.kubectl("delete", "pod", name, f"--namespace={SYSTEM}", *force)
        installation.apply(bell(f"after-{number}"))
        installation.finish(f"after-{number}")
    assert installation.billed() == {"after-0": 1, "after-1": 1}
    assert states(installation.jobs()) == {"Succeeded": 2}
