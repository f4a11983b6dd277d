"""
`desk flatten` and `desk accept`: what a person orders, each in a cycle of its own.

They ask no model and obey no halt, breaker or arming: getting out is always allowed. Flatten
closes what this desk opened; a position it does not know it names and leaves alone, and it
claims success only when the venue says that nothing of what was asked is left. Accept books
what a person closed at the venue; it sends nothing but cancels.
"""

from collections.abc import Callable
from dataclasses import replace

from crew.desk import Desk
from crew.ending import Ending
from crew.run import Run
from crew.stopping import CycleStopped
from records.cycle import CycleRecord
from records.errors import LedgerError, OrderRefused, SettingsError, TradingError, VenueError


def flatten(desk: Desk, symbol: str | None, say: Callable[[str], None]) -> CycleRecord:
    """Close one market, or everything; the record's exit code is 0 only when nothing is left."""
    symbols = None if symbol is None else (_spelled(symbol),)
    return _in_a_cycle(desk, say, lambda run: _closed(run, symbols))


def accept(desk: Desk, symbol: str, say: Callable[[str], None]) -> CycleRecord:
    """Book as closed by hand what the venue no longer holds of one market."""
    return _in_a_cycle(desk, say, lambda run: _accepted(run, _spelled(symbol)))


def _spelled(symbol: str) -> str:
    return symbol.partition(":")[0]


def _in_a_cycle(
    desk: Desk, say: Callable[[str], None], work: Callable[[Run], Ending]
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
            ending = Ending("failed", "flatten", str(failure), failure.exit_code)
        return run.record(ending)


def _accepted(run: Run, symbol: str) -> Ending:
    run.connect()
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


def _closed(run: Run, symbols: tuple[str, ...] | None) -> Ending:
    run.connect()
    problems = run.reconcile()
    sent = run.flatten(symbols)
    if left := run.left(symbols):
        why = " ".join(problems)
        message = f"Still there: {', '.join(left)}. {why}".strip()
        return Ending("failed", "flatten", message, VenueError.exit_code)
    if not sent:
        return Ending("hold", "flatten", "Nothing was held, and no entry is left.")
    return Ending(
        "traded", "flatten", f"Flat: {sent} order{'s' if sent > 1 else ''} closed what was held."
    )
