"""
The desk's lock and the folder it lies in, for a start that may have to leave at once.

Under cron starts overlap, and sixty of them may come together. One that finds the lock held
must cost next to nothing, so this module imports only what the interpreter has loaded anyway:
no pathlib, no typing, nothing of the desk. crew.home is the same for everybody else.
"""

import fcntl
import os

CHECKOUT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
RUNNING = (
    "Another cycle of this desk is running. This one left at once and did nothing. "
    "It is normal under cron; if it persists, look for a hung process."
)


def home() -> str:
    """`DESK_HOME` from the environment or .env, else `state/` in the checkout."""
    named = os.environ.get("DESK_HOME") or _from_dotenv("DESK_HOME")
    return os.path.join(CHECKOUT, os.path.expanduser(named) if named else "state")


def take(folder: str) -> int | None:
    """
    The lock as an open file, held until that is closed; None when it is held already.

    The folder is made if it is missing; raises OSError when that, or the lock, is impossible.
    """
    os.makedirs(folder, exist_ok=True)
    file = os.open(os.path.join(folder, "desk.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    except OSError:
        os.close(file)
        raise
    return file


def _from_dotenv(name: str) -> str | None:
    try:
        with open(os.path.join(CHECKOUT, ".env"), encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (OSError, ValueError):
        return None
    for line in lines:
        key, found, value = line.strip().removeprefix("export ").partition("=")
        if found and key.strip() == name:
            return value.strip().strip("'\"")
    return None
