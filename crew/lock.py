"""
The desk's lock and the folder it lies in, for a start that may have to leave at once.

Under cron starts overlap, and sixty of them may come together. One that finds the lock held
must cost next to nothing, so this module imports only what the interpreter has loaded anyway:
no pathlib, no typing, nothing of the desk. crew.home is the same for everybody else. It
refuses a line of .env that others might read as another folder, and signals no process but
the one that holds the lock.
"""

import fcntl
import os

CHECKOUT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
RUNNING = (
    "Another cycle of this desk is running. This one left at once and did nothing. "
    "It is normal under cron; if it persists, look for a hung process."
)
_NAME = "desk.lock"
_POLL_S = 0.1


class HomeUnclear(ValueError):
    """.env does not say beyond doubt which folder is meant."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The state folder is not clear: {what}. Nothing was done. Write it in .env once and "
            "plainly, as DESK_HOME=/srv/desk, or set DESK_HOME in the environment."
        )


def home() -> str:
    """`DESK_HOME` from the environment or .env, else `state/` in the checkout."""
    named = os.environ["DESK_HOME"] if "DESK_HOME" in os.environ else _from_dotenv()
    return os.path.join(CHECKOUT, os.path.expanduser(named) if named else "state")


def take(folder: str, doing: str = "cycle") -> int | None:
    """
    The lock as an open file, held until that is closed; None when it is held already.

    The file says who holds it. The folder is made if it is missing; raises OSError when that,
    or the lock, is impossible.
    """
    os.makedirs(folder, exist_ok=True)
    file = os.open(os.path.join(folder, _NAME), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if _locked(file):
            os.truncate(file, 0)
            os.pwrite(file, f"{os.getpid()} {doing}\n".encode(), 0)
            return file
    except OSError:
        os.close(file)
        raise
    os.close(file)
    return None


def take_over(folder: str, doing: str, patience_s: float) -> int | None:
    """The lock, once the cycle that holds it has ended as SIGTERM tells it to; None if late."""
    import time

    until, told = time.monotonic() + patience_s, 0
    while (held := take(folder, doing)) is None and time.monotonic() < until:
        told = _end_cycle(folder, told)
        time.sleep(_POLL_S)
    return held


def holder(folder: str) -> tuple[int, str] | None:
    """Process id and work of who holds the lock; None when nobody does, or it is not certain."""
    try:
        file = os.open(os.path.join(folder, _NAME), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        if _locked(file):
            return None
        pid, _, doing = os.pread(file, 64, 0).decode("ascii", "replace").strip().partition(" ")
        certain = pid.isdecimal() and 1 < int(pid) < 2**31 and _has_open(int(pid), file)
        return (int(pid), doing) if certain else None
    finally:
        os.close(file)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _end_cycle(folder: str, told: int) -> int:
    """Send a cycle that holds the lock one SIGTERM; returns the process told last."""
    import signal

    seen = holder(folder)
    if seen is None or seen[1] != "cycle" or seen[0] == told or holder(folder) != seen:
        return told
    try:
        os.kill(seen[0], signal.SIGTERM)
    except (ProcessLookupError, PermissionError):  # it has ended, or is another user's
        return told
    return seen[0]


def _has_open(pid: int, file: int) -> bool:
    """
    Whether that process has the lock's file open, where the system can tell.

    A lock just taken still bears the name of who held it last, perhaps days ago, and that
    number may be another process by now.
    """
    if not os.path.isdir("/proc/self/fd"):
        return True
    this = os.fstat(file)
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return False
    return any(_is(f"/proc/{pid}/fd/{name}", this) for name in names)


def _is(path: str, this: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(path), this)
    except OSError:
        return False


def _from_dotenv() -> str | None:
    named = [value for key, value in map(_assigned, _dotenv().split("\n")) if key == "DESK_HOME"]
    if len(named) > 1:
        raise HomeUnclear(f"DESK_HOME stands {len(named)} times in .env")
    return _plain(named[0]) if named else None


def _dotenv() -> str:
    try:
        with open(os.path.join(CHECKOUT, ".env"), encoding="utf-8") as file:
            return file.read().removeprefix("\ufeff")
    except (FileNotFoundError, IsADirectoryError):
        return ""
    except OSError as error:
        raise HomeUnclear(f".env cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise HomeUnclear(".env is not UTF-8 text") from None


def _assigned(line: str) -> tuple[str, str]:
    """Name and value of a line of .env; no name where it sets nothing."""
    key, found, value = line.partition("=")
    key = key.strip()
    if key.startswith("export") and key[6:7].isspace():
        key = key[6:].strip()
    return (key.strip("'"), value.strip()) if found else ("", "")


def _plain(value: str) -> str:
    """The value without its quotes; refuses what programs that read .env differ on."""
    bare = value
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        bare = value[1:-1]
    if found := [mark for mark in "#$\\'\"" if mark in bare]:
        raise HomeUnclear(f"DESK_HOME in .env has a {found[0]} in it")
    if not bare.isprintable():
        raise HomeUnclear("DESK_HOME in .env has a character in it that cannot be printed")
    return bare
