"""
Everything that can go wrong, in one tree. A message says what is wrong, what was
not done, and what to do next.

TradingError
├── SettingsError            2  a setting, YAML file or command line is wrong
├── CycleRunning             3  another cycle of this desk holds the lock
├── VenueError               4  the venue or its data failed
│   ├── BadCandles           4  candles that cannot be trusted
│   ├── StaleCandles         4  candles that have stopped coming
│   └── OutcomeUnknown       4  an order was sent and no definite answer came
├── ModelFailed              5  no usable answer from a model
│   ├── AnswerRefused        5  an answer came and broke the contract
│   └── BudgetExhausted      0  what the models may cost is used up
├── LedgerError              6  the ledger or the disk failed
│   ├── LedgerCorrupt        6
│   ├── LedgerBusy           6
│   ├── LedgerFull           6
│   ├── LedgerConflict       6
│   └── HomeUnwritable       6
└── OrderRefused             -  an order broke a rule and was not sent
    ├── VerdictStands
    ├── ApprovalUnknown
    ├── ApprovalSpent
    ├── ApprovalExpired
    ├── ApprovalMismatch
    ├── PriceMoved
    ├── EntriesHalted
    ├── TooManyOrders
    ├── EchoRefused
    ├── NotArmed
    ├── NotSent
    └── Throttled
"""

from typing import ClassVar


class TradingError(Exception):
    """The base of every error the desk raises on purpose."""

    exit_code: ClassVar[int] = 1


class SettingsError(TradingError):
    """A setting, YAML file or command line is wrong; nothing was started."""

    exit_code = 2


class CycleRunning(TradingError):
    """Another cycle of this desk is running; this one left at once."""

    exit_code = 3


class VenueError(TradingError):
    """The venue, or the data it gave, cannot be used."""

    exit_code = 4


class BadCandles(VenueError):
    """Candles that are out of order, not finite or impossible."""

    def __init__(self, source: str, detail: str) -> None:
        super().__init__(f"Candles of {source} cannot be used: {detail}.")
        self.source = source
        self.detail = detail


class StaleCandles(VenueError):
    """The newest candle of a market is too old to decide on; the venue itself answers."""


class OutcomeUnknown(VenueError):
    """An order was sent and no definite answer came: it may or may not stand at the venue."""


class ModelFailed(TradingError):
    """No usable answer came from a model; nothing was traded on it."""

    exit_code = 5


class AnswerRefused(ModelFailed):
    """A model's answer broke its contract and was not used."""

    def __init__(self, *, agent: str, task: str, detail: str) -> None:
        super().__init__(
            f"The answer of agent {agent!r} to task {task!r} was refused: {detail}. "
            "Nothing was traded on it. `desk transcript` shows the whole answer."
        )
        self.agent = agent
        self.task = task
        self.detail = detail


class BudgetExhausted(ModelFailed):
    """What the models may cost is used up; the cycle holds, as it was told to."""

    exit_code = 0


class LedgerError(TradingError):
    """The ledger or the disk failed; what could not be recorded was not traded."""

    exit_code = 6


class LedgerCorrupt(LedgerError):
    """The ledger file is not a readable ledger."""


class LedgerBusy(LedgerError):
    """Another process held the ledger's write lock for too long."""


class LedgerFull(LedgerError):
    """There is no room left to record anything."""


class LedgerConflict(LedgerError):
    """What was to be written contradicts what stands: an id used twice, a link to nothing."""


class HomeUnwritable(LedgerError):
    """The state folder cannot be written."""


class OrderRefused(TradingError):
    """An order broke a rule and was not sent. Nothing changed at the venue."""


class VerdictStands(OrderRefused):
    """The proposal already has a verdict, and the first one stands."""


class ApprovalUnknown(OrderRefused):
    """No such approval was issued in this cycle."""


class ApprovalSpent(OrderRefused):
    """The approval was already used."""


class ApprovalExpired(OrderRefused):
    """The approval is too old to trade on."""


class ApprovalMismatch(OrderRefused):
    """What was asked differs from what was approved."""


class PriceMoved(OrderRefused):
    """The price left the band the approval allows."""


class EntriesHalted(OrderRefused):
    """The desk is halted, or the breaker is triggered: no new exposure."""


class TooManyOrders(OrderRefused):
    """The cycle, or the day, has had its entries."""


class EchoRefused(OrderRefused):
    """What the executor repeated of an order is not what was approved."""


class NotArmed(OrderRefused):
    """Real money, and no arming record that allows this."""


class NotSent(OrderRefused):
    """No connection to the venue could be made, so the order never left this machine."""


class Throttled(OrderRefused):
    """The venue takes no requests for a while; the order was not booked."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
