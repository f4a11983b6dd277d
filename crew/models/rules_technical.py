"""
The technical view of a market: indicators to one conviction, each step with its figure.

Points are the same for every temperament; what differs is how much conviction each of
them asks for. A frame that is missing adds nothing, and no frame at all is neutral.
Source: domain.md, Strategies (momentum, mean reversion, signal strength).
"""

from collections.abc import Iterator
from decimal import Decimal as D

from crew.models.rules_figures import Frame, Row, frames_for, is_up, short, signal_for
from crew.models.rules_prompt import Prompt
from records.reports import TechnicalReport, TechnicalView

Point = tuple[D, str]
"""How much a fact speaks for buying, and the fact with its figure."""

_BIAS_FROM = D("0.25")
_WEAK_ADX = D(15)


def technical_report(prompt: Prompt) -> TechnicalReport:
    """One view for each market of the shortlist."""
    return TechnicalReport(views=tuple(_view(prompt, symbol) for symbol in prompt.shortlist))


def _view(prompt: Prompt, symbol: str) -> TechnicalView:
    frames = frames_for(prompt, symbol)
    points = [*_signal(signal_for(prompt, symbol))] if frames else []
    if frames:
        points += [*_decision_frame(frames[0]), *_larger_frames(frames[1:])]
    conviction = max(D(-1), min(D(1), sum((points_of for points_of, _ in points), D(0))))
    reasons = [fact for _, fact in sorted(points, key=lambda point: -abs(point[0]))]
    if frames and (weak := _weak_trend(frames[0])):
        conviction *= D("0.7")
        reasons.insert(0, weak)
    return TechnicalView(
        symbol=symbol,
        bias=_bias(conviction),
        conviction=round(float(conviction), 3),
        reasons=tuple(reasons[:5]) or ("No usable indicators this cycle, so no view.",),
    )


def _bias(conviction: D) -> str:
    if conviction >= _BIAS_FROM:
        return "bullish"
    return "bearish" if conviction <= -_BIAS_FROM else "neutral"


def _signal(row: Row) -> Iterator[Point]:
    strength, action = row.number("strength"), row.text("action")
    if strength is None or not 0 <= strength <= 5:
        return
    sign = {"buy": D(1), "sell": D(-1)}.get(action, D(0))
    if action in ("buy", "sell", "hold"):
        yield sign * strength * D("0.08"), f"signal {action} with strength {short(strength)} of 5"


def _decision_frame(frame: Frame) -> Iterator[Point]:
    yield from _trend(frame, D("0.15"))
    yield from _macd(frame)
    yield from _rsi(frame)


def _larger_frames(frames: list[Frame]) -> Iterator[Point]:
    for frame in frames:
        yield from _trend(frame, D("0.25") / len(frames))


def _trend(frame: Frame, weight: D) -> Iterator[Point]:
    up = is_up(frame)
    fast, slow = frame.row.number("ema_20"), frame.row.number("ema_50")
    if up is None or fast is None or slow is None:
        return
    words = "above" if up else "below"
    fact = f"{frame.interval} close and ema_20 {short(fast)} {words} ema_50 {short(slow)}"
    yield weight if up else -weight, fact


def _macd(frame: Frame) -> Iterator[Point]:
    name, value = frame.named("macd_hist")
    if value is not None and value != 0:
        yield D("0.1").copy_sign(value), f"{name} {short(value, 8)}"


def _rsi(frame: Frame) -> Iterator[Point]:
    """Momentum between 50 and 70, exhausted above 75, an extreme below 20."""
    name, value = frame.named("rsi_14")
    if value is None:
        return
    if value > 75:
        yield D("-0.15"), f"{name} {short(value, 2)}: overbought"
    elif value < 20:
        yield D("0.1"), f"{name} {short(value, 2)}: extreme low"
    elif 50 <= value <= 70:
        yield D("0.1"), f"{name} {short(value, 2)}: momentum zone"
    elif value < 45:
        yield D("-0.1"), f"{name} {short(value, 2)}: weak"


def _weak_trend(frame: Frame) -> str | None:
    name, value = frame.named("adx_14")
    if value is None or value >= _WEAK_ADX:
        return None
    return f"{name} {short(value, 2)} is below {_WEAK_ADX}: no trend, conviction cut to 70 %"
