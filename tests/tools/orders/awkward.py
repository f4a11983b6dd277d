"""How a venue in memory is made awkward: what it lists, what can be read, when the process dies."""

from decimal import Decimal

from records.errors import LedgerBusy, VenueError
from tests.crash.venue import Held


class Killed(BaseException):
    """The process ended here."""


def killed_after(live, role):
    """Let the process end once the venue accepted an order of this role."""
    create = live.venue.create

    def killing(intent):
        answer = create(intent)
        if intent.role == role:
            live.venue.create = create
            raise Killed
        return answer

    live.venue.create = killing


def locked_from(live, nth):
    """Let the ledger refuse to write an order's state from the nth time on; returns the key."""
    write, writes = live.ledger.execution.update_order, []

    def locked(order):
        writes.append(order)
        if len(writes) >= nth:
            raise LedgerBusy("The ledger is locked.")
        write(order)

    live.ledger.execution.update_order = locked

    def unlocked():
        live.ledger.execution.update_order = write

    return unlocked


def unreadable_for(live, asked_of, *, after_s=0):
    """Let the venue fail at every question for orders of a kind; returns how to end that."""
    answer = live.venue.order

    def order(intent):
        if asked_of(intent):
            live.venue.advance(seconds=after_s)
            raise VenueError("The order's state could not be read.")
        return answer(intent)

    live.venue.order = order

    def readable_again():
        live.venue.order = answer

    return readable_again


def listing(live, shown):
    """Let the venue list of its fills what `shown` makes of them; returns how to end that."""
    told = live.venue.fills
    live.venue.fills = lambda since, symbols: shown(told(since, symbols))

    def listed_again():
        live.venue.fills = told

    return listed_again


def nothing(_fills):
    return []


def unreadable(_fills):
    raise VenueError("The fills could not be read: 503.")


def by_somebody_else(live, side, quantity, name="web_1"):
    """An order at market that this desk never sent."""
    venue = live.venue.venue
    order = Held(
        number=1_000 + len(venue.orders), client_id=name, side=side, kind="market",
        quantity=Decimal(quantity), limit=None, trigger=None, reduce_only=False,
        created=venue.now, updated=venue.now,
    )  # fmt: skip
    venue.orders.append(order)
    venue._arrive(order)


def half_filled(live):
    """Half of the resting order is filled, and nobody was told yet."""
    venue = live.venue.venue
    order = venue.open()[0]
    venue._fill(order, order.quantity / 2, order.limit, maker=True)
    venue.last = order.limit


def held_as(live, role):
    """The venue's own newest order of a role."""
    suffix = {"entry": "e", "stop": "s", "take_profit": "t", "exit": "x"}[role]
    return next(
        one
        for one in reversed(live.venue.venue.orders)
        if one.client_id.rpartition("-")[2].startswith(suffix)
    )


def sent_of(live, role):
    """How often an order of this role was sent."""
    return sum(name.rpartition("-")[2].startswith(role) for name in live.venue.created)
