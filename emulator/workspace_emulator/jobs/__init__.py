"""What jobs and sessions are, which rules they follow, what moves them in time, and the database that keeps them.

Nothing in here reads a request, checks a credential or writes the JSON of the service.
"""
