"""
Whether an index's files are those that this desk left.

chromadb maps them into memory as they are: one changed byte there can end the process, or give
other answers without a word. So they are compared before they are opened.
"""

from hashlib import sha256
from pathlib import Path

_SEAL = "seal"
_MAPPED = frozenset({".bin", ".pickle"})
"""SQLite, which holds the rest, finds its own faults."""


def seal(index: Path) -> None:
    """Note what the files of a closed index are; raises OSError."""
    noted = index / f"{_SEAL}.new"
    noted.write_text(_digest(index), encoding="ascii")
    noted.replace(index / _SEAL)


def is_sealed(index: Path) -> bool:
    """Whether nothing changed since; an index that holds no such file yet is."""
    try:
        found = _digest(index)
        noted = (index / _SEAL).read_bytes()[:200]
    except FileNotFoundError:
        return not _mapped(index)
    except OSError:
        return False
    return noted == found.encode("ascii")


def _digest(index: Path) -> str:
    digest = sha256()
    for file in _mapped(index):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(index).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _mapped(index: Path) -> list[Path]:
    return sorted(path for path in index.rglob("*") if path.suffix in _MAPPED)
