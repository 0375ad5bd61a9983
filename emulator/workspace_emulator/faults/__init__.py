"""What can be made to go wrong, and what each fault does when it acts.

Nothing in here knows what moves jobs, keeps them or serves them.
"""
