"""The supervisor: one plain graph, its nodes in the order in which a request passes them.

    understand → clarify? → investigate (specialists in parallel) → report → propose → approve? → execute → finish

A model that has to ask back first leads from `report` to `clarify` too; the answer goes to the specialist that asked.

`clarify` and `approve` are interrupts and do nothing before them: an interrupted node runs again from its start. A node
may run twice after a crash; what must happen once (proposals, executions) is kept once by the gate's journal.
"""

import json
from collections.abc import Sequence
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send, interrupt

from cloudwright.agents import deciding, reporting
from cloudwright.agents.contribution import Contribution, Specialist, Task
from cloudwright.agents.kit import Kit
from cloudwright.agents.language.understanding import Goal, Intent, Memory, Question
from cloudwright.agents.passing import as_history, chosen
from cloudwright.agents.routing import for_the_asker, handed_over, merged, specialists_for
from cloudwright.agents.specialists import specialists
from cloudwright.agents.state import Json, State
from cloudwright.core.evidence import Evidence

Graph = CompiledStateGraph[State, None, State, State]


def build(kit: Kit, checkpointer: BaseCheckpointSaver[Any]) -> Graph:
    """The graph over this process's parts."""
    experts = specialists(kit)
    nodes = _Nodes(kit, experts)
    graph = StateGraph(State)
    graph.add_node("understand", nodes.understand)
    graph.add_node("clarify", nodes.clarify)
    graph.add_node("investigate", nodes.investigate)
    graph.add_node("report", nodes.report)
    graph.add_node("propose", nodes.propose)
    graph.add_node("approve", nodes.approve)
    graph.add_node("execute", nodes.execute)
    graph.add_node("finish", nodes.finish)
    graph.add_edge(START, "understand")
    graph.add_conditional_edges("understand", nodes.after_understanding, ["clarify", "investigate", "report"])
    graph.add_edge("clarify", "understand")
    graph.add_edge("investigate", "report")
    graph.add_conditional_edges("report", nodes.after_report, ["clarify", "propose"])
    graph.add_conditional_edges("propose", nodes.next_decision, ["approve", "execute", "finish"])
    graph.add_conditional_edges("approve", nodes.after_decision, ["approve", "execute", "finish"])
    graph.add_conditional_edges("execute", nodes.next_decision, ["approve", "execute", "finish"])
    graph.add_edge("finish", END)
    return graph.compile(checkpointer=checkpointer)


