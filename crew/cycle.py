"""
One cycle, top to bottom; the same path for paper and live.

    lock -> reconcile -> observe -> protect -> screen -> deliberate -> record

Agents write reports, proposals and verdicts. Code alone writes approvals. A veto is a
normal ending, not an error: it is recorded and nothing is sent. What cannot be recorded
is not traded. A cycle that is told to end resolves what it sent, and says so.
"""

from collections.abc import Callable

from crew.arming import refuse_unarmed
from crew.desk import Desk
from crew.ending import Ending, decided, interrupted
from crew.run import Run
from crew.stopping import CycleStopped
from records.cycle import CycleRecord
from records.errors import LedgerError, ModelFailed, TradingError, VenueError

Say = Callable[[str], None]


def run_cycle(desk: Desk, say: Say) -> CycleRecord:
    """Run one cycle and record it; raises only when not even that is possible."""
    refuse_unarmed(desk)
    watched = desk.stopping.watching(desk.settings.deadline_s)
    with watched, Run(desk, say, replayable=True) as run:
        try:
            ending = _stages(run)
        except CycleStopped:
            ending = run.wind_down()
        except LedgerError:
            raise
        except ModelFailed as failure:
            ending = interrupted(desk, run.ids.cycle_id, failure)
        except TradingError as failure:
            ending = Ending("failed", None, str(failure), failure.exit_code)
        return run.record(ending)


def _stages(run: Run) -> Ending:
    run.connect()
    problems = run.reconcile()
    if run.halted_and_flat():
        code = VenueError.exit_code if run.venue_failed else 0
        return Ending("halted", "halt", f"The desk is halted: {run.halted()}.", code)
    run.observe()
    if (stop := run.protect()) is not None:
        return Ending("halted", *stop)
    if unpriced := run.unpriced():
        return Ending("hold", "no_price", f"{', '.join(unpriced)} is held but has no price now.")
    if problems:
        code = VenueError.exit_code if run.venue_failed else 0
        return Ending("hold", "reconcile", " ".join(problems), code)
    if (bar := run.barred()) is not None:
        return Ending("hold", *bar)
    if (idle := run.screen()) is not None:
        return Ending("hold", *idle)
    if (broke := run.unaffordable()) is not None:
        return Ending("hold", *broke)
    run.deliberate()
    return decided(run.desk, run.ids.cycle_id)
