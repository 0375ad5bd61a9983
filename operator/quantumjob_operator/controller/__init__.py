"""The reconcilers and their actions: gather what is known, decide, act, write.

Orders side effects and does them through `azure` and `cluster`; what follows from what is decided in `lifecycle`.
"""
