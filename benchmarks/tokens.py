"""
What a decision costs in words: `uv run python -m benchmarks.tokens` prints JSON.

Whole cycles of the demo, the rulebook in the models' place: what is sent with every model call,
messages and tool schemas as they stand in the request, added up for each agent. Six markets
are counted at several moments, since what is proposed is paid for once more. Characters / 3
stand for tokens; with `--encoding FILE` (a tiktoken file such as cl100k_base.tiktoken) they
are counted.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from crew.cycle import run_cycle
from crew.desk import open_desk
from crew.settings import load_settings, nested
from records.clock import FixedClock

BUSY = datetime(2026, 11, 3, 1, tzinfo=UTC)
"""Five of six markets are proposed here: the dearest of many moments."""
MOMENTS = tuple(datetime(2026, 11, 3, hour, tzinfo=UTC) for hour in (1, 4, 7, 10, 13, 16, 19, 22))
SIX = ("BTC", "ETH", "SOL", "BNB", "XRP", "DOGE")
TWENTY = (*SIX, "ADA", "AVAX", "LINK", "DOT", "LTC", "BCH", "ATOM", "UNI", "NEAR", "FIL",
          "APT", "ARB", "OP", "SUI")  # fmt: skip
TARGET_TOKENS = 9_000
_TO_A_TOKEN = 3


def main() -> None:
    """Count one, six and twenty symbols, and print what each agent was sent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true", help="print the dearest prompts on stderr")
    parser.add_argument("--encoding", type=Path, help="a tiktoken file to count with")
    given = parser.parse_args()
    count = _counter(given.encoding)
    six = [_decision(SIX, 6, count, at=at, show=given.show and at == BUSY) for at in MOMENTS]
    met = sorted((one for one in six if one["shortlist"] == 6), key=lambda one: one["tokens"])
    one, twenty = (_decision(some, 3, count, at=BUSY) for some in (TWENTY[:1], TWENTY))
    document = {
        "counted_with": given.encoding.name if given.encoding else f"characters / {_TO_A_TOKEN}",
        "six_shortlisted": {
            "moments": len(met),
            "tokens_median": statistics.median(each["tokens"] for each in met),
            "cheapest": met[0],
            "dearest": met[-1],
        },
        "watching_1": one,
        "watching_20": twenty,
        "twenty_shortlisted": _decision(TWENTY, 20, count, at=BUSY),
        "targets": {
            "tokens_of_six_shortlisted": TARGET_TOKENS,
            "watching_20_over_watching_1": [round(twenty["tokens"] / one["tokens"], 2), 2],
        },
    }
    print(json.dumps(document, indent=2))


def _decision(
    bases: tuple[str, ...],
    shortlist: int,
    count: Callable[[str], int],
    *,
    at: datetime,
    show: bool = False,
) -> dict[str, Any]:
    """One cycle whose crew looks at so many markets; volatility pauses none of them."""
    flags = nested(
        [
            f"screen.max_shortlist={shortlist}",
            "model=rulebook/bold",
            "breaker.atr_jump_pct=1000",
            f"symbols={json.dumps([f'{base}/USDT' for base in bases])}",
        ]
    )
    with tempfile.TemporaryDirectory() as folder, _counting() as sent:
        settings = load_settings(flags, env_file=None)
        with open_desk(settings, Path(folder), FixedClock(at)) as desk:
            record = run_cycle(desk, lambda *_: None)
    if show:
        for agent, text in sent:
            print(f"===== {agent}\n{text}", file=sys.stderr)
    chars: Counter[str] = Counter()
    for agent, text in sent:
        chars[agent] += len(text)
    return {
        "shortlist": len(record.shortlist),
        "proposals": len(record.proposals),
        "calls": len(sent),
        "chars_by_agent": dict(chars),
        "chars": sum(chars.values()),
        "tokens": sum(count(text) for _, text in sent),
    }


@contextmanager
def _counting() -> Iterator[list[tuple[str, str]]]:
    """Every request of the embedded model, as it would go over the wire."""
    from crew.models.embedded import RulebookLLM

    sent: list[tuple[str, str]] = []
    real = RulebookLLM.call

    def call(self: RulebookLLM, messages: Any, tools: Any = None, *rest: Any, **named: Any) -> Any:
        role = getattr(named.get("from_agent"), "role", "?")
        sent.append((role, _wire(messages) + (_json(tools) if tools else "")))
        return real(self, messages, tools, *rest, **named)

    RulebookLLM.call = call  # type: ignore[method-assign]
    try:
        yield sent
    finally:
        RulebookLLM.call = real  # type: ignore[method-assign]


def _wire(messages: Any) -> str:
    """Contents as the model reads them, and calls as they are repeated to it."""
    texts: list[str] = []
    for message in messages:
        texts.append(str(message.get("content") or ""))
        if calls := message.get("tool_calls"):
            texts.append(_json([call["function"] for call in calls]))
    return "\n".join(texts)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), default=str)


def _counter(encoding: Path | None) -> Callable[[str], int]:
    """How many tokens a text is."""
    if encoding is None:
        return lambda text: -(-len(text) // _TO_A_TOKEN)
    import tiktoken
    from tiktoken.load import load_tiktoken_bpe
    from tiktoken_ext import openai_public

    ranks = load_tiktoken_bpe(str(encoding))
    with patch.object(openai_public, "load_tiktoken_bpe", lambda *_, **__: ranks):
        found = tiktoken.Encoding(**openai_public.cl100k_base())
    return lambda text: len(found.encode(text))


if __name__ == "__main__":
    main()
