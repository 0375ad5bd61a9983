"""The storage account of the workspace: its blobs and signatures, and Azurite, which runs where none is given.

Nothing in here knows of jobs, of the database or of the workspace's HTTP.
"""
