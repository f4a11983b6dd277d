"""The transcript: complete, in order, and any later edit or cut is found and located."""

import resource
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crew.transcript import Transcript, first_fault, joined, read
from records.clock import FixedClock
from records.cycle import TranscriptSeal
from records.errors import LedgerError
from records.redaction import Redactor

CLOCK = FixedClock(datetime(2026, 11, 2, tzinfo=UTC))


def written(folder: Path, lines: int = 3) -> tuple[Path, TranscriptSeal]:
    """A transcript of that many lines, and its seal."""
    path = folder / "c.jsonl"
    with Transcript(path, CLOCK) as transcript:
        for number in range(lines):
            transcript.write("note", text=f"line {number}")
        return path, transcript.seal()


def test_a_whole_transcript_has_no_fault(tmp_path: Path) -> None:
    """The seal in the ledger and the file agree."""
    path, seal = written(tmp_path)

    assert first_fault(path, seal) is None
    assert [row["n"] for row in read(path)] == [1, 2, 3]


@pytest.mark.parametrize("line", [0, 1, 2])
def test_one_changed_byte_is_found_and_located(tmp_path: Path, line: int) -> None:
    """Whoever edits what an agent said leaves a trace."""
    path, seal = written(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line] = lines[line].replace(b"line", b"lime")
    path.write_bytes(b"".join(lines))

    assert first_fault(path, seal) == f"line {line + 1} was changed"


def test_a_cut_end_is_found(tmp_path: Path) -> None:
    """The chain alone cannot tell; the ledger's count can."""
    path, seal = written(tmp_path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))

    assert first_fault(path, seal) == "it has 2 lines, the ledger says 3"


def test_a_removed_line_is_found(tmp_path: Path) -> None:
    """Each line carries the hash of the one before it."""
    path, seal = written(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[2])

    assert first_fault(path, seal) == "a line is missing before line 2"


def test_threads_write_whole_lines_in_one_chain(tmp_path: Path) -> None:
    """Three agents talk at once."""
    path = tmp_path / "c.jsonl"
    with Transcript(path, CLOCK) as transcript:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: transcript.write("note", n_of=n, text="x" * 500), range(200)))
        seal = transcript.seal()

    assert first_fault(path, seal) is None
    assert seal.lines == 200


def test_a_transcript_that_cannot_be_made_ends_the_cycle(tmp_path: Path) -> None:
    """No transcript, no trade."""
    (tmp_path / "in_the_way").write_text("a file where the folder should be")

    with pytest.raises(LedgerError, match="cannot be recorded is not traded"):
        Transcript(tmp_path / "in_the_way" / "c.jsonl", CLOCK)


def test_after_a_lost_line_no_other_is_written(tmp_path: Path) -> None:
    """A full disk may take half a line without an error, and CrewAI may swallow ours."""
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Transcript(tmp_path / "c.jsonl", CLOCK) as transcript:
        transcript.write("note", text="short")
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, -1))
        try:
            with pytest.raises(LedgerError, match="cannot be recorded is not traded"):
                transcript.write("note", text="x" * 2000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, -1))
        with pytest.raises(LedgerError):
            transcript.write("note", text="short")
        with pytest.raises(LedgerError):
            transcript.seal()


def test_what_an_unfinished_cycle_left_is_set_aside(tmp_path: Path) -> None:
    """After a restore the same cycle id comes again; nothing is overwritten."""
    first, _ = written(tmp_path)
    kept = first.read_bytes()
    again, seal = written(tmp_path)

    assert first_fault(again, seal) is None
    assert (tmp_path / "c.jsonl.left-1").read_bytes() == kept


def test_a_model_call_is_one_entry_where_it_was_answered(tmp_path: Path) -> None:
    """Request and reply are two lines on disk, one entry for a reader."""
    path = tmp_path / "c.jsonl"
    with Transcript(path, CLOCK) as transcript:
        transcript.write("model_request", call=1, agent="a", messages=["ask"])
        transcript.write("model_request", call=2, agent="b", messages=["ask"])
        transcript.write("model_reply", call=2, agent="b", reply="yes")
        transcript.write("model_reply", call=1, agent="a", reply="no")

    entries = joined(read(path))

    assert [(e["kind"], e["agent"], e["messages"], e["reply"]) for e in entries] == [
        ("model_call", "b", ["ask"], "yes"),
        ("model_call", "a", ["ask"], "no"),
    ]


def test_a_request_that_got_no_answer_is_not_lost_when_a_second_crew_counts_anew(
    tmp_path: Path,
) -> None:
    """The rulebook that stands in for a failed model begins at call 1 again."""
    path = tmp_path / "c.jsonl"
    with Transcript(path, CLOCK) as transcript:
        transcript.write("model_request", call=1, messages=["lost"])
        transcript.write("model_request", call=1, messages=["again"])
        transcript.write("model_reply", call=1, reply="yes")

    entries = joined(read(path))

    assert [(e["kind"], e["messages"]) for e in entries] == [
        ("model_request", ["lost"]),
        ("model_call", ["again"]),
    ]


def test_a_file_written_anew_with_as_many_lines_is_found(tmp_path: Path) -> None:
    """A chain proves nothing by itself; the ledger has its last hash."""
    _, seal = written(tmp_path / "a")
    path, other = written(tmp_path / "b", lines=3)
    assert first_fault(path, other) is None
    with Transcript(tmp_path / "c.jsonl", CLOCK) as transcript:
        for number in range(3):
            transcript.write("note", text=f"lime {number}")

    fault = first_fault(tmp_path / "c.jsonl", seal)

    assert fault == "it was written anew: its last hash is not the one in the ledger"


def test_a_key_that_is_folded_inside_a_line_is_not_written(tmp_path: Path) -> None:
    """The command `base64` wraps at 76 signs, and a line break becomes two signs in JSON."""
    key = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
    coded = b64encode(key.encode()).decode()
    path = tmp_path / "c.jsonl"
    with Transcript(path, CLOCK, Redactor([key])) as transcript:
        transcript.write(
            "tool_call", result=f"{coded[:76]}\n{coded[76:]}\n", raw=[f"{key[:32]}\n{key[32:]}"]
        )

    (row,) = read(path)
    assert (row["result"], row["raw"]) == ("[redacted]==\n", ["[redacted]"])
