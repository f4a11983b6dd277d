"""
The command line as people and cron meet it: one clear message each, the documented exit
code, nothing lost, no traceback.
"""

import json
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from crew.home import CHECKOUT, cycle_lock

_DESK = "from crew.main import desk; desk()"


def desk(
    *arguments: str, home: Path, environment: dict[str, str] | None = None, cwd: str = "/"
) -> subprocess.CompletedProcess[str]:
    """Run the desk command in a bare environment, from elsewhere, with stdin closed."""
    bare = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(CHECKOUT), "DESK_HOME": str(home)}
    if arguments[:1] == ("cycle",):
        bare["DESK_CHARTS__DRAW"] = "seen"  # nobody looks at the pictures here
    return subprocess.run(
        [sys.executable, "-c", _DESK, *arguments],
        capture_output=True,
        text=True,
        env=bare | (environment or {}),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def refused(ended: subprocess.CompletedProcess[str], code: int) -> str:
    """The one message of a refusal, after checking that it is one."""
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout
    assert len(ended.stderr.strip().splitlines()) == 1
    return ended.stderr


def test_a_cycle_runs_under_a_bare_environment_from_anywhere(tmp_path: Path) -> None:
    """cron has no HOME worth the name, no terminal and another working directory."""
    ended = desk("cycle", "--json", home=tmp_path)

    assert ended.returncode == 0, ended.stderr
    record = json.loads(ended.stdout)
    assert record["synthetic"] is True
    assert record["reports"]["technical"]["views"]
    assert abs(Decimal(record["account"]["equity"]) - 10_000) < 100  # it may trade at this minute
    assert (tmp_path / "ledger.db").is_file()


def test_the_summary_and_status_speak_of_the_same_cycle(tmp_path: Path) -> None:
    """What a person reads after a cycle, and the morning after."""
    summary = desk("cycle", home=tmp_path)
    status = desk("status", home=tmp_path)
    transcript = desk("transcript", home=tmp_path)
    cycle_id = summary.stdout.split()[1]

    assert "SYNTHETIC market" in summary.stdout
    assert all(word in summary.stdout for word in ("analyst", "sentiment", "chart", "equity"))
    assert cycle_id in status.stdout
    assert "model_call" in transcript.stdout
    assert transcript.returncode == 0


def test_an_edited_transcript_is_told_of(tmp_path: Path) -> None:
    """People must be able to trust what they read."""
    desk("halt", "no need to deliberate", home=tmp_path)
    desk("cycle", home=tmp_path)
    (path,) = (tmp_path / "transcripts").glob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"demo"', b'"real"', 1))

    ended = desk("transcript", home=tmp_path)

    assert ended.returncode == 6
    assert "line 1 was changed" in ended.stderr


def test_halt_and_resume(tmp_path: Path) -> None:
    """The kill switch, by command."""
    assert desk("halt", "the owner sleeps", home=tmp_path).returncode == 0
    assert "HALTED" in desk("cycle", home=tmp_path).stdout
    assert "allowed again" in desk("resume", home=tmp_path).stdout
    assert not (tmp_path / "HALT").exists()
    assert "needs a reason" in refused(desk("halt", " ", home=tmp_path), 2)


def test_backup_and_restore(tmp_path: Path) -> None:
    """The ledger is the account: it can be copied, and put back."""
    home, copy = tmp_path / "home", tmp_path / "copy.db"
    desk("halt", "x", home=home)
    desk("cycle", home=home)
    assert desk("backup", str(copy), home=home).returncode == 0
    desk("cycle", home=home)
    assert desk("restore", str(copy), home=home).returncode == 0

    status = json.loads(desk("status", "--json", home=home).stdout)

    assert len(status["cycles"]) == 1


def test_a_second_start_leaves_at_once_with_code_3(tmp_path: Path) -> None:
    """Two cycles at a time would trade twice."""
    with cycle_lock(tmp_path):
        message = refused(desk("cycle", home=tmp_path), 3)

    assert "did nothing" in message


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("cycle", "--model", "--help"), 3),
        (("--", "cycle"), 3),
        (("cycle", "--help"), 0),
        (("accept", "--symbol", "BTC/USDT", "--yes"), 3),
    ],
)
def test_only_a_question_for_help_passes_the_lock(
    tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    """`--model --help` names a model, and `--` hides nothing: both would run a cycle."""
    with cycle_lock(tmp_path):
        ended = desk(*arguments, home=tmp_path)

    assert ended.returncode == code, ended.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (("--set", "risk.max_leverege=2"), {}, "Did you mean 'max_leverage'"),
        (("--set", "risk=1", "--set", "risk.max_leverage=2"), {}, "also parts of one"),
        (("--set", "symbols=[BTC"), {}, "not valid YAML"),
        (("--venue", "binanse"), {}, "binance"),
        (("--model", "rulebook/timid"), {}, "rulebook/cautious"),
        (("--model", "openai/gpt-4o"), {}, "OPENAI_API_KEY is not set"),
        ((), {"MODEL": "gpt-4o"}, "unknown model 'gpt-4o'"),
        ((), {"DESK_SYMBOL": "[]"}, "Did you mean 'DESK_SYMBOLS'"),
        ((), {"DESK_SYMBOLS": "BTC/USDT"}, "written as JSON"),
        ((), {"DESK_FILE": "no_such_desk.yaml"}, "no_such_desk.yaml is missing"),
        ((), {"DESK_AGENTS_FILE": "no_agents.yaml"}, "no_agents.yaml is missing"),
        (("--set", "mode=live"), {}, "is paper-only"),
        (("--set", "api_key=x"), {}, "api_key stands in a flag"),
        (("--set", "currency=EUR"), {}, "not priced in currency EUR"),
        (("--set", "intervals=[99999999999m]"), {}, "not a candle interval"),
    ],
)
def test_a_bad_setting_ends_with_code_2_and_changes_nothing(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str], said: str
) -> None:
    """The message says what is wrong, what was not done, and what is allowed."""
    message = refused(desk("cycle", *arguments, home=tmp_path, environment=environment), 2)

    assert said in message
    assert not (tmp_path / "transcripts").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("venue: demo\nvenue: replay\n", "the key 'venue' stands twice"),
        ("risk: [1\n", "not valid YAML: line 2"),
        ("- demo\n", "`name: value` lines"),
        ("risk: &r {max_leverage: 2}\nscreen: *r\n", "aliases"),
        ("venue: !!python/object/apply:os.system [ls]\n", "not valid YAML"),
        ("paper: {cash: 2024-13-45}\n", "cannot be read"),
        ("? [a, b]\n: 2\n", "cannot be read"),
        ("venue: " + "[" * 100_000 + "]" * 100_000 + "\n", "nested too deeply"),
        ("x: " + "y" * 300_000, "larger than"),
    ],
)
def test_a_malformed_desk_yaml_is_one_clear_message(tmp_path: Path, text: str, said: str) -> None:
    """YAML from outside is hostile, even when it is only a slip."""
    file = tmp_path / "desk.yaml"
    file.write_text(text)

    message = refused(desk("cycle", home=tmp_path / "h", environment={"DESK_FILE": str(file)}), 2)

    assert said in message


