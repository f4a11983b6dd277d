"""
A small file that the desk remembers something in, and may lose at any time.

Written whole or not at all; one that cannot be written is done without. Read back only when
it is an ordinary file of a size the desk would have written: what it says is still to be
checked by whoever reads it.
"""

from contextlib import suppress
from pathlib import Path
from stat import S_ISREG


def keep(file: Path, text: str) -> None:
    """Put this text in the file's place; in vain where the disk does not let it."""
    part = file.with_suffix(".part")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        with part.open("x", encoding="utf-8") as opened:
            opened.write(text)
        part.replace(file)


def kept_text(file: Path, most_bytes: int) -> str:
    """What the file holds; raises OSError when it is not there, ValueError when not ours."""
    found = file.lstat()
    if not S_ISREG(found.st_mode) or found.st_size > most_bytes:
        raise ValueError("not a file this desk wrote")
    return file.read_text(encoding="utf-8")
