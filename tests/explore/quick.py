"""The operator's quicker `replace` for all values, for the length of an exploration.

An exploration replaces fields some hundred million times, in the model's values, too. Only `make explore` does this:
the tests explore with each module's own. Must not live here: anything that changes what a value is.
"""

import dataclasses
import sys

from quantumjob_operator.model import values


def put_everywhere() -> None:
    """Let all modules of the operator and of the exploration use it."""
    for name, module in list(sys.modules.items()):
        if (
            name.startswith(("quantumjob_operator", "explore"))
            and getattr(module, "replace", None) is dataclasses.replace
        ):
            setattr(module, "replace", values.replace)  # noqa: B010 - mypy knows modules as they are
