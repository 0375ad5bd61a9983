"""A local Azure Quantum workspace that really runs programs.

An independent statement of the service's wire contract: nothing here imports the operator.
"""
