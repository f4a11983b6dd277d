"""
Where things are: the checkout that holds the YAML, and the state folder.

Found from this file, never from the working directory, so that cron may start the
desk anywhere. Imports nothing heavy: the lock is tried before settings are read.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from records.errors import CycleRunning, HomeUnwritable

CHECKOUT = Path(__file__).resolve().parent.parent


def state_folder() -> Path:
    """`DESK_HOME` from the environment or .env, else `state/` in the checkout; made if missing."""
    named = os.environ.get("DESK_HOME") or _from_dotenv("DESK_HOME")
    folder = Path(named).expanduser() if named else CHECKOUT / "state"
    if not folder.is_absolute():
        folder = CHECKOUT / folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from None
    return folder


@contextmanager
def cycle_lock(folder: Path) -> Iterator[None]:
    """Hold the desk's lock; raises CycleRunning at once when another process has it."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / "desk.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise CycleRunning(
            "Another cycle of this desk is running. This one left at once and did nothing. "
            "It is normal under cron; if it persists, look for a hung process."
        ) from None
    except OSError as error:
        raise _unwritable(folder, error) from None
    try:
        yield
    finally:
        lock.release()


def set_aside(path: Path) -> None:
    """Rename what an unfinished or restored-over cycle left, so that its name is free again."""
    if path.exists():
        left = len(list(path.parent.glob(f"{path.name}.left-*")))
        path.rename(path.with_name(f"{path.name}.left-{left + 1}"))


def _unwritable(folder: Path, error: OSError) -> HomeUnwritable:
    return HomeUnwritable(
        f"The state folder {str(folder)!r} cannot be written ({error.strerror}). No cycle was run. "
        "Make it writable, or set DESK_HOME to a folder that is."
    )


def _from_dotenv(name: str) -> str | None:
    try:
        lines = (CHECKOUT / ".env").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    for line in lines:
        key, found, value = line.strip().removeprefix("export ").partition("=")
        if found and key.strip() == name:
            return value.strip().strip("'\"")
    return None
