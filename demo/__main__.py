"""The command `python -m demo`, behind `make demo`: plays the examples and ends 0 only if all ended as expected.

Only the command line and the order of things.
"""

import argparse
import signal
import sys
import time
from contextlib import AbstractContextManager
from types import FrameType
from typing import Final, NoReturn

import httpx

from demo.current import in_current_cluster
from demo.errors import DemoError
from demo.local import on_loopback
from demo.play import Play
from demo.results import show_results, show_the_client
from demo.screen import Screen, screen_for_output
from demo.venue import Venue
from devcluster.errors import DevClusterError

_LOG_LINES: Final = 10
_INTERRUPTED: Final = 128 + signal.SIGINT


def main() -> int:
    """Parse the command line and play; returns the exit code."""
    arguments = _parse()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    screen, began = screen_for_output(), time.monotonic()
    try:
        with _venue(arguments, screen) as venue:
            as_expected = _perform(venue, screen, arguments.seconds)
    except (DemoError, DevClusterError, httpx.HTTPError) as error:
        screen.close()
        print(f"demo: {error}", file=sys.stderr)  # noqa: T201 - a command's message
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    finally:
        screen.close()
    screen.say(f"done in {time.monotonic() - began:.0f} s; nothing is left running")
    return 0 if as_expected else 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="demo", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cluster", choices=["local", "current"], default="local", help="where the jobs are applied")
    parser.add_argument("--yes", action="store_true", help="don't ask before the current cluster is used")
    parser.add_argument("--seconds", type=float, default=60, help="how long the jobs may take together")
    parser.add_argument("--emulator-args", default="", help="further arguments of the emulator, as one shell word")
    parser.add_argument("--operator-args", default="", help="further arguments of the operator, as one shell word")
    return parser.parse_args()


def _venue(arguments: argparse.Namespace, screen: Screen) -> AbstractContextManager[Venue]:
    if arguments.cluster == "current":
        return in_current_cluster(screen, arguments.emulator_args, arguments.operator_args, ask=not arguments.yes)
    return on_loopback(screen, arguments.emulator_args, arguments.operator_args)


def _perform(venue: Venue, screen: Screen, seconds: float) -> bool:
    play = Play(venue, screen)
    play.perform(seconds)
    verdicts = play.verdicts()
    show_results(venue, screen)
    show_the_client(venue, screen)
    faults = [f"{verdict.name}: {verdict.fault}" for verdict in verdicts if verdict.fault]
    for fault in faults:
        screen.say(f"NOT AS EXPECTED {fault}")
    if faults:
        tail = venue.operator_log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        print("the operator's last words:", *tail, sep="\n", file=sys.stderr)  # noqa: T201 - a command's message
    else:
        screen.say(f"all {len(verdicts)} jobs ended as expected")
    return not faults


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