def test_a_state_folder_that_cannot_be_made_ends_with_code_6(tmp_path: Path) -> None:
    """What cannot be recorded is not traded."""
    (tmp_path / "file").write_text("in the way")

    assert "cannot be written" in refused(desk("cycle", home=tmp_path / "file" / "state"), 6)


def test_a_corrupt_ledger_ends_with_code_6_and_is_left_as_it_is(tmp_path: Path) -> None:
    """Nothing is overwritten: a backup may still help."""
    (tmp_path / "ledger.db").write_bytes(b"not a ledger" * 1000)

    assert "desk restore" in refused(desk("cycle", home=tmp_path), 6)
    assert (tmp_path / "ledger.db").read_bytes() == b"not a ledger" * 1000


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("1600000000000,1,2,0.5,1,3\n1600003600000,1,nan,0.5,1,3\n", "row 2"),
        ("1600003600000,1,2,0.5,1,3\n1600000000000,1,2,0.5,1,3\n", "row 2"),
        ("1600000000000,1,2,0.5,1,3\n1600000000000,1,2,0.5,1,3\n", "row 2"),
        ("1600000000000,1,0.7,0.5,1,3\n", "row 1"),
    ],
)
def test_a_bad_candle_file_ends_with_code_4_naming_file_and_row(
    tmp_path: Path, rows: str, said: str
) -> None:
    """Candles are checked before anything is concluded from them."""
    file = tmp_path / "BTC_USDT-1h.csv"
    file.write_text("timestamp,open,high,low,close,volume\n" + rows)
    settings = (
        f"replay={{files: ['{file}'], start: '2020-09-14T00:00:00Z'}}",
        "venue=replay",
        "intervals=[1h]",
    )
    flags = [word for setting in settings for word in ("--set", setting)]

    ended = desk("cycle", *flags, home=tmp_path / "home")

    assert ended.returncode == 4
    assert "FAILED" in ended.stdout
    assert "BTC_USDT-1h.csv" in ended.stdout
    assert said in ended.stdout
    assert "Traceback" not in ended.stderr


