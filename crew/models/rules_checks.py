"""
The officer's rules, one small function each; every answer names the figure and its bound.

A rule says veto, shrink or pass, or nothing where it does not apply (a spot market has
no funding). A figure a rule cannot do without counts as a veto when it is missing.
Bounds come from `get_limits` where the desk has one, else from the temperament.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal as D
from types import MappingProxyType

from crew.models.rules_case import Case
from crew.models.rules_figures import is_up, short
from records.verdict import Decision

_LEAST_CONVICTION = D("0.25")
_LEAST_LESSONS = 3
_LEAST_TOUCHES = 2
_SMALLEST_SHARE = D("0.25")
"""A trade that only fits to less than this share is not worth its fees."""
_HOUR_MS = D(3_600_000)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says; `approve` means that the rule is kept."""

    decision: Decision
    text: str
    max_quantity: D | None = None
    max_leverage: int | None = None


Rule = Callable[[Case], Finding | None]


def _bounded(figure: str, breaks: bool, bound: str) -> Finding:
    return Finding("veto" if breaks else "approve", f"{figure} {_side(breaks)} {bound}")


def _side(breaks: bool) -> str:
    return "breaks" if breaks else "keeps"


def _unknown(name: str) -> Finding:
    return Finding("veto", f"no evidence, {name} is missing")


def _halved(case: Case, figure: str, bound: str) -> Finding:
    half = case.quantity / 2 if case.quantity is not None else None
    return Finding("shrink", f"{figure} breaks {bound}, half the size", max_quantity=half)


def evidence(case: Case) -> Finding | None:
    """What was asked and could not be read is a reason to stay out."""
    if not case.gaps:
        return None
    return Finding("veto", f"no evidence, 0 usable answers from {', '.join(case.gaps)}")


def breaker(case: Case) -> Finding:
    """No new exposure unless the circuit breaker is SAFE, or recovers (then sizes are smaller)."""
    status = case.breaker.text("status")
    if status not in ("SAFE", "WARNING", "TRIGGERED", "RECOVERING"):
        return _unknown("the breaker's status")
    measured = _worst_reading(case)
    return _bounded(
        f"status {status}{measured}", status not in ("SAFE", "RECOVERING"), "SAFE or RECOVERING"
    )


def _worst_reading(case: Case) -> str:
    """The figure that is nearest to its limit, which the tool prints first."""
    read = [
        (row.text("trigger"), row.number("value"), row.number("limit")) for row in case.breaker_rows
    ]
    known = [(name, v, limit) for name, v, limit in read if v is not None and limit is not None]
    if not known:
        return ""
    name, value, limit = known[0]
    return f" ({name} {short(value)} of {short(limit)})"


def halt(case: Case) -> Finding | None:
    """A halted desk opens nothing."""
    if case.halted is None:
        return _unknown("halted")
    return Finding("veto", "halted true breaks halted false") if case.halted else None


def spread(case: Case) -> Finding:
    """A wide book costs more than the trade may earn."""
    value, bound = case.market.number("spread_pct"), case.limits.number("max_spread_pct")
    if value is None or bound is None:
        return _unknown("spread_pct or max_spread_pct")
    return _bounded(f"spread_pct {short(value)}", value > bound, f"max_spread_pct {short(bound)}")


def stop_distance(case: Case) -> Finding:
    """A stop is needed, on the losing side, neither in the noise nor out of reach."""
    distance = case.stop_distance_pct
    least, most = case.limits.number("min_stop_pct"), case.limits.number("max_stop_pct")
    if distance is None or least is None or most is None:
        return _unknown("the stop, its price or its bounds")
    bound = f"min_stop_pct {short(least)} to max_stop_pct {short(most)}"
    return _bounded(f"stop distance {short(distance)} %", not least <= distance <= most, bound)


def reward_risk(case: Case) -> Finding:
    """The target must pay for the risk."""
    value, bound = case.reward_risk, case.limits.number("min_reward_risk")
    if value is None or bound is None:
        return _unknown("the reward over risk or min_reward_risk")
    return _bounded(f"reward/risk {short(value)}", value < bound, f"min_reward_risk {short(bound)}")


def size(case: Case) -> Finding:
    """What the risk rule sized to nothing is not traded."""
    if case.quantity is None:
        return _unknown("the sized quantity")
    return _bounded(f"quantity {short(case.quantity, 8)}", case.quantity <= 0, "more than 0")


def held(case: Case) -> Finding | None:
    """One position for each market. Source: domain.md, Risk."""
    if not case.held:
        return None
    quantity = case.held.number("quantity")
    shown = "unknown" if quantity is None else short(quantity, 8)
    return Finding("veto", f"position of {shown} already held breaks 1 position per market")


def leverage(case: Case) -> Finding | None:
    """Leverage above the desk's is cut to the desk's."""
    bound, asked = case.limits.number("max_leverage"), case.proposal.draft.leverage
    if bound is None or asked <= bound or bound < 1:
        return None
    text = f"leverage {asked} breaks max_leverage {short(bound)}, cut to it"
    return Finding("shrink", text, max_leverage=int(bound))


def funding(case: Case) -> Finding | None:
    """High funding on our side means that the trade is crowded."""
    value = case.market.number("funding_rate_pct")
    if value is None:
        return None
    bound = case.temperament.max_funding_pct
    side = "" if case.sign > 0 else "-"
    return _bounded(
        f"funding_rate_pct {short(value, 6)}", value * case.sign > bound, f"{side}{bound} (crowded)"
    )


def overbought(case: Case) -> Finding | None:
    """Nothing is bought late in a larger move (nor sold late, mirrored at 50)."""
    if len(case.frames) < 2:
        return None
    name, value = case.frames[1].named("rsi_14")
    if value is None:
        return None
    bound = 50 + (case.temperament.overbought_rsi - 50) * case.sign
    return _bounded(
        f"{name} {short(value, 2)}", (value - bound) * case.sign > 0, f"{bound} (exhausted)"
    )


