"""What others wrote into objects does nothing to the terminal of whoever looks at them."""

import ast
import contextlib
import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from client.bare import COMMAND, quantum
from client.hostilecluster import CLIPBOARD, HARM, hostile_cluster
from client.programs import ROTATED_QASM
from localstack.manifests import PROJECT
from quantumjobs.cli.commands import cli
from quantumjobs.visible import shown

_SECONDS: Final = 60
_CODES: Final = re.compile(r"\x1b\[(?:\?25[hl]|[0-9;]*m|[12]K|\d*A)|\r")
"""Colours, a hidden cursor, and lines that are written anew: what a live table is made of."""
PROGRAM: Final = '{"qubits": 1, "circuit": [{"gate": "h", "target": 0}], "name": "\u202e\u2066"}'


def on_a_terminal(kubeconfig: Path, *arguments: str, **env: str) -> str:
    """All that a command writes to a terminal, byte for byte as text."""
    controller, terminal = pty.openpty()
    whole = os.environ | {"KUBECONFIG": str(kubeconfig), "COLUMNS": "200", "TERM": "xterm-256color"} | env
    argv = [*COMMAND, *arguments]
    running = subprocess.Popen(
        argv, env=whole, stdout=terminal, stderr=terminal, stdin=subprocess.DEVNULL, cwd=kubeconfig.parent
    )
    os.close(terminal)
    overdue = threading.Timer(_SECONDS, running.kill)
    overdue.start()
    written = b""
    with contextlib.suppress(OSError):  # how Linux says that no writer is left
        while chunk := os.read(controller, 65536):
            written += chunk
    os.close(controller)
    running.wait()
    overdue.cancel()
    return written.decode(errors="surrogateescape").replace("\r\n", "\n")


def steering(written: str) -> set[str]:
    """The characters that are no text, but for line breaks."""
    return {one for one in written if one != "\n" and unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}


COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "run": ("run", "a.json", "-t", "ionq.simulator", "--wait"),
    "compile": ("compile", "a.json", "-t", "ionq.simulator"),
    "sweep": ("sweep", "a.qasm", "-t", "ionq.simulator", "-p", "theta=1:2:2", "--wait"),
    "list": ("list", "-o", "wide"),
    "wait": ("wait", "-l", "a=b"),
    "counts": ("counts", "bell"),
    "plot": ("plot", "-l", "a=b"),
    "cancel": ("cancel", "bell"),
    "why": ("why", "bell"),
    "targets": ("targets",),
    "estimate": ("estimate", "a.json", "-t", "ionq.simulator"),
    "doctor": ("doctor",),
    "version": ("version",),
}
SILENT: Final = frozenset({"version"})
"""These show nothing of others."""


def test_every_command_is_tried() -> None:
    """A new one, too."""
    assert COMMANDS.keys() == cli.commands.keys()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "state"),
    [
        *((command, "Succeeded") for command in COMMANDS),
        *((command, state) for command in ("wait", "why", "counts") for state in ("Failed", "Pending")),
    ],
)
def test_no_text_of_others_steers_a_terminal(tmp_path: Path, command: str, state: str) -> None:
    """Whatever stands in any field: names, messages, reasons, Events, outcomes, parameters, refusals."""
    (tmp_path / "a.json").write_text(PROGRAM)
    (tmp_path / "a.qasm").write_text(ROTATED_QASM)
    with hostile_cluster(tmp_path, state) as kubeconfig:
        written = on_a_terminal(kubeconfig, *COMMANDS[command], NO_COLOR="1")
    assert steering(written) == set()
    assert "\nmallory" not in written
    if command not in SILENT:
        harm = "\u202e\u2066" if command == "compile" else CLIPBOARD
        assert shown(harm) in written, written


