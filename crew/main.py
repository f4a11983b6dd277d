"""
What the commands call. The lock is tried here, before anything heavy is imported, so
that a start that overlaps a running cycle leaves at once.

`crewai run` calls run_crew; its other scripts are here too. `crewai run` itself always
exits 0, so cron should call run_crew or `desk cycle`, which tell the truth.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import NoReturn

from crew.home import cycle_lock, state_folder
from records.errors import SettingsError, TradingError


def run() -> NoReturn:
    """`crewai run`, `run_crew`: one cycle."""
    _run_command(["cycle", *sys.argv[1:]])


def desk() -> NoReturn:
    """The `desk` command."""
    _run_command(sys.argv[1:])


def replay() -> NoReturn:
    """`crewai replay -t ID`: the desk replays whole cycles from their recordings."""
    _run_command(["replay", *sys.argv[1:]])


def train() -> NoReturn:
    """`crewai train`: refused, because it keeps what it learns in pickle files."""
    refusal = SettingsError(
        "Vetodesk is not trained this way: CrewAI keeps training data as pickle, which runs code "
        "when it is loaded. Nothing was done. Edit agents.yaml and tasks.yaml instead."
    )
    _leave(refusal)


def test() -> NoReturn:
    """`crewai test -n N -m MODEL`: N cycles on that model, in a state folder of their own."""
    iterations, model = [*sys.argv[1:], "1", ""][:2]
    _run_command(["trial", "--count", iterations, "--model", model])


@contextmanager
def short_lived() -> Iterator[None]:
    """
    Spare a process that is over in seconds the search for garbage.

    It costs a sixth of CrewAI's import, and a second at the end, when the interpreter
    looks through everything once more before it lets go of it.
    """
    gc.set_threshold(100_000, 50, 50)
    try:
        yield
    finally:
        gc.freeze()


def _run_command(arguments: list[str]) -> NoReturn:
    try:
        with short_lived(), _lock_for(arguments):
            from crew.cli import app

            app(args=arguments, prog_name="desk", standalone_mode=True)
    except TradingError as error:
        _leave(error)
    sys.exit(0)


def _lock_for(arguments: list[str]) -> AbstractContextManager[None]:
    """Hold the desk's lock for commands that change the account."""
    takes_lock = arguments[:1] and arguments[0] in _LOCKED and "--help" not in arguments
    return cycle_lock(state_folder()) if takes_lock else nullcontext()


_LOCKED = frozenset({"cycle", "restore"})


def _leave(error: TradingError) -> NoReturn:
    if "--json" in sys.argv:
        import json

        document = {"error": {"code": type(error).__name__, "message": str(error)}}
        print(json.dumps({**document, "exit_code": error.exit_code}))  # noqa: T201
    print(f"desk: {error}", file=sys.stderr)  # noqa: T201
    sys.exit(error.exit_code)