def test_an_error_with_json_is_one_json_document(tmp_path: Path) -> None:
    """Scripts read stdout and nothing else."""
    ended = desk("cycle", "--json", "--set", "venu=x", home=tmp_path)
    document = json.loads(ended.stdout)

    assert document["exit_code"] == ended.returncode == 2
    assert document["error"]["code"] == "SettingsError"


def test_doctor_finds_a_sound_desk_and_a_broken_one(tmp_path: Path) -> None:
    """It looks at everything and says what to fix."""
    sound = desk("doctor", "--json", home=tmp_path)
    broken = desk("doctor", "--json", home=tmp_path, environment={"DESK_AGENTS_FILE": "none.yaml"})

    assert all(check["ok"] for check in json.loads(sound.stdout))
    assert {c["name"]: c["ok"] for c in json.loads(broken.stdout)}["yaml"] is False
    assert broken.returncode == 2


def test_the_crontab_line_runs_a_cycle_under_a_bare_environment(tmp_path: Path) -> None:
    """What `desk cron` prints must work as it stands."""
    line = desk("cron", "--minutes", "5", home=tmp_path).stdout.strip()
    schedule, command = line[: len("*/5 * * * *")], line[len("*/5 * * * * ") :]
    (tmp_path / "HALT").write_text("only to keep it short")
    script = Path(sys.executable).parent / "run_crew"
    if not script.exists():
        pytest.skip("the project is not installed in this environment")

    ended = subprocess.run(
        ["/bin/sh", "-c", command],
        env={"PATH": "/usr/bin:/bin"},
        cwd="/",
        stdin=subprocess.DEVNULL,
        check=False,
    )

    assert schedule == "*/5 * * * *"
    assert ended.returncode == 0
    assert "HALTED" in (tmp_path / "logs" / "cron.log").read_text()


def test_the_crontab_line_ends_no_cycle_before_its_own_deadline(tmp_path: Path) -> None:
    """What is killed from outside cannot resolve what it sent."""
    usual = desk("cron", home=tmp_path).stdout
    slow = desk("cron", home=tmp_path, environment={"DESK_DEADLINE_S": "600"}).stdout

    assert " timeout 230 " in usual
    assert " timeout 660 " in slow


def test_a_percent_sign_survives_crontab(tmp_path: Path) -> None:
    """To cron a bare % is the end of the line."""
    line = desk("cron", home=tmp_path / "5% a day").stdout

    assert r"5\% a day" in line
    assert line.count("%") == line.count(r"\%")


def test_train_is_refused_in_a_sentence() -> None:
    """CrewAI's training data is pickle."""
    ended = subprocess.run(
        [sys.executable, "-c", "from crew.main import train; train()"],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"]},
        check=False,
    )

    assert ended.returncode == 2
    assert "pickle" in ended.stderr


def test_yaml_is_found_from_the_checkout(tmp_path: Path) -> None:
    """An agents.yaml in the working directory belongs to somebody else."""
    shutil.copy(CHECKOUT / "agents.yaml", tmp_path / "agents.yaml")
    (tmp_path / "agents.yaml").write_text("nonsense: true\n")

    ended = desk("doctor", home=tmp_path / "home", cwd=str(tmp_path))

    assert ended.returncode == 0, ended.stdout
