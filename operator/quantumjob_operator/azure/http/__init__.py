"""What carries requests: which hosts are allowed, how names are resolved, how much of an answer is read.

Knows nothing of jobs or workspaces. What an answer means is read one floor above, in `azure`.
"""
