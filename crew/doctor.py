"""`desk doctor`: look at everything a cycle needs, and say what to fix."""

import shutil
from collections.abc import Callable, Iterator

from crew.arming import armed_words, clock_problem, refuse_withdrawing_key
from crew.desk import TOOL_NAMES, open_desk
from crew.home import CHECKOUT, named_folder, refuse_other_folder, state_folder
from crew.models.factory import check_model, make_llm
from crew.models.prices import refuse_unbound, unbound, unpriced
from crew.settings import Settings, load_settings
from crew.specs import load_specs
from records.base import Record
from records.errors import LedgerError, TradingError, VenueError

_LEAST_FREE_MB = 200


class Check(Record):
    """One thing that was looked at."""

    name: str
    ok: bool
    finding: str
    exit_code: int = 0


def examine() -> tuple[Check, ...]:
    """Every check, also when an earlier one failed."""
    return tuple(_checks())


def _checks() -> Iterator[Check]:
    settings, check = _settings()
    yield check
    yield _checked("disk", _disk)
    if settings is None:
        return
    yield _checked("yaml", lambda: _yaml(settings))
    yield _checked("model", lambda: _model(settings))
    yield _checked("ledger", lambda: _ledger(settings))
    yield _checked("venue", lambda: _venue(settings))
    if settings.mode != "paper":
        yield _checked("account", lambda: _account(settings))


def _settings() -> tuple[Settings | None, Check]:
    try:
        used = named_folder()
        settings = load_settings()
        refuse_other_folder(used)
    except TradingError as error:
        return None, _failed("settings", error)
    where = f"{settings.mode} money on {settings.venue}, {len(settings.symbols)} markets"
    return settings, Check(name="settings", ok=True, finding=where)


def _checked(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name=name, ok=True, finding=look())
    except TradingError as error:
        return _failed(name, error)


def _failed(name: str, error: TradingError) -> Check:
    return Check(name=name, ok=False, finding=str(error), exit_code=error.exit_code)


def _disk() -> str:
    home = state_folder()
    free_mb = shutil.disk_usage(home).free // 1_000_000
    if free_mb < _LEAST_FREE_MB:
        raise LedgerError(f"Only {free_mb} MB are free for {home}. Free some space.")
    probe = home / ".doctor"
    try:
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise LedgerError(f"{home} cannot be written ({error.strerror}). Mend it.") from None
    return f"{home}, {free_mb} MB free"


def _yaml(settings: Settings) -> str:
    spec = load_specs(
        settings.path(settings.agents_file), settings.path(settings.tasks_file), TOOL_NAMES
    )
    return f"{len(spec.at_work())} agents at work, {len(spec.tasks)} tasks ({CHECKOUT})"


def _model(settings: Settings) -> str:
    check_model(settings.model, settings.llm, "model")
    make_llm(settings.model, settings.llm, None)
    spec = load_specs(
        settings.path(settings.agents_file), settings.path(settings.tasks_file), TOOL_NAMES
    )
    refuse_unbound(settings, spec)
    told = f"{settings.model} can be built (it was not asked anything)"
    models = unpriced(settings, spec)
    return f"{told}. {unbound(models)}" if models else told


def _ledger(settings: Settings) -> str:
    with open_desk(settings, state_folder()) as desk:
        if faults := desk.ledger.integrity():
            raise LedgerError(
                f"The ledger is damaged: {'; '.join(faults[:3])}. `desk restore FILE`."
            )
        cycles = desk.ledger.cycles.next_cycle_sequence() - 1
    return f"sound, {cycles} cycles"


def _account(settings: Settings) -> str:
    """An exchange's account: whether it opens, what its key may do, and the arming."""
    with open_desk(settings, state_folder(), for_crew=False) as desk:
        clock = desk.venue_clock()
        desk.account(desk.market(clock), clock)[0].cash()
        refuse_withdrawing_key(desk)
        rights = "its key cannot withdraw"
        if desk.key_may_withdraw() is None:
            rights = "the exchange does not say whether its key may withdraw"
        if problem := clock_problem(desk, clock):
            raise VenueError(problem)
        armed = armed_words(desk, clock.now())
    return f"{settings.mode} account opens, {rights}. {armed or ''}".strip()


def _venue(settings: Settings) -> str:
    with open_desk(settings, state_folder()) as desk:
        now, machine_now = desk.venue_clock().now(), desk.machine.now()
    if settings.venue in ("demo", "replay"):
        return f"{settings.venue} at {now:%Y-%m-%d %H:%M} UTC"
    offset_s = (now - machine_now).total_seconds()
    note = (
        ""
        if abs(offset_s) <= settings.max_clock_offset_s
        else " (the desk goes by the venue's clock)"
    )
    return f"{settings.venue} answers; its clock is {offset_s:+.1f} s from this machine's{note}"
