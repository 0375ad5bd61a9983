"""The drawing of the state machine in the docs is the table that the operator uses."""

from rooms.lifecycle.drawing import PAGE, drawing, renewed


def test_drawing_is_current() -> None:
    """`make docs` would change nothing."""
    page = PAGE.read_text()
    assert drawing() in page
    assert renewed(page) == page
