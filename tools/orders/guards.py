"""
The stop and the target of an entry: sent once it has filled, withdrawn once it is dead.

They are written with the entry, in one transaction, and wait in the ledger as pending.
Whoever learns what became of the entry, the order desk at once or reconciliation a cycle
later, settles them here. While the entry rests nothing is sent.
"""

from records.order import WORKING, Order, OrderStatus
from tools.ledger.ledger import Ledger
from tools.orders.intents import client_order_id
from tools.orders.sender import Sender


class Guards:
    """Settles stops and targets that wait for their entry."""

    def __init__(self, ledger: Ledger, sender: Sender) -> None:
        self._ledger = ledger
        self._sender = sender

    def settle_all(self) -> None:
        """Settle every waiting guard."""
        waiting = [one for one in self._ledger.execution.working_orders() if waits(one)]
        for approval_id in dict.fromkeys(one.intent.approval_id for one in waiting):
            assert approval_id is not None, "a guard that waits was approved with its entry"
            entry = self._ledger.execution.order(client_order_id(approval_id, "entry"))
            assert entry is not None, "both were written together"
            self.settle(entry)

    def settle(self, entry: Order) -> tuple[Order, ...]:
        """Send the waiting guards of a filled entry, end those of a dead one."""
        if entry.status in WORKING and entry.filled_quantity == 0:
            return ()
        return tuple(self._settle(guard, entry) for guard in self._of(entry))

    def _of(self, entry: Order) -> list[Order]:
        approval_id = entry.intent.approval_id
        return [
            order
            for order in self._ledger.execution.working_orders()
            if waits(order) and order.intent.approval_id == approval_id
        ]

    def _settle(self, guard: Order, entry: Order) -> Order:
        if entry.filled_quantity > 0:
            return self._sender.send(guard.intent)
        status: OrderStatus = "expired" if entry.status == "expired" else "cancelled"
        return self._sender.end(guard.intent, status, f"its entry is {entry.status}")


def waits(order: Order) -> bool:
    """Whether this is a guard that was written with its entry and not sent yet."""
    return (
        order.status == "pending"
        and order.intent.role in ("stop", "take_profit")
        and order.intent.approval_id is not None
    )
