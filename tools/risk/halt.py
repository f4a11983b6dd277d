"""
The halt: the file HALT in the state folder, or a lock of the whole desk. One state.

While either stands nothing new is opened; exits and stops stay possible. What cannot be
read halts as well.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from records.errors import LedgerError
from records.lock import Lock

_NAME = "HALT"
_LONGEST = 500


def why_halted(home: Path, locks: Callable[[], Sequence[Lock]]) -> str | None:
    """Why nothing new may be opened, and how that ends; None when it may."""
    if (why := halted(home)) is not None:
        return f"{why} [until `desk resume`]"
    try:
        holding = [lock for lock in locks() if lock.whole_desk]
    except LedgerError as error:
        return f"the locks cannot be read. {str(error).rstrip('.')}"
    return "; ".join(map(words, holding)) or None


def words(lock: Lock) -> str:
    """A lock's reason and its end, on one line."""
    end = "it is cleared" if lock.until is None else f"{lock.until:%Y-%m-%d %H:%M:%S} UTC"
    return f"{lock.reason} [lock {lock.lock_id}, until {end}]"


def halted(home: Path) -> str | None:
    """Why the file HALT stands, or None; one that cannot be read halts too."""
    file = home / _NAME
    try:
        text = file.read_text(encoding="utf-8", errors="replace")[:_LONGEST]
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"the HALT file cannot be read ({error.strerror})"
    return " ".join(text.split()) or "no reason was given"


def halt(home: Path, why: str) -> None:
    """Stop new exposure from this moment; exits and stops stay possible."""
    (home / _NAME).write_text(" ".join(why.split())[:_LONGEST] + "\n", encoding="utf-8")


def resume(home: Path) -> bool:
    """Take the file HALT away; False when there was none. Locks are cleared one by one."""
    try:
        (home / _NAME).unlink()
    except FileNotFoundError:
        return False
    return True
