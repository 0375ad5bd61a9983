"""The root of `kubectl quantum`: all commands in one place, in the order in which a researcher meets them.

A command is imported when it is called: the modules of all together take longer to import than most commands run.
"""

import importlib
from collections.abc import Iterator, Mapping
from typing import Final

import click

from quantumjobs import __version__

_EPILOG = (
    "Exit codes: 0 all succeeded, 1 error, 2 usage, 3 a job failed, 4 cancelled, 5 time-out (the job goes on), "
    "6 not found, 7 forbidden or not signed in, 130 interrupted (the job goes on)."
)
_HOMES: Final = {
    "run": "submitting.run",
    "compile": "submitting.compile_",
    "sweep": "submitting.sweep",
    "list": "listing.list_",
    "wait": "waits.wait",
    "counts": "results.counts",
    "plot": "results.plot",
    "cancel": "waits.cancel",
    "why": "waits.why",
    "targets": "listing.targets",
    "estimate": "estimating.estimate",
    "doctor": "checks.doctor",
    "version": "checks.version",
}


class _ImportedOnUse(Mapping[str, click.Command]):
    def __getitem__(self, name: str) -> click.Command:
        module, _, function = _HOMES[name].partition(".")
        command: click.Command = getattr(importlib.import_module(f"quantumjobs.cli.{module}"), function)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(_HOMES)

    def __len__(self) -> int:
        return len(_HOMES)


class _InOrder(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.commands)


@click.group(cls=_InOrder, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kubectl quantum")
def cli() -> None:
    """Run quantum programs on Azure Quantum through this cluster.

    Flags follow the command: kubectl quantum list -n lab.
    """


# None is added later, which is all that a mutable mapping would be for.
cli.commands = _ImportedOnUse()  # type: ignore[assignment]
