"""
`desk halt`, `resume`, `locks` and `breaker`: how a person stops the desk and lets it go on.

They need no settings and no lock of the desk, so they work at once and beside a running cycle.
A halt is in force before anything else is tried; every other act is first in the ledger, with
who and why, and then done.
"""

import os
from datetime import datetime
from getpass import getuser
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crew.console import AsJson, confirm, market_now, print_json, secrets, the_ledger
from crew.home import state_folder
from records.errors import LedgerError, SettingsError

if TYPE_CHECKING:
    from records.breaker import BreakerState
    from records.lock import Lock
    from tools.ledger.ledger import Ledger
    from tools.risk.release import Act

locks = typer.Typer(help="What may not be opened now, and clearing it.")
breaker = typer.Typer(help="The circuit breaker, and resetting it.")

Why = Annotated[str, typer.Option("--why", help="The reason, for whoever reads it later.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
_SHOWN = 100


def halt(why: Annotated[str, typer.Argument(help="The reason, for whoever resumes.")]) -> None:
    """Open nothing new from this moment; exits and stops stay possible."""
    from tools.risk.halt import halt as write

    if not why.strip():
        raise SettingsError("A halt needs a reason, for whoever resumes. Nothing was changed.")
    why = secrets().text(why)
    write(state_folder(), why)
    typer.echo(
        f"Halted: {why}. Open positions keep their stops. `desk resume` allows entries again."
    )
    try:
        _note_halt(why)
    except LedgerError as error:
        typer.echo(f"desk: the halt holds, but the ledger does not tell of it: {error}", err=True)


def resume(
    why: Annotated[str, typer.Option("--why", help="Needed to clear a lock.")] = "",
) -> None:
    """Allow entries again: take HALT away and clear every lock of the whole desk."""
    from tools.risk import halt as file

    home, left = state_folder(), tuple["Lock", ...]()
    lifted = file.halted(home) is not None
    if (home / "ledger.db").exists():
        with the_ledger() as ledger:
            cleared, left = _resumed(ledger, why, lifted=lifted)
        lifted = lifted or bool(cleared)
    file.resume(home)
    for lock in left:
        typer.echo(f"Still locked: {file.words(lock)}")
    if left:
        typer.echo("A loss limit holds until its period ends, and would lock again before that.")
    elif lifted:
        typer.echo("Entries are allowed again.")
    else:
        typer.echo("The desk was not halted.")


@locks.callback(invoke_without_command=True)
def list_locks(
    context: typer.Context,
    all_: Annotated[
        bool, typer.Option("--all", help=f"The last {_SHOWN}, over and cleared ones too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What may not be opened now: one market or all of them, until when and why."""
    if context.invoked_subcommand is not None:
        return
    with the_ledger() as ledger:
        now = market_now(ledger)
        found = ledger.safety.locks(_SHOWN) if all_ else ledger.safety.active_locks(now)
    if as_json:
        print_json([lock.model_dump(mode="json") for lock in found])
    else:
        typer.echo("\n".join(_line(lock, now) for lock in found) or "Nothing is locked.")


@locks.command("clear")
def clear_lock(
    lock_id: Annotated[int, typer.Argument(help="The lock's number.")],
    why: Why,
    yes: Yes = False,
) -> None:
    """Lift one lock; who and why is recorded. A drawdown's sets the peak to what is left."""
    from tools.risk.protections import FIGURES
    from tools.risk.release import clear

    _need(why)
    with the_ledger() as ledger:
        lock = ledger.safety.lock(lock_id)
        if lock is None or lock.cleared_at is not None:
            raise SettingsError(
                f"There is no lock {lock_id} to clear. Nothing was changed. "
                "`desk locks` lists the locks that hold."
            )
        if not yes:
            confirm(f"Clear the {lock.kind} lock of {lock.symbol or 'every market'}?")
        peak = clear(ledger, lock, _act(ledger, why))
    typer.echo(f"Lock {lock_id} is cleared.")
    if peak is not None:
        typer.echo(f"Drawdown is measured from {peak:f} now.")
    if lock.kind in FIGURES:
        typer.echo("It comes back with the next cycle while the loss is at its limit.")


@breaker.callback(invoke_without_command=True)
def show_breaker(
    context: typer.Context,
    history: Annotated[int, typer.Option(min=0, help="How many earlier states to show.")] = 0,
    as_json: AsJson = False,
) -> None:
    """The circuit breaker as the last cycle left it: state, measured figures, reasons."""
    if context.invoked_subcommand is not None:
        return
    with the_ledger() as ledger:
        states = ledger.safety.breaker_history(1 + history)
    if as_json:
        documents = [state.model_dump(mode="json") for state in states]
        print_json({"state": next(iter(documents), None), "history": documents[1:]})
    elif states:
        typer.echo("\n".join((*_told(states[0]), *map(_headline, states[1:]))))
    else:
        typer.echo("No cycle has looked at the breaker yet.")


@breaker.command("reset")
def reset_breaker(why: Why, yes: Yes = False) -> None:
    """End TRIGGERED before the breaker would, at smaller sizes; who and why is recorded."""
    from tools.risk.breaker import reset
    from tools.risk.release import reset_breaker as enter

    _need(why)
    with the_ledger() as ledger:
        state = ledger.safety.breaker_state()
        act = _act(ledger, why)
        if state is None or (after := reset(state, act.at)) == state:
            stands = "was never looked at" if state is None else f"is {state.status}"
            raise SettingsError(f"The breaker {stands}: there is nothing to reset.")
        if not yes:
            confirm(f"The breaker is {state.status}. Reset it?")
        enter(ledger, after, act)
    typer.echo(_headline(after))
    typer.echo("The next cycle measures again; what is still out of bounds triggers again.")


def _note_halt(why: str) -> None:
    """In the ledger, if there is one."""
    from tools.risk.release import note_halt

    if (state_folder() / "ledger.db").exists():
        with the_ledger() as ledger:
            note_halt(ledger, _act(ledger, why))


def _resumed(
    ledger: "Ledger", why: str, *, lifted: bool
) -> "tuple[tuple[Lock, ...], tuple[Lock, ...]]":
    """Locks that were cleared, and those that hold on; nothing is written for nothing."""
    from tools.risk.release import clearable, resume

    act = _act(ledger, why.strip() or "no reason was given")
    found = clearable(ledger, act.at)
    if found and not why.strip():
        raise SettingsError(
            f"The desk is locked: {found[0].reason}. Nothing was changed. "
            "Say why it may trade again: `desk resume --why TEXT`."
        )
    if found or lifted:
        return resume(ledger, act)
    return (), tuple(lock for lock in ledger.safety.active_locks(act.at) if lock.whole_desk)


def _act(ledger: "Ledger", why: str) -> "Act":
    from tools.risk.release import Act

    return Act(by=_who(), at=market_now(ledger), why=why.strip())


def _who() -> str:
    try:
        return getuser()
    except (KeyError, OSError):  # a container may run as a number that has no name
        return f"user {os.getuid()}"


def _need(why: str) -> None:
    if not why.strip():
        raise SettingsError("--why needs a reason, for whoever reads it. Nothing was changed.")


def _line(lock: "Lock", now: datetime) -> str:
    return f"{lock.symbol or 'every market':<14} {lock.kind:<16} {_end(lock, now)} {lock.reason}"


def _end(lock: "Lock", now: datetime) -> str:
    number = f"[lock {lock.lock_id}, "
    if lock.cleared_at is not None:
        return f"{number}cleared by {lock.cleared_by}: {lock.cleared_why}]"
    if lock.until is None:
        return f"{number}until it is cleared]"
    over = "over since" if lock.until <= now else "until"
    return f"{number}{over} {lock.until:%Y-%m-%d %H:%M:%S} UTC]"


def _told(state: "BreakerState") -> "list[str]":
    return [
        _headline(state),
        *(
            f"  {one.trigger:<28} {one.value:f} of {'below ' if one.below else ''}{one.limit:f}"
            f"{'  TRIPPED' if one.tripped else ''}"
            for one in state.readings
        ),
    ]


def _headline(state: "BreakerState") -> str:
    until = f", until {state.until:%Y-%m-%d %H:%M} UTC" if state.until is not None else ""
    why = f": {'; '.join(state.reasons)}" if state.reasons else ""
    return f"{state.status} since {state.since:%Y-%m-%d %H:%M} UTC{until}{why}"


__all__: list[Any] = ["breaker", "halt", "locks", "resume"]
