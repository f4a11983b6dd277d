"""What each agent's model calls cost in one cycle: calls, tokens, USD and time waited."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

HEAD = ("agent", "calls", "tokens in", "tokens out", "USD", "waited s")


@dataclass(frozen=True, slots=True)
class AgentCost:
    """One agent's calls; `usd` counts those whose price is known."""

    agent: str
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: Decimal = Decimal(0)
    unpriced: int = 0
    waited_ms: float = 0.0

    def and_then(self, row: Mapping[str, Any]) -> "AgentCost":
        """With one more call."""
        usd = _amount(row.get("cost_usd"))
        return AgentCost(
            self.agent,
            self.calls + 1,
            self.prompt_tokens + _whole(row.get("prompt_tokens")),
            self.completion_tokens + _whole(row.get("completion_tokens")),
            self.usd + (usd or 0),
            self.unpriced + (usd is None),
            self.waited_ms + _float(row.get("latency_ms")),
        )

    def cells(self) -> tuple[str, ...]:
        """In the order of HEAD."""
        unknown = f" + {self.unpriced} unpriced" if self.unpriced else ""
        return (
            self.agent,
            str(self.calls),
            str(self.prompt_tokens),
            str(self.completion_tokens),
            f"{self.usd:f}{unknown}",
            f"{self.waited_ms / 1000:.3f}",
        )


def costs_of(rows: Iterable[Mapping[str, Any]]) -> tuple[AgentCost, ...]:
    """Each agent's share, in the order they first spoke; rows as `joined` gives them."""
    costs: dict[str, AgentCost] = {}
    for row in rows:
        if row["kind"] in ("model_call", "model_failed"):
            agent = str(row.get("agent") or "unknown")
            costs[agent] = costs.get(agent, AgentCost(agent)).and_then(row)
    return tuple(costs.values())


def _amount(value: Any) -> Decimal | None:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _whole(value: Any) -> int:
    return value if type(value) is int else 0


def _float(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
