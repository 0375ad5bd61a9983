"""Why the demo can't be played."""


class DemoError(Exception):
    """The demo can't be played here; the message says what the user can do."""
