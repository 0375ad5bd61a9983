"""docs/client.md says what the code does: commands, exit codes, remedies."""

import re

import pytest

from localstack.manifests import PROJECT
from pages.commands import page
from quantumjobs.cli.commands import cli
from quantumjobs.errors import ExitCode
from quantumjobs.why import REMEDIES

_PAGE = (PROJECT / "docs" / "client.md").read_text()


def test_commands_and_flags_are_current() -> None:
    """`make docs` would change nothing."""
    assert page() == _PAGE
    for name, command in cli.commands.items():
        assert f"| `{name}" in _PAGE
        for option in command.params:
            assert all(f"`{flag}`" in _PAGE for flag in option.opts if flag.startswith("-"))


def test_every_exit_code_stands_there() -> None:
    """With its number."""
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", _PAGE, re.MULTILINE)} == {int(code) for code in ExitCode}


def test_every_reason_has_a_remedy() -> None:
    """Whatever the page for operators knows of a job, `why` can explain, too."""
    page = (PROJECT / "docs" / "operations.md").read_text()
    sections = [
        page.partition(f"### {title}\n")[2].partition("\n### ")[0]
        for title in ("A job is pending", "A job has ended badly")
    ]
    reasons = {reason for section in sections for reason in re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)}
    assert len(reasons) > 20
    assert reasons - REMEDIES.keys() <= {"Failed"}  # an Event's alone


@pytest.mark.parametrize("name", list(cli.commands))
def test_every_command_has_a_help(name: str) -> None:
    """Of one line at least."""
    assert cli.commands[name].help