@pytest.mark.slow
@pytest.mark.parametrize(("command", "state"), [("plot", "Succeeded"), ("wait", "Pending")])
def test_nor_where_there_are_colours(tmp_path: Path, command: str, state: str) -> None:
    """Bars, and the live table."""
    with hostile_cluster(tmp_path, state) as kubeconfig:
        written = on_a_terminal(kubeconfig, *COMMANDS[command])
    assert "\x1b[" in written
    assert steering(_CODES.sub("", written)) == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("list", "-l", "a=b", "-n", "lab", "--state=Failed", "-o", "xml\x1b[2J"), id="usage"),
        pytest.param(("wait", "absent\x1b[2J"), id="a name of one's own"),
        pytest.param(("list", "-o", "csv"), id="CSV to a terminal"),
        pytest.param(("counts", "bell", "-o", "csv"), id="CSV of counts to a terminal"),
        pytest.param(("list", "-o", "name"), id="names"),
        pytest.param(("list", "-o", "yaml"), id="YAML"),
        pytest.param(("list", "-o", "json"), id="JSON"),
        pytest.param(("counts", "-l", "a=b", "-o", "json"), id="JSON in rows"),
    ],
)
def test_nor_does_another_output(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Machines' formats have escapes of their own, or are cleaned for a terminal alone."""
    with hostile_cluster(tmp_path, "Succeeded") as kubeconfig:
        written = on_a_terminal(kubeconfig, *arguments, NO_COLOR="1")
    assert steering(written) - {"\t"} == set()
    assert written


@pytest.mark.slow
def test_a_pipe_gets_what_was_written(tmp_path: Path) -> None:
    """JSON and CSV are for programs."""
    with hostile_cluster(tmp_path, "Succeeded") as kubeconfig:
        (item,) = json.loads(quantum(kubeconfig, "list", "-o", "json").stdout)["items"]
        told = subprocess.run(
            [*COMMAND, "counts", "bell", "-o", "csv"],
            env=os.environ | {"KUBECONFIG": str(kubeconfig)},
            capture_output=True,
            check=True,
        )
    assert item["spec"]["target"] == f"ionq.simulator{HARM}"
    (first, _) = csv.DictReader(io.StringIO(told.stdout.decode(), newline=""))
    # Half of a character has no bytes in UTF-8.
    assert first["outcome"] == f"00{HARM}".replace("\ud800", "\\ud800")


def test_what_nobody_expected_steers_nothing_either(tmp_path: Path) -> None:
    """The words of an exception may be those of an object."""
    code = (
        "from quantumjobs import cli\n"
        "def failing(_): raise RuntimeError('\\x1b[2J\\u202e')\n"
        "cli.run = failing\n"
        "cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path, env=os.environ
    )
    assert done.returncode == 1
    assert "\\x1b[2J\\u202e" in done.stderr.splitlines()[-1]
    assert steering(done.stderr) == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("bell-7: 50.0 % █ é 量子", "bell-7: 50.0 % █ é 量子", id="text of any language"),
        pytest.param("\x1b[31m\x9b\x7f\x00", "\\x1b[31m\\x9b\\x7f\\x00", id="controls"),
        pytest.param("a\nb\tc\r", "a\\nb\\tc\\r", id="lines and columns that nobody meant"),
        pytest.param("\u202e\u2066\u200f\ufeff", "\\u202e\\u2066\\u200f\\ufeff", id="what turns or hides text"),
        pytest.param("\u2028\u2029\x85", "\\u2028\\u2029\\x85", id="other ends of lines"),
        pytest.param("\ud800\ue000\U000e0041", "\\ud800\\ue000\\U000e0041", id="no characters"),
    ],
)
def test_what_is_shown(text: str, expected: str) -> None:
    """What one can see stays, and the rest can be seen then."""
    assert shown(text) == expected
    assert shown(text, kept=text) == text


_WRITERS: Final = frozenset(
    {"print"} | {f"click.{name}" for name in ("echo", "secho", "confirm", "prompt", "echo_via_pager", "pause")}
)
_ASKED: Final = frozenset({"sys.stdout.flush", "sys.stdout.fileno", "sys.stderr.isatty", "sys.stdout", "sys.stderr"})
"""What a stream is asked elsewhere, without a word that is written."""


def test_everything_is_written_in_one_place() -> None:
    """A command that wrote by itself would have to think of all this."""
    for path in sorted((PROJECT / "client" / "quantumjobs").rglob("*.py")):
        if path.name == "output.py":
            continue
        tree = ast.walk(ast.parse(path.read_text()))
        said = {ast.unparse(node) for node in tree if isinstance(node, ast.Attribute | ast.Name)}
        assert not said & _WRITERS, path
        assert {one for one in said if one.startswith(("sys.stdout", "sys.stderr"))} <= _ASKED, path
