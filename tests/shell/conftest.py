"""Parts of the shell that need no cluster: most of them against virtual time."""

import asyncio

# looptime's plugin asks for the current event loop around plain tests as well; before Python 3.12 that makes one which
# nobody closes, and the next test is blamed for it.
asyncio.set_event_loop(None)
