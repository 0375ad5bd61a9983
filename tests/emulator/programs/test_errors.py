"""Texts of errors are fit to be shown: one line, short, without paths of this machine."""

import pytest

from workspace_emulator.programs import ErrorCode, ProgramError


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("line 1\n\tline 2\x1b[31m", "line 1 line 2 [31m", id="control characters become one space"),
        pytest.param("cannot read /home/me/x.inc: no", "cannot read [path]: no", id="a path is taken out"),
        pytest.param("rx(pi/2) a/b", "rx(pi/2) a/b", id="a division stays"),
        pytest.param("see https://example.org/a/b", "see https://example.org/a/b", id="an address stays"),
        pytest.param("é" * 1000, "é" * 512, id="1 KiB of UTF-8, cut between characters"),
        pytest.param("broken \ud800 text", "broken ? text", id="what UTF-8 cannot write"),
    ],
)
def test_message_is_presentable(text: str, shown: str) -> None:
    """Whatever a simulator or a program puts into it."""
    assert ProgramError(ErrorCode.RUNTIME_ERROR, text).message == shown
