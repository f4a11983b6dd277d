"""What the executor's tools answer: orders from the ledger, and a clear no."""

import json

import pytest
from pydantic import ValidationError

from tests.tools.orders.bench import BTC, ETH

pytestmark = pytest.mark.usefixtures("crewai_loaded")


@pytest.fixture
def executor(bench):
    from tools.orders.tool import GetOrderTool, PlaceOrderTool

    cycle = bench.cycle()
    return cycle, PlaceOrderTool(desk=cycle.orders), GetOrderTool(desk=cycle.orders)


def test_placing_answers_with_orders_and_refusals(executor):
    """Straight from the ledger; the model writes none of it."""
    cycle, place, look = executor
    approval_id = cycle.approve(cycle.draft())
    report = json.loads(place.run(approval_ids=[approval_id, "forged"]))
    assert [order["status"] for order in report["orders"]] == ["filled", "open", "open"]
    assert [one["code"] for one in report["refused"]] == ["ApprovalUnknown"]
    assert place.result_as_answer is True

    found = json.loads(look.run(client_order_id=f"{approval_id}-s"))
    assert (found["intent"]["role"], found["status"]) == ("stop", "open")


def test_an_unknown_order_is_an_answer_not_an_error(executor):
    """The model reads what is wrong and goes on."""
    found = json.loads(executor[2].run(client_order_id="nothing"))
    assert found["error"]["code"] == "unknown_order"


@pytest.mark.parametrize(
    "arguments",
    [{"approval_ids": ["a"], "quantity": "5"}, {"approval_ids": ["a"] * 11}, {"approval_ids": "a"},
     {"approval_ids": [1]}, {}],
)  # fmt: skip
def test_anything_but_approval_ids_is_refused(executor, bench, arguments):
    """Size, side and price come from the ledger; a field for them does not exist."""
    with pytest.raises((ValidationError, ValueError)):
        executor[1].run(**arguments)
    assert list(bench.account.fills(None, (BTC, ETH))) == []
