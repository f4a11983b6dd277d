"""
The tables: what is searched has a column, what is nested is a JSON document.

Foreign keys follow the flow of a trade, so that no row can stand without the one that
allowed it:

    cycle -> proposal -> verdict -> approval -> intent -> order -> fill

Tables in APPEND_ONLY are never changed or emptied; the database itself refuses. The
migrations are what builds the file; a test holds both to the same schema.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)

from tools.ledger.columns import (
    amount,
    cycle_link,
    flag,
    key,
    link,
    nought,
    number,
    table,
    text,
    time,
    whole,
)
from tools.ledger.exact import UtcMicros

APPEND_ONLY = (
    "snapshots",
    "reports",
    "proposals",
    "verdicts",
    "refusals",
    "intents",
    "fills",
    "funding",
    "trades",
    "equity",
    "baselines",
    "events",
    "lessons",
    "forgotten_lessons",
    "breaker",
    "paper_fills",
    "later_prices",
    "hypothetical_trades",
    "model_calls",
)

cycles = table(
    "cycles",
    key("cycle_id"),
    Column("sequence", Integer, nullable=False, unique=True),
    time("started_at"),
    time("ended_at", null=True),
    text("outcome", null=True),
    text("hold_reason", null=True),
    text("message", null=True),
    whole("exit_code", null=True),
    text("venue"),
    text("mode"),
    flag("synthetic"),
    text("symbols"),
    whole("model_calls", null=True),
    whole("model_rounds", null=True),
    whole("prompt_tokens", null=True),
    whole("completion_tokens", null=True),
    amount("cost_usd", null=True),
    whole("transcript_lines", null=True),
    text("transcript_hash", null=True),
    text("record", null=True),
    Index("cycles_by_time", "started_at"),
)

snapshots = table(
    "snapshots",
    cycle_link(key=True),
    time("as_of"),
    text("venue"),
    flag("synthetic"),
    text("digest"),
    text("record"),
)

reports = table(
    "reports",
    key("report_id"),
    cycle_link(),
    text("agent"),
    text("task"),
    text("kind"),
    time("created_at"),
    text("record"),
    Index("reports_of_cycle", "cycle_id"),
)

proposals = table(
    "proposals",
    key("proposal_id"),
    cycle_link(),
    time("created_at"),
    text("symbol"),
    text("action"),
    text("record"),
    Index("proposals_of_cycle", "cycle_id"),
)

verdicts = table(
    "verdicts",
    key("verdict_id"),
    cycle_link(),
    link("proposal_id", "proposals.proposal_id"),
    time("created_at"),
    text("decision"),
    text("record"),
    UniqueConstraint("proposal_id", name="first_verdict_stands"),
    UniqueConstraint("verdict_id", "proposal_id", name="verdict_of_proposal"),
    Index("verdicts_of_cycle", "cycle_id"),
)

approvals = table(
    "approvals",
    key("approval_id"),
    cycle_link(),
    text("proposal_id"),
    text("verdict_id"),
    time("created_at"),
    time("expires_at"),
    text("symbol"),
    text("record"),
    time("used_at", null=True),
    text("used_by", null=True),
    ForeignKeyConstraint(
        ["verdict_id", "proposal_id"],
        ["verdicts.verdict_id", "verdicts.proposal_id"],
        name="approval_of_verdict",
    ),
    UniqueConstraint("verdict_id", name="one_approval_per_verdict"),
    Index("approvals_of_cycle", "cycle_id"),
)

refusals = table(
    "refusals",
    key("refusal_id"),
    cycle_link(),
    time("at"),
    text("subject"),
    text("code"),
    text("record"),
    Index("refusals_of_cycle", "cycle_id"),
)

intents = table(
    "intents",
    key("intent_id"),
    cycle_link(),
    link("approval_id", "approvals.approval_id", null=True),
    Column("client_order_id", Text, nullable=False, unique=True),
    time("created_at"),
    text("symbol"),
    text("side"),
    text("role"),
    text("kind"),
    amount("quantity"),
    amount("limit_price", null=True),
    amount("trigger_price", null=True),
    flag("reduce_only"),
    Column("leverage", Integer, nullable=False, server_default="1"),
    text("why", null=True),
    Index("intents_of_cycle", "cycle_id"),
    Index("intents_by_time", "created_at"),
)

orders = table(
    "orders",
    link("client_order_id", "intents.client_order_id", key=True),
    text("venue_order_id", null=True),
    text("status"),
    amount("filled_quantity"),
    amount("average_price", null=True),
    amount("fee"),
    text("reason"),
    time("updated_at"),
    time("submitted_at", null=True),
    Column("strikes", Integer, nullable=False, server_default="0"),
    text("executed_as", null=True),
    Index("orders_by_status", "status"),
    Index("orders_by_venue_id", "venue_order_id"),
)

fills = table(
    "fills",
    key("fill_id"),
    link("client_order_id", "orders.client_order_id"),
    text("symbol"),
    text("side"),
    amount("quantity"),
    amount("price"),
    amount("fee"),
    text("liquidity"),
    time("at"),
    Index("fills_of_order", "client_order_id"),
    Index("fills_by_time", "at"),
)

positions = table(
    "positions",
    key("position_id"),
    text("symbol"),
    text("side"),
    amount("quantity"),
    amount("entry_price"),
    amount("fees"),
    time("opened_at"),
    cycle_link(),
    text("proposal_id"),
    amount("stop", null=True),
    amount("take_profit", null=True),
    text("thesis"),
    amount("invalidation_price", null=True),
    time("closed_at", null=True),
    nought("funding"),
    Column("leverage", Integer, nullable=False, server_default="1"),
    amount("first_stop", null=True),
    amount("best_price", null=True),
    time("deadline_at", null=True),
    time("invalidated_at", null=True),
    time("reviewed_at", null=True),
    Index("positions_by_end", "closed_at"),
)

trades = table(
    "trades",
    key("trade_id"),
    link("position_id", "positions.position_id"),
    text("symbol"),
    text("side"),
    amount("quantity"),
    amount("entry_price"),
    amount("exit_price"),
    time("opened_at"),
    time("closed_at"),
    whole("holding_s"),
    amount("fees"),
    amount("pnl"),
    amount("pnl_pct"),
    text("exit_reason"),
    cycle_link("opened_in"),
    cycle_link("closed_in"),
    nought("funding"),
    Index("trades_by_end", "closed_at"),
)

funding = table(
    "funding",
    key("payment_id"),
    link("position_id", "positions.position_id"),
    text("symbol"),
    amount("amount"),
    time("at"),
    Index("funding_by_time", "at"),
)

equity = table(
    "equity",
    cycle_link(key=True),
    time("as_of"),
    text("currency"),
    amount("equity"),
    amount("cash"),
    text("record"),
    Index("equity_by_time", "as_of"),
)

baselines = table(
    "baselines",
    key("period"),
    Column("period_start", UtcMicros, primary_key=True, nullable=False),
    amount("equity"),
)

peak = table(
    "peak",
    Column("only", Integer, CheckConstraint("only = 1"), primary_key=True, nullable=False),
    amount("equity"),
    time("at"),
)

breaker = table(
    "breaker",
    number("number"),
    cycle_link(null=True),
    text("status"),
    time("since"),
    text("record"),
)

locks = table(
    "locks",
    number("lock_id"),
    text("kind"),
    text("symbol", null=True),
    time("since"),
    time("until", null=True),
    text("reason"),
    text("by"),
    time("cleared_at", null=True),
    text("cleared_by", null=True),
    text("cleared_why", null=True),
    time("judged_to", null=True),
)

arming = table(
    "arming",
    key("arming_id"),
    text("venue"),
    time("armed_at"),
    time("expires_at"),
    amount("max_notional"),
    amount("max_daily_loss"),
    text("armed_by"),
    time("disarmed_at", null=True),
)

events = table(
    "events",
    key("event_id"),
    cycle_link(null=True),
    time("at"),
    text("level"),
    text("kind"),
    text("message"),
    text("detail", null=True),
    Index("events_by_time", "at"),
)

lessons = table(
    "lessons",
    key("lesson_id"),
    text("cycle_id"),  # no link: a lesson may come from another desk's ledger
    time("learned_at"),
    text("symbol"),
    text("proposal_id", null=True),
    text("record"),
    Index("lessons_by_time", "learned_at"),
    Index("lessons_of_proposal", "proposal_id", unique=True),
)

forgotten_lessons = table("forgotten_lessons", key("lesson_id"), time("at"))

awaited = table(
    "awaited",
    cycle_link(key=True),
    key("symbol"),
    number("horizon_h"),
    time("at"),
    amount("price"),
    time("due_at"),
    Index("awaited_by_time", "due_at"),
)

later_prices = table(
    "later_prices",
    cycle_link(key=True),
    key("symbol"),
    number("horizon_h"),
    time("at"),
    amount("price"),
    time("due_at"),
    amount("later", null=True),
    amount("high", null=True),
    amount("low", null=True),
    cycle_link("booked_in"),
    Index("later_prices_by_time", "at"),
)

hypothetical_trades = table(
    "hypothetical_trades",
    link("proposal_id", "proposals.proposal_id", key=True),
    cycle_link(),
    text("symbol"),
    time("at"),
    time("known_at"),
    cycle_link("booked_in"),
    text("record"),
    Index("hypothetical_trades_by_time", "at"),
    Index("hypothetical_trades_of_cycle", "booked_in"),
)

model_calls = table(
    "model_calls",
    cycle_link(key=True),
    key("task"),
    key("model"),
    number("attempt"),
    text("agent"),
    text("answer"),
    whole("calls"),
    whole("prompt_tokens"),
    whole("completion_tokens"),
    amount("cost_usd"),
    whole("unpriced_calls"),
)

paper_books = table(
    "paper_books",
    Column("only", Integer, CheckConstraint("only = 1"), primary_key=True, nullable=False),
    amount("cash"),
    time("walked_to"),
    text("record"),
)

paper_orders = table(
    "paper_orders",
    key("client_order_id"),
    text("symbol"),
    text("status"),
    time("created_at"),
    time("updated_at"),
    text("record"),
    Index("paper_orders_by_status", "status"),
)

paper_fills = table(
    "paper_fills",
    key("fill_id"),
    link("client_order_id", "paper_orders.client_order_id"),
    text("symbol"),
    text("side"),
    amount("quantity"),
    amount("price"),
    amount("fee"),
    text("liquidity"),
    time("at"),
    Index("paper_fills_by_time", "at"),
)
