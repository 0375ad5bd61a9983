"""What can go wrong while an image is built.

Errors only; each message says what to do.
"""


class ImageError(Exception):
    """An image can't be built or read."""
