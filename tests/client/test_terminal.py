"""`kubectl quantum` in a real terminal, by tmux: what a person sees at several widths, types, and pipes."""

import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from client.bare import Bare
from cluster.jobnamespace import eventually

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("tmux"), reason="no tmux: apt-get install tmux"),
]
_HEIGHT: Final = 40
_TMUX: Final = {"TMUX", "NO_COLOR", "COLUMNS", "LINES"}
"""What a terminal of its own must not inherit."""
WIDTHS: Final = (40, 80, 200)


class Terminal:
    """A shell in a terminal of tmux's, with kubectl and the plugin on its PATH.

    Attributes:
        width: Columns.
    """

    def __init__(self, bare: Bare, width: int) -> None:
        self.width = width
        # The path of a socket may have 108 bytes.
        self._socket = f"/tmp/quantum-{uuid.uuid4().hex[:8]}"  # noqa: S108 - nobody else can open it
        kubectl = bare.plane.kubectl_environment()
        path = f"{Path(sys.executable).parent}{os.pathsep}{kubectl['PATH']}"
        environment = kubectl | {"PATH": path, "KUBECONFIG": str(bare.kubeconfig), "LC_ALL": "C.UTF-8"}
        self._environment = {name: text for name, text in environment.items() if name not in _TMUX}
        size = ("-x", str(width), "-y", str(_HEIGHT))
        self._tmux("-f", "/dev/null", "new-session", "-d", *size, "bash --norc --noprofile")

    def _tmux(self, *arguments: str) -> str:
        argv = ["tmux", "-u", "-S", self._socket, *arguments]
        done = subprocess.run(argv, env=self._environment, capture_output=True, text=True, check=True, timeout=30)
        return done.stdout

    def type(self, line: str) -> None:
        """Type a line and press Enter."""
        self._tmux("send-keys", "-l", line)
        self._tmux("send-keys", "Enter")

    def press(self, key: str) -> None:
        """Press a key, as tmux names it."""
        self._tmux("send-keys", key)

    def screen(self, *, coloured: bool = False) -> str:
        """What is on the screen now, with the codes of its colours if wanted."""
        return self._tmux("capture-pane", "-p", *(["-e"] if coloured else []))

    def until(self, text: str) -> str:
        """The screen, once it shows a text."""
        return eventually(lambda: shown if text in (shown := self.screen()) else "")

    def ended(self, command: str) -> str:
        """Type a command that ends by itself; returns the screen with its exit code as `code=…`."""
        self.type("clear")
        # The exit code of the command before must be gone, or it is taken for this one's.
        eventually(lambda: "code=" not in self.screen())
        self.type(f"{command}; echo code=$?")
        return self.over()

    def over(self) -> str:
        """The screen, once a command has said its exit code; what was typed says `code=$?`."""
        return eventually(lambda: shown if re.search(r"code=\d", shown := self.screen()) else "")

    def close(self) -> None:
        """End the shell and whatever runs in it."""
        self._tmux("kill-server")
        Path(self._socket).unlink(missing_ok=True)


@pytest.fixture(params=WIDTHS)
def terminal(bare: Bare, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    """A terminal of each width."""
    made = Terminal(bare, request.param)
    yield made
    made.close()


@pytest.fixture
def usual(bare: Bare) -> Iterator[Terminal]:
    """A terminal of 80 columns."""
    made = Terminal(bare, 80)
    yield made
    made.close()


def test_waiting_is_a_table_that_lives(terminal: Terminal, bare: Bare) -> None:
    """It shows each job in its place, never wider than the terminal, and goes when all have ended."""
    bare.make_job("first")
    bare.make_job("second")
    terminal.type("kubectl quantum wait first second; echo code=$?")
    shown = terminal.until("0 of 2 have ended")
    assert [line.split()[:2] for line in shown.splitlines() if line.startswith(("first", "second"))] == [
        ["first", "Executing"],
        ["second", "Executing"],
    ]
    bare.set_state("first", "Succeeded")
    assert terminal.until("1 of 2 have ended").count("Executing") >= 1
    bare.set_state("second", "Failed")
    left = terminal.until("code=3")
    assert "have ended" not in left
    assert "NAME" in left
    assert "error: second failed" in left


def test_bars_fit(terminal: Terminal, bare: Bare) -> None:
    """Each on one line, at any width."""
    bare.make_job("bell", "Succeeded")
    shown = terminal.ended("kubectl quantum plot bell")
    bars = [line for line in shown.splitlines() if "█" in line]
    assert [line.split()[0] for line in bars] == ["00", "11"]
    assert all(len(line) <= terminal.width and line.endswith(" 250  50.0%") for line in bars)
    assert "code=0" in shown


def test_colours_are_for_those_who_want_them(usual: Terminal, bare: Bare) -> None:
    """Not with NO_COLOR, not on a dumb terminal, not in a pipe."""
    bare.make_job("bell", "Succeeded")
    for prefix, suffix, coloured in (
        ("", "", True),
        ("NO_COLOR=1 ", "", False),
        ("TERM=dumb ", "", False),
        ("", " | cat", False),
    ):
        assert "code=0" in usual.ended(f"{prefix}kubectl quantum plot bell{suffix}")
        bars = [line for line in usual.screen(coloured=True).splitlines() if "█" in line]
        assert len(bars) == 2
        assert any("\x1b[36m" in line for line in bars) == coloured, (prefix, suffix)


def test_a_dumb_terminal_gets_a_line_for_each_change(usual: Terminal, bare: Bare) -> None:
    """Nothing there can move the cursor."""
    bare.make_job("slow")
    usual.type("TERM=dumb kubectl quantum wait slow; echo code=$?")
    usual.until("slow: Executing")
    bare.set_state("slow", "Succeeded")
    assert "slow: Succeeded" in usual.until("code=0")


def test_ctrl_c_ends_the_waiting_only(terminal: Terminal, bare: Bare) -> None:
    """It says how to go on, and ends with 130."""
    bare.make_job("slow")
    terminal.type("kubectl quantum wait slow; echo code=$?")
    terminal.until("Executing")
    terminal.press("C-c")
    shown = terminal.until("code=130").replace("\n", "")
    assert "the jobs go on: kubectl quantum wait slow -n " in shown
    assert "Traceback" not in shown
    assert bare.kubectl("get", "quantumjob", "slow", "-o", "jsonpath={.spec.cancel}") == ""


def test_a_pipe_may_close_early(usual: Terminal, bare: Bare) -> None:
    """`| head -1` shows one line and nothing else."""
    for number in range(3):
        bare.make_job(f"job-{number}", "Succeeded", a="b")
    for command in ("list", "list -o yaml", "counts -l a=b -o csv"):
        shown = usual.ended(f"kubectl quantum {command} | head -1")
        between = shown.partition("echo code=$?\n")[2].partition("code=0")[0]
        assert len(between.splitlines()) == 1, shown


def test_many_are_cancelled_only_after_a_yes(usual: Terminal, bare: Bare) -> None:
    """A person is asked."""
    for number in range(2):
        bare.make_job(f"job-{number}", a="b")
    for answer, cancelled in (("n", ""), ("y", "true true")):
        usual.type("clear")
        usual.type("kubectl quantum cancel -l a=b; echo code=$?")
        usual.until("Cancel 2 jobs?")
        usual.type(answer)
        assert "Traceback" not in usual.over()
        told = bare.kubectl("get", "quantumjobs", "-o", "jsonpath={.items[*].spec.cancel}")
        assert told == cancelled
