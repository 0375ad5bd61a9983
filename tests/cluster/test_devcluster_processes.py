"""The programs of the dev cluster: where they come from, and how they end."""

import signal
from pathlib import Path

import pytest

from cluster.waiting import gone, until
from devcluster.build import ASSETS_VARIABLE, control_plane_binaries
from devcluster.errors import BuildError
from devcluster.gotools import CONTROL_PLANE
from devcluster.processes import Child

pytestmark = pytest.mark.cluster


class TestPrograms:
    """Where the programs come from."""

    def test_own_programs_are_taken_where_the_variable_points(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Whoever has the programs already doesn't build them."""
        for name in CONTROL_PLANE.programs:
            (tmp_path / name).touch(mode=0o755)
        monkeypatch.setenv(ASSETS_VARIABLE, str(tmp_path))
        assert control_plane_binaries() == tmp_path

    def test_missing_program_is_named(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Kubebuilder's own download has no controller manager."""
        for name in set(CONTROL_PLANE.programs) - {"kube-controller-manager"}:
            (tmp_path / name).touch(mode=0o755)
        monkeypatch.setenv(ASSETS_VARIABLE, str(tmp_path))
        with pytest.raises(BuildError, match=r"lacks kube-controller-manager:"):
            control_plane_binaries()


class TestChild:
    """A program that we start ends with us, and takes along what it started."""

    def test_grandchildren_end_with_the_program(self, tmp_path: Path) -> None:
        """What a killed program leaves behind is killed too, also when it moved to a session of its own."""
        told = tmp_path / "pid"
        child = Child.start(
            ["/bin/sh", "-c", f"setsid sleep 600 & echo $! > {told}; wait"], name="shell", log=tmp_path / "log"
        )
        until(lambda: told.exists() and told.read_text().endswith("\n"))
        assert child.kill() == 128 + signal.SIGKILL
        until(lambda: gone(int(told.read_text())))

    def test_exit_code_and_output_are_the_programs(self, tmp_path: Path) -> None:
        """The process in between is invisible."""
        child = Child.start(["/bin/sh", "-c", "echo out; echo err >&2; exit 7"], name="shell", log=tmp_path / "log")
        assert child.wait(timeout=30) == 7
        assert child.log_tail() == "out\nerr"

    def test_program_that_cannot_run_says_so(self, tmp_path: Path) -> None:
        """A missing program is an exit code and a line in the log."""
        child = Child.start([tmp_path / "absent"], name="absent", log=tmp_path / "log")
        assert child.wait(timeout=30) == 127
        assert "No such file" in child.log_tail()

    def test_stop_asks_first(self, tmp_path: Path) -> None:
        """The program gets the chance to end in order."""
        child = Child.start(
            ["/bin/sh", "-c", "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.1; done"],
            name="shell",
            log=tmp_path / "log",
        )
        child.wait_until(lambda: "up" in child.log_tail(), timeout=30)
        assert child.stop() == 3
        assert "bye" in child.log_tail()
