"""What one agent asked one model in one task of a cycle, and what that cost."""

from pydantic import Field

from records.base import Amount, Record


class ModelCalls(Record):
    """Answered calls only, as ModelUse counts their tokens and cost."""

    cycle_id: str
    agent: str = Field(description="Name in agents.yaml; `desk` for what the desk itself asked.")
    task: str
    answer: str = Field(
        description="What the task must give: a record's name, or the tool that ends it."
    )
    model: str
    attempt: int = Field(ge=1, description="2: the rulebook stood in for models that failed.")
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: Amount = Field(description="Of the calls whose price is known.")
    unpriced_calls: int = 0
