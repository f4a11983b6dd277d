"""
`desk flatten` and `desk accept`: what a person orders, each in a cycle of its own.

They ask no model and obey no halt, breaker or arming: getting out is always allowed. Flatten
closes what this desk opened; a position it does not know it names and leaves alone, and it
claims success only when the venue says that nothing of what was asked is left. Accept books
what a person closed at the venue; it sends nothing but cancels. A market that nobody knows is
refused: to a misspelt name "nothing was held" would be a lie.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from crew.desk import Desk
from crew.ending import Ending
from crew.run import Run
from crew.stopping import CycleStopped
from crew.typed_markets import meant
from records.cycle import CycleRecord
from records.errors import LedgerError, OrderRefused, SettingsError, TradingError, VenueError
from records.order import Order


def flatten(desk: Desk, symbol: str | None, say: Callable[[str], None]) -> CycleRecord:
    """Close one market, or everything; the record's exit code is 0 only when nothing is left."""
    return _in_a_cycle(desk, say, "flatten", lambda run: _closed(run, symbol))


def accept(desk: Desk, symbol: str, say: Callable[[str], None]) -> CycleRecord:
    """Book as closed by hand what the venue no longer holds of one market."""
    return _in_a_cycle(desk, say, "accept", lambda run: _accepted(run, symbol))


def _in_a_cycle(
    desk: Desk, say: Callable[[str], None], name: str, work: Callable[[Run], Ending]
) -> CycleRecord:
    with desk.stopping.watching(desk.settings.deadline_s), Run(desk, say) as run:
        try:
            ending = work(run)
        except CycleStopped:
            ending = run.wind_down()
            ending = replace(ending, exit_code=ending.exit_code or VenueError.exit_code)
        except LedgerError:
            raise
        except TradingError as failure:
            ending = Ending("failed", name, str(failure), failure.exit_code)
        return run.record(ending)


def _accepted(run: Run, typed: str) -> Ending:
    run.connect()
    symbol = _market(run, typed)
    run.reconcile()
    try:
        trade = run.accept(symbol)
    except OrderRefused as refusal:
        return Ending("failed", "accept", str(refusal), SettingsError.exit_code)
    return Ending(
        "hold",
        "accept",
        f"{trade.quantity:f} of {symbol} booked as closed by hand at {trade.exit_price:f}; its fee "
        "is not known.",
    )


def _closed(run: Run, typed: str | None) -> Ending:
    run.connect()
    symbols = None if typed is None else (_market(run, typed),)
    resting = _resting(run, symbols)
    problems = run.reconcile()
    sent = run.flatten(symbols)
    if left := run.left(symbols):
        why = " ".join(problems)
        message = f"Still there: {', '.join(left)}. {why}".strip()
        return Ending("failed", "flatten", message, VenueError.exit_code)
    return _flat(sent, _cancelled(run, resting), symbols)


def _flat(closings: int, cancelled: int, symbols: tuple[str, ...] | None) -> Ending:
    """What it took until nothing was left."""
    where = "" if symbols is None else f" of {symbols[0]}"
    entries = _counted(cancelled, "entry", "entries")
    were = "was" if cancelled == 1 else "were"
    if closings:
        also = f", and {entries} {were} cancelled" if cancelled else ""
        message = (
            f"Flat: {_counted(closings, 'order', 'orders')} closed what was held{where}{also}."
        )
        return Ending("traded", "flatten", message)
    also = f"{entries} {were} cancelled" if cancelled else "no entry is left"
    return Ending("hold", "flatten", f"Nothing was held{where}, and {also}.")


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _resting(run: Run, symbols: tuple[str, ...] | None) -> tuple[Order, ...]:
    return tuple(
        order
        for order in run.desk.ledger.execution.working_orders()
        if order.intent.role == "entry" and (symbols is None or order.intent.symbol in symbols)
    )


def _cancelled(run: Run, entries: Sequence[Order]) -> int:
    ledger = run.desk.ledger.execution
    now = [ledger.order(entry.intent.client_order_id) for entry in entries]
    return sum(entry is not None and entry.status == "cancelled" for entry in now)


def _market(run: Run, typed: str) -> str:
    """The one market that is meant; raises SettingsError when it is none, or not only one."""
    at_ledger = _at_ledger(run)
    known = at_ledger | set(run.desk.settings.symbols)
    if len(found := meant(typed, known, run.desk.settings.currency)) != 1:
        at_venue = set(run.account.holdings()) | {o.symbol for o in run.account.open_orders()}
        at_ledger |= at_venue
        found = meant(typed, known | at_venue, run.desk.settings.currency)
    if len(found) != 1:
        raise SettingsError(_unknown(typed, found, at_ledger))
    return found[0]


def _at_ledger(run: Run) -> set[str]:
    """Markets of which something is held or rests, by the ledger."""
    ledger = run.desk.ledger
    held = {position.symbol for position in ledger.account.open_positions()}
    return held | {order.intent.symbol for order in ledger.execution.working_orders()}


def _unknown(typed: str, found: Sequence[str], held: set[str]) -> str:
    what = f"may be {' or '.join(found)}" if found else "is no market that this desk knows"
    there = f"Held or resting: {', '.join(sorted(held))}." if held else "Nothing is held or rests."
    return f"{typed[:40]!r} {what}. Nothing was closed, cancelled or booked. {there}"
