"""Only what concerns all tests of programs."""

import asyncio

# The plugin of looptime asks for the current event loop around plain tests too; before Python 3.12 that makes one that
# nobody closes. Once a loop has been set, if only to None, it makes none.
asyncio.set_event_loop(None)
