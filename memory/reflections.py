"""
What a lesson says in one sentence, from its figures alone.

No word of a model, a feed or a person is read here: the sentence may stand in a prompt.
"""

from collections.abc import Mapping
from decimal import Decimal

from records.lesson import Lesson

_NOISE_PCT = Decimal("0.05")
"""A price this near to where it was has gone nowhere."""


def better(lesson: Lesson) -> str:
    """What would have made more, after fees; empty when nothing known would have."""
    ways = {f"leaving after {h} h": p for h, p in lesson.horizon_pct.items() if p is not None}
    if lesson.kind != "traded":
        done = Decimal(0)
        if lesson.pnl_pct is not None:
            ways["entering as proposed"] = lesson.pnl_pct
    elif lesson.pnl_pct is None:
        return ""
    else:
        done = lesson.pnl_pct
        ways["not entering"] = Decimal(0)
    best = max(ways, key=lambda way: ways[way], default=None)
    return f"{best}: {ways[best]:+.1f} %" if best is not None and ways[best] > done else ""


def reflection(lesson: Lesson, moves_pct: Mapping[int, Decimal]) -> str:
    """One sentence; `moves_pct` is how far the price went the proposal's way, by hours."""
    if lesson.pnl_pct is None:
        return "Nothing is known of how it would have ended."
    after = f" after {lesson.holding_s // 60} min" if lesson.holding_s is not None else ""
    if lesson.kind == "traded":
        said = f"It made {lesson.pnl_pct:+.1f} %{after}"
    elif lesson.pnl_pct > 0:
        said = f"Not entering missed {lesson.pnl_pct:+.1f} %"
    else:
        said = f"Not entering spared {lesson.pnl_pct:+.1f} %"
    return f"{said}{_went(moves_pct)}"


def _went(moves_pct: Mapping[int, Decimal]) -> str:
    if not moves_pct:
        return "."
    hours = max(moves_pct)
    move = moves_pct[hours]
    if abs(move) < _NOISE_PCT:
        return f"; {hours} h after the proposal the price stood where it was."
    way = "its way" if move > 0 else "against it"
    return f"; {hours} h after the proposal the price was {abs(move):.1f} % {way}."
