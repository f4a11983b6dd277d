"""A sample of the crash proof, and the wrong order paths that it must not let through.

Each campaign runs in a process of its own: its children are forked, and pytest has threads.
"""

import subprocess
import sys

import pytest

from tests.crash.campaign import ROOT
from tests.crash.script import FAULTS
from tests.crash.summary import Summary


def _proven(*arguments: str) -> tuple[int, Summary]:
    """The exit code and the summary of one campaign."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.crash", "--json", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.stdout, ended.stderr
    return ended.returncode, Summary.model_validate_json(ended.stdout)


@pytest.fixture(scope="module")
def sample() -> tuple[int, Summary]:
    """An entry under every fault, 28 runs, and half of them again."""
    return _proven("--first-seed", "7", "--seeds", "1", "--points", "1")


def test_a_killed_desk_leaves_one_order_or_none_and_its_stop(sample: tuple[int, Summary]) -> None:
    """Killed once, and killed again while it recovers, whatever the network does."""
    code, summary = sample

    assert summary.examples == ()
    assert (code, summary.total.failed) == (0, 0)
    assert summary.total.runs == len(FAULTS) * 4
    assert summary.total.kills >= summary.total.runs


def test_the_same_seed_gives_the_same_ledger(sample: tuple[int, Summary]) -> None:
    """Every row of every table: ids and times come from the cycle and the venue alone."""
    _, summary = sample

    assert summary.repeated >= 10
    assert summary.differing == 0


def test_a_life_has_at_least_twelve_points(sample: tuple[int, Summary]) -> None:
    """Before and after each commit, send, cancel and query; fewer would prove less."""
    _, summary = sample

    assert summary.points >= 12


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("send-then-record", ("--faults", "none", "answer lost")),
        ("blind-resend", ("--faults", "none", "answer lost")),
    ],
)
def test_a_path_that_sends_again_is_found_out(path: str, arguments: tuple[str, ...]) -> None:
    """Two protocols that are common and wrong: a proof that passes them proves nothing."""
    code, summary = _proven(
        "--path", path, "--seeds", "1", "--points", "2", "--jobs", "1", *arguments
    )

    assert code == 1
    assert summary.total.found["duplicate"] > 0


def test_a_desk_that_does_not_wait_is_found_out() -> None:
    """One miss right after the sending proves nothing: the request may still be under way."""
    code, summary = _proven(
        "--path", "without-window", "--first-seed", "7", "--seeds", "1",
        "--faults", "late", "--points", "1", "--jobs", "1",
    )  # fmt: skip

    assert code == 1
    assert summary.total.found["unprotected"] > 0
