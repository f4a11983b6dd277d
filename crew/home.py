"""
Where things are: the checkout that holds the YAML, and the state folder with its lock.

Found from this file, never from the working directory, so that cron may start the
desk anywhere. It refuses to go on when .env can be read as two folders: a halt in the one
would not stop the cycles in the other.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crew import lock
from records.errors import CycleRunning, HomeUnwritable, SettingsError

CHECKOUT = Path(lock.CHECKOUT)


def named_folder() -> Path:
    """`DESK_HOME` from the environment or .env, else `state/` in the checkout; not made."""
    try:
        return Path(lock.home())
    except lock.HomeUnclear as unclear:
        raise SettingsError(str(unclear)) from None


def state_folder() -> Path:
    """The folder that `named_folder` names, made if it is missing."""
    folder = named_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from None
    return folder


def refuse_other_folder(used: Path) -> None:
    """Raise SettingsError when .env, loaded since, names another folder than the one used."""
    if (named := named_folder()) != used:
        raise SettingsError(
            f"The state folder is {str(used)!r} by .env as it stands, and {str(named)!r} once it "
            "is loaded. Nothing was done. Write DESK_HOME=/srv/desk on one line of its own, or "
            "set it in the environment."
        )


@contextmanager
def cycle_lock(
    folder: Path,
    doing: str = "cycle",
    *,
    patience_s: float = 0.0,
    refused: str = lock.RUNNING,
) -> Iterator[None]:
    """
    Hold the desk's lock; raises CycleRunning, in the words given, when it is held by another.

    With patience a cycle that holds it is told to end, and waited for.
    """
    held = _taken(folder, doing, patience_s)
    if held is None:
        raise CycleRunning(refused)
    try:
        yield
    finally:
        os.close(held)  # which also lets go; the system does it for a process that is killed


def _taken(folder: Path, doing: str, patience_s: float) -> int | None:
    try:
        if not patience_s:
            return lock.take(str(folder), doing)
        return lock.take_over(str(folder), doing, patience_s)
    except OSError as error:
        raise unwritable(folder, error) from None


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
