"""
The lock and its folder, with real processes: everybody means the same folder, a question
holds nothing, and in an emergency nobody is signalled but the cycle that is in the way.
"""

import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest
from dotenv import dotenv_values

from crew import lock
from crew.home import CHECKOUT, cycle_lock
from tests.crew.test_cli import desk, refused
from tests.crew.test_stopping import ended, started, until_asked
from tests.model_server import ModelServer

_HOLD = (
    "import sys, time; from crew import lock\n"
    "held = lock.take(sys.argv[1], sys.argv[2])\n"
    "print('held' if held else 'lost', flush=True)\n"
    "time.sleep(60)\n"
)
_IMPATIENT = "from crew import cli, main; cli._PATIENCE_S = 1; main.desk()"
needs_proc = pytest.mark.skipif(
    not Path("/proc/self/fd").is_dir(), reason="the system has no /proc"
)


@contextmanager
def holding(home: Path, doing: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock and does nothing else."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(home), doing],
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of its own, whose .env a test may write."""
    copy = tmp_path / "checkout"
    for package in ("crew", "tools", "memory", "records"):
        shutil.copytree(CHECKOUT / package, copy / package)
    for file in ("agents.yaml", "tasks.yaml", "desk.yaml"):
        shutil.copy(CHECKOUT / file, copy / file)
    return copy


_DESK = "from crew.main import desk; desk()"


def there(checkout: Path, *arguments: str, script: str = _DESK) -> subprocess.CompletedProcess[str]:
    """Run the desk command of that checkout, with nothing but its .env."""
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(checkout)},
        stdin=subprocess.DEVNULL,
        check=False,
    )


# which folder


@pytest.mark.parametrize(
    "text",
    [
        "DESK_HOME=/srv/desk",
        "  export   DESK_HOME = /srv/my desk  ",
        "export\tDESK_HOME='/srv/desk'",
        "'DESK_HOME'=\"/srv/desk\"",
        "\ufeffDESK_HOME=state-two\r\nDESK_MODE=paper",
        "# DESK_HOME=/not/this\nDESK_HOME=",
        "DESK_HOME=''",
        "DESK_HOME_OLD=/not/this",
        "OTHER=a # DESK_HOME=/not/this",
    ],
)
def test_a_plain_line_names_the_folder_that_settings_see(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """The lock reads .env itself, because the package that reads it for settings is heavy."""
    monkeypatch.setattr(lock, "CHECKOUT", str(tmp_path))
    (tmp_path / ".env").write_text(text)

    seen = dotenv_values(tmp_path / ".env").get("DESK_HOME")

    assert lock.home() == str(tmp_path / (seen or "state"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("DESK_HOME=/srv/desk # the disk", "has a # in it"),
        ("DESK_HOME='/srv/desk' # the disk", "has a # in it"),
        ("DESK_HOME= # none", "has a # in it"),
        ("DESK_HOME=${HOME}/desk", "has a $ in it"),
        ("DESK_HOME=/srv\\desk", "has a \\ in it"),
        ("DESK_HOME='/srv/desk", "has a ' in it"),
        ('DESK_HOME="/srv/desk', 'has a " in it'),
        ("DESK_HOME=/srv/it's", "has a ' in it"),
        ("DESK_HOME=/srv/a\x00b", "cannot be printed"),
        ("DESK_HOME=/a\nexport DESK_HOME=/b", "stands 2 times"),
        ("DESK_HOME=/a\nDESK_HOME=/a", "stands 2 times"),
        ("DESK_HOME=/srv/\udcff", "not UTF-8"),
    ],
)
def test_a_line_that_can_be_read_in_two_ways_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    """A halt in the one folder does not stop the cycles in the other."""
    monkeypatch.setattr(lock, "CHECKOUT", str(tmp_path))
    (tmp_path / ".env").write_bytes(text.encode("utf-8", "surrogateescape"))

    with pytest.raises(lock.HomeUnclear) as refusal:
        lock.home()
    assert said in str(refusal.value)
    assert "Nothing was done" in str(refusal.value)


def test_the_environment_goes_before_a_line_that_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the way out; also when it is empty, which means `state/`, as settings read it."""
    monkeypatch.setattr(lock, "CHECKOUT", str(tmp_path))
    (tmp_path / ".env").write_text("DESK_HOME=$HOME # mine")
    monkeypatch.setenv("DESK_HOME", "/srv/desk")
    named = lock.home()
    monkeypatch.setenv("DESK_HOME", "")

    assert named == "/srv/desk"
    assert lock.home() == str(tmp_path / "state")


@pytest.mark.parametrize("command", [("cycle",), ("halt", "x"), ("disarm",), ("flatten", "--yes")])
def test_every_command_refuses_an_unclear_folder_with_code_2(
    checkout: Path, command: tuple[str, ...]
) -> None:
    """One clear message, and no folder is made."""
    (checkout / ".env").write_text("DESK_HOME=/srv/desk # the disk\n")

    assert "has a # in it" in refused(there(checkout, *command), 2)
    assert not (checkout / "state").exists()


@pytest.mark.parametrize("command", [("cycle",), ("status",), ("flatten", "--yes"), ("cron",)])
def test_a_folder_that_settings_read_otherwise_is_refused_with_code_2(
    checkout: Path, command: tuple[str, ...]
) -> None:
    """Two readers of one file may differ in more ways than anybody thought of."""
    (checkout / ".env").write_text("DESK_HOME=state-two\n")
    errs = "from crew import lock, main; lock._plain = lambda _: 'state-three'; main.desk()"

    message = refused(there(checkout, *command, script=errs), 2)

    assert "state-two" in message
    assert "state-three" in message
    assert not (checkout / "state-two").exists()


def test_one_folder_for_halt_and_cycle(checkout: Path) -> None:
    """What a person halts is what cron runs."""
    (checkout / ".env").write_text('export DESK_HOME="my state"\n')

    assert there(checkout, "halt", "enough").returncode == 0
    assert "HALTED" in there(checkout, "cycle").stdout
    assert (checkout / "my state" / "HALT").is_file()
    assert not (checkout / "state").exists()


# who holds it


def test_the_lock_says_who_holds_it_and_for_what(tmp_path: Path) -> None:
    """Only while it is held: afterwards the name means nothing."""
    with holding(tmp_path, "restore") as process:
        seen = lock.holder(str(tmp_path))

        assert seen == (process.pid, "restore")
    assert lock.holder(str(tmp_path)) is None
    assert lock.holder(str(tmp_path / "none")) is None


@pytest.mark.parametrize(
    "text", ["", "0 cycle", "1 cycle", "-1 cycle", "99999999999 cycle", "² cycle", "cycle", "\x00"]
)
def test_a_name_that_is_no_process_is_nobody(tmp_path: Path, text: str) -> None:
    """Signal 0 or -1 would reach every process of the user."""
    with cycle_lock(tmp_path):
        (tmp_path / "desk.lock").write_text(text)

        assert lock.holder(str(tmp_path)) is None


@needs_proc
def test_a_bystander_is_not_signalled(tmp_path: Path) -> None:
    """A lock just taken still bears the last name, and that number may be anybody's by now."""
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        with holding(tmp_path, "restore"):
            (tmp_path / "desk.lock").write_text(f"{bystander.pid} cycle\n")
            taken = lock.take_over(str(tmp_path), "flatten", 0.5)

        assert taken is None
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_cycle_is_told_to_end_and_another_command_is_not(tmp_path: Path) -> None:
    """A restore that is cut short would leave half a ledger."""
    with holding(tmp_path, "restore") as restore:
        assert lock.take_over(str(tmp_path), "flatten", 0.5) is None
        assert restore.poll() is None
    with holding(tmp_path, "cycle") as cycle:
        began = monotonic()
        taken = lock.take_over(str(tmp_path), "flatten", 20)
        took_s = monotonic() - began
        code = cycle.wait(5)

    assert taken is not None
    os.close(taken)
    assert code == -signal.SIGTERM
    assert took_s < 5


def test_flatten_ends_a_cycle_that_waits_for_a_model(tmp_path: Path) -> None:
    """An emergency does not wait three minutes for an answer that may never come."""
    with ModelServer(fault="hang") as server:
        process = started(tmp_path, server, "--model", "openai/rulebook-bold")
        until_asked(server, process, 3)
        began = monotonic()
        flat = desk("flatten", "--yes", "--json", home=tmp_path)
        took_s = monotonic() - began
        code, record = ended(process, tmp_path)

    assert flat.returncode == 0, flat.stderr
    assert f"`desk cycle` is at work (process {process.pid}). It is told to end." in flat.stderr
    assert (code, record["hold_reason"]) == (0, "stopped")
    assert took_s < 20


def test_flatten_says_what_it_did_not_do_when_the_lock_stays_held(tmp_path: Path) -> None:
    """Exit code 3 from a command a person depends on needs words of its own."""
    with holding(tmp_path, "restore"):
        late = subprocess.run(
            [sys.executable, "-c", _IMPATIENT, "flatten", "--yes"],
            capture_output=True,
            text=True,
            cwd=CHECKOUT,
            env={"PATH": os.environ["PATH"], "DESK_HOME": str(tmp_path)},
            check=False,
        )

    assert late.returncode == 3
    assert "not free within 1 s. Nothing was closed or cancelled." in late.stderr


@pytest.mark.parametrize("command", [("flatten",), ("accept", "--symbol", "BTC/USDT")])
def test_a_question_does_not_hold_the_lock(tmp_path: Path, command: tuple[str, ...]) -> None:
    """A prompt that nobody answers would keep every cycle, and every stop it moves, waiting."""
    terminal, end = pty.openpty()
    asking = subprocess.Popen(
        [sys.executable, "-c", _DESK, *command],
        stdin=end,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), "DESK_HOME": str(tmp_path)},
    )
    os.close(end)
    assert asking.stderr is not None
    said = b""
    while not said.endswith(b"[y/N] "):
        read = os.read(asking.stderr.fileno(), 1000)
        assert read, said
        said += read
    with cycle_lock(tmp_path):
        sleep(0.1)
    os.write(terminal, b"n\n")
    _, err = asking.communicate(timeout=20)
    os.close(terminal)

    assert asking.returncode == 2
    assert b"Nothing was done" in err
