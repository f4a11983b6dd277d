"""
Where things are: the checkout that holds the YAML, and the state folder.

Found from this file, never from the working directory, so that cron may start the
desk anywhere.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crew import lock
from records.errors import CycleRunning, HomeUnwritable

CHECKOUT = Path(lock.CHECKOUT)


def state_folder() -> Path:
    """`DESK_HOME` from the environment or .env, else `state/` in the checkout; made if missing."""
    folder = Path(lock.home())
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from None
    return folder


@contextmanager
def cycle_lock(folder: Path) -> Iterator[None]:
    """Hold the desk's lock; raises CycleRunning at once when it is held already."""
    try:
        held = lock.take(str(folder))
    except OSError as error:
        raise unwritable(folder, error) from None
    if held is None:
        raise CycleRunning(lock.RUNNING)
    try:
        yield
    finally:
        os.close(held)  # which also lets go; the system does it for a process that is killed


def set_aside(path: Path) -> None:
    """Rename what an unfinished or restored-over cycle left, so that its name is free again."""
    if path.exists():
        left = len(list(path.parent.glob(f"{path.name}.left-*")))
        path.rename(path.with_name(f"{path.name}.left-{left + 1}"))


def unwritable(folder: Path, error: OSError) -> HomeUnwritable:
    """The error for a state folder that cannot be made or written."""
    return HomeUnwritable(
        f"The state folder {str(folder)!r} cannot be written ({error.strerror}). No cycle was run. "
        "Make it writable, or set DESK_HOME to a folder that is."
    )
