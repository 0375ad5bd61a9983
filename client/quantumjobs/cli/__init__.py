"""`kubectl quantum`: the command line over the library.

Answers go to stdout, everything else to stderr. What takes long to import is imported inside commands.
"""

import os
import sys
import traceback
from types import TracebackType

import click

from quantumjobs.cli import output
from quantumjobs.cli.commands import cli
from quantumjobs.errors import ExitCode, QuantumJobsError


def main() -> None:
    """Run the command of this process and exit as documented."""
    sys.excepthook = _told
    output.robust()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a command; returns its exit code."""
    try:
        code = cli.main(arguments, prog_name="kubectl quantum", standalone_mode=False)
        sys.stdout.flush()
        return int(code or 0)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "kubectl quantum"
        output.note_text(f"error: {error.format_message().rstrip('.')}: see `{path} --help`")
        return ExitCode.USAGE
    except (click.exceptions.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read the answer has seen enough; Python's own flush at the end must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.SUCCEEDED
    except QuantumJobsError as error:
        output.note(f"error: {error}")
        return error.exit_code


def _told(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What nobody expected; its words may be those of an object."""
    output.note_text("".join(traceback.format_exception(kind, error, trace)).rstrip())
