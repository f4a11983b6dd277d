"""A transcript found and checked: one byte, one line or one file missing is told and located."""

from hashlib import sha256
from pathlib import Path
from random import Random

import orjson
import pytest

from crew.reading.page import written
from crew.reading.story import checked, story_of
from crew.reading.text import told
from crew.transcript import joined
from records.errors import LedgerError, SettingsError
from tests.crew.desks import one_cycle
from tests.crew.reading.hostile import story, texts
from tools.ledger.ledger import Ledger


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk that ran one halted cycle: short, and written by the desk itself."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "HALT").write_text("no need to deliberate")
    one_cycle(folder)
    return folder


def the_file(home: Path) -> Path:
    (path,) = (home / "transcripts").glob("*.jsonl")
    return path


def fault_of_changed(home: Path, content: bytes) -> str | None:
    """What is said of the story with this content in its file, which must be readable all along."""
    path = the_file(home)
    kept = path.read_bytes()
    path.write_bytes(content)
    try:
        with Ledger(home / "ledger.db") as ledger:
            one = story_of(ledger, home, None)
        assert told(joined(one.rows), full=True) and written(one, joined(one.rows))
        return one.fault
    finally:
        path.write_bytes(kept)


def test_a_whole_transcript_is_said_to_be_whole(home: Path) -> None:
    """The ledger's seal and the lines agree."""
    with Ledger(home / "ledger.db") as ledger:
        one = story_of(ledger, home, None)

    assert one.fault is None
    assert one.seal == "whole: every line's hash and the ledger's seal agree"


def test_one_changed_byte_anywhere_is_found_and_its_line_named(home: Path) -> None:
    """Whatever it breaks: a word, the JSON around it, a hash, the end of a line."""
    content, random = the_file(home).read_bytes(), Random(6)
    for at in random.sample(range(len(content)), 150):
        changed = bytearray(content)
        changed[at] ^= random.randrange(1, 256)
        line = content[:at].count(b"\n") + 1

        fault = fault_of_changed(home, bytes(changed))

        assert fault is not None and fault.startswith(f"line {line} was changed"), (at, fault)


def test_a_file_written_anew_as_a_whole_is_found(home: Path) -> None:
    """Whoever computes every hash again still does not have the ledger's."""
    previous, lines = "0" * 64, []
    for line in the_file(home).read_bytes().splitlines():
        row = orjson.loads(line) | {"previous": previous}
        row.pop("hash")
        row["venue"] = "elsewhere"
        body = orjson.dumps(row)
        previous = sha256(body).hexdigest()
        lines.append(body[:-1] + b',"hash":"' + previous.encode() + b'"}\n')

    fault = fault_of_changed(home, b"".join(lines))

    assert fault == "it was written anew: its last hash is not the one in the ledger"


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"n": "1", "kind": "gate"},
        {"n": 1, "kind": 7},
        {"n": 1, "kind": "model_request", "messages": 5, "tools": {"a": 1}, "call": [1]},
        {"n": 1, "kind": "model_reply", "tool_calls": [7], "latency_ms": "x", "cost_usd": []},
        {"n": 1, "kind": "crew", "members": [1, {"tasks": 3}], "attempt": {}},
        {"n": 1, "kind": "gate", "detail": [[]]},
        {"n": 1, "kind": "event", "event": "x"},
        {"n": 1, "kind": "order", "order": {"intent": 4}},
        {"n": 1, "kind": "ending", "message": {}, "reason": [1]},
        {"n": 1, "kind": "pictures_sent", "pictures": [1, {"file": []}], "task": 3, "agent": {}},
        {"n": 1, "kind": "snapshot", "markets": "x", "at": 5},
    ],
    ids=str,
)
def test_rows_of_any_form_can_be_shown(home: Path, row: dict[str, object]) -> None:
    """A file that somebody wrote anew is shown as it is, and never ends in a traceback."""
    body = orjson.dumps({**row, "previous": "0" * 64})
    digest = sha256(body).hexdigest().encode()

    fault = fault_of_changed(home, body[:-1] + b',"hash":"' + digest + b'"}\n')

    assert fault is not None and fault.startswith("it has 1 lines")


def test_deeply_nested_rows_are_shown_as_damaged_or_as_they_are(home: Path) -> None:
    """Brackets without end are no way to end the reader."""
    body = b'{"n":1,"kind":"x","a":' + b"[" * 5000 + b"]" * 5000 + b',"previous":"' + b"0" * 64
    body += b'"}'
    digest = sha256(body).hexdigest().encode()

    assert fault_of_changed(home, body[:-1] + b',"hash":"' + digest + b'"}\n')


def test_the_half_written_line_of_a_running_cycle_is_no_fault(tmp_path: Path) -> None:
    """It is not there yet; of a cycle that ended it would be missing."""
    story(tmp_path, said=("a",))
    path = tmp_path / "c.jsonl"
    path.write_bytes(path.read_bytes() + b'{"n":8,"at":')

    running, ended = checked(path, None, finished=False), checked(path, None)

    assert (len(running[0]), running[1]) == (7, None)
    assert ended[1] == "line 8 was changed or torn off"


@pytest.mark.parametrize("name", ["nope", "../ledger", "/etc/passwd", ".", "x" * 300])
def test_a_cycle_nobody_knows_is_refused(home: Path, name: str) -> None:
    """No name leads to a file elsewhere."""
    with (
        Ledger(home / "ledger.db") as ledger,
        pytest.raises(SettingsError, match="There is no transcript of cycle"),
    ):
        story_of(ledger, home, name)


def test_a_transcript_that_is_gone_is_missed(home: Path) -> None:
    """The ledger knows that there was one."""
    path = the_file(home)
    aside = path.rename(path.with_suffix(".aside"))
    with Ledger(home / "ledger.db") as ledger, pytest.raises(LedgerError, match="is gone"):
        story_of(ledger, home, None)
    aside.rename(path)


def test_nothing_a_stranger_wrote_steers_the_terminal(tmp_path: Path) -> None:
    """Every attack in every place: no control character, and no line that is not the desk's."""
    one = story(tmp_path)

    for full in (False, True):
        shown = told(joined(one.rows), full=full)
        assert all(line.isprintable() for line in shown.split("\n"))
        numbered = [line for line in shown.split("\n") if not line.startswith("      ")]
        assert len(numbered) == 6 * len(texts())
