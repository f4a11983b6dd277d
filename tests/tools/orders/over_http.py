"""The same cycles through ccxt and HTTP, against the loopback venue of ../shared."""

from decimal import Decimal

from tests.tools.orders.lines import Lines
from tests.tools.orders.live import Live
from tools.exchange.ccxt_account import CcxtAccount
from tools.exchange.ccxt_market import CcxtMarket
from tools.exchange.ccxt_orders import CcxtOrders
from tools.orders.execution import Execution

QUANTITY = "0.02"


class OverHttp(Live):
    """Cycles whose account and orders are real requests; time is the venue's."""

    def __init__(self, ledger, loopback, *, fate_known_after_s=1.0, pause=None):
        self.ledger = ledger
        self.loopback = loopback
        self.journal = Lines()
        self.halted = None
        self.frames = {}
        self.clock = CcxtMarket("binanceusdm", exchange_url=loopback.url, timeout_s=10).clock()
        self.client = loopback.client(clock=self.clock)
        self.account = CcxtAccount(self.client)
        self.writer = CcxtOrders(self.client, fate_known_after_s=fate_known_after_s)
        self._pause = pause

    def wait(self):
        """The venue's time runs by itself."""

    def now(self):
        return self.clock.now()

    @property
    def last(self):
        return Decimal(self.loopback.last("BTCUSDT"))

    def _execution(self, sequence):
        given = {} if self._pause is None else {"pause": self._pause}
        return Execution(
            ledger=self.ledger, account=self.account, writer=self.writer, ids=sequence,
            clock=self.clock, journal=self.journal, **given,
        )  # fmt: skip

    def close(self):
        self.client.close()


def sound_over_http(live):
    """What the venue's own audit says, and a ledger equal to it in quantity and fee."""
    audit = live.loopback.audit()
    assert audit["same_client_id"] == {}
    assert audit["same_intent_same_moment"] == {}
    assert audit["orphan_orders"] == []
    assert all(audit["protected_now"].values()), audit["protected_now"]
    held = live.account.holdings()
    position = live.position()
    signed = Decimal(0)
    if position is not None:
        signed = position.quantity if position.side == "long" else -position.quantity
    assert held == ({"BTC/USDT": signed} if signed else {})
    booked = {(f.fill_id, f.quantity, f.fee) for f in live.ledger.execution.fills_since(None)}
    told = {(f.fill_id, f.quantity, f.fee) for f in live.account.fills(None, ("BTC/USDT",))}
    assert booked == told
