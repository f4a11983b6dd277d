"""
The crew at work: prompts, answers taken strictly, and what became of them in the ledger.

A model's words never pass a stage as prose: each answer is parsed into its record,
written to the ledger, and only that record's JSON reaches the next agent.
"""

import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from crew.desk import Desk
from crew.evidence import Evidence
from crew.handing_on import handed_on, proposals_handed_on
from crew.listener import CrewListener
from crew.models.call_log import CallLog
from crew.models.calls import Place
from crew.models.prices import cost_usd
from crew.models.scoring_calls import REFLECTING_AGENT, REFLECTING_TASK, ScoringCalls
from crew.models.vision import Gallery, can_see
from crew.models.watch import CallWatch
from crew.prompts import ANSWERS, Told, block, task_prompt
from crew.specs import AgentSpec, TaskSpec
from crew.stopping import CycleStopped
from crew.support import Grounds
from crew.transcript import Transcript
from records.clock import Clock
from records.cycle import ModelUse
from records.errors import AnswerRefused, ModelFailed, TradingError
from records.ids import IdSequence
from records.model_calls import ModelCalls
from records.order import ExecutionReport
from records.proposal import TradeProposal, TradeProposals
from records.reports import (
    ChartReport,
    Note,
    ReadFrom,
    ReportRow,
    SentimentReport,
    TechnicalReport,
)
from records.strict import NotStrict, read_as
from records.verdict import Refusal, VerdictOutcome, VerdictReport, Verdicts
from tools.chart.pictures import Picture
from tools.orders.desk import OrderDesk
from tools.risk.desk import RiskDesk
from tools.risk.losses import day_began

_NOT_REVIEWED = (
    "the thesis of {} has failed, and the analyst's answer does not close, reduce or hold it; "
    "stops and exit rules go on, and the crew is asked again when the next candle has closed"
)

if TYPE_CHECKING:
    from crewai.tools import BaseTool

    from crew.models.answers import BadCall


