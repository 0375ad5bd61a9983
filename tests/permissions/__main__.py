"""The command `python -m permissions FOLDER`: judges the operator's permissions by the calls of a test run.

Only the command line; the judgement is `permissions.verdict`'s.
"""

import argparse
import sys
from pathlib import Path

from devcluster.audit import SUMMARIES_VARIABLE, read_summaries
from permissions.granted import permissions
from permissions.verdict import is_operator, rows, table


def main(arguments: list[str] | None = None) -> int:
    """Print the table of rights granted, used and refused; returns 1 if a right is unused or a call was refused."""
    parser = argparse.ArgumentParser(prog="permissions", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help=f"where {SUMMARIES_VARIABLE} pointed during the tests")
    parser.add_argument("--whole", action="store_true", help="all cluster tests ran, so that what is unused is a fault")
    chosen = parser.parse_args(arguments)
    calls = read_summaries(chosen.folder)
    if not any(is_operator(call.account) for call in calls):
        return _say(f"no call of an operator is in {chosen.folder}: nothing was shown", 1)
    judged = rows(permissions(), calls)
    _say(table(judged))
    if not chosen.whole:
        _say("Only a part of the cluster tests ran: what is unused isn't judged.")
    faults = [fault for row in judged if (fault := row.fault(whole=chosen.whole))]
    return _say(
        "\n".join(faults) or "Nothing is refused" + (", nothing unused." if chosen.whole else "."), bool(faults)
    )


def _say(text: str, code: int = 0) -> int:
    print(text)  # noqa: T201 - a command's output
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
