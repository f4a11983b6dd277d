"""`desk transcript` as people type it: one cycle, the running one, or one among many."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from time import sleep

import pytest

from crew.home import CHECKOUT
from tests.crew.reading.conftest import ONE_ORDER
from tests.crew.test_cli import desk, refused
from tests.crew.test_costs import BUSY

BROKEN = {"DESK_FILE": "no_such_desk.yaml"}
"""Settings that no cycle could run with."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cycles: one that traded and refused, one that was halted."""
    from tests.crew.desks import one_cycle

    folder = tmp_path_factory.mktemp("home")
    one_cycle(folder, *ONE_ORDER, at=BUSY)
    (folder / "HALT").write_text("the owner sleeps")
    one_cycle(folder, at=BUSY.replace(hour=3))
    return folder


TRADED = "20261103T010000Z-0001"
HALTED = "20261103T030000Z-0002"


def test_without_a_name_the_last_cycle_is_shown_and_settings_are_not_needed(home: Path) -> None:
    """Whatever is wrong with desk.yaml, people can read what happened."""
    ended = desk("transcript", home=home, environment=BROKEN)

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(f"Cycle {HALTED}\n")
    assert "HALTED (halt)" in ended.stdout
    assert "\x1b" not in ended.stdout


@pytest.mark.parametrize("words", [("transcript", TRADED), ("transcript", "show", TRADED)])
def test_a_cycle_is_shown_by_its_id(home: Path, words: tuple[str, ...]) -> None:
    """Prompts and results are folded to a line with their size."""
    ended = desk(*words, home=home)

    assert "Market analyst · proposal" in ended.stdout
    assert "characters)" in ended.stdout
    assert "Decisions" in ended.stdout and "Costs" in ended.stdout
    assert "TRADED" in ended.stdout.splitlines()[-1]


def test_full_unfolds_every_text(home: Path) -> None:
    """Then no character of a prompt is missing."""
    folded = desk("transcript", TRADED, "--task", "proposal", home=home)
    full = desk("transcript", TRADED, "--task", "proposal", "--full", home=home)

    assert "[end of briefing get_limits]" not in folded.stdout
    assert "[end of briefing get_limits]" in full.stdout


@pytest.mark.parametrize("name", ["risk_officer", "Risk officer", "RISK OFFICER"])
def test_an_agent_is_found_by_role_or_name(home: Path, name: str) -> None:
    """The role stands in agents.yaml beside the name; people use either."""
    document = json.loads(desk("transcript", TRADED, "--agent", name, "--json", home=home).stdout)

    assert {row["kind"] for row in document} >= {"model_call", "tool_call", "accepted"}
    assert {row.get("task") for row in document} == {"verdict"}


def test_nobody_of_that_name_is_told_with_who_there_is(home: Path) -> None:
    """A typo must not look like silence."""
    said = refused(desk("transcript", TRADED, "--agent", "oficer", home=home), 2)

    assert "Nothing of 'oficer'" in said and "'risk_officer'" in said


def test_json_is_the_whole_list_of_entries(home: Path) -> None:
    """Each model call is one entry, request and reply together."""
    document = json.loads(desk("transcript", TRADED, "--json", home=home).stdout)

    calls = [row for row in document if row["kind"] == "model_call"]
    assert calls and all(
        {"messages", "tools", "turn", "prompt_tokens", "cost_usd", "latency_ms"} <= row.keys()
        for row in calls
    )
    assert document[-1]["kind"] == "ending"


def test_a_page_is_written_where_it_is_wanted(home: Path, tmp_path: Path) -> None:
    """A name ending in .html is the file, whatever stands beside it is the cycle."""
    file = tmp_path / "page.html"
    for words in (("--html", str(file), TRADED), (TRADED, "--html", str(file))):
        ended = desk("transcript", *words, home=home)
        assert ended.returncode == 0, ended.stderr
        assert f"Cycle {TRADED}" in file.read_text(encoding="utf-8")
        file.unlink()

    assert desk("transcript", "--html", HALTED, home=home).returncode == 0
    assert (home / "transcripts" / f"{HALTED}.html").is_file()


