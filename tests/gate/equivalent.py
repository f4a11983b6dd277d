"""
Mutants that no test can tell from the original, each with its reason.

By module, the line as it was and as it became, so that a line that moves stays known. A reason
must say why every input gives the same answer; "no test does it" is none.
"""

_TWO_WORDS = "of the two words that stand here, {word!r} comes first in the alphabet"
_LONG = _TWO_WORDS.format(word="long")
_LIMIT = _TWO_WORDS.format(word="limit")
_BUY = _TWO_WORDS.format(word="buy")
_SIGN = "a sign is 1 or -1, and dividing by it is multiplying with it"
_NOTHING = "an exit of -1 is refused as one of 0 is, by the same rules and in the same words"
_SMALLER = "a size of nothing breaks min_notional, so it never fits, and none is below nothing"
_PLACEHOLDER = "the figure is replaced in the next lines, and nothing reads it before"
_ONE_WORD = "Literal: pydantic hands out the one word of the annotation, as does the code"

EQUIVALENT: dict[tuple[str, str, str], str] = {
    (
        "gate",
        'if opinion.decision == "veto":',
        'if opinion.decision >= "veto":',
    ): "of approve, shrink and veto, veto comes last in the alphabet",
    (
        "gate",
        'if opinion.decision == "shrink" and opinion.max_quantity is None:',
        'if opinion.decision >= "shrink" and opinion.max_quantity is None:',
    ): "only veto comes after shrink in the alphabet, and a veto never gets here",
    ("gate", "if opinion.side != side:", "if opinion.side is not side:"): _ONE_WORD,
    (
        "gate",
        "return stop < than if sign > 0 else stop > than",
        "return stop < than if sign > -1 else stop > than",
    ): _SIGN,
    (
        "gate",
        "return stop < than if sign > 0 else stop > than",
        "return stop < than if sign >= 0 else stop > than",
    ): _SIGN,
    ("gate", "quantity=Decimal(0),", "quantity=Decimal( 1),"): _PLACEHOLDER,
    ("gate", "quantity=Decimal(0),", "quantity=Decimal( -1),"): _PLACEHOLDER,
    (
        "gate",
        "held = case.held.position.quantity if case.held else Decimal(0)",
        "held = case.held.position.quantity if case.held else Decimal( -1)",
    ): _NOTHING,
    (
        "gate",
        'return min(asked, held) if case.draft.action == "close" else asked',
        'return min(asked, held) if case.draft.action <= "close" else asked',
    ): _TWO_WORDS.format(word="close"),
    (
        "gate",
        "smaller = min(_largest(case, case.stop), case.quantity) if case.opens else Decimal(0)",
        "smaller = min(_largest(case, case.stop), case.quantity) if case.opens else Decimal( -1)",
    ): _SMALLER,
    (
        "gate",
        'fits = smaller > 0 and not breaches(case.model_copy(update={"quantity": smaller}))',
        'fits = smaller >= 0 and not breaches(case.model_copy(update={"quantity": smaller}))',
    ): _SMALLER,
    (
        "gate",
        'fits = smaller > 0 and not breaches(case.model_copy(update={"quantity": smaller}))',
        'fits = smaller != 0 and not breaches(case.model_copy(update={"quantity": smaller}))',
    ): _SMALLER,
    (
        "gate",
        'fits = smaller > 0 and not breaches(case.model_copy(update={"quantity": smaller}))',
        'fits = smaller > -1 and not breaches(case.model_copy(update={"quantity": smaller}))',
    ): _SMALLER,
    (
        "gate",
        'limit_price=draft.limit_price if draft.entry == "limit" else None,',
        'limit_price=draft.limit_price if draft.entry <= "limit" else None,',
    ): _LIMIT,
    (
        "limits",
        "if wrong is None or (case.price - wrong) * case.draft.sign > 0:",
        "if wrong is None or (case.price - wrong) / case.draft.sign > 0:",
    ): _SIGN,
    (
        "limits",
        'where = "below" if case.side == "long" else "above"',
        'where = "below" if case.side <= "long" else "above"',
    ): _LONG,
    (
        "limits",
        'return "long" if self.draft.sign > 0 else "short"',
        'return "long" if self.draft.sign > -1 else "short"',
    ): _SIGN,
    (
        "limits",
        'return "long" if self.draft.sign > 0 else "short"',
        'return "long" if self.draft.sign >= 0 else "short"',
    ): _SIGN,
    (
        "limits",
        'if case.side == "long" or case.market.rules.perpetual:',
        'if case.side <= "long" or case.market.rules.perpetual:',
    ): _LONG,
    (
        "limits",
        'ticker, long = case.market.ticker, case.side == "long"',
        'ticker, long = case.market.ticker, case.side <= "long"',
    ): _LONG,
    (
        "limits",
        'farthest = price * _FARTHEST if case.side == "long" else price / _FARTHEST',
        'farthest = price * _FARTHEST if case.side <= "long" else price / _FARTHEST',
    ): _LONG,
    (
        "limits",
        'return case.band.high if case.side == "long" else case.band.low',
        'return case.band.high if case.side <= "long" else case.band.low',
    ): _LONG,
    (
        "limits",
        "if target is None or (farthest - target) * case.draft.sign >= 0:",
        "if target is None or (farthest - target) / case.draft.sign >= 0:",
    ): _SIGN,
    (
        "limits",
        "way, distance = (worst - ends) * case.draft.sign, (worst - case.stop) * case.draft.sign",
        "way, distance = (worst - ends) / case.draft.sign, (worst - case.stop) * case.draft.sign",
    ): _SIGN,
    (
        "limits",
        "way, distance = (worst - ends) * case.draft.sign, (worst - case.stop) * case.draft.sign",
        "way, distance = (worst - ends) * case.draft.sign, (worst - case.stop) / case.draft.sign",
    ): _SIGN,
    (
        "limits",
        'if case.draft.entry == "market":',
        'if case.draft.entry >= "market":',
    ): "of limit and market, market comes last in the alphabet",
    (
        "limits",
        'named = case.draft.limit_price if case.draft.entry == "limit" else None',
        'named = case.draft.limit_price if case.draft.entry <= "limit" else None',
    ): _LIMIT,
    (
        "sizing",
        'sign=1 if mark.position.side == "long" else -1,',
        'sign=1 if mark.position.side <= "long" else -1,',
    ): _LONG,
    (
        "sizing",
        'sign=1 if approval.side == "buy" else -1,',
        'sign=1 if approval.side <= "buy" else -1,',
    ): _BUY,
    (
        "sizing",
        "or _together(sign * stake.sign, holdings.correlations.get(stake.symbol), limits)",
        "or _together(sign // stake.sign, holdings.correlations.get(stake.symbol), limits)",
    ): _SIGN,
    (
        "sizing",
        "or _together(sign * stake.sign, holdings.correlations.get(stake.symbol), limits)",
        "or _together(sign / stake.sign, holdings.correlations.get(stake.symbol), limits)",
    ): _SIGN,
    (
        "sizing",
        'return draft.action == "open_long"',
        'return draft.action <= "open_long"',
    ): "it opens, so it is open_long or open_short, and open_long comes first",
    (
        "sizing",
        'if draft.action == "open_long":',
        'if draft.action <= "open_long":',
    ): "it opens, so it is open_long or open_short, and open_long comes first",
    (
        "sizing",
        'return held is not None and held.position.side == "short"',
        'return held is not None and held.position.side >= "short"',
    ): "of long and short, short comes last in the alphabet",
    (
        "sizing",
        'limit = draft.limit_price if draft.entry == "limit" else None',
        'limit = draft.limit_price if draft.entry <= "limit" else None',
    ): _LIMIT,
    (
        "sizing",
        'if draft.entry == "limit" and draft.limit_price is not None:',
        'if draft.entry <= "limit" and draft.limit_price is not None:',
    ): _LIMIT,
    (
        "sizing",
        "ratio = (draft.take_profit - price) * draft.sign / abs(price - draft.stop)",
        "ratio = (draft.take_profit - price) / draft.sign / abs(price - draft.stop)",
    ): _SIGN,
    (
        "sizing",
        "_WIDE = Context(prec=120)",
        "_WIDE = Context(prec= 121)",
    ): "no record takes a number of more than 60 digits before its point and 60 behind it",
}
