"""The closing summary of a cycle: what each agent concluded, in a line, and what came of it."""

from collections.abc import Iterator
from decimal import Decimal

from records.cycle import CycleRecord, ModelUse
from records.order import Order, PositionMark, Trade
from records.proposal import TradeProposal


def summary(record: CycleRecord) -> str:
    """The whole summary, ready to print."""
    return "\n".join(_lines(record))


def _lines(record: CycleRecord) -> Iterator[str]:
    marks = " · SYNTHETIC market" if record.synthetic else ""
    yield f"Cycle {record.cycle_id} · {record.venue} · {record.mode} money{marks}"
    for skipped in record.skipped:
        yield f"  skipped     {skipped.symbol}: {skipped.reason}"
    if record.shortlist:
        yield f"  shortlist   {', '.join(record.shortlist)}"
    yield from _conclusions(record)
    yield from _judgements(record)
    for order in record.orders:
        yield f"  order       {_order(order)}"
    for trade in record.trades:
        yield f"  closed      {_trade(trade)}"
    yield f"  outcome     {record.outcome.upper()}{_reason(record)}: {record.message}"
    if record.account is not None:
        yield f"  equity      {_money(record.account.equity)} {record.account.currency}"
        yield from (f"  holds       {_position(mark)}" for mark in record.account.positions)
    yield f"  models      {_models(record)}"


def _conclusions(record: CycleRecord) -> Iterator[str]:
    reports = record.reports
    if reports.technical is not None:
        yield "  analyst     " + ", ".join(
            f"{v.symbol} {v.bias} {v.conviction:+.2f}" for v in reports.technical.views
        )
    if reports.sentiment is not None:
        yield "  sentiment   " + ", ".join(
            f"{v.symbol} {v.mood} {v.score:+.2f} ({v.confidence} confidence)"
            for v in reports.sentiment.views
        )
    if reports.chart is not None:
        yield "  chart       " + ", ".join(
            f"{v.symbol} {v.trend}, {_levels(v.support, v.resistance)}" for v in reports.chart.views
        )
    for task, note in reports.notes.items():
        yield f"  {task:<11} {note.summary[:160]}"
    for proposal in record.proposals:
        yield f"  proposal    {_proposal(proposal)}"


def _judgements(record: CycleRecord) -> Iterator[str]:
    symbols = {proposal.proposal_id: proposal.symbol for proposal in record.proposals}
    for verdict in record.verdicts:
        symbol = symbols.get(verdict.draft.proposal_id, verdict.draft.proposal_id)
        yield f"  verdict     {symbol} {verdict.draft.decision}: {verdict.draft.reasons[0]}"
    for refusal in record.refusals:
        yield f"  refused     {symbols.get(refusal.subject, refusal.subject)}: {refusal.message}"
    for approval in record.approvals:
        yield f"  approval    {approval.symbol} {approval.side} {approval.quantity:f}"


def _proposal(proposal: TradeProposal) -> str:
    draft = proposal.draft
    size = f" {proposal.quantity:f}" if proposal.quantity is not None else ""
    guards = f", stop {draft.stop:f}" if draft.stop is not None else ""
    guards += f", target {draft.take_profit:f}" if draft.take_profit is not None else ""
    return f"{draft.symbol} {draft.action}{size}{guards}: {draft.thesis[:120]}"


def _order(order: Order) -> str:
    intent = order.intent
    price = order.average_price or intent.limit_price or intent.trigger_price
    at = f" at {price:f}" if price is not None else ""
    why = f" ({order.reason})" if order.reason else ""
    return (
        f"{intent.role} {intent.symbol} {intent.side} {intent.quantity:f}{at}: {order.status}{why}"
    )


def _trade(trade: Trade) -> str:
    return (
        f"{trade.symbol} {trade.quantity:f} by {trade.exit_reason} at {trade.exit_price:.8g}: "
        f"{trade.pnl:+.2f} after fees ({trade.pnl_pct:+.2f} %)"
    )


def _position(mark: PositionMark) -> str:
    position = mark.position
    stop = f", stop {position.stop:f}" if position.stop is not None else ", NO STOP"
    return (
        f"{position.symbol} {position.side} {position.quantity:f} from {position.entry_price:.8g}, "
        f"now {mark.unrealised_pct:+.2f} %{stop}"
    )


def _levels(support: Decimal | None, resistance: Decimal | None) -> str:
    low = f"{support:f}" if support is not None else "none"
    high = f"{resistance:f}" if resistance is not None else "none"
    return f"support {low}, resistance {high}"


def _reason(record: CycleRecord) -> str:
    return f" ({record.hold_reason})" if record.hold_reason else ""


def _models(record: CycleRecord) -> str:
    use = record.model
    if not use.calls:
        return "0 calls"
    about = "about " if use.estimated_calls else ""
    tokens = f"{about}{use.prompt_tokens + use.completion_tokens} tokens"
    return f"{use.calls} calls in {use.rounds} rounds, {tokens}, {_cost(use)}"


def _cost(use: ModelUse) -> str:
    if use.cost_usd is None or use.unpriced_calls == use.calls:
        return "price unknown"
    unknown = f" and {use.unpriced_calls} calls without a price" if use.unpriced_calls else ""
    return f"{use.cost_usd:f} USD{unknown}"


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"
