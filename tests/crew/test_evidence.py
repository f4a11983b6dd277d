"""What a situation is remembered by, whichever strategy leads."""

from crew.evidence import situations
from tests.tools.indicators.samples import wandering
from tests.tools.signals.figures import RULES
from tools.signals.registry import all_signals


def test_a_situation_tells_the_leading_signal_and_all_five_votes() -> None:
    """Lessons are found by likeness: the same facts in the same manner, in every cycle."""
    signals = all_signals({"1h": wandering(400)}, "1h", RULES)
    by_name = {one.strategy: one for one in signals}
    for name in ("hybrid", "strength"):
        lead = by_name[name].model_copy(update={"action": "buy", "strength": 4})
        (text,) = situations(signals, {"BTC/USDT": lead}).values()
        assert text.startswith(f"buy 4 by {name} on 1h: ")
        assert text.endswith("; ".join(by_name["strength"].reasons))
