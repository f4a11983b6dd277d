"""Whatever happens to a paper account, in whatever order, it adds up to the last digit."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from records.errors import OrderRefused
from records.order import OrderIntent
from tests.tools.exchange.fakes import BTC, CASH, PERPETUAL, RULES, START, PaperDesk, book
from tools.exchange.paper_walk import funding_times

SIGN = {"buy": 1, "sell": -1}
STATUSES = {"open", "partially_filled", "filled", "cancelled"}
SHARE_PCT = 10

sides = st.sampled_from(["buy", "sell"])
quantities = st.integers(60, 40_000).map(lambda thousandths: Decimal(thousandths) / 1000)
leverages = st.sampled_from([1, 3, 10, 20, 20, 21])  # one more than is allowed
away = st.integers(-900, 900)
moves = st.integers(-400, 400)
up_to_600 = st.integers(0, 600)
volumes = st.sampled_from([0, 7.5, 90, 100_000])


def total(numbers) -> Decimal:
    return sum(numbers, Decimal(0))


class Account(RuleBasedStateMachine):
    """Entries, guards, cancels, candles with gaps and absences, in any order."""

    rules_of_market = PERPETUAL

    @initialize(side=sides, quantity=quantities, leverage=leverages)
    def begin(self, side, quantity, leverage) -> None:
        self.desk = PaperDesk(self.rules_of_market, slippage_pct=Decimal("0.05"))
        self.minute = 0
        self.price = 10_000  # in ticks of 0.01
        self.known_fills: set[str] = set()
        self._show()
        self._enter(side, quantity, leverage)

    # what the desk does

    @rule(side=sides, quantity=quantities, leverage=leverages)
    def enter_at_market(self, side, quantity, leverage) -> None:
        self._enter(side, quantity, leverage)

    @rule(side=sides, quantity=quantities, leverage=leverages, off=away)
    def enter_at_a_limit(self, side, quantity, leverage, off) -> None:
        self._enter(side, quantity, leverage, "limit", price=self._level(off))

    @rule(side=sides, quantity=quantities, off=away)
    def exit_at_a_limit(self, side, quantity, off) -> None:
        self._send(side, quantity, "limit", price=self._level(off), role="exit", reduce_only=True)

    @rule(quantity=quantities, off=st.integers(1, 900), profit=st.booleans())
    def guard(self, quantity, off, profit) -> None:
        """On the right side of the price, for whatever is held."""
        long = self._held() > 0
        level = self._level(off if long == profit else -off)
        kind, role = ("take_profit_market", "take_profit") if profit else ("stop_market", "stop")
        side = "sell" if long else "buy"
        self._send(side, quantity, kind, price=level, role=role, reduce_only=True, approval_id="a")

    @rule(side=sides, quantity=quantities)
    def leave(self, side, quantity) -> None:
        self._send(side, quantity, role="exit", reduce_only=True)

    @precondition(lambda self: self.desk.sent)
    @rule(data=st.data())
    def cancel(self, data) -> None:
        self.desk.account.cancel(data.draw(st.sampled_from(self.desk.sent)))

    @precondition(lambda self: self.desk.store.orders)
    @rule(data=st.data())
    def send_again(self, data) -> None:
        """The same client order id is booked once."""
        known = data.draw(st.sampled_from(sorted(self.desk.store.orders)))
        before = (self.desk.store.saves, len(self.desk.store.all_fills))
        self.desk.account.create(self.desk.store.orders[known].intent)
        assert (self.desk.store.saves, len(self.desk.store.all_fills)) == before

    # what the market does

    @rule(candles=st.lists(st.tuples(moves, up_to_600, up_to_600, st.floats(0, 1), volumes),
                           min_size=1, max_size=8), walk=st.booleans())  # fmt: skip
    def minutes(self, candles, walk) -> None:
        """Some candles, every third of which opens with a gap; then the desk looks, or not."""
        for number, (gap, up, down, end, volume) in enumerate(candles):
            self._minute(gap if number % 3 == 2 else 0, up, down, end, volume)
        self._show()
        if walk:
            self.desk.account.catch_up()

    def _minute(self, gap, up, down, end, volume) -> None:
        opened = max(200, self.price + gap)
        top, bottom = opened + up, max(100, opened - down)
        closed = bottom + int((top - bottom) * end)
        prices = (one / 100 for one in (opened, top, bottom, closed))
        self.desk.market.candle(*prices, minute=self.minute, volume=volume)
        self.desk.clock.advance(minutes=1)
        self.minute, self.price = self.minute + 1, closed

    @rule(minutes=st.integers(1, 500), ends=st.booleans())
    def silence(self, minutes, ends) -> None:
        """No candle for a while, as in an outage, and then perhaps one; funding times may pass."""
        self.desk.clock.advance(minutes=minutes)
        self.minute += minutes
        if ends:
            self._minute(0, 0, 0, 1, 10)
            self.desk.account.catch_up()

    @rule()
    def look(self) -> None:
        before = len(self.desk.store.all_fills)
        self.desk.look()
        self.known_fills |= {fill.fill_id for fill in self.desk.store.all_fills[before:]}

    @rule()
    def catch_up(self) -> None:
        self.desk.account.catch_up()

    @rule()
    def reopen(self) -> None:
        self.desk.account = self.desk.reopened()

    # what must hold after each step

    @invariant()
    def money_adds_up(self) -> None:
        fills, books = self.desk.store.all_fills, self.desk.store.books
        spent = total(SIGN[fill.side] * fill.price * fill.quantity for fill in fills)
        fees = total(fill.fee for fill in fills)
        funding = total(one.amount for one in books.funding) + books.funding_forgotten
        assert CASH - spent - fees - funding == self.desk.account.cash()

    @invariant()
    def holdings_are_what_was_filled(self) -> None:
        held = total(SIGN[fill.side] * fill.quantity for fill in self.desk.store.all_fills)
        assert self.desk.account.holdings() == ({BTC: held} if held else {})
        assert set(self.desk.store.books.entry_prices) == ({BTC} if held else set())

    @invariant()
    def orders_are_what_was_filled(self) -> None:
        for name, order in self.desk.store.orders.items():
            mine = [fill for fill in self.desk.store.all_fills if fill.client_order_id == name]
            assert order.status in STATUSES
            assert order.filled_quantity == total(fill.quantity for fill in mine)
            assert order.filled_quantity <= order.intent.quantity
            assert order.fee == total(fill.fee for fill in mine)
            assert (order.status == "partially_filled") <= (order.filled_quantity > 0)

    @invariant()
    def reduce_only_only_reduces(self) -> None:
        held = Decimal(0)
        for fill in self.desk.store.all_fills:
            after = held + SIGN[fill.side] * fill.quantity
            if self._intent_of(fill).reduce_only:
                assert abs(after) < abs(held)
                assert after * held >= 0
            held = after

    @invariant()
    def ids_are_used_once(self) -> None:
        fills, funding = self.desk.store.all_fills, self.desk.store.books.funding
        assert len({fill.fill_id for fill in fills}) == len(fills)
        assert len({one.payment_id for one in funding}) == len(funding)
        numbers = [order.venue_order_id for order in self.desk.store.orders.values()]
        assert len(set(numbers)) == len(numbers)

    @invariant()
    def walked_fills_lie_in_their_candle(self) -> None:
        for fill in self._walked_fills():
            candles = self._candles_of(fill)
            assert any(low <= fill.price <= high for low, high, _ in candles), fill
            assert START <= fill.at <= self.desk.clock.now()

    @invariant()
    def limits_keep_their_price_and_their_share(self) -> None:
        taken: dict[object, Decimal] = {}
        for fill in self._walked_fills():
            intent = self._intent_of(fill)
            if intent.kind == "limit":
                assert SIGN[fill.side] * (intent.limit_price - fill.price) >= 0
                taken[fill.at] = taken.get(fill.at, Decimal(0)) + fill.quantity
                traded = total(volume for _, _, volume in self._candles_of(fill))
                assert taken[fill.at] <= traded * SHARE_PCT / 100

    @invariant()
    def funding_follows_the_holding(self) -> None:
        """Paid when something was held at that time; a fill dated at it leaves both open."""
        fills, books = self.desk.store.all_fills, self.desk.store.books
        paid = {one.at: one.amount for one in books.funding}
        for at in funding_times(START, books.walked.get(BTC, books.walked_to)):
            held = total(SIGN[fill.side] * fill.quantity for fill in fills if fill.at < at)
            if not any(fill.at == at for fill in fills):
                assert (paid.get(at, 0) > 0, paid.get(at, 0) < 0) == self._pays(held)

    def _pays(self, held: Decimal) -> tuple[bool, bool]:
        """Whether a holding pays, or receives, at the usual positive rate."""
        return held > 0, held < 0

    # how it is done

    def _enter(self, side, quantity, leverage, *args, **more) -> None:
        """With the leverage in use, mostly: any other is refused under a position."""
        if self.rules_of_market.max_leverage == 1:
            leverage = 1
        elif leverage <= 20:
            leverage = self.desk.store.books.leverages.get(BTC, leverage)
        self._send(side, quantity, *args, leverage=leverage, **more)

    def _send(self, *args, **more) -> None:
        before = len(self.desk.store.all_fills)
        try:
            self.desk.send(*args, **more)
        except OrderRefused:
            assert len(self.desk.store.all_fills) == before
        self.known_fills |= {fill.fill_id for fill in self.desk.store.all_fills[before:]}

    def _show(self) -> None:
        self.desk.market.books[BTC] = book(max(10, self.price // 100), size="12", levels=5)

    def _level(self, off: int) -> Decimal:
        return Decimal(max(100, self.price + off)) / 100

    def _held(self) -> Decimal:
        return self.desk.account.holdings().get(BTC, Decimal(0))

    def _intent_of(self, fill) -> OrderIntent:
        return self.desk.store.orders[fill.client_order_id].intent

    def _walked_fills(self):
        return [one for one in self.desk.store.all_fills if one.fill_id not in self.known_fills]

    def _candles_of(self, fill) -> list[tuple[Decimal, Decimal, Decimal]]:
        """Low, high and volume of the candles that open or close at a fill's time."""
        found = []
        for opened_ms, _, high, low, _, volume in self.desk.market.candles.get((BTC, "1m"), []):
            opened = START + timedelta(milliseconds=opened_ms - START.timestamp() * 1000)
            if fill.at in (opened, opened + timedelta(minutes=1)):
                found.append((Decimal(repr(low)), Decimal(repr(high)), Decimal(repr(volume))))
        return found


class SpotAccount(Account):
    """The same, where nothing can be owed."""

    rules_of_market = RULES

    def _pays(self, held: Decimal) -> tuple[bool, bool]:
        return False, False

    @invariant()
    def nothing_is_owed(self) -> None:
        assert self.desk.account.cash() >= 0
        assert self._held() >= 0


_SETTINGS = settings(
    max_examples=60, stateful_step_count=40, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
TestPerpetualAccount = Account.TestCase
TestPerpetualAccount.settings = _SETTINGS
TestSpotAccount = SpotAccount.TestCase
TestSpotAccount.settings = _SETTINGS
