"""`python -m quantumjobs` is `kubectl quantum`."""

from quantumjobs.cli import main

main()
