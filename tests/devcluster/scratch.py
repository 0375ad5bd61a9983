"""Temporary folders that are removed when done, and at the latest by the next one who asks for such a folder.

A folder is in use while its owner holds a lock on a file in it; the kernel drops the lock even after a SIGKILL.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_PREFIX: Final = f"devcluster-{os.getuid()}-"
_OWNER: Final = ".owner"


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """A new folder of our own under the system's temporary folder, removed at the end of the block."""
    parent = Path(tempfile.gettempdir())
    with (parent / f"{_PREFIX}lock").open("w") as gate:
        # Between its making and its locking a folder looks abandoned: nobody sweeps meanwhile.
        fcntl.flock(gate, fcntl.LOCK_EX)
        _sweep(parent)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        owner = (folder / _OWNER).open("w")
        fcntl.flock(owner, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
        owner.close()


def _sweep(parent: Path) -> None:
    for owner_file in parent.glob(f"{_PREFIX}*/{_OWNER}"):
        with owner_file.open("w") as owner:
            try:
                fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            _remove_abandoned(owner_file.parent)


def _remove_abandoned(folder: Path) -> None:
    """Remove as much as can be; its owner file last, so that what a dying process still holds is removed next time."""
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.name != _OWNER:
            entry.unlink(missing_ok=True)
    if [entry.name for entry in folder.iterdir()] == [_OWNER]:
        shutil.rmtree(folder)
