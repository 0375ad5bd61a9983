# ruff: noqa: INP001, T201 - a script in a pod, no module
"""Run by `helm test` in the operator's image: asks for up to a minute whether the operator is ready.

The one argument is the URL of its /readyz. Standard library only.
"""

import sys
import time
import urllib.request

for _ in range(30):
    try:
        with urllib.request.urlopen(sys.argv[1], timeout=5) as answer:  # noqa: S310 - the chart's own Service
            sys.exit(print(answer.read().decode()))
    except OSError as error:
        # Not there yet, or 503 while the first listing lasts or the CRDs are too old.
        print(error, flush=True)
    time.sleep(2)
sys.exit(f"{sys.argv[1]}: the operator is not ready")