class Deliberation:
    """One crew, one kickoff."""

    def __init__(
        self,
        *,
        desk: Desk,
        seen: Evidence,
        grounds: Grounds,
        risk: RiskDesk,
        orders: OrderDesk,
        ids: IdSequence,
        clock: Clock,
        transcript: Transcript,
        model: str,
        attempt: int,
        calls: CallLog | None,
    ) -> None:
        self._desk = desk
        self._seen = seen
        self._grounds = grounds
        self._risk = risk
        self._orders = orders
        self._ids = ids
        self._clock = clock
        self._transcript = transcript
        self._model = model
        self._attempt = attempt
        self._calls = calls
        self._handed_on: dict[str, Callable[[Sequence[str]], str]] = {}
        """What later tasks may read of a task's answer, for the markets they are about."""
        self._proposed_markets: tuple[str, ...] = ()
        self._listener = CrewListener(transcript, self._price, desk.stopping, self._accrue)
        self._watch = CallWatch(
            self._listener,
            desk.settings.budget,
            spent_today_usd=desk.ledger.cycles.cost_since(day_began(clock.now())),
            redact=desk.redact,
            record=self._on_record,
        )
        self._gallery = Gallery(seen.charts, seen.shortlist, desk.settings.charts, self._on_shown)

    def run(self) -> None:
        """Let the crew work; raises ModelFailed when a model gave no usable answer."""
        os.environ["CREWAI_STORAGE_DIR"] = str(self._desk.home / "crewai")
        logging.getLogger("crewai.llms.base_llm").setLevel(logging.ERROR)  # says so every call
        from crewai.events.stream_context import add_stream_sink, reset_stream_sinks

        crew = self._crew()
        self._transcript.write("crew", attempt=self._attempt, members=list(self._members()))
        token = add_stream_sink(self._listener)
        try:
            with (
                redirect_stdout(sys.stderr),  # CrewAI prints what goes wrong inside it
                self._desk.stopping.interruptible(self._listener.waits),
            ):
                crew.kickoff()
            self._raise_unrecorded()
        except CycleStopped:
            self._listener.abandon()
            raise
        except TradingError as error:
            self._hear_out()
            if isinstance(error, ModelFailed):
                self._on_failure(error)
            raise
        except Exception as error:
            self._hear_out()
            self._raise_unrecorded()
            said = self._desk.redact(" ".join(str(error)[:20_000].split()))[:400].rstrip(".")
            raise ModelFailed(
                f"The crew stopped: {type(error).__name__}: {said}. "
                "This crew trades no further. `desk transcript` shows the last call."
            ) from error
        finally:
            reset_stream_sinks(token)

    def _raise_unrecorded(self) -> None:
        """A ledger that failed under a tool ends the cycle; CrewAI turned it into text."""
        if self._orders.failure is not None:
            raise self._orders.failure

    def _hear_out(self) -> None:
        """Wait for answers already paid for, unless the whole cycle is to end."""
        if self._desk.stopping.asked is not None:
            self._listener.abandon()
            self._desk.stopping.check()
        self._listener.stop(self._desk.settings.llm.timeout_s)

    def scoring_calls(self) -> ScoringCalls:
        """Lets the desk itself ask a model, within this crew's budget and on its record."""
        return ScoringCalls(self._listener, self._watch, self._calls, self._attempt)

    def reflecting_calls(self) -> ScoringCalls:
        """The same for the sentences of lessons, after the crew's work."""
        asks = REFLECTING_AGENT, REFLECTING_TASK
        return ScoringCalls(self._listener, self._watch, self._calls, self._attempt, asks=asks)

    def use(self) -> ModelUse:
        """What the models cost so far."""
        return self._listener.use(self._desk.spec.waves())

    def calls(self) -> tuple[ModelCalls, ...]:
        """The same for each task and model, with the agent that asked."""
        return tuple(
            ModelCalls(
                cycle_id=self._ids.cycle_id,
                **self._asked_in(task),
                task=task,
                model=model,
                attempt=self._attempt,
                calls=use.calls,
                prompt_tokens=use.prompt_tokens,
                completion_tokens=use.completion_tokens,
                cost_usd=use.cost_usd or Decimal(0),
                unpriced_calls=use.unpriced_calls,
            )
            for (task, model), use in self._listener.spent_by().items()
        )

    def _asked_in(self, task: str) -> dict[str, str]:
        """Who asks in a task and what must come of it; what is no task is the desk's own."""
        if (spec := self._desk.spec.tasks.get(task)) is None:
            return {"agent": "desk", "answer": task}
        return {"agent": spec.agent, "answer": spec.finish_with or spec.output or "Note"}

    def _crew(self) -> Any:
        from crew.roster import build_crew
        from crew.toolbox import build_tools

        tools = build_tools(self._seen, self._risk, self._orders, self._desk.stopping)
        self._grounds.use(tools)
        return build_crew(
            self._desk.spec,
            tools=tools,
            told=partial(self._told, tools),
            llm_for=self._llm_for,
            accept=self._accept,
            conditions={
                "open_proposals": lambda: bool(self._risk.open_proposals()),
                "unspent_approvals": lambda: bool(
                    self._desk.ledger.decisions.unspent_approvals(
                        self._ids.cycle_id, self._clock.now()
                    )
                ),
            },
            max_turns=self._desk.settings.llm.max_turns,
        )

    def _told(self, tools: "Mapping[str, BaseTool]", name: str) -> Told:
        """What a task is told: its words, fresh briefings, and what earlier tasks answered."""
        from crew.toolbox import briefing

        task = self._desk.spec.tasks[name]
        markets = self._proposed_markets if task.markets == "proposed" else self._seen.shortlist
        earlier = [
            block("report", one, self._handed_on[one](markets))
            for one in task.context
            if one in self._handed_on
        ]
        return Told(
            description=task_prompt(
                task,
                cycle_id=self._ids.cycle_id,
                markets=markets,
                briefings={tool: briefing(tools[tool], markets) for tool in task.briefing},
            ),
            context="\n\n".join(earlier) or None,
        )

    def _llm_for(self, task: str, agent: AgentSpec, offered: "Sequence[BaseTool]") -> Any:
        from crew.models.guarded import GuardedLLM

        model = self._model if self._forced else agent.model or self._model
        inner = self._desk.models.llm(model, agent, task)
        schemas = {tool.name: tool.args_schema for tool in offered}
        sees = "read_chart" in schemas and can_see(model, agent.vision)
        place = Place(agent.role, task, self._attempt, model)
        return GuardedLLM(
            inner,
            self._watch,
            agent=agent.role,
            offered=schemas,
            gallery=self._gallery if sees else None,
            calls=self._calls.of(place) if self._calls is not None else None,
        )

    def _members(self) -> Iterator[Mapping[str, Any]]:
        """Who sits in this crew, by both of the names that an agent has."""
        tasks = self._desk.spec.tasks
        for name, agent in self._desk.spec.agents.items():
            yield {
                "agent": name,
                "role": agent.role,
                "model": self._model if self._forced else agent.model or self._model,
                "tasks": [task for task, spec in tasks.items() if spec.agent == name],
            }

    def _on_failure(self, failure: ModelFailed) -> None:
        """Why this crew works no further, in its place among the lines."""
        self._transcript.write(
            "crew_ended",
            agent=getattr(failure, "agent", None),
            task=getattr(failure, "task", None),
            error=type(failure).__name__,
            message=str(failure),
        )

    def _on_shown(self, task: str, pictures: Sequence[Picture]) -> None:
        """Which pictures a task's model was sent."""
        said = [{"symbol": one.symbol, "file": one.file, "what": one.said} for one in pictures]
        self._transcript.write("pictures_sent", task=task, pictures=said)

    def _on_record(self, agent: str, task: str, fault: "BadCall") -> None:
        """A call that was not carried out; one that wanted to act is a refusal in the ledger."""
        self._transcript.write(
            "call_refused", agent=agent, task=task, tool=fault.name, code=fault.code,
            detail=fault.message,
        )  # fmt: skip
        if fault.code == "tool_not_offered" or fault.name == "place_order":
            self._refuse(fault.name or "unknown tool", fault.code, fault.message)

    @property
    def _again(self) -> str:
        return "" if self._attempt == 1 else f"-{self._attempt}"

    @property
    def _forced(self) -> bool:
        """The rulebook standing in for failed models stands in for all of them."""
        return self._attempt > 1

    def _price(self, model: str, prompt_tokens: int, completion_tokens: int) -> Decimal | None:
        return cost_usd(model, prompt_tokens, completion_tokens, self._desk.settings.llm.prices)

    def _accrue(self, use: ModelUse) -> None:
        """Into the cycle's row at once: a cycle that is killed has spent it all the same."""
        if use.cost_usd or use.unpriced_calls:  # the rulebook's calls are not worth a commit each
            self._desk.ledger.cycles.add_use(self._ids.cycle_id, use)

    # What each kind of answer becomes.

    def _accept(self, name: str, raw: str) -> str:
        with self._desk.stopping.shielded():
            return self._accepted(name, raw)

    def _accepted(self, name: str, raw: str) -> str:
        task = self._desk.spec.tasks[name]
        if task.finish_with is not None:
            text = self._finished[task.finish_with](name, task, raw)
        else:
            text = self._answered(name, task, raw)
        self._transcript.write("accepted", task=name, agent=task.agent, answer=text)
        return text

    def _answered(self, name: str, task: TaskSpec, raw: str) -> str:
        record = ANSWERS[task.output or "Note"]
        try:
            answer = read_as(record, raw)
        except NotStrict as fault:
            raise AnswerRefused(agent=task.agent, task=name, detail=str(fault)) from None
        if isinstance(answer, TradeProposals):
            return self._proposed(name, answer)
        if isinstance(answer, ChartReport):
            answer = self._as_read(name, answer)
        assert isinstance(answer, TechnicalReport | SentimentReport | ChartReport | Note)
        self._desk.ledger.cycles.add_report(
            ReportRow(
                report_id=f"{self._ids.cycle_id}-{name}{self._again}",
                cycle_id=self._ids.cycle_id,
                agent=task.agent,
                task=name,
                kind=record.__name__,
                created_at=self._clock.now(),
                report=answer,
            )
        )
        self._handed_on[name] = partial(handed_on, answer)
        return answer.model_dump_json()

    def _as_read(self, name: str, report: ChartReport) -> ChartReport:
        """What a chart report was read from, as the desk knows it and whatever it says."""
        really: ReadFrom = "image" if self._gallery.was_sent(name) else "geometry"
        if report.read_from == really:
            return report
        self._transcript.write(
            "claim_corrected", task=name, claimed=report.read_from, really=really
        )
        return report.model_copy(update={"read_from": really})

    def _proposed(self, name: str, answer: TradeProposals) -> str:
        """Number the proposals; what cannot be one is refused by itself."""
        proposals = self._risk.register(answer.proposals, self._seen.situations)
        self._handed_on[name] = partial(proposals_handed_on, proposals)
        self._note_reviews(proposals)
        proposed = {proposal.symbol for proposal in proposals}
        self._proposed_markets = tuple(s for s in self._seen.shortlist if s in proposed)
        inner = ",".join(proposal.model_dump_json() for proposal in proposals)
        return f'{{"proposals":[{inner}]}}'

    def _note_reviews(self, proposals: Sequence[TradeProposal]) -> None:
        """That the crew met on what must be reviewed; what the answer leaves out is on record."""
        answered = {p.symbol for p in proposals if not p.draft.opens}
        account, at = self._desk.ledger.account, self._seen.snapshot.as_of
        for position in account.open_positions():
            if position.thesis_failure(at) is None:
                continue
            account.save_position(position.model_copy(update={"reviewed_at": at}))
            if position.symbol not in answered:
                message = _NOT_REVIEWED.format(position.symbol)
                self._refuse(position.symbol, "review_missing", message)

    def _refuse(self, subject: str, code: str, message: str) -> None:
        refusal = Refusal(
            refusal_id=self._ids.next("r"),
            cycle_id=self._ids.cycle_id,
            at=self._clock.now(),
            subject=subject,
            code=code,
            message=message,
        )
        self._desk.ledger.decisions.add_refusal(refusal)
        self._transcript.write("refusal", refusal=refusal)

    @property
    def _finished(self) -> Mapping[str, Callable[[str, TaskSpec, str], str]]:
        return {"submit_verdict": self._judged, "place_order": self._executed}

    def _judged(self, name: str, task: TaskSpec, raw: str) -> str:
        """The verdicts as the ledger has them, whatever the officer's last words were."""
        decisions = self._desk.ledger.decisions
        cycle_id = self._ids.cycle_id
        if self._risk.open_proposals():
            self._submit_words(name, task, raw)
        approvals = {a.proposal_id: a for a in decisions.approvals(cycle_id)}
        refusals = {r.subject: r for r in reversed(decisions.refusals(cycle_id))}
        outcomes = tuple(
            VerdictOutcome(
                proposal_id=(proposal_id := verdict.draft.proposal_id),
                decision=verdict.draft.decision,
                approval_id=a.approval_id if (a := approvals.get(proposal_id)) else None,
                refusal=None if proposal_id in approvals else refusals.get(proposal_id),
                quantity=a.quantity if a else None,
            )
            for verdict in decisions.verdicts(cycle_id)
        )
        if self._risk.open_proposals():
            raise AnswerRefused(
                agent=task.agent, task=name, detail="not every proposal got a verdict"
            )
        report = VerdictReport(outcomes=outcomes)
        self._handed_on[name] = partial(handed_on, report)
        return report.model_dump_json()

    def _submit_words(self, name: str, task: TaskSpec, raw: str) -> None:
        """Take verdicts that were written instead of submitted, just as strictly."""
        try:
            written = read_as(Verdicts, raw)
        except NotStrict as fault:
            detail = f"not every proposal got a verdict, and as an answer it is none: {fault}"
            raise AnswerRefused(agent=task.agent, task=name, detail=detail) from None
        self._risk.submit(written.verdicts)

    def _executed(self, name: str, task: TaskSpec, raw: str) -> str:
        """What the ledger says was placed; other words of the executor's are put on record."""
        execution, cycle_id = self._desk.ledger.execution, self._ids.cycle_id
        report = ExecutionReport(
            orders=tuple(o for o in execution.orders(cycle_id) if o.intent.approval_id),
            refused=self._orders.refused(),
        )
        placed = {order.intent.client_order_id for order in report.orders}
        if claimed := self._claims(raw) - placed:
            self._transcript.write(
                "claim_refused", agent=task.agent, task=name, claimed=sorted(claimed)
            )
        self._handed_on[name] = partial(handed_on, report)
        return report.model_dump_json()

    def _claims(self, raw: str) -> set[str]:
        """Order ids the executor says it placed."""
        try:
            said = read_as(ExecutionReport, raw)
        except NotStrict:
            return {f"no report but words: {raw[:200]}"}
        return {order.intent.client_order_id for order in said.orders}
