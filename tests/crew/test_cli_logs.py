"""`desk logs`: the right lines, oldest first, harmless on a terminal, without any settings."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import pytest

from crew.home import CHECKOUT
from crew.log_lines import Asked, LogFiles, shown, since
from crew.logs import LogLine
from records.errors import SettingsError
from tests.crew.test_cli import desk, refused

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def line(message: str, **given: object) -> str:
    """A line as the log holds it."""
    told = {
        "at": NOON,
        "level": "info",
        "component": "crew.run",
        "process": 1,
        "cycle_id": None,
        "message": message,
    }
    return LogLine.model_validate(told | given).model_dump_json() + "\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder with a log in three files."""
    folder = tmp_path / "logs"
    folder.mkdir()
    old = line("oldest", at=datetime(2026, 11, 1, tzinfo=UTC))
    (folder / "desk.jsonl.10").write_text(old)
    (folder / "desk.jsonl.2").write_text(line("older", cycle_id="c-1", level="error"))
    (folder / "desk.jsonl").write_text(
        line("new", component="tools.exchange.ccxt_market", level="warning", cycle_id="c-2")
        + line("newest", component="tools.exchanges", fields={"took_ms": 3})
    )
    return tmp_path


def told(home: Path, *arguments: str) -> list[str]:
    """The messages that the command shows."""
    ended = desk("logs", *arguments, "--json", home=home)
    assert ended.returncode == 0, ended.stderr
    return [one["message"] for one in json.loads(ended.stdout)]


@pytest.mark.parametrize(
    ("asked", "messages"),
    [
        ((), ["oldest", "older", "new", "newest"]),
        (("--cycle", "c-1"), ["older"]),
        (("--component", "tools.exchange"), ["new"]),
        (("--component", "tools"), ["new", "newest"]),
        (("--level", "WARNING"), ["older", "new"]),
        (("--since", "2026-11-02"), ["older", "new", "newest"]),
        (("--since", "2026-11-02T13:00+02:00", "--last", "2"), ["new", "newest"]),
        (("--level", "critical"), []),
    ],
)
def test_the_lines_asked_for_come_oldest_first(
    home: Path, asked: tuple[str, ...], messages: list[str]
) -> None:
    """Through all files, whichever number they have."""
    assert told(home, *asked) == messages


def test_it_needs_neither_settings_nor_a_log(tmp_path: Path) -> None:
    """What is wrong with the settings may be what is looked for."""
    ended = desk("logs", home=tmp_path / "none", environment={"DESK_FILE": "no_such.yaml"})

    assert (ended.returncode, ended.stdout) == (0, "The log has no such line.\n")
    assert not (tmp_path / "none").exists()


def test_half_a_line_is_passed_over_and_told_of(home: Path) -> None:
    """A full disk leaves such a line, and everything after it is still there."""
    file = home / "logs" / "desk.jsonl"
    file.write_text('{"at": "2026-\n[]\n\xff\n' + file.read_text())

    ended = desk("logs", home=home)

    assert [row.split(": ")[1] for row in ended.stdout.splitlines()] == [
        "oldest", "older", "new", "newest took_ms=3",
    ]  # fmt: skip
    assert ended.stderr == "desk: 3 lines of the log cannot be read.\n"


def test_a_strangers_text_cannot_steer_the_terminal() -> None:
    """No escape sequence, no second line that poses as the desk's own, no hidden sign."""
    hostile = LogLine.model_validate_json(
        line(
            "news\n2026 error crew.run: all is lost\x1b[2J\u202e",
            fields={"title": "\x1b]0;x\x07"},
            error="Traceback\n  \x1b[31mred\r\nend",
        )
    )

    text = shown(hostile)

    assert [row[:4] for row in text.splitlines()] == ["2026", "    ", "    ", "    "]
    assert not {"\x1b", "\x07", "\r", "\u202e"} & set(text)


def test_follow_goes_on_where_the_file_is_set_aside(home: Path) -> None:
    """Nothing is shown twice, and nothing that was written in between is missed."""
    folder, shown_lines, got = home / "logs", list[str](), Event()
    files = LogFiles(folder)

    def read(lines: Iterator[LogLine]) -> None:
        for one in lines:
            shown_lines.append(one.message)
            got.set()
            if one.message == "last":
                return

    reader = Thread(target=read, args=(files.follow(Asked(cycle_id="c-9")),), daemon=True)
    reader.start()
    present = folder / "desk.jsonl"
    with present.open("a") as file:
        file.write(line("first", cycle_id="c-9"))
    assert got.wait(10)
    with present.open("a") as file:
        file.write(line("second", cycle_id="c-9"))
    present.rename(folder / "desk.jsonl.1")
    present.write_text(line("other") + line("last", cycle_id="c-9"))
    reader.join(10)

    assert shown_lines == ["first", "second", "last"]


def test_ctrl_c_is_how_following_ends(home: Path) -> None:
    """Without a traceback, and as a normal ending."""
    environment = os.environ | {"DESK_HOME": str(home), "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-c", "from crew.main import desk; desk()", "logs", "--follow"]
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job of a shell has it
    ) as following:
        assert following.stdout is not None
        rows = [following.stdout.readline() for _ in range(4)]
        time.sleep(0.2)
        following.send_signal(signal.SIGINT)
        try:
            _, errors = following.communicate(timeout=20)
        finally:
            following.kill()

    assert "newest" in rows[-1]
    assert (following.returncode, errors) == (0, "")


def test_an_export_is_a_new_file_of_lines_without_the_keys_of_today(home: Path) -> None:
    """A line may be older than the key; whoever gets the file must not get that."""
    key = "sk-live-4f9Qz71mWc0TtR2b"
    with (home / "logs" / "desk.jsonl").open("a") as file:
        file.write(line(f"refused {key}"))
    environment = {"OPENAI_API_KEY": key}
    out = home / "out.jsonl"

    ended = desk("logs", "--export", str(out), home=home, environment=environment)
    again = desk("logs", "--export", str(out), home=home, environment=environment)
    seen = desk("logs", home=home, environment=environment)

    assert ended.stdout == f"5 lines were written to {out}.\n"
    messages = [json.loads(row)["message"] for row in out.read_text().splitlines()]
    assert messages == ["oldest", "older", "new", "newest", "refused [redacted]"]
    assert "File exists" in refused(again, 2)
    assert key not in seen.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--level", "warnin"), "Did you mean 'warning'"),
        (("--since", "yesterday"), "--since takes 30m"),
        (("--since", "999999d"), "--since takes 30m"),
        (("--follow", "--json"), "--follow has no end"),
        (("--export", "no/such/folder/x"), "cannot be written"),
    ],
)
def test_a_wrong_question_is_refused(home: Path, arguments: tuple[str, ...], said: str) -> None:
    """One message, and what would be right."""
    ended = desk("logs", *arguments, home=home)

    if "--json" in arguments:
        assert said in json.loads(ended.stdout)["error"]["message"]
    assert said in refused(ended, 2)


@pytest.mark.parametrize(
    ("text", "hours"), [("2h", 2), ("120m", 2), ("7200s", 2), ("1d", 24), ("2026-11-02T11:00", 1)]
)
def test_since_reads_a_span_or_a_time(text: str, hours: int) -> None:
    """A time without a zone is UTC."""
    assert (NOON - since(text, NOON)).total_seconds() == hours * 3600


def test_since_names_no_other_form() -> None:
    """Python's int would read other digits than these as well."""
    with pytest.raises(SettingsError, match="--since takes"):
        since("٢h", NOON)
