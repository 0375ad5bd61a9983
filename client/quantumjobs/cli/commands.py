"""The root of `kubectl quantum`: all commands in one place, in the order in which a researcher meets them."""

import click

from quantumjobs import __version__
from quantumjobs.cli.checks import doctor, version
from quantumjobs.cli.estimating import estimate
from quantumjobs.cli.listing import list_, targets
from quantumjobs.cli.results import counts, plot
from quantumjobs.cli.submitting import compile_, run, sweep
from quantumjobs.cli.waits import cancel, wait, why

_EPILOG = (
    "Exit codes: 0 all succeeded, 1 error, 2 usage, 3 a job failed, 4 cancelled, 5 time-out (the job goes on), "
    "6 not found, 7 forbidden or not signed in, 130 interrupted (the job goes on)."
)


class _InOrder(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.commands)


@click.group(cls=_InOrder, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kubectl quantum")
def cli() -> None:
    """Run quantum programs on Azure Quantum through this cluster.

    Flags follow the command: kubectl quantum list -n lab.
    """


for _command in (run, compile_, sweep, list_, wait, counts, plot, cancel, why, targets, estimate, doctor, version):
    cli.add_command(_command)
