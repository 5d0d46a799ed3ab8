"""Runs a corpus of requests through the real assistant on a real API server, and judges it by state and audit log.

    python -m tests.agents.language.run_requests tests/corpora/requests_seen.yaml [--only ID ...] [--quiet] [--perturb SET]

`--quiet` prints figures and ids alone, as is right for a corpus that nobody may tune to.
"""  # noqa: E501

import argparse
import os
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from langgraph.checkpoint.memory import InMemorySaver

from cloudwright.agents.answer import answer_of
from cloudwright.agents.diagnosing import LiveDiagnoser
from cloudwright.agents.graph import build
from cloudwright.agents.kit import Kit
from cloudwright.agents.language.reader import RuleReader
from cloudwright.agents.sessions import Conversation
from cloudwright.core.approval import Answer, Approver
from cloudwright.core.catalog import Catalog
from cloudwright.core.errors import CloudwrightError
from cloudwright.core.gate import Gate
from cloudwright.core.journal import Journal
from cloudwright.core.proposal import State
from cloudwright.policies.approval import load_rules
from cloudwright.tools.catalog import every_tool
from cloudwright.tools.kubernetes.access import AccessChecker
from tests.agents.language.judging import Outcome, judge
from tests.agents.language.world import CORPORA, World
from tests.agents.language.worldfiles import rename
from tests.servers.apiserver import ControlPlane, assets
from tests.servers.fixtures import NO_SERVERS, open_session

Json = dict[str, Any]
_SHOP = [
    "frontend",
    "cart",
    "checkout",
    "payment",
    "catalog",
    "shipping",
    "ads",
    "recommendations",
    "statusboard",
    "loadgenerator",
    "orders-db",
    "reports",
    "grafana",
    "prometheus",
    "feature-flags",
    "shop-settings",
    "data-stores",
]
_FIRST = [
    "portal",
    "trolley",
    "till",
    "acquirer",
    "assortment",
    "courier",
    "banners",
    "hints",
    "noticeboard",
    "hammer",
    "sales-db",
    "digests",
    "charts",
    "gauges",
    "toggles",
    "tunables",
    "vaults",
]
_SECOND = [
    "storefront",
    "hamper",
    "cashdesk",
    "purser",
    "brochure",
    "freight",
    "posters",
    "advisor",
    "wallboard",
    "swarm",
    "ledger-db",
    "summaries",
    "dials",
    "harvester",
    "levers",
    "presets",
    "cellars",
]
SHOP_NAMES: Json = {
    "renames": {
        "first": dict(zip(_SHOP, _FIRST, strict=True)),
        "second": dict(zip(_SHOP, _SECOND, strict=True)),
    },
    "nodes": {"node-1": "box-a", "node-2": "box-b", "node-3": "box-c"},
}
"""Other names for the objects of the shop's topology."""
_AGENT = "cloudwright/"


@dataclass
class Result:
    """One judged request."""

    id: str
    kind: str
    right: bool
    wrong_write: bool
    unapproved: int
    why: str
    turns: list[str]


