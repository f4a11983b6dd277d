"""
One process of the desk that is made to leak in every way: `python -m tests.crew.leaking ROOT URL`.

Each scene is a cycle with a state folder of its own below ROOT, run through the same door as
`desk`; models answer from the server at URL. Whoever started it looks for the canaries of the
environment in ROOT and in what was printed.
"""

import logging
import os
import resource
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

from crew import main
from records.clock import SystemClock
from records.errors import VenueError
from records.order import OrderIntent
from records.ports import VenueOrder
from tools.chart.studio import ChartStudio
from tools.exchange.demo import DemoMarket
from tools.exchange.paper import PaperAccount
from tools.indicators.sets import IndicatorNumbers

AT = datetime(2026, 11, 3, 1, tzinfo=UTC)
"""A moment of the demo market with trades to decide."""
_FULL_BYTES = 330_000


def every_scene(root: Path, url: str) -> None:
    """One cycle after another; the last is ended by a signal, and the process with it."""
    os.environ["DESK_LLM__BASE_URL"] = url
    with patch.object(SystemClock, "now", lambda _self: AT):
        for name, arranged in _SCENES.items():
            os.environ["DESK_HOME"] = str(root / name)
            model = f"openai/{name}-bold" if name in _ASKED else "rulebook/bold"
            with arranged():
                _desk("cycle", "--json", "--model", model, "--set", "record=true")
            if name == "told":
                _desk("transcript")
                _desk("transcript", "--json")
                _desk("status")
                _desk("halt", f"because of {_told()}")


def _desk(*words: str) -> None:
    sys.argv = ["desk", *words]
    try:
        main.desk()
    except SystemExit:
        return
    except Exception:  # noqa: BLE001  what the interpreter does with a bug
        sys.excepthook(*sys.exc_info())


def _told() -> str:
    return f"{os.environ['EXCHANGE_API_KEY']}:{os.environ['EXCHANGE_API_SECRET']}"


@contextmanager
def _one_order_fails() -> Iterator[None]:
    """The venue's error repeats the request with its key; the other orders are placed."""
    create = PaperAccount.create

    def sent(self: PaperAccount, intent: OrderIntent) -> VenueOrder:
        if intent.symbol.startswith("B") and intent.role == "entry":
            _raising(VenueError)()
        return create(self, intent)

    with patch.object(PaperAccount, "create", sent):
        yield


@contextmanager
def _quick() -> Iterator[None]:
    """Without the processes beside it, whose answers nobody waits for."""
    with patch.object(ChartStudio, "start"), patch.object(IndicatorNumbers, "start"):
        yield


@contextmanager
def _no_market() -> Iterator[None]:
    """The market's error repeats the request as well."""
    with patch.object(DemoMarket, "observe", _raising(VenueError)):
        yield


@contextmanager
def _full_disk() -> Iterator[None]:
    """No file may grow beyond what an empty ledger needs."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FULL_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def _bug() -> Iterator[None]:
    """A traceback with the secret in a local, in the text and in the cause; and other prints."""
    with patch("crew.run.Run.screen", _prints_and_raises):
        yield


def _raising(kind: type[Exception]) -> Callable[..., None]:
    def refuse(*_given: object, **_named: object) -> None:
        raise kind(f"GET /order?key={_told()} was refused.")

    return refuse


def _prints_and_raises(_run: object) -> None:
    secret = _told()
    print("printed", secret[:9], end="")
    print(secret[9:])
    sys.stdout.buffer.write(f"as bytes {secret}\n".encode())
    logging.getLogger("anybody").error("logged %s", secret)
    warnings.warn(f"warned of {secret}", stacklevel=1)
    thread = threading.Thread(target=_raising(RuntimeError))
    thread.start()
    thread.join()
    try:
        _raising(ValueError)()
    except ValueError as cause:
        raise RuntimeError(f"a bug near {secret}") from cause


_SCENES = {
    "told": _one_order_fails,
    "status": _quick,
    "venue": _no_market,
    "full": _full_disk,
    "bug": _bug,
    "stopped": _quick,
}
_ASKED = ("told", "status", "stopped")
"""Where models are asked over HTTP."""


if __name__ == "__main__":
    every_scene(Path(sys.argv[1]), sys.argv[2])
