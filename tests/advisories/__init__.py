"""Holds the lock files against a database of advisories; how a lock is renewed stands in CONTRIBUTING.md."""