@dataclass
class Score:
    """Figures over many requests."""

    results: list[Result] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The share that is right."""
        return sum(item.right for item in self.results) / max(1, len(self.results))

    @property
    def wrong_writes(self) -> int:
        """Requests that wrote something they should not have."""
        return sum(item.wrong_write for item in self.results)

    @property
    def unapproved(self) -> int:
        """Writes without an approval."""
        return sum(item.unapproved for item in self.results)

    def lines(self) -> list[str]:
        """The figures as text."""
        out = []
        for kind in sorted({item.kind for item in self.results}):
            mine = [item for item in self.results if item.kind == kind]
            out.append(f"{kind:8} {sum(item.right for item in mine):4} of {len(mine):4}")
        total = sum(item.right for item in self.results)
        out.append(f"{'all':8} {total:4} of {len(self.results):4} = {100 * self.share:.1f} %")
        out.append(f"wrong writes {self.wrong_writes}, unapproved writes {self.unapproved}")
        return out


class Exam:
    """A server with one world, and an assistant for each request."""

    def __init__(self, plane: ControlPlane, setup: Json, folder: Path) -> None:
        self.world = World(plane)
        self.plane = plane
        self.world.load(setup)
        self._folder = folder
        self.context = open_session(plane.kubeconfig, setup.get("namespace", "default"))
        self._count = 0
        for name, text in (setup.get("files") or {}).items():
            (folder / name).write_text(text)

    def run(self, entry: Json) -> Result:
        """One request with all its turns, judged, and the world put back."""
        outcome = self.outcome(entry["turns"])
        right, wrong, why = judge(entry["expect"], outcome, self.world)
        if outcome.writes:
            self.world.put_back()
        return Result(entry["id"], entry["expect"]["kind"], right, wrong, outcome.unapproved, why, entry["turns"])

    def outcome(self, turns: list[str]) -> Outcome:
        """What came of the turns of one session."""
        self._count += 1
        session = f"exam{self._count}"
        gate = Gate(Catalog(every_tool()), Journal(self._folder / f"{session}.db"), load_rules(None), AccessChecker())
        kit = Kit(
            gate=gate,
            context=replace(self.context, session=session),
            approver=Approver(identity="admin"),
            reader=RuleReader(gate.catalog),
            diagnoser=LiveDiagnoser(),
        )
        conversation = Conversation(build(kit, InMemorySaver()), session)
        mark = self.plane.audit.mark()
        outcome = Outcome()
        before = Path.cwd()
        os.chdir(self._folder)
        try:
            for turn in turns:
                self._turn(conversation, kit, turn, outcome)
        except Exception as error:  # noqa: BLE001 (whatever breaks is a wrong answer)
            outcome.error = f"{type(error).__name__}: {error}"
        finally:
            os.chdir(before)
        outcome.writes = self.plane.audit.writes(mark, agent=_AGENT)
        executed = [item for item in gate.ledger.records() if item.state in (State.EXECUTED, State.FAILED)]
        if outcome.writes and not executed:
            outcome.unapproved = len(outcome.writes)
        return outcome

    def _turn(self, conversation: Conversation, kit: Kit, turn: str, outcome: Outcome) -> None:
        waiting = conversation.waiting()
        waiting = conversation.answer(turn) if waiting else conversation.ask(turn)
        while waiting is not None and waiting["kind"] == "approval":
            record = kit.gate.ledger.record(waiting["digest"])
            if record.proposal.decision.answer is Answer.TWO_PERSON:
                with suppress(CloudwrightError):
                    kit.gate.approve(waiting["digest"], Approver(identity="second"))
            waiting = conversation.answer({"decision": "approve"})
        answer = answer_of(conversation.state(), waiting, kit, conversation.name)
        outcome.text = answer.answer
        outcome.json = answer.model_dump_json()
        outcome.asked = answer.question is not None or "The closest that I can do" in answer.answer
        if answer.question is not None:
            options = [option.label for option in answer.question.options]
            outcome.question = " ".join([answer.question.text, *options])
        else:
            outcome.question = answer.answer if outcome.asked else ""
        outcome.refused = any(item.get("goal") == "refuse" for item in conversation.state().get("intents", ()))
        outcome.proposals = [item.model_dump(mode="json") for item in answer.proposals]


@contextmanager
def exam(setup: Json) -> Iterator[Exam]:
    """A server of its own with the world of a corpus."""
    programs = assets()
    if programs is None:
        raise RuntimeError(NO_SERVERS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "work").mkdir()
        with ControlPlane(programs, folder / "plane", nodes=0) as plane:
            yield Exam(plane, setup, folder / "work")


def entries_of(corpus: Json) -> tuple[list[Json], list[Json]]:
    """The requests, and the paraphrases as requests of one turn."""
    paraphrases = [
        {"id": f"{item['id']}.{number}", "turns": [text], "expect": item["expect"]}
        for item in corpus.get("paraphrases", [])
        for number, text in enumerate(item["texts"], 1)
    ]
    return corpus["requests"], paraphrases


def perturbed(corpus: Json, words: Json, which: str, seed: int = 20261121) -> Json:
    """The corpus with objects renamed and half of the verbs replaced by synonyms."""
    random_ = random.Random(seed)
    renames: dict[str, str] = {}
    for group in ("renames", "namespaces", "nodes"):
        found = (SHOP_NAMES if corpus["setup"].get("topology") else words).get(group) or {}
        chosen: Json = found[which] if isinstance(found.get(which), dict) else found
        renames |= {str(key): str(value) for key, value in chosen.items() if isinstance(value, str)}
    text = yaml.safe_dump(
        {key: corpus[key] for key in ("requests", "paraphrases") if key in corpus}, sort_keys=False, width=10_000
    )
    fresh = yaml.safe_load(rename(text, renames))
    for entry in fresh.get("requests", []):
        entry["turns"] = [_synonyms(turn, words["verbs"], random_) for turn in entry["turns"]]
    for entry in fresh.get("paraphrases", []):
        entry["texts"] = [_synonyms(turn, words["verbs"], random_) for turn in entry["texts"]]
    setup = dict(corpus["setup"])
    if "files" in setup:
        setup["files"] = yaml.safe_load(rename(yaml.safe_dump(setup["files"], width=10_000), renames))
    return {**corpus, **fresh, "setup": {**setup, "renames": renames}}


def _synonyms(text: str, verbs: Json, random_: random.Random) -> str:
    for group in verbs.values():
        for forms in group.values() if isinstance(group, dict) else [group]:
            if not isinstance(forms, list):
                continue
            plain = [word for word in forms if isinstance(word, str) and "{x}" not in word]
            for word in plain:
                if re.search(rf"\b{re.escape(word)}\b", text) and random_.random() < 0.5 and len(plain) > 1:
                    other = random_.choice([item for item in plain if item != word])
                    text = re.sub(rf"\b{re.escape(word)}\b", other, text, count=1)
                    break
    return text


def main(arguments: list[str]) -> int:
    """Run a corpus and print figures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--kind", default="")
    parser.add_argument("--perturb", default="", choices=["", "first", "second"], help="other names, other verbs")
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--answers", action="store_true", help="what the program answered, without what was expected")
    options = parser.parse_args(arguments)
    corpus = yaml.safe_load(options.corpus.read_text())
    if options.perturb:
        words = yaml.safe_load((CORPORA / "paraphrase_synonyms.yaml").read_text())
        corpus = perturbed(corpus, words, options.perturb)
    requests, paraphrases = entries_of(corpus)
    with exam(corpus["setup"]) as hall:
        for name, entries in (("requests", requests), ("paraphrases", paraphrases)):
            score = Score()
            for entry in entries:
                if options.only and not any(
                    entry["id"] == one or entry["id"].startswith(f"{one}.") for one in options.only
                ):
                    continue
                if options.kind and entry["expect"]["kind"] != options.kind:
                    continue
                if options.answers:
                    outcome = hall.outcome(entry["turns"])
                    print(
                        f"{entry['id']}: {'' if options.quiet else entry['turns']}\n   → {outcome.question or outcome.text}\n   {[str(w) for w in outcome.writes]} {outcome.error}"  # noqa: E501
                    )
                    if outcome.writes:
                        hall.world.put_back()
                    continue
                result = hall.run(entry)
                score.results.append(result)
                if not result.right:
                    print(
                        f"✗ {result.id} {result.kind}{' WRONG WRITE' if result.wrong_write else ''}"
                        + ("" if options.quiet else f"\n    {result.turns}\n    {result.why}"),
                        flush=True,
                    )
            if score.results:
                print(f"--- {name}")
                print("\n".join(score.lines()))
                kinds = Counter(item.kind for item in score.results if not item.right)
                print("misses by kind:", dict(kinds))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
