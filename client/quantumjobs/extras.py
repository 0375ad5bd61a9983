"""Libraries that only some uses need: imported where they are used, or refused with the command that installs them.

Must not live here: anything that uses them.
"""

import importlib
import os
from typing import Any

from quantumjobs.errors import ExtraMissingError

_QDK = "qdk"


def load(module: str, extra: str) -> Any:
    """Import a module of an extra.

    Args:
        module: Its dotted name.
        extra: The extra of this package that brings it.

    Raises:
        ExtraMissingError: It is not installed.
    """
    if module.partition(".")[0] == _QDK:
        # It reports its use to its makers unless told otherwise; whoever wants that says so.
        os.environ.setdefault("QDK_PYTHON_TELEMETRY", "none")
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ExtraMissingError(
            f"this needs {module.partition('.')[0]}: install it with `pip install 'quantumjobs[{extra}]'`"
        ) from error
