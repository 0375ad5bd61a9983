"""What QuantumBudgets count and allow, and how their ledgers are kept: functions of values.

A ledger changes only by the functions here, each of which gives a new one; who writes it, and when, is the shell's
business (`controller.budget_ledger`). Must not live here: estimates (`costs`), what follows for a job (`lifecycle`),
I/O or clocks.
"""
