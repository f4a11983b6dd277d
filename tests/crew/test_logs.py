"""The log: what is kept of what the desk's parts say, without secrets, and never at a cost."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crew.home import CHECKOUT
from crew.logs import LogLine, LogSettings, numbered, writing
from records.errors import SettingsError, VenueError
from records.redaction import NOTHING, Redactor
from tests.crew.desks import QUIET, a_desk, one_cycle, settings
from tests.crew.test_cycle import BUSY, SIX

SECRET = "sk-live-4f9Qz71mWc0TtR2b"
DESK = logging.getLogger("tools.exchange.somewhere")


def lines(folder: Path) -> list[dict[str, Any]]:
    """Every line of the present file."""
    file = folder / "desk.jsonl"
    return [json.loads(line) for line in file.read_bytes().splitlines()] if file.exists() else []


def said(folder: Path) -> list[str]:
    return [line["message"] for line in lines(folder)]


def test_a_line_says_when_where_how_grave_and_in_which_cycle(tmp_path: Path) -> None:
    """And is a LogLine, which `desk logs` reads again."""
    with writing(tmp_path, LogSettings(), NOTHING) as log:
        log.running = lambda: "c-1"
        DESK.info("%s was left out", "BTC/USDT", extra={"age_s": 61.5, "tries": 3})

    (line,) = lines(tmp_path)
    read = LogLine.model_validate(line | {"at": read_time(line)})
    assert (read.level, read.component, read.cycle_id) == ("info", DESK.name, "c-1")
    assert read.message == "BTC/USDT was left out"
    assert read.fields == {"age_s": 61.5, "tries": 3}
    assert line["at"].endswith("Z")
    assert read.process == os.getpid()


def read_time(line: dict[str, Any]) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(line["at"])


@pytest.mark.parametrize(
    ("given", "name", "level", "kept"),
    [
        (LogSettings(), "tools.news", logging.INFO, True),
        (LogSettings(), "tools.news", logging.DEBUG, False),
        (LogSettings(level="debug"), "crew.run", logging.DEBUG, True),
        (LogSettings(level="error"), "crew.run", logging.WARNING, False),
        (LogSettings(level="debug"), "httpx", logging.INFO, False),
        (LogSettings(), "httpx", logging.WARNING, True),
        (LogSettings(components={"httpx": "info"}), "httpx._client", logging.INFO, True),
        (LogSettings(components={"tools.news": "error"}), "tools.news.feeds", logging.INFO, False),
        (LogSettings(components={"tools.news": "error"}), "tools.newsroom", logging.INFO, True),
        (LogSettings(components={"tools.news": "debug"}), "tools.news", logging.DEBUG, True),
    ],
)
def test_the_most_specific_level_decides(
    tmp_path: Path, given: LogSettings, name: str, level: int, kept: bool
) -> None:
    """The desk's parts from info on, libraries from warning on, and what settings say of a part."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.NOTSET)
    with writing(tmp_path, given, NOTHING):
        logger.log(level, "hello")
    logger.setLevel(before)

    assert said(tmp_path) == (["hello"] if kept else [])


def test_a_library_that_sets_a_level_of_its_own_is_no_louder(tmp_path: Path) -> None:
    """Some set debug when they are imported."""
    chatty = logging.getLogger("chatty")
    chatty.setLevel(logging.DEBUG)
    with writing(tmp_path, LogSettings(), NOTHING):
        chatty.info("hello")

    assert said(tmp_path) == []


def test_levels_and_handlers_are_as_before_when_the_desk_is_closed(tmp_path: Path) -> None:
    """A test, or a desk opened later, starts from the same."""
    root = logging.getLogger()
    before = (logging.getLogger("crew").level, list(root.handlers))
    with writing(tmp_path, LogSettings(level="debug"), NOTHING):
        pass

    assert (logging.getLogger("crew").level, list(root.handlers)) == before


