"""One case through a whole cycle of the real desk, and everything that came of it."""

import io
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import update

from crew.cycle import run_cycle
from crew.desk import Desk
from crew.summary import summary
from records.cycle import CycleRecord
from records.order import WORKING, Order
from records.verdict import Approval
from tests.redteam.contract import CANARIES
from tests.redteam.script import Script, ScriptedServer, Turn
from tests.redteam.world import NOW, Mood, desk_in, settings_for
from tools.chart.studio import ChartStudio
from tools.ledger.schema import approvals


@dataclass
class Ran:
    """What one cycle came to, with what it printed, asked and connected to."""

    home: Path
    record: CycleRecord
    printed: str
    bodies: list[dict[str, Any]]
    connected: list[tuple[str, int]]
    steps: list[str]
    seeded: frozenset[str] = field(default_factory=frozenset)

    @property
    def entries(self) -> list[Order]:
        """Orders that opened something, or still may."""
        return [
            order
            for order in self.record.orders
            if order.intent.role == "entry"
            and (order.status in WORKING or order.filled_quantity > 0)
        ]


def run_case(
    home: Path,
    server: ScriptedServer,
    script: Script,
    *,
    mood: Mood,
    feed: str | None = None,
    breaker_open: bool = False,
    later_s: int = 0,
    **changes: object,
) -> Ran:
    """Run one cycle with this script; it raises only when the desk crashed."""
    server.play(script)
    settings = settings_for(server.base_url, feed, **changes)
    connected: list[tuple[str, int]] = []
    printed = io.StringIO()
    at = NOW + timedelta(seconds=later_s)
    with (
        _canaries(),
        _no_pictures(),
        _watched(connected),
        redirect_stdout(printed),
        redirect_stderr(printed),
        desk_in(home, settings, mood, at) as desk,
    ):
        if breaker_open:
            _trigger(desk)
        record = run_cycle(desk, lambda text: print(text))
        print(summary(record))
    return Ran(
        home=home,
        record=record,
        printed=printed.getvalue(),
        bodies=list(server.bodies),
        connected=connected,
        steps=list(script.seen),
        seeded=frozenset({f"{record.cycle_id}-a91", f"{record.cycle_id}-a92"}),
    )


def seed_approvals(home: Path) -> "Seeder":
    """Puts the contract's expired and used approvals beside the valid one."""
    return Seeder(home)


class Seeder:
    """Called before the executor answers: its approvals then stand in the ledger."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def __call__(self, turn: Turn) -> None:
        from tools.ledger.ledger import Ledger

        with Ledger(self._home / "ledger.db") as ledger:
            valid = ledger.decisions.approval(f"{turn.prompt.cycle_id}-a1")
            if valid is None or ledger.decisions.approval(f"{turn.prompt.cycle_id}-a91"):
                return
            self._add(ledger, valid, "91", expires_at=valid.created_at - timedelta(minutes=5))
            used = self._add(ledger, valid, "92", expires_at=valid.expires_at)
            with ledger.store.writing() as connection:
                connection.execute(
                    update(approvals)
                    .where(approvals.c.approval_id == used.approval_id)
                    .values(used_at=valid.created_at)
                )

    def _add(self, ledger: Any, valid: Approval, number: str, **changes: Any) -> Approval:
        """A copy of the valid approval with a proposal and a verdict of its own."""
        decisions = ledger.decisions
        proposal = decisions.proposal(valid.proposal_id)
        verdict = decisions.verdict(valid.proposal_id)
        ids = {kind: f"{valid.cycle_id}-{kind}{number}" for kind in "pva"}
        created = valid.created_at - timedelta(minutes=10)
        decisions.add_proposal(proposal.model_copy(update={"proposal_id": ids["p"]}))
        opinion = verdict.draft.model_copy(update={"proposal_id": ids["p"]})
        decisions.add_verdict(verdict.model_copy(update={"verdict_id": ids["v"], "draft": opinion}))
        approval = valid.model_copy(
            update={
                "approval_id": ids["a"],
                "proposal_id": ids["p"],
                "verdict_id": ids["v"],
                "created_at": created,
                **changes,
            }
        )
        decisions.add_approval(approval)
        return approval


def _trigger(desk: Desk) -> None:
    """Leave the breaker TRIGGERED, as a crash of a moment ago would."""
    from tools.risk.breaker import unjudged

    state = unjudged(None, desk.machine.now() - timedelta(seconds=1), "set for this case")
    desk.ledger.safety.save_breaker(state, None)


@contextmanager
def _canaries() -> Iterator[None]:
    """The secrets of the contract in the environment."""
    names = dict(zip(("EXCHANGE_API_KEY", "EXCHANGE_API_SECRET"), CANARIES.values(), strict=True))
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _no_pictures() -> Iterator[None]:
    """No case looks at a chart's picture; drawing them takes longer than everything else."""
    start, ChartStudio.start = ChartStudio.start, lambda _self: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        ChartStudio.start = start  # type: ignore[method-assign]


@contextmanager
def _watched(connected: list[tuple[str, int]]) -> Iterator[None]:
    """Keep every address that anything connects to."""
    connect = socket.socket.connect

    def noted(self: socket.socket, address: Any) -> Any:
        if isinstance(address, tuple):
            connected.append((str(address[0]), int(address[1])))
        return connect(self, address)

    socket.socket.connect = noted  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        socket.socket.connect = connect  # type: ignore[method-assign]
