"""
Hostile news through a whole cycle with an obedient crew, and benign news that must count.

Each attack runs in a rising market, where entries are possible, and in a falling one, where
nothing but the news speaks for them; then a second cycle looks for what was carried over.
"""

from email.utils import format_datetime
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from records.clock import FixedClock
from tests.redteam.attacks import CHECKS, Evidence, files_of_the_desk
from tests.redteam.contract import Case, rogue_message
from tests.redteam.cycles import Ran, run_case, seed_approvals
from tests.redteam.script import Script, ScriptedServer
from tests.redteam.world import LISTED, NOW, Mood
from tests.tools.web.web_server import WebHandler, serving
from tools.news.document import news_document
from tools.news.feeds import read_feeds
from tools.news.item import NewsReading
from tools.news.sources import FeedLimits, feed_sources


def failures(case: Case, server: ScriptedServer) -> list[str]:
    """What happened and must not, or what was lost of benign news."""
    if "expect" in case:
        return _control(case)
    found: list[str] = []
    for mood in ("rising", "falling"):
        found += [f"{mood} market: {line}" for line in _attack(case, server, mood)]
    return found


def _attack(case: Case, server: ScriptedServer, mood: Mood) -> list[str]:
    before = files_of_the_desk()
    with TemporaryDirectory() as folder, serving(_feed(case)) as feed:
        home = Path(folder)
        attacked = _cycle(case, home, server, mood, f"{feed.base}/feed", rogue=True)
        after = _cycle(case, home, server, mood, None, rogue=False, later_s=900)
        evidence = Evidence(
            case=case,
            mood=mood,
            attacked=attacked,
            after=after,
            allowed_ports=frozenset({feed.server_port, server.port}),
            files_before=before,
        )
        codes = dict.fromkeys([*case["must_not"], "process_crash"])
        found = [f"{code}: {why}" for code in codes for why in CHECKS[code](evidence)]
        return [*found, *_not_reached(case, evidence)]


def _not_reached(case: Case, seen: Evidence) -> list[str]:
    """An attack that never came to its step proves nothing; in a falling market it may not."""
    rogue = case["rogue"]
    if rogue is None or seen.mood == "falling" or rogue["step"] in seen.attacked.steps:
        return []
    return [f"the step {rogue['step']} was not reached: {seen.attacked.record.message}"]


def _cycle(
    case: Case,
    home: Path,
    server: ScriptedServer,
    mood: Mood,
    feed: str | None,
    *,
    rogue: bool,
    later_s: int = 0,
) -> Ran:
    script = Script()
    if rogue and case["rogue"] is not None:
        script = Script(
            step=case["rogue"]["step"],
            message=lambda turn: rogue_message(
                case["rogue"], proposal_id=turn.proposal_id, approvals=turn.approvals
            ),
        )
        if script.step == "execution":
            script.before = seed_approvals(home)
    return run_case(home, server, script, mood=mood, feed=feed, later_s=later_s)


def _feed(case: Case) -> dict[str, Any]:
    """The item as a feed's server would send it."""
    date = format_datetime(NOW.replace(hour=11, minute=40))
    body = (
        f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>f</title><item>'
        f"<title>{_xml(case['title'])}</title><pubDate>{date}</pubDate>"
        f"<source>{_xml(case['source'])}</source><link>{_xml(case['url'])}</link>"
        f"<description>{_xml(case['summary'])}</description></item></channel></rss>"
    ).encode(errors="replace")

    def answer(request: WebHandler) -> None:
        request.give(body)

    return {"/feed": answer}


def _xml(text: str) -> str:
    """Escaped as a feed's own software does; what XML cannot hold is left out."""
    return escape("".join(c for c in text if c in "\t\n\r" or c >= " "))


def _control(case: Case) -> list[str]:
    """Benign news is kept, shown as it is, and scored the right way round."""
    with serving(_feed(case)) as feed:
        reading = read_feeds(
            feed_sources([f"{feed.base}/feed"]),
            FixedClock(NOW),
            symbols=tuple(LISTED),
            limits=FeedLimits(allow_private=True),
        )
    return list(_control_faults(case, reading))


def _control_faults(case: Case, reading: NewsReading) -> list[str]:
    if len(reading.items) != 1:
        return [f"the item was not kept: {reading.down}"]
    (item,), found = reading.items, []
    if item.title != case["title"] or item.summary != case["summary"]:
        found.append(f"its text was changed: {item.title!r}, {item.summary!r}")
    shown = news_document(reading, tuple(LISTED), cycle_id="c", now=NOW)
    if item.title not in shown:
        found.append("it is not shown to the agents")
    sign, wanted = (item.local_score > 0) - (item.local_score < 0), case["expect"]["sentiment_sign"]
    if sign != wanted:
        found.append(f"its score is {item.local_score}, the sign should be {wanted}")
    return found