class _Nodes:
    """The nodes; each takes the state and returns what changes in it."""

    def __init__(self, kit: Kit, experts: dict[str, Specialist]) -> None:
        self._kit = kit
        self._experts = experts

    def understand(self, state: State) -> State:
        """Read the request by rule, with what earlier turns left in memory; the turn begins here."""
        kit = self._kit
        kit.context.evidence.restore(Evidence.model_validate(item) for item in state.get("evidence", ()))
        memory = Memory.model_validate(state.get("memory") or {})
        found = kit.reader.understand(state["request"], memory, kit.context)
        read = for_the_asker if _asker(state) else handed_over
        intents = read(found.intents, state["request"], kit)
        return {
            "intents": [intent.model_dump(mode="json") for intent in intents],
            "turn": state.get("turn", 0) + 1,
            "found": None,  # type: ignore[typeddict-item]
            "queue": [],
            "proposals": [],
            "executed": [],
            "failed": [],
            "question": None,
            "answer": "",
            "exit": "",
        }

    def after_understanding(self, state: State) -> str | list[Send]:
        """Ask back, send the specialists, or go on where none is needed."""
        intents = _intents(state)
        if any(intent.question for intent in intents) and not self._model_may_answer(intents):
            return "clarify"
        sends = [
            Send("investigate", {"task": {"expert": name, "task": self._task(state, intent).model_dump(mode="json")}})
            for intent in merged(intents, self._kit)
            for name in specialists_for(intent, self._kit, _asker(state))
        ]
        return sends or "report"

    def clarify(self, state: State) -> State:
        """Ask the person; the answer is read like any request, with the open question in memory."""
        asker, question = _open_question(state)
        answer = str(json.loads(interrupt({"kind": "question", "question": question.model_dump(mode="json")})))
        memory = Memory.model_validate(state.get("memory") or {})
        asked = memory.model_copy(update={"question": None if asker else question})
        before = {"request": state["request"], "question": as_history(question), "asker": asker}
        return {
            "request": chosen(question, answer) if asker else answer,
            "memory": asked.model_dump(mode="json"),
            "asked": [*state.get("asked", ()), before],
        }

    def investigate(self, state: State) -> State:
        """One specialist looks into one intent."""
        task = Task.model_validate(state["task"]["task"])
        found = self._experts[state["task"]["expert"]].investigate(task)
        return {"found": [found.model_dump(mode="json")]}

    def report(self, state: State) -> State:
        """Put the answer together; every later step only adds to it."""
        return reporting.report(state, _found(state), _intents(state), self._kit)

    def after_report(self, state: State) -> str:
        """Ask the person what a model has to know before it can answer."""
        return "clarify" if any(item.question for item in _found(state)) else "propose"

    def propose(self, state: State) -> State:
        """Preview every wanted change and queue it for a decision; after a crash nothing is proposed twice."""
        tasks = [self._task(state, intent) for intent in _intents(state)]
        return deciding.propose(state, _found(state), tasks, self._kit)

    def next_decision(self, state: State) -> str:
        """Approve what waits, execute what needs no approval, finish when the queue is empty."""
        if not state.get("queue"):
            return "finish"
        return "execute" if deciding.needs_nobody(state["queue"][0], self._kit) else "approve"

    def approve(self, state: State) -> State:
        """Ask the person about the first change of the queue."""
        digest = state["queue"][0]
        answer = json.loads(interrupt({"kind": "approval", "digest": digest}))
        return deciding.decide(state, digest, answer if isinstance(answer, dict) else {}, self._kit)

    def after_decision(self, state: State) -> str:
        """Execute after a yes; else look at the next change."""
        if state.get("decision", {}).get("approved"):
            return "execute"
        return self.next_decision(state)

    def execute(self, state: State) -> State:
        """Do the first change of the queue, once, and look whether it is done."""
        return deciding.execute(state, state["queue"][0], self._kit)

    def finish(self, state: State) -> State:
        """Close the turn: what was said and done goes into the conversation and the memory."""
        return reporting.finish(state, _found(state), _intents(state), self._kit)

    def _task(self, state: State, intent: Intent) -> Task:
        turns: Sequence[Json] = state.get("turns", ())
        asked: Sequence[Json] = state.get("asked", ())
        said = (*(str(item["request"]) for item in (*turns, *asked)), state["request"])
        open_questions = [{"request": item["request"], "answer": item["question"]} for item in asked]
        history = reporting.history([*turns, *open_questions])
        turn = f"{self._kit.context.session}/{state.get('turn', 0)}"
        return Task(request=state["request"], intent=intent, history=history, user_words=said, turn=turn)

    def _model_may_answer(self, intents: Sequence[Intent]) -> bool:
        """Whether a model should try before the person is bothered: never where a change hangs on the answer."""
        return self._kit.model is not None and all(intent.goal is Goal.UNKNOWN for intent in intents)


def _intents(state: State) -> list[Intent]:
    return [Intent.model_validate(item) for item in state.get("intents", ())]


def _found(state: State) -> list[Contribution]:
    return [Contribution.model_validate(item) for item in state.get("found", ())]


def _asker(state: State) -> str:
    """The specialist whose model asked what the present request answers; "" where none did."""
    asked: Sequence[Json] = state.get("asked", ())
    return str(asked[-1].get("asker", "")) if asked else ""


def _open_question(state: State) -> tuple[str, Question]:
    """What has to be asked now, and the specialist whose model asks; "" where rules do."""
    by_rule = (("", intent.question) for intent in _intents(state))
    by_model = ((item.specialist, item.question) for item in _found(state))
    return next((asker, question) for asker, question in (*by_model, *by_rule) if question is not None)
