"""`make demo`: the examples, run for real before the user's eyes, on loopback or in the current cluster.

Uses the harness (`devcluster`, `localstack`), and kubectl as a user would. Imports neither operator nor emulator.
"""
