"""What the executor may call: place approved orders, and look at one."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any

from crewai.tools import BaseTool
from pydantic import BaseModel, ConfigDict, Field

from records.table import answer
from tools.orders.desk import OrderDesk
from tools.orders.echo import OrderEcho


class PlaceOrderArgs(OrderEcho):
    """The executor names approvals; size, side and symbol come from the ledger."""

    approval_ids: list[Annotated[str, Field(max_length=80)]] = Field(
        min_length=1, max_length=10, description="Approvals issued by the risk gate in this cycle."
    )


class PlaceOrderTool(BaseTool):
    """Turn each approval into one order, at most once."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str = "place_order"
    description: str = (
        "Place the orders that these approvals allow, all in one call. It ends your task. Leave "
        "the other fields null: they are only compared with the approval."
    )
    args_schema: type[BaseModel] = PlaceOrderArgs
    result_as_answer: bool = True
    desk: OrderDesk
    shield: Callable[[], AbstractContextManager[None]] = nullcontext
    """An order that was begun is seen through, whoever wants the process to end."""

    def _run(self, approval_ids: list[str], **echoed: Any) -> str:
        with self.shield():
            return self.desk.place_all(approval_ids, OrderEcho(**echoed)).model_dump_json()


class GetOrderArgs(BaseModel):
    """An order is named by the desk's own id for it."""

    model_config = ConfigDict(extra="forbid")

    client_order_id: str = Field(max_length=36, description="The desk's id of the order.")


class GetOrderTool(BaseTool):
    """How one order stands, from the ledger."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str = "get_order"
    description: str = "How one of this desk's orders stands."
    args_schema: type[BaseModel] = GetOrderArgs
    desk: OrderDesk

    def _run(self, client_order_id: str) -> str:
        order = self.desk.order(client_order_id)
        if order is None:
            message = f"This desk has sent no order {client_order_id!r}."
            return answer({"error": {"code": "unknown_order", "message": message}})
        return order.model_dump_json()