def volatility(case: Case) -> Finding | None:
    """
    Half the size when the decision frame is wild, none when it is far too wild.

    Hourly bounds are scaled to the frame. Source: square-root-of-time rule of volatility.
    """
    if not case.frames:
        return None
    name, value = case.frames[0].named("atr_pct_14")
    if value is None:
        return None
    scale = (D(case.frames[0].length_ms) / _HOUR_MS).sqrt()
    shrink_at = case.temperament.shrink_atr_pct_1h * scale
    veto_at = case.temperament.veto_atr_pct_1h * scale
    if shrink_at < value <= veto_at:
        return _halved(case, f"{name} {short(value)}", short(shrink_at))
    return _bounded(f"{name} {short(value)}", value > veto_at, short(max(shrink_at, veto_at)))


def technical(case: Case) -> Finding | None:
    """The technical reader must be on the same side."""
    if case.views.technical is None:
        return None
    value = D(str(case.views.technical.conviction)) * case.sign
    return _bounded(
        f"technical conviction {short(value * case.sign)}",
        value < _LEAST_CONVICTION,
        f"{_LEAST_CONVICTION * case.sign} on our side",
    )


def larger_trend(case: Case) -> Finding | None:
    """Nothing is opened against the trend of the next larger frame."""
    if len(case.frames) < 2 or (up := is_up(case.frames[1])) is None:
        return None
    (_, close), (name, slow) = (case.frames[1].named(one) for one in ("close", "ema_50"))
    against = up is (case.sign < 0)
    shown = f"close {short(close or D(0), 8)} {'above' if up else 'below'} {name}"
    return _bounded(shown, against, f"its side of {short(slow or D(0), 8)}")


def chart_trend(case: Case) -> Finding | None:
    """Nothing is opened against the trend of the chart."""
    trend = case.chart.text("trend") or (case.views.chart.trend if case.views.chart else "")
    if trend not in ("up", "down", "range"):
        return None
    against = trend == ("down" if case.sign > 0 else "up")
    slope = case.chart.number("slope_pct_per_bar")
    measured = "" if slope is None else f" ({short(slope)} % per bar)"
    return _bounded(f"chart trend {trend}{measured}", against, "a trend not against us")


def sentiment(case: Case) -> Finding | None:
    """Nothing is opened against clearly bad news."""
    if case.views.sentiment is None:
        return None
    value, bound = D(str(case.views.sentiment.score)), case.temperament.veto_sentiment * case.sign
    return _bounded(
        f"news score {short(value)}", (value - bound) * case.sign <= 0, f"the bound {bound}"
    )


def chart_room(case: Case) -> Finding | None:
    """Before the next level there must be room for a part of the risk taken."""
    distance, risk = _level_distance_pct(case), case.stop_distance_pct
    if distance is None or risk is None:
        return None
    needed = risk * case.temperament.room_to_level
    name = "resistance" if case.sign > 0 else "support"
    return _bounded(
        f"{name} {short(distance)} % away",
        distance < needed,
        f"{short(needed)} % ({case.temperament.room_to_level} stop distances)",
    )


def _level_distance_pct(case: Case) -> D | None:
    """Distance to the level in the trade's way; None without one that held at least twice."""
    name = "resistance" if case.sign > 0 else "support"
    touches = case.chart.number(f"{name}_touches")
    if touches is not None and touches < _LEAST_TOUCHES:
        return None
    view = case.views.chart
    seen = getattr(view, name) if view is not None else None
    level = case.chart.number(name) if case.chart else seen
    if level is None or case.price is None or level <= 0:
        return None
    distance = (level - case.price) * case.sign / case.price * 100
    return distance if distance > 0 else None


def positions(case: Case) -> Finding:
    """A desk with all its positions open opens no other."""
    left = case.room.positions_left
    if left is None:
        return _unknown("positions_left")
    return _bounded(f"positions_left {short(left)}", left < 1, "at least 1")


def exposure(case: Case) -> Finding | None:
    """What is left of total exposure bounds the size; a sliver is not worth its fees."""
    left = case.room.exposure_left
    if left is None:
        return _unknown("exposure_left")
    if not case.quantity or case.price is None:
        return None
    notional = case.quantity * case.price
    figure, bound = f"exposure_left {short(left, 2)}", f"the notional {short(notional, 2)}"
    if left >= notional:
        return _bounded(figure, False, bound)
    if left < notional * _SMALLEST_SHARE:
        return _bounded(figure, True, f"a quarter of {bound}")
    return Finding("shrink", f"{figure} breaks {bound}, cut to fit", max_quantity=left / case.price)


def lessons(case: Case) -> Finding | None:
    """Half the size where three or more past trades in like situations lost on average."""
    traded, mean_pct = case.lessons.number("traded"), case.lessons.number("mean_pct")
    if traded is None or traded < _LEAST_LESSONS or mean_pct is None:
        return None
    figure = f"{short(traded)} like trades with mean_pct {short(mean_pct)} %"
    bound = f"{case.temperament.losing_mean_pct} %"
    if mean_pct < case.temperament.losing_mean_pct:
        return _halved(case, figure, bound)
    return _bounded(figure, False, bound)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.__name__: rule
        for rule in (
            evidence,
            breaker,
            halt,
            spread,
            reward_risk,
            technical,
            larger_trend,
            chart_trend,
            chart_room,
            funding,
            overbought,
            volatility,
            sentiment,
            stop_distance,
            size,
            held,
            positions,
            exposure,
            leverage,
            lessons,
        )
    }
)
"""In the order in which a verdict cites them."""
