"""What a model's embedding found is told again; nobody is asked, and no later lesson is told."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from crew.cycle import run_cycle
from crew.recalls import KeptRecalls, Recall, Recalls, ToldRecalls
from crew.recording import recorded_recalls
from crew.replay import replay_cycle
from crew.what_if.change import Change
from records.clock import FixedClock
from records.errors import SettingsError
from records.lesson import Lesson
from tests.crew.desks import a_desk, settings
from tests.crew.test_cycle import BUSY, SIX
from tests.crew.test_recorded_cycle import no_network
from tests.crew.what_if.histories import asked
from tests.embedding_server import EmbeddingServer, embedding_server
from tests.memory.test_lessons import LATER, LONG, ids, lesson

ROWS = [lesson(number).model_copy(update={"thesis": "A stranger's."}) for number in (1, 2, 3)]


class Fixed:
    """Remembers the same lessons whatever is asked."""

    def __init__(self, *lessons: Lesson) -> None:
        self.lessons = lessons

    def recall(self, *_asked: object) -> tuple[Lesson, ...]:
        return self.lessons


def lessons_of(wanted: object) -> list[Lesson]:
    return [one for one in ROWS if one.lesson_id in wanted]  # type: ignore[operator]


def kept(*found: Lesson) -> Recalls:
    """What is kept of one question that found these."""
    told = list[Recalls]()
    KeptRecalls(Fixed(*found), told.append).recall(LONG, ["BTC/USDT"], LATER, 5)
    return told[-1]


def test_one_cycle_has_one_answer_though_the_embedding_fails_in_between() -> None:
    """Three tasks ask the same; a recording that tells another answer than was given is none."""
    memory, told = Fixed(), list[Recalls]()
    both = KeptRecalls(memory, told.append)
    first = both.recall(LONG, ["BTC/USDT"], LATER, 5)
    memory.lessons = tuple(ROWS)
    second = both.recall(LONG, ["BTC/USDT"], LATER, 5)

    assert first == second == ()
    assert [one.lesson_ids for one in told[-1].recalls] == [()]
    assert len(both.recall("another", ["BTC/USDT"], LATER, 5)) == 3


@pytest.mark.parametrize("lesson_ids", [("l1", "l1"), ("l1", "l2", "l3")])
def test_an_edited_answer_cannot_tell_more_than_was_asked_for(lesson_ids: tuple[str, ...]) -> None:
    """One lesson five hundred times would be a base rate of a stranger's choice."""
    with pytest.raises(ValueError, match="more lessons than were asked for"):
        Recall(situation=LONG, symbols=("BTC/USDT",), limit=2, lesson_ids=lesson_ids)


def test_the_same_question_finds_the_same_lessons_in_their_order() -> None:
    """Without a word that others wrote, which the index does not hold either."""
    told = ToldRecalls(kept(ROWS[2], ROWS[0]), lessons_of)
    found = told.recall(LONG, ["BTC/USDT"], LATER, 5)

    assert ids(found) == [3, 1]
    assert {one.thesis for one in found} == {""}


@pytest.mark.parametrize(
    ("situation", "symbol", "limit"),
    [("another", "BTC/USDT", 5), (LONG, "ETH/USDT", 5), (LONG, "BTC/USDT", 4)],
)
def test_to_another_question_nothing_is_told(situation: str, symbol: str, limit: int) -> None:
    """What nobody asked then, nobody knows now."""
    told = ToldRecalls(kept(*ROWS), lessons_of)

    assert told.recall(situation, [symbol], LATER, limit) == ()


def test_no_lesson_of_a_later_time_and_no_unknown_one_is_told() -> None:
    """A recording is a file; whoever edits it cannot show the future."""
    told = ToldRecalls(kept(*ROWS, lesson(99)), lessons_of)

    assert ids(told.recall(LONG, ["BTC/USDT"], ROWS[1].learned_at, 5)) == [1]


def by_model(server: EmbeddingServer) -> tuple[str, ...]:
    return (
        *SIX, "record=true", "memory.horizons_h=[1]", "memory.embedding=openai",
        f"llm.base_url={server.base_url}",
    )  # fmt: skip


