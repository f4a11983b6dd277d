"""The HALT file: whatever stands in its place halts, and only its absence does not."""

from tools.risk.halt import halt, halted, resume


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
