"""
The circuit breaker over real crashes: `uv run python -m tests.real.crashes [NAME ...]`.

Prints one JSON document a stretch: every change of the breaker, where each trigger first
crossed its limit, whether a plain second computation over the same files says the same at
every step, and what whole cycles did meanwhile. Ends with code 1 when anything disagrees.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from crew.cycle import run_cycle
from crew.desk import open_desk
from crew.settings import Settings
from records.breaker import BreakerLimits, BreakerState
from records.clock import FixedClock, epoch_ms
from records.cycle import CycleRecord
from records.interval import interval_ms
from records.ports import MarketRequest
from tests.real.plain_breaker import Candles, Plain
from tests.real.replay import replay_settings
from tests.real.stretches import FOLDER, STRETCHES, Stretch
from tools.exchange.replay import ReplayMarket
from tools.risk.breaker import evaluate
from tools.risk.triggers import VOLUME

LIMITS = BreakerLimits()
NO_HALT = {
    "risk": {
        f"max_{name}_pct": 100 for name in ("day_loss", "week_loss", "month_loss", "drawdown")
    },
    "protections": {"stop_guard_count": 0, "drawdown_pct": 0},
}
"""A desk that is halted by its losses does not look at the market at all; here it has to."""


def main() -> None:
    """Run all stretches, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=", ".join(s.name for s in STRETCHES)
    )
    parser.add_argument("--no-cycles", action="store_true", help="the breaker alone")
    asked = parser.parse_args()
    wrong: list[str] = []
    for stretch in STRETCHES:
        if not asked.names or stretch.name in asked.names:
            states = judged(stretch)
            found = summary(stretch, states)
            if not asked.no_cycles:
                with tempfile.TemporaryDirectory() as home:
                    found["cycles"] = cycled(stretch, states, Path(home))
            print(json.dumps(found, indent=2), flush=True)
            wrong += problems(stretch, found)
    sys.exit("\n".join(wrong) or 0)


def problems(stretch: Stretch, found: dict[str, Any]) -> list[str]:
    """What this stretch should not have shown."""
    late = [one["trigger"] for one in found["first_crossed"] if abs(one["candles_apart"]) > 1]
    triggered = "TRIGGERED" in found["statuses"]
    checks = {
        "the plain computation disagrees": found["disagrees_at"],
        f"first seen more than a candle away: {late}": late,
        "triggered, and should not" if triggered else "did not trigger": (
            triggered != stretch.triggers
        ),
        "cycles": [k for k, v in found.get("cycles", {}).items() if k.startswith("bad_") and v],
    }
    return [f"{stretch.name}: {what}" for what, wrong in checks.items() if wrong]


def judged(stretch: Stretch) -> list[BreakerState]:
    """The breaker at every close, restarted each time."""
    clock = FixedClock(stretch.times[0])
    market = ReplayMarket([stretch.path(symbol) for symbol in stretch.symbols], clock)
    request = MarketRequest(symbols=stretch.symbols, intervals=stretch.intervals, candles=600)
    states: list[BreakerState] = []
    for _ in stretch.times:
        before = BreakerState.model_validate_json(states[-1].model_dump_json()) if states else None
        seen = market.observe(request)
        states.append(evaluate(seen, before, LIMITS, watched=stretch.symbols))
        clock.advance(seconds=stretch.step.total_seconds())
    return states


def summary(stretch: Stretch, states: Sequence[BreakerState]) -> dict[str, Any]:
    """What the breaker did, beside what the files say."""
    plain = plainly(stretch)
    times = [epoch_ms(at) for at in stretch.times]
    expected = plain.follow(times)
    pairs = zip(stretch.times, states, expected, strict=True)
    return {
        "name": stretch.name,
        "from": stretch.start,
        "to": stretch.end,
        "candles": stretch.interval,
        "markets": stretch.symbols,
        "evaluations": len(states),
        "statuses": dict(Counter(state.status for state in states)),
        "disagrees_at": [_shown(at) for at, state, status in pairs if state.status != status],
        "first_crossed": crossings(stretch, states, plain),
        "largest": largest(stretch, states),
        "transitions": transitions(stretch, states),
    }


