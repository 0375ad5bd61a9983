"""The command `python -m faults`: runs the campaign of a seed and writes its figures.

Only the command line; the work is done by `faults.campaign`.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Final

from faults.boundaries import BOUNDARIES
from faults.campaign import progress, run
from faults.drawing import draw
from faults.plan import FULL, SIZES
from localstack.manifests import PROJECT

_FIGURES: Final = PROJECT / "build" / "faults.json"
_LOGS: Final = PROJECT / "build" / "faults"
_SEED: Final = 20260


def main() -> int:
    """Run it; returns 0 only if the run was valid and nothing was violated."""
    parser = argparse.ArgumentParser(prog="faults", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=_SEED, help="draws everything that happens")
    parser.add_argument("--size", choices=SIZES, default="full", help="short: as `make test` runs it; medium: minutes")
    parser.add_argument("--figures", type=Path, default=_FIGURES, help="where the figures are written, as JSON")
    arguments = parser.parse_args()
    size = SIZES[arguments.size]
    chosen = BOUNDARIES if size is FULL else [boundary for boundary in BOUNDARIES if boundary.money]
    shutil.rmtree(_LOGS, ignore_errors=True)
    outcome = run(draw(arguments.seed, size), _LOGS, boundaries=chosen)
    arguments.figures.parent.mkdir(parents=True, exist_ok=True)
    arguments.figures.write_text(json.dumps(outcome.figures, indent=2) + "\n")
    progress(json.dumps({name: value for name, value in outcome.figures.items() if not isinstance(value, dict)}))
    for boundary in outcome.unhit:
        progress(f"invalid: not hit often enough: {boundary}")
    for sentence in outcome.figures["violations"]:
        progress(f"VIOLATION {sentence}")
    return 0 if outcome.passed else 1


if __name__ == "__main__":
    sys.exit(main())
