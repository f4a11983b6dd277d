"""The bench of the order desk's tests, for the risk desk that works beside it."""

from tests.tools.orders.conftest import bench, blank_ledger, ledger

__all__ = ["bench", "blank_ledger", "ledger"]
