"""
The halt: the file HALT in the state folder, or a lock of the whole desk. One state.

While either stands nothing new is opened; exits and stops stay possible. What cannot be
read halts as well, and so does whatever else bears that name: a folder, a link to nothing.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from records.errors import HomeUnwritable, LedgerError
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
    """Why HALT stands, or None; one that cannot be read halts too."""
    file = home / _NAME
    try:
        text = file.read_text(encoding="utf-8", errors="replace")[:_LONGEST]
    except FileNotFoundError:
        return f"{_NAME} is a link to nothing" if os.path.lexists(file) else None
    except OSError as error:
        return f"the HALT file cannot be read ({error.strerror})"
    return " ".join(text.split()) or "no reason was given"


def halt(home: Path, why: str) -> None:
    """
    Stop new exposure from this moment; exits and stops stay possible.

    Raises HomeUnwritable when the reason cannot be written, and says whether HALT stands anyhow.
    """
    file = home / _NAME
    try:
        file.write_text(" ".join(why.split())[:_LONGEST] + "\n", encoding="utf-8")
    except OSError as error:
        raise HomeUnwritable(_unwritten(file, error, halted(home))) from None


def resume(home: Path) -> bool:
    """
    Take the file HALT away; False when there was none. Locks are cleared one by one.

    Raises HomeUnwritable when it cannot be taken away: the desk stays halted.
    """
    file = home / _NAME
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise HomeUnwritable(
            f"{str(file)!r} cannot be taken away ({error.strerror}). The desk stays halted. "
            "Remove it by hand, or make its folder writable, then run `desk resume` again."
        ) from None
    return True


def _unwritten(file: Path, error: OSError, stands: str | None) -> str:
    said = f"{str(file)!r} cannot be written ({error.strerror})."
    if stands is not None:
        return (
            f"{said} The desk is halted all the same ({stands}), but your reason is not on record. "
            "To record it, mend what is in the way and run `desk halt` again."
        )
    return (
        f"{said} The desk is NOT halted. Free disk space or make the folder writable, then run "
        "`desk halt` again; until then stop what starts the cycles."
    )
