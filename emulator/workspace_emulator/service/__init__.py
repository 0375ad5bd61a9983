"""The HTTP service of the workspace and its admin routes, as far as they stand between requests and the rules.

No rule about jobs and sessions is decided in here, and no state is kept that outlives the process.
"""
