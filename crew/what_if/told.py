"""The parts of an answer in words, the same on a terminal and on a page."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from crew.what_if.answer import Answer, Counts
from crew.what_if.comparison import Difference, Veto
from crew.what_if.estimate import Estimate
from crew.what_if.hindsight import Outlook
from crew.what_if.stances import Stance

INDEPENDENT = (
    "Each cycle began with the account as it was recorded: a decision that flips is not "
    "carried into later cycles."
)
HINDSIGHT = (
    "Hindsight: known only afterwards. Entries after fees, to stop or target if that came "
    "first; exits against keeping the position."
)

_VETO: Mapping[Veto, str] = {
    "gained": "veto gained",
    "lost": "veto lost",
    "other rule": "vetoed by another rule",
}


def in_order(answer: Answer) -> tuple[Difference, ...]:
    """Flips first, then vetoes, then sizes, then the rest; each oldest first."""
    return tuple(
        sorted(
            answer.differences,
            key=lambda one: (
                not one.flipped,
                one.veto is None,
                one.size_change_pct is None,
                one.at,
            ),
        )
    )


def title(answer: Answer) -> str:
    """What was asked, of how much."""
    if not answer.compared:
        return f"What if: {answer.change}. No cycle was compared."
    first, last = answer.compared[0].at, answer.compared[-1].at
    cycles = _count(len(answer.compared), "cycle")
    return f"What if: {answer.change}. {cycles}, {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}."


def counts(of: Counts) -> Iterator[str]:
    """The figures of the whole answer, a line each."""
    yield (
        f"{_count(of.flips, 'flip')}, {_count(of.vetoes_gained, 'veto', 'vetoes')} "
        f"gained, {of.vetoes_lost} lost, {_count(of.size_changes, 'size')} changed"
    )
    yield (
        f"{_count(of.heard, 'model call')} from the recording, {of.asked} asked anew, {_cost(of)}"
    )


def notes(answer: Answer) -> Iterator[str]:
    """What a reader has to know to read it right."""
    if answer.stopped is not None:
        yield answer.stopped
    if unread := [one.cycle_id for one in answer.compared if one.without_news]:
        yield (
            f"{_count(len(unread), 'cycle')} met without news, because the recorded one had not "
            f"read any: {_some(unread)}."
        )
    if answer.differences:
        yield INDEPENDENT
        yield HINDSIGHT


def what(one: Difference) -> str:
    """What is not as it was, in a few words."""
    said = ["flipped"] if one.flipped else []
    if one.veto is not None:
        said.append(f"{_VETO[one.veto]} ({', '.join(one.rules)})")
    if one.size_change_pct is not None:
        said.append(f"size {one.size_change_pct:+f} %")
    if one.moved and one.was is not None and one.now is not None:
        said.append(_moved("stop", one.was.stop, one.now.stop))
        said.append(_moved("target", one.was.take_profit, one.now.take_profit))
    return ", ".join(part for part in said if part)


def decision(stance: Stance | None) -> str:
    """What was decided, with its size and price."""
    if stance is None:
        return "nothing"
    size = f" {_plain(stance.quantity)}" if stance.quantity is not None else ""
    at = f" at {_plain(stance.price)}" if stance.price is not None else ""
    if stance.refused_by:
        return f"{stance.action} refused: {', '.join(stance.refused_by)}"
    if not stance.done:
        return f"{stance.action}{size} not placed"
    why = f" by {stance.why}" if stance.why else ""
    return f"{stance.action}{size}{at}{why}{'' if stance.filled else ', resting'}"


def done(stance: Stance | None) -> str:
    """What was done, in a word."""
    return stance.action if stance is not None and stance.done else "nothing"


def outlook(looks: tuple[Outlook, ...], horizon: str) -> str:
    """One cell: what the decision came to by a horizon."""
    look = next((one for one in looks if one.horizon == horizon), None)
    if look is None:
        return "-"
    if look.pct is None:
        return "not known yet"
    by = f" {look.ended_by}" if look.ended_by in ("stop", "target") else ""
    return f"{look.pct:+.2f} %{by}"


def horizons(answer: Answer) -> tuple[str, ...]:
    return tuple(one.horizon for one in answer.hindsight())


def money(amount: Decimal) -> str:
    return f"{amount:+.2f}"


def question(estimate: Estimate, budget_usd: Decimal | None, asked: str | None = None) -> str:
    """What it may cost, before anybody is asked; `asked` says what, if not the cycles alone."""
    models = ", ".join(estimate.may_ask)
    bound = f" It stops at {budget_usd:f} USD." if budget_usd is not None else ""
    if estimate.unpriced:
        price = f"price of {', '.join(estimate.unpriced)} unknown (llm.prices)"
    else:
        price = f"{estimate.usd:.4f} USD"
    what = asked or _count(estimate.cycles, "cycle")
    return (
        f"{what}: up to {_count(estimate.calls, 'call')} of {models} "
        f"as recorded, about {estimate.tokens} tokens, {price}; more if cycles meet that had "
        f"not.{bound} Ask?"
    )


def by(horizon: str) -> str:
    """A horizon as the head of a column."""
    return "stop or target" if horizon == "end" else f"in {horizon}"


def _plain(amount: Decimal) -> str:
    """Eight digits at most, and no zeros after them."""
    return f"{Decimal(f'{amount:.8g}').normalize():f}"


def _moved(name: str, was: Decimal | None, now: Decimal | None) -> str:
    if was == now:
        return ""
    before, after = (_plain(one) if one is not None else "none" for one in (was, now))
    return f"{name} {before} -> {after}"


def _cost(of: Counts) -> str:
    unknown = f" and {of.unpriced_calls} calls without a price" if of.unpriced_calls else ""
    return f"{of.cost_usd:.4f} USD{unknown}"


def _count(number: int, word: str, many: str | None = None) -> str:
    return f"{number} {word if number == 1 else many or word + 's'}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