def plainly(stretch: Stretch) -> Plain:
    """The second computation over the same files."""
    minutes = interval_ms(stretch.interval) // 60_000
    files = {symbol: Candles.read(stretch.path(symbol), minutes) for symbol in stretch.symbols}
    return Plain(files, float(LIMITS.volume_drop_pct))


def transitions(stretch: Stretch, states: Sequence[BreakerState]) -> list[dict[str, Any]]:
    """Every change of status, and every trigger that came to one that stood."""
    changes, last = [], None
    for at, state in zip(stretch.times, states, strict=True):
        if (state.status, state.since) != last:
            changes.append({"at": _shown(at), "status": state.status, "reasons": state.reasons})
        last = (state.status, state.since)
    return changes


def crossings(
    stretch: Stretch, states: Sequence[BreakerState], plain: Plain
) -> list[dict[str, Any]]:
    """When each trigger first tripped, and when the files first cross its limit."""
    seen: dict[str, datetime] = {}
    crossed: dict[str, datetime] = {}
    for at, state in zip(stretch.times, states, strict=True):
        for reading in state.triggered_by:
            seen.setdefault(reading.trigger, at)
        for name, fall, limit in plain.falls_pct(epoch_ms(at)):
            if fall >= limit:
                crossed.setdefault(name, at)
        if plain.volume_fall_pct(epoch_ms(at)) >= plain.volume_drop_pct:
            crossed.setdefault(VOLUME, at)
    never = stretch.times[-1] + 1000 * stretch.step
    return [
        {
            "trigger": name,
            "breaker": _shown(seen[name]) if name in seen else None,
            "files": _shown(crossed[name]) if name in crossed else None,
            "candles_apart": (seen.get(name, never) - crossed.get(name, never)) // stretch.step,
        }
        for name in sorted(seen.keys() | crossed.keys())
    ]


def largest(stretch: Stretch, states: Sequence[BreakerState]) -> dict[str, str]:
    """The largest figure of each trigger, and when it was measured."""
    found: dict[str, tuple[Any, datetime]] = {}
    for at, state in zip(stretch.times, states, strict=True):
        for reading in state.readings:
            if reading.value > found.get(reading.trigger, (-1, at))[0]:
                found[reading.trigger] = (reading.value, at)
    return {name: f"{value:.2f} % at {_shown(at)}" for name, (value, at) in found.items()}


def cycled(stretch: Stretch, states: Sequence[BreakerState], home: Path) -> dict[str, Any]:
    """Whole cycles through the same time; what begins with bad_ must be empty or nothing."""
    began = perf_counter()
    with open_desk(_settings(stretch), home) as desk:
        records = [run_cycle(desk, lambda _text: None) for _ in stretch.times]
    closed = [r for r in records if r.breaker is not None and r.breaker.status == "TRIGGERED"]
    half = [r for r in records if r.breaker is not None and r.breaker.status == "RECOVERING"]
    pairs = list(zip(stretch.times, states, records, strict=True))
    return {
        "cycles": len(records),
        "seconds": round(perf_counter() - began, 1),
        "outcomes": dict(Counter(f"{r.outcome} {r.hold_reason or ''}".strip() for r in records)),
        "entries": sum(map(_entries, records)),
        "triggered": len(closed),
        "recovering": len(half),
        "model_calls": sum(r.model.calls for r in records),
        "bad_entries_while_triggered": sum(map(_entries, closed)),
        "bad_model_calls_while_triggered": sum(r.model.calls for r in closed),
        "bad_exit_codes": [r.cycle_id for r in records if r.exit_code],
        "bad_status_differs_at": [
            _shown(at)
            for at, state, r in pairs
            if r.started_at != at or r.breaker is None or r.breaker.status != state.status
        ],
    }


def _settings(stretch: Stretch) -> Settings:
    shipped = replay_settings(stretch.start).model_dump()
    files = [f"{FOLDER}/{stretch.path(symbol).name}" for symbol in stretch.symbols]
    chosen = NO_HALT | {"replay": {"files": files, "step": stretch.interval}}
    sections = {name: shipped[name] | values for name, values in chosen.items()}
    markets = {"symbols": stretch.symbols, "intervals": stretch.intervals}
    return Settings.model_validate(shipped | sections | markets)


def _entries(record: CycleRecord) -> int:
    return sum(order.intent.role == "entry" for order in record.orders)


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%MZ}"


if __name__ == "__main__":
    main()