@pytest.fixture(scope="module")
def remembered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, tuple[str, ...]]:
    """A state folder, and a cycle of it whose crew was told of lessons."""
    home = tmp_path_factory.mktemp("remembered")
    clock = FixedClock(BUSY + timedelta(hours=18))
    with pytest.MonkeyPatch.context() as patch, embedding_server() as server:
        patch.setenv("OPENAI_API_KEY", "sk-test-not-a-real-key")
        wanted = by_model(server)
        with a_desk(home, *wanted, at=clock) as desk:
            for _ in range(8):
                cycle_id = run_cycle(desk, print).cycle_id
                found = recorded_recalls(home / "recordings" / cycle_id, settings(*wanted))
                if found is not None and any(one.lesson_ids for one in found.recalls):
                    break
                clock.advance(hours=1)
        assert server.asked
    return home, cycle_id, wanted


def test_a_cycle_that_remembered_by_a_model_replays_without_one(
    remembered: tuple[Path, str, tuple[str, ...]],
) -> None:
    """The same lessons in the same prompts, with the network gone."""
    home, cycle_id, wanted = remembered
    found = recorded_recalls(home / "recordings" / cycle_id, settings(*wanted))

    assert found is not None
    assert any(one.lesson_ids for one in found.recalls)
    with no_network(), a_desk(home, *wanted, at=BUSY) as desk:
        assert replay_cycle(desk, cycle_id) == ()


def test_what_if_embeds_nothing_anew(remembered: tuple[Path, str, tuple[str, ...]]) -> None:
    """All lessons of a desk, embedded again for every cycle, is a bill that nobody agreed to."""
    home, _, wanted = remembered
    with no_network():
        found = asked(home, Change(), *wanted)

    assert (found.flips, found.asked, found.unanswered) == (0, 0, ())


def test_damaged_recalls_are_told_of(remembered: tuple[Path, str, tuple[str, ...]]) -> None:
    """Not taken for a cycle that remembered nothing."""
    home, cycle_id, wanted = remembered
    file = home / "recordings" / cycle_id / "recalls.json"
    whole = file.read_bytes()
    file.write_bytes(whole[:-9])
    try:
        with a_desk(home, *wanted, at=BUSY) as desk, pytest.raises(SettingsError, match="recalls"):
            replay_cycle(desk, cycle_id)
    finally:
        file.write_bytes(whole)


def test_what_was_kept_is_paid_for_by_nobody_when_it_is_gone(
    remembered: tuple[Path, str, tuple[str, ...]], tmp_path: Path
) -> None:
    """The prompts then differ; with models that cost something that is no answer, not a bill."""
    _, cycle_id, wanted = remembered
    home = Path(shutil.copytree(remembered[0], tmp_path / "home"))
    (home / "recordings" / cycle_id / "recalls.json").unlink()
    with no_network():
        found = asked(home, Change(), *wanted)

    assert found.asked > 0  # of the rulebook, free


def test_memory_can_be_left_out_and_not_looked_up_otherwise(
    remembered: tuple[Path, str, tuple[str, ...]],
) -> None:
    """A false "nothing differs" is worse than a refusal."""
    home, _, wanted = remembered
    with no_network():
        assert asked(home, Change(settings={"memory": {"enabled": False}}), *wanted).asked > 0
        for name, value in (("half_life_days", 1), ("max_lessons", 10)):
            with pytest.raises(SettingsError, match=f"memory.{name} cannot be changed"):
                asked(home, Change(settings={"memory": {name: value}}), *wanted)


def test_our_own_embedding_is_asked_again(tmp_path: Path) -> None:
    """It costs nothing, and a replay that looks up anew proves what it remembers."""
    with a_desk(tmp_path, *SIX, "record=true", at=BUSY) as desk:
        cycle_id = run_cycle(desk, print).cycle_id

    assert recorded_recalls(tmp_path / "recordings" / cycle_id, settings(*SIX)) is None


def test_a_file_that_our_own_embedding_never_wrote_is_refused(tmp_path: Path) -> None:
    """Else whoever adds one decides what was remembered, and that prompts are asked anew."""
    with a_desk(tmp_path, *SIX, "record=true", at=BUSY) as desk:
        cycle_id = run_cycle(desk, print).cycle_id
        (tmp_path / "recordings" / cycle_id / "recalls.json").write_text('{"recalls":[]}')

        with pytest.raises(SettingsError, match="was not written by this recording"):
            replay_cycle(desk, cycle_id)
    (one,) = asked(tmp_path, Change(), *SIX).unanswered
    assert "was not written by this recording" in one.why
