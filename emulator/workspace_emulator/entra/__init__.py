"""The local identity provider: who is registered, which tokens are given, and the HTTPS server that gives them.

Nothing in here knows the workspace, its settings or its admin route.
"""
