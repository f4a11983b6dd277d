"""Two ways one cycle can go, side by side: what flipped, what was vetoed, what was sized anew."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from pydantic import Field

from crew.what_if.hindsight import Outlook
from crew.what_if.stances import Kind, Stance, Stances
from records.base import Amount, Record, UtcTime

Veto = Literal["gained", "lost", "other rule"]


class Difference(Record):
    """One decision that is not what it was."""

    cycle_id: str
    at: UtcTime
    symbol: str
    kind: Kind
    flipped: bool = Field(description="Opened, closed or which side: another thing was done.")
    veto: Veto | None = Field(default=None, description="A refusal by officer or gate.")
    rules: tuple[str, ...] = Field(default=(), description="Of that refusal.")
    size_change_pct: Amount | None = Field(default=None, description="Of the recorded size.")
    moved: bool = Field(default=False, description="Another stop or target.")
    was: Stance | None = Field(description="None: nobody wanted anything there.")
    now: Stance | None
    hindsight_was: tuple[Outlook, ...] = ()
    hindsight_now: tuple[Outlook, ...] = ()


def differences(cycle_id: str, at: datetime, was: Stances, now: Stances) -> Iterator[Difference]:
    """Every decision that differs, in the order of the recorded cycle, then the new ones."""
    for key in dict.fromkeys((*was, *now)):
        before, after = was.get(key), now.get(key)
        if (found := _difference(cycle_id, at, key, before, after)) is not None:
            yield found


def _difference(
    cycle_id: str,
    at: datetime,
    key: tuple[str, Kind],
    was: Stance | None,
    now: Stance | None,
) -> Difference | None:
    flipped = _done(was) != _done(now)
    veto = _veto(was, now)
    size_change_pct, moved = _same_trade(was, now)
    if not (flipped or veto or size_change_pct or moved):
        return None
    refused = was if veto == "lost" else now
    return Difference(
        cycle_id=cycle_id,
        at=at,
        symbol=key[0],
        kind=key[1],
        flipped=flipped,
        veto=veto,
        rules=refused.refused_by if veto and refused is not None else (),
        size_change_pct=size_change_pct,
        moved=moved,
        was=was,
        now=now,
    )


def _done(stance: Stance | None) -> str | None:
    return stance.action if stance is not None and stance.done else None


def _veto(was: Stance | None, now: Stance | None) -> Veto | None:
    before = was.refused_by if was is not None else ()
    after = now.refused_by if now is not None else ()
    if bool(before) != bool(after):
        return "gained" if after else "lost"
    return "other rule" if set(before) != set(after) else None


def _same_trade(was: Stance | None, now: Stance | None) -> tuple[Amount | None, bool]:
    """Of a trade that is made both times: the change of its size, and whether its ends moved."""
    if was is None or now is None or _done(was) is None or _done(was) != _done(now):
        return None, False
    moved = (was.stop, was.take_profit) != (now.stop, now.take_profit)
    if not was.quantity or now.quantity is None or was.quantity == now.quantity:
        return None, moved
    return round((now.quantity / was.quantity - 1) * 100, 2), moved
