"""The composition root: settings → clients → reconciler → watch.

Everything is made here and handed down; nothing below reaches for a global. Must not live here: behaviour.
"""

import asyncio
import ctypes
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from typing import Any, Final, NoReturn

from pythonjsonlogger.json import JsonFormatter

from quantumjob_operator import __version__, check, drain
from quantumjob_operator.azure.http.allowlist import AllowedOrigins, OriginError
from quantumjob_operator.azure.log_redaction import redact_logging
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.cluster.leadership import LeadershipLost
from quantumjob_operator.settings import InvalidSettings, Settings, read_settings
from quantumjob_operator.wiring import start

_log = logging.getLogger("quantumjob_operator")
_USAGE: Final = 2
_ENDING_SECONDS: Final = 5.0
_COMMANDS: Final = {"check": check.main, "drain": drain.main}
_FRAMES: Final = 50_000
_STACK_BYTES: Final = 16 * 1024 * 1024
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_ARENAS: Final = 2
_COLLECTED: Final = (50_000, 20, 20)
"""Of values, and of collections: how many make the garbage collector look, and look further."""
_APART_BYTES: Final = 256 * 1024


def main() -> None:
    """Run the operator until SIGTERM or SIGINT, or one of its commands: `check`, `drain`."""
    command, *rest = sys.argv[1:] or [""]
    if command == "--version":
        print(f"quantumjob-operator {__version__}")  # noqa: T201 - what was asked for
        return
    try:
        if command in _COMMANDS:
            _end_with(_COMMANDS[command](rest))
        settings = read_settings(sys.argv[1:])
    except InvalidSettings as error:
        _refuse(str(error))
    try:
        allowed = AllowedOrigins.parse(settings.allowed_endpoints)
    except OriginError as error:
        _refuse(f"--allowed-endpoints (QUANTUMJOB_OPERATOR_ALLOWED_ENDPOINTS): {error}")
    set_up_logging(settings)
    allow_deep_json()
    give_memory_back()
    leave_code_alone()
    try:
        asyncio.run(run(settings, allowed))
    except (ClusterError, LeadershipLost) as error:
        _log.critical("%s", error)
        raise SystemExit(1) from None


def allow_deep_json() -> None:
    """Let every reader of JSON in this process survive what the API server stores: up to 10,000 levels of nesting.

    Else one such object, which its owner may make in any namespace, ends the watch for all. Measured with Python 3.11
    and 3.13: 2 MiB of stack suffice.
    """
    sys.setrecursionlimit(_FRAMES)
    threading.stack_size(_STACK_BYTES)


def leave_code_alone() -> None:
    """Have the garbage collector pass over what was imported, which stays.

    It looks for circles while JSON is read, and everything else stands still: 30 KB with 10,000 values took ten times
    as long with all modules in memory as without any (8.3 and 0.7 ms of CPU). And it looks at what is just being read,
    which is no circle: by default after each 700 values, and at 1.4 MB of nested lists three times as long as the
    reading itself takes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTED)


def give_memory_back() -> None:
    """Let what a large answer took go back to the system, whichever thread read it.

    glibc would give each thread an arena, and after the first large block keep all further ones in it (mallopt(3)).
    Other C libraries have no such function.
    """
    with suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_ARENA_MAX, _ARENAS)
        library.mallopt(_M_MMAP_THRESHOLD, _APART_BYTES)


def _end_with(command: Coroutine[Any, Any, int]) -> NoReturn:
    """Run a command and end the process at once: a thread that still looks up a name could keep it for minutes."""
    loop = asyncio.new_event_loop()
    try:
        code = loop.run_until_complete(command)
    except BaseException:  # its help, and settings that can't be used: these end the usual way
        loop.close()
        raise
    sys.stdout.flush()
    os._exit(code)


def _refuse(complaint: str) -> NoReturn:
    print(f"quantumjob-operator: {complaint}", file=sys.stderr)  # noqa: T201 - before there is a log
    raise SystemExit(_USAGE)


def set_up_logging(settings: Settings) -> None:
    """Structured logs on standard error, without secrets whatever a library logs."""
    handler = logging.StreamHandler()
    handler.setFormatter(log_formatter(settings.log_format))
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    logging.getLogger("kopf").setLevel(logging.WARNING)
    # It warns that signals are ours, as they should be.
    logging.getLogger("kopf._core.reactor.running").setLevel(logging.ERROR)
    redact_logging()


def log_formatter(form: str) -> logging.Formatter:
    """Records as JSON or as text; their times are RFC 3339 in UTC, whatever zone the machine is in."""
    if form == "json":
        fields = "%(asctime)s %(levelname)s %(name)s %(message)s"
        renamed = {"asctime": "time", "levelname": "level", "name": "logger", "object_name": "name"}
        made: logging.Formatter = JsonFormatter(fields, rename_fields=renamed, rename_fields_keep_missing=False)
    else:
        made = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    made.converter = time.gmtime
    made.default_time_format, made.default_msec_format = "%Y-%m-%dT%H:%M:%S", "%s.%03dZ"
    return made


async def run(settings: Settings, allowed: AllowedOrigins) -> None:
    """Make all parts, run them until a signal, and take them down in the reverse order.

    Raises:
        ClusterError: There is no configuration for an API server.
        LeadershipLost: Another process leads, or may lead.
    """
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    async with AsyncExitStack() as stack:
        loops = await start(settings, allowed, stack)
        tasks = [asyncio.create_task(loop) for loop in loops]
        for task in tasks:
            # A loop that ends is a defect: stop, say which, and let the kubelet start the process anew.
            task.add_done_callback(lambda _: stopping.set())
        await stopping.wait()
        ended = [task for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        # Whoever succeeds this process is told only when it acts no more.
        await asyncio.wait(tasks, timeout=_ENDING_SECONDS)
        for task in ended:
            task.result()


if __name__ == "__main__":
    main()
