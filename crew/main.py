"""
What the commands call. The lock is tried here, before anything heavy is imported, so
that a start that overlaps a running cycle leaves at once.

`crewai run` calls run_crew; its other scripts are here too. `crewai run` itself always
exits 0, so cron should call run_crew or `desk cycle`, which tell the truth.
"""

from __future__ import annotations

import gc
import sys

from crew import lock

TYPE_CHECKING = False  # typing alone would double what a start that leaves costs
if TYPE_CHECKING:
    from typing import NoReturn

_LOCKED = frozenset({"cycle", "restore"})  # flatten and accept ask a person first
_RUNNING_CODE = 3


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
    _leave(
        "SettingsError",
        "Vetodesk is not trained this way: CrewAI keeps training data as pickle, which runs code "
        "when it is loaded. Nothing was done. Edit agents.yaml and tasks.yaml instead.",
        2,
    )


def test() -> NoReturn:
    """`crewai test -n N -m MODEL`: N cycles on that model, in a state folder of their own."""
    iterations, model = [*sys.argv[1:], "1", ""][:2]
    _run_command(["trial", "--count", iterations, "--model", model])


class short_lived:
    """
    Spare a process that is over in seconds the search for garbage.

    It costs a sixth of CrewAI's import, and a second at the end, when the interpreter
    looks through everything once more before it lets go of it.
    """

    def __enter__(self) -> None:
        gc.set_threshold(100_000, 50, 50)

    def __exit__(self, *_raised: object) -> None:
        gc.freeze()


def _run_command(arguments: list[str]) -> NoReturn:
    named = arguments[1:] if arguments[:1] == ["--"] else arguments
    if named and named[0] in _LOCKED and named[1:2] != ["--help"]:
        _take_lock(named[0])
    from crew.printing import guard
    from records.errors import TradingError

    guard()

    try:
        with short_lived():
            from crew.cli import app

            app(args=arguments, prog_name="desk", standalone_mode=True)
    except TradingError as error:
        _leave(type(error).__name__, str(error), error.exit_code)
    sys.exit(0)


def _take_lock(doing: str) -> None:
    """Hold the desk's lock until the process ends, or leave."""
    try:
        folder = lock.home()
    except lock.HomeUnclear as unclear:
        _leave("SettingsError", str(unclear), 2)
    try:
        held = lock.take(folder, doing)
    except OSError as error:
        from pathlib import Path

        from crew.home import unwritable

        refused = unwritable(Path(folder), error)
        _leave(type(refused).__name__, str(refused), refused.exit_code)
    if held is None:
        _leave("CycleRunning", lock.RUNNING, _RUNNING_CODE)


def _leave(code: str, message: str, exit_code: int) -> NoReturn:
    if "--json" in sys.argv:
        import json

        document = {"error": {"code": code, "message": message}, "exit_code": exit_code}
        print(json.dumps(document))  # noqa: T201
    print(f"desk: {message}", file=sys.stderr)  # noqa: T201
    sys.exit(exit_code)