def test_a_desk_within_a_desk_has_the_log_to_itself(tmp_path: Path) -> None:
    """A replay's lines do not belong to the cycles of the desk that replays."""
    with writing(tmp_path / "outer", LogSettings(), NOTHING):
        with writing(tmp_path / "inner", LogSettings(), NOTHING):
            DESK.info("replayed")
        DESK.info("live")

    assert said(tmp_path / "outer") == ["live"]
    assert said(tmp_path / "inner") == ["replayed"]


def test_no_secret_is_logged_in_message_field_or_traceback(tmp_path: Path) -> None:
    """Nor where a long text is cut in the middle of one."""
    long = "x" * (4096 - len(SECRET) // 2) + SECRET + "y" * 9000
    with (
        pytest.raises(ValueError, match="key"),
        writing(tmp_path, LogSettings(), Redactor([SECRET])),
    ):
        DESK.warning("key %s", SECRET, extra={"header": f"Bearer {SECRET}", SECRET: 1})
        DESK.warning(long)
        raise ValueError(f"bad key {SECRET}")

    written = (tmp_path / "desk.jsonl").read_text()
    assert Redactor([SECRET]).find(written.encode()) == []
    assert SECRET[:10] not in written and SECRET[-10:] not in written
    assert "ValueError: bad key [redacted]" in lines(tmp_path)[-1]["error"]


def test_an_error_that_ends_the_desk_is_in_its_log(tmp_path: Path) -> None:
    """Cron's mail may be lost; what it said is not."""
    with pytest.raises(VenueError), writing(tmp_path, LogSettings(), NOTHING):
        raise VenueError("The venue is silent.")

    (line,) = lines(tmp_path)
    assert (line["level"], line["message"]) == ("error", "The venue is silent.")
    assert line["fields"] == {"code": "VenueError"}
    assert "error" not in line


def test_a_text_of_a_stranger_stays_one_line_of_bounded_length(tmp_path: Path) -> None:
    """A line break would be a second line, whatever it says; a huge one would fill the disk."""
    with writing(tmp_path, LogSettings(), NOTHING):
        DESK.info('a\n{"level": "info"}', extra={"body": "b" * 100_000, "half": "\ud800"})
        DESK.info("c" * 100_000, extra={f"f{n}": "d" * 5000 for n in range(500)})
        DESK.info("huge", extra={"number": 10**400, "what": {"nested": object}})

    assert len(lines(tmp_path)) == 3
    assert all(len(line) < 100_000 for line in (tmp_path / "desk.jsonl").read_bytes().splitlines())


def test_a_full_file_is_set_aside_and_the_oldest_is_deleted(tmp_path: Path) -> None:
    """A log that nobody looks at must not fill the disk."""
    with writing(tmp_path, LogSettings(max_mb=1, keep=2), NOTHING):
        for number in range(500):
            DESK.info(f"{number:04d}" + "x" * 8000)

    assert [number for number, _ in numbered(tmp_path)] == [1, 2]
    sizes = [file.stat().st_size for file in tmp_path.iterdir()]
    assert len(sizes) == 3 and max(sizes) <= 1_000_000
    kept = [
        json.loads(line)["message"][:4]
        for file in ("desk.jsonl.2", "desk.jsonl.1", "desk.jsonl")
        for line in (tmp_path / file).read_text().splitlines()
    ]
    assert kept == [f"{number:04d}" for number in range(500 - len(kept), 500)]


def test_fewer_files_are_kept_when_the_setting_says_so(tmp_path: Path) -> None:
    """What was kept by an older setting goes with the next file that is full."""
    for number in (1, 2, 9):
        (tmp_path / f"desk.jsonl.{number}").write_text("old\n")
    (tmp_path / "desk.jsonl").write_text("y" * 999_990 + "\n")
    with writing(tmp_path, LogSettings(max_mb=1, keep=1), NOTHING):
        DESK.info("new")

    assert sorted(file.name for file in tmp_path.iterdir()) == ["desk.jsonl", "desk.jsonl.1"]
    assert (tmp_path / "desk.jsonl.1").read_text().startswith("yyy")


_MANY = """
import sys, logging
from pathlib import Path
from crew.logs import LogSettings, writing
from records.redaction import NOTHING
with writing(Path(sys.argv[1]), LogSettings(max_mb=1, keep=9), NOTHING):
    for number in range(400):
        logging.getLogger("crew.many").info("%s %s %s", sys.argv[2], number, "z" * 2000)
"""


def test_several_processes_write_whole_lines_and_lose_none(tmp_path: Path) -> None:
    """`desk status` logs beside a running cycle, also while the file is set aside."""
    started = [
        subprocess.Popen([sys.executable, "-c", _MANY, str(tmp_path), name], cwd=CHECKOUT)
        for name in ("a", "b", "c")
    ]
    assert [process.wait() for process in started] == [0, 0, 0]

    found = [
        json.loads(line)["message"].split()[:2]
        for file in tmp_path.iterdir()
        for line in file.read_text().splitlines()
    ]
    expected = [[name, str(number)] for name in ("a", "b", "c") for number in range(400)]
    assert sorted(found) == sorted(expected)
    assert len(list(tmp_path.iterdir())) >= 3


def test_a_log_that_cannot_be_written_is_told_of_once_and_ends_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The transcript is the record; a cycle does not depend on its log."""
    (tmp_path / "logs").write_text("a file stands where the folder should be")
    record = one_cycle(tmp_path, "logs.level=debug", at=QUIET)

    assert record.outcome == "hold"
    assert record.transcript is not None
    told = capsys.readouterr().err
    assert told.count("cannot be written") == 1
    assert "Traceback" not in told


def test_a_full_disk_is_told_of_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A device that is always full."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no device that is always full")
    with writing(full.parent, LogSettings(), NOTHING) as log:
        log._path = full
        DESK.info("one")
        DESK.info("two")

    assert capsys.readouterr().err.count("No space left on device") == 1


def test_a_cycle_with_a_crew_says_how_it_ended(tmp_path: Path) -> None:
    """With its id, so that all of it can be found again."""
    record = one_cycle(tmp_path, *SIX, at=BUSY)

    (line,) = [one for one in lines(tmp_path / "logs") if one["component"] == "crew.run"]
    assert line["cycle_id"] == record.cycle_id
    assert line["fields"]["outcome"] == "traded"
    assert line["fields"]["calls"] == record.model.calls


def test_an_unexpected_error_is_logged_with_the_cycle_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug leaves a traceback where somebody can find it."""
    monkeypatch.setattr("crew.run.Run.reconcile", lambda _run: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        one_cycle(tmp_path)

    (line,) = lines(tmp_path / "logs")
    assert line["level"] == "error"
    assert line["cycle_id"].endswith("-0001")
    assert "ZeroDivisionError: division by zero" in line["error"]


def test_a_quiet_cycle_neither_logs_nor_imports_structlog(tmp_path: Path) -> None:
    """Its import costs a tenth of a second, which a start every minute must not pay."""
    one_cycle(tmp_path, at=QUIET)
    before = lines(tmp_path / "logs")
    script = (
        "import sys; from datetime import datetime, UTC; from pathlib import Path\n"
        "from tests.crew.desks import one_cycle\n"
        f"record = one_cycle(Path({str(tmp_path)!r}), at=datetime(2026, 11, 2, 5, 1, tzinfo=UTC))\n"
        "assert record.hold_reason == 'no_new_candle', record\n"
        "print('structlog' in sys.modules)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )

    assert ended.stdout.splitlines()[-1] == "False"
    assert lines(tmp_path / "logs") == before


@pytest.mark.parametrize(
    "wrong", ["logs.level=loud", "logs.max_mb=0", "logs.components={'../x': info}", "logs.kepp=1"]
)
def test_a_wrong_setting_is_refused(wrong: str) -> None:
    """A misspelt level would leave the log empty."""
    with pytest.raises(SettingsError, match=r"logs\."):
        settings(wrong)


def test_a_desk_that_only_looks_leaves_no_log(tmp_path: Path) -> None:
    """`desk status` on a new folder says that nothing happened, and nothing did."""
    with a_desk(tmp_path):
        pass

    assert not (tmp_path / "logs").exists()
