"""A transcript followed while it is written: each line once, in order, and an end."""

from collections.abc import Callable
from pathlib import Path

from crew.reading.following import Following
from crew.reading.speakers import Speakers
from crew.transcript import Transcript
from records.clock import FixedClock
from tests.crew.reading.hostile import AT


def followed(
    path: Path, steps: list[Callable[[], object]], *, agent: str | None = None
) -> list[tuple[int, str]]:
    """What is told of a file in which one step is taken each time there is nothing new."""
    left = list(steps)

    def pause(_seconds: float) -> None:
        left.pop(0)()

    following = Following(
        path, runs=lambda: bool(left), speakers=Speakers(agent, None), pause=pause
    )
    return [(entry.number, entry.kind) for entry in following.entries()]


def test_lines_are_told_as_they_appear_and_the_ending_is_the_end(tmp_path: Path) -> None:
    """Nobody has to stop the command by hand, although the process that wrote still runs."""
    path = tmp_path / "c.jsonl"
    with Transcript(path, FixedClock(AT)) as transcript:
        transcript.write("cycle", venue="demo")
        told = followed(
            path,
            [
                lambda: transcript.write("screen", shortlist=[]),
                lambda: transcript.write("ending", outcome="hold", message="m"),
                lambda: transcript.write("note"),
            ],
        )

    assert told == [(1, "cycle"), (2, "screen"), (3, "ending")]


def test_half_a_line_is_waited_for(tmp_path: Path) -> None:
    """A line is not one before it ends."""
    whole, growing = tmp_path / "whole.jsonl", tmp_path / "growing.jsonl"
    with Transcript(whole, FixedClock(AT)) as transcript:
        transcript.write("note", text="word")
    line = whole.read_bytes()
    growing.write_bytes(line[:20])

    def finish() -> None:
        with growing.open("ab") as file:
            file.write(line[20:])

    assert followed(growing, [lambda: None, finish]) == [(1, "note")]


def test_a_cycle_that_was_killed_is_followed_to_where_it_was_killed(tmp_path: Path) -> None:
    """What it wrote last is told as well, torn as it is."""
    path = tmp_path / "c.jsonl"
    with Transcript(path, FixedClock(AT)) as transcript:
        transcript.write("note")
    path.write_bytes(path.read_bytes() + b'{"n":2,"at":"20')

    assert followed(path, []) == [(1, "note"), (2, "damaged")]


def test_only_the_agent_asked_for_is_followed(tmp_path: Path) -> None:
    """By its name in agents.yaml, from its first line on, because the crew met before."""
    path = tmp_path / "c.jsonl"
    with Transcript(path, FixedClock(AT)) as transcript:
        members = [{"agent": "analyst", "role": "Market analyst", "tasks": ["technical"]}]
        transcript.write("crew", members=members)
        transcript.write("tool_call", agent="Market analyst", task="technical")
        transcript.write("tool_call", agent="Risk officer", task="verdict")
        transcript.write("ending", outcome="hold", message="m")

    assert followed(path, [], agent="analyst") == [(2, "tool_call")]
