"""The halt: the file HALT in the state folder. While it exists nothing new is opened."""

from pathlib import Path

_NAME = "HALT"
_LONGEST = 500


def halted(home: Path) -> str | None:
    """Why the desk is halted, or None; a HALT that cannot be read halts too."""
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
    """Allow entries again; False when the desk was not halted."""
    try:
        (home / _NAME).unlink()
    except FileNotFoundError:
        return False
    return True