def test_a_page_that_cannot_be_written_is_one_message(home: Path, tmp_path: Path) -> None:
    """It names the file."""
    said = refused(desk("transcript", "--html", str(tmp_path / "no" / "x.html"), home=home), 2)

    assert "x.html" in said


@pytest.mark.parametrize("words", [("--html", "FILE"), ("--html=FILE",), ("show", "--html=FILE")])
def test_no_other_file_becomes_a_page(home: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    """A slip would replace what a person wrote."""
    file = tmp_path / "agents.yaml"
    file.write_text("mine")

    ended = desk("transcript", *[word.replace("FILE", str(file)) for word in words], home=home)

    assert "ends in .html or .htm" in refused(ended, 2)
    assert file.read_text() == "mine"


def test_two_ways_at_once_are_refused(home: Path) -> None:
    """One document goes to stdout, or none."""
    assert "exclude each other" in refused(desk("transcript", "--follow", "--html", home=home), 2)


@pytest.mark.parametrize("words", [(), ("--json",), ("--html", "PAGE")])
def test_an_edited_transcript_ends_with_code_6_in_every_form(
    home: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """And is shown all the same, with the line named."""
    copy = shutil.copytree(home, tmp_path / "copy")
    path = copy / "transcripts" / f"{TRADED}.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"demo"', b'"real"', 1))
    page = tmp_path / "page.html"

    ended = desk("transcript", TRADED, *[str(page) if w == "PAGE" else w for w in words], home=copy)

    assert ended.returncode == 6
    assert "not what was written: line 1 was changed." in ended.stderr
    if page.exists():
        assert "line 1 was changed" in page.read_text(encoding="utf-8")


def test_cycles_are_listed_newest_first_and_filtered(home: Path) -> None:
    """A line each for people, and the same as one document."""
    everything = desk("transcript", "list", home=home).stdout
    words = ("--since", "2026-11-03", "--symbol", "btc/usdt", "--veto", "MAX_ORDERS", "--json")
    document = json.loads(desk("transcript", "list", *words, home=home).stdout)

    assert [line.split()[0] for line in everything.splitlines()] == [HALTED, TRADED]
    assert [row["cycle_id"] for row in document] == [TRADED]
    assert any("risk.max_orders_per_cycle" in reason for reason in document[0]["turned_down"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "yesterday"), "--since takes a date"),
        (("--outcome", "won"), "none of failed, halted, traded"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(
    home: Path, words: tuple[str, ...], said: str
) -> None:
    """An empty list would look like an answer."""
    assert said in refused(desk("transcript", "list", *words, home=home), 2)


def test_all_transcripts_are_checked_by_one_command(home: Path, tmp_path: Path) -> None:
    """An edited one and a lost one are named, and the exit code tells."""
    assert desk("transcript", "list", "--check", home=home).returncode == 0
    copy = shutil.copytree(home, tmp_path / "copy")
    path = copy / "transcripts" / f"{TRADED}.jsonl"
    path.write_bytes(path.read_bytes().replace(b"approve", b"apprave", 1))
    (copy / "transcripts" / f"{HALTED}.jsonl").unlink()

    ended = desk("transcript", "list", "--check", home=copy)

    assert ended.returncode == 6
    lost, edited = ended.stdout.splitlines()
    assert "is gone" in lost
    assert "DAMAGED: line " in edited and "was changed" in edited


def test_a_running_cycle_is_followed_to_its_end(tmp_path: Path) -> None:
    """From its first lines to the outcome, while another process runs it."""
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), "DESK_HOME": str(tmp_path)}
    running = subprocess.Popen(
        [sys.executable, "-c", "from crew.main import desk; desk()", "cycle"],
        env=bare, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with running:
        while running.poll() is None and not list((tmp_path / "transcripts").glob("*.jsonl")):
            sleep(0.02)
        followed = desk("transcript", "--follow", home=tmp_path)

    assert followed.returncode == 0, followed.stderr
    numbers = [line.split()[0] for line in followed.stdout.splitlines() if line[:4].strip()]
    told = [int(number) for number in numbers if number.isdecimal()]
    assert told == list(range(1, len(told) + 1))
    assert " ending " in followed.stdout
    assert followed.stdout.splitlines()[-1].startswith("Outcome")
