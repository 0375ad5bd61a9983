"""What clients and the workspace have agreed on: operations, definitions, errors, shapes of answers, providers' tables.

Nothing in here keeps state, reads a request or moves a job.
"""
