"""
One halt: the HALT file, whatever stands in its place, or a lock of the whole desk.

Only the absence of all of them lets entries through.
"""

import pytest

from records.errors import HomeUnwritable, LedgerBusy
from records.lock import Lock
from tests.tools.risk.history import BTC, NOON, at
from tools.risk.halt import halt, halted, resume, why_halted


def test_no_file_is_no_halt(tmp_path):
    """The ordinary state, in a new folder too."""
    assert halted(tmp_path) is None
    assert halted(tmp_path / "not made yet") is None


def test_a_halt_tells_its_reason_until_it_is_lifted(tmp_path):
    """The reason is one line, whatever was written."""
    halt(tmp_path, "  funding\nlooks\todd ")
    assert halted(tmp_path) == "funding looks odd"
    assert resume(tmp_path) is True
    assert halted(tmp_path) is None
    assert resume(tmp_path) is False


def test_an_empty_file_halts(tmp_path):
    """`touch HALT` is the quickest way to stop; it needs no words."""
    (tmp_path / "HALT").touch()
    assert halted(tmp_path) == "no reason was given"


def test_what_cannot_be_read_halts(tmp_path):
    """In doubt the desk stands still: a folder of that name, or bytes that are no text."""
    (tmp_path / "HALT").mkdir()
    assert "cannot be read" in halted(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    (other / "HALT").write_bytes(b"\xff\xfe\x00stop")
    assert "stop" in halted(other)


def test_a_long_reason_is_cut(tmp_path):
    """It goes into prompts and messages."""
    (tmp_path / "HALT").write_text("x" * 100_000)
    assert len(halted(tmp_path)) == 500


def lock(number=1, symbol=None, until=None):
    return Lock(
        lock_id=number, kind="x", symbol=symbol, since=NOON, until=until, reason="too much", by="b"
    )


def test_without_file_and_lock_the_desk_is_not_halted(tmp_path):
    """A locked market does not stop the others."""
    assert why_halted(tmp_path, lambda: (lock(symbol=BTC),)) is None


def test_a_lock_of_the_whole_desk_halts_and_says_how_it_ends(tmp_path):
    """Whoever reads it must know whether to wait or to act."""
    standing = (lock(1, until=at(60)), lock(2, symbol=BTC), lock(3))

    assert why_halted(tmp_path, lambda: standing) == (
        "too much [lock 1, until 2026-01-07 13:00:00 UTC]; too much [lock 3, until it is cleared]"
    )


def test_the_file_comes_first_and_needs_no_ledger(tmp_path):
    """A person's halt holds whatever else can be read."""
    halt(tmp_path, "the owner sleeps")

    def broken():
        raise AssertionError("it was asked")

    assert why_halted(tmp_path, broken) == "the owner sleeps [until `desk resume`]"


def test_locks_that_cannot_be_read_halt(tmp_path):
    """In doubt nothing is opened; exits ask nobody."""

    def busy():
        raise LedgerBusy("The ledger is locked by another process. Wait.")

    assert why_halted(tmp_path, busy) == (
        "the locks cannot be read. The ledger is locked by another process. Wait"
    )


def test_a_link_to_nothing_halts_and_can_be_taken_away(tmp_path):
    """Its existence halts, whatever it points to; only its absence lets entries through."""
    (tmp_path / "HALT").symlink_to(tmp_path / "gone" / "away")

    assert halted(tmp_path) == "HALT is a link to nothing"
    with pytest.raises(HomeUnwritable, match="is halted all the same"):
        halt(tmp_path, "odd funding")
    assert resume(tmp_path) is True
    assert halted(tmp_path) is None


def test_a_folder_of_that_name_is_told_by_halt_and_by_resume(tmp_path):
    """It halts; the message says what is in the way, and nothing is removed that is not ours."""
    (tmp_path / "HALT").mkdir()

    with pytest.raises(HomeUnwritable, match="is halted all the same"):
        halt(tmp_path, "odd funding")
    with pytest.raises(HomeUnwritable, match=r"stays halted\. Remove it by hand"):
        resume(tmp_path)
    assert "cannot be read" in halted(tmp_path)


def test_a_halt_that_cannot_be_written_says_that_nothing_is_halted(tmp_path):
    """Whoever halts believes it; a traceback would not tell them that cycles go on."""
    with pytest.raises(HomeUnwritable, match="The desk is NOT halted"):
        halt(tmp_path / "no such folder", "odd funding")
