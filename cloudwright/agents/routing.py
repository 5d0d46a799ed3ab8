"""Which specialists look into an intent; decided by rule from what was understood, never from what a tool said."""

import re
from collections.abc import Sequence

from cloudwright.agents.cloud_reader import about_cloud
from cloudwright.agents.kit import Kit
from cloudwright.agents.language.spelling import ORDERS
from cloudwright.agents.language.text import NUMBERS
from cloudwright.agents.language.understanding import Goal, Intent
from cloudwright.agents.provenance import forbids_changes, without_ban
from cloudwright.agents.specialists import CHARTERS, charter_of
from cloudwright.core.tool import Effect, ToolCall

_CUES = {
    "faults": r"why|wrong|cannot|can't|unable|time-?outs?|timed out|hangs?|hanging|broken|fail\w*|crash\w*|slow\w*|"
    r"errors?|down|stuck|issues?|problems?|fix\w*|affected|what changed|forbidden|denied|refused|unauthori[sz]ed|"
    r"not working|unhealthy|degrad\w*|incident|outage|suffer\w*|terrible|awful|horrible|poor|bad|spik\w*|lags?|flaky|"
    r"unresponsive|at random|randomly|intermittent\w*|causes?|caused|causing|culprit|reason|come from|comes from|"
    r"repair\w*|happened|since when",
    "logs": r"logs?|prints?|stack ?traces?|tracebacks?|output",
    "metrics": r"cpu|memory|latency|throughput|rates?|usage|metrics?|alerts?|traffic|prometheus",
    "rbac": r"may|who (?:else )?(?:can|could)|able to|allowed|permissions?|rbac|roles?|access|rights|"
    r"(?:the|which|what|a|no) right",
}
_DEFAULT = "workloads"
_CHANGER = "change"
_JUDGEMENT = re.compile(
    r"\b(?:odd|weird|strange|unusual|suspicious|safe|risk\w*|dangerous|wise|sensible|idea|should|would|better|worse|best|"
    r"worst|enough|too (?:much|many|few|little)|matters?|suffer\w*|notice|recommend\w*|suggest\w*|think|opinion|likely|"
    r"expect\w*|worth|depends? on|what if|summar\w+|overview|story|why|how come|compared|going on|mean(?:s|ing)?|"
    r"look right)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\?\s*$|^\s*(?:and\s+|so\s+|but\s+)?(?:what|which|who\w*|why|how|when|where|is|are|was|were|does|do(?! not)|"
    r"did|has|have|will|should|may|can|could|would|tell me|give me|"
    r"i (?:want|would like|need) to (?:know|see|understand)|explain|summar\w+|show|list|compare|"
    r"describe|check|find|look|count)\b",
    re.IGNORECASE,
)
_POLITE = re.compile(r"\b(?:can|could|would|will) you\b|\bplease\b", re.IGNORECASE)
_ORDERS = re.compile(
    rf"\b(?:{'|'.join(sorted(ORDERS))}|put|should|needs?|must|ought|deserves?|wants?|only|nobody may|no one may|please|"
    r"let(?:'?s| us)|no longer|any ?more|from now on|until)\b",
    re.IGNORECASE,
)
_COUNT = re.compile(
    rf"(?<![\w.:/-])(?:\d+|{'|'.join(word for word, value in NUMBERS.items() if value > 1)})(?![\w.:/-])"
)
_IN_PLACE = re.compile(r"\b\d[\w.]*\b.*\binstead of\b.*\d", re.IGNORECASE)
"""A value in place of another one: "show 48 a page instead of 24"."""
_GO_ON = re.compile(
    r"^\W*(?:(?:then|yes|yeah|ok(?:ay)?|please|so|and|right|sure)\W+)*(?:do (?:it|that|so|this)|go ahead)\b|"
    r"\bas you (?:said|say|suggest(?:ed)?|proposed)\b",
    re.IGNORECASE,
)
"""What takes up a proposal that a model made in words."""
_GREETING = 8
"""Words that a greeting or thanks may have."""
_PLAIN_FIX = 4
"""Words of an order to repair that says nothing of how: "please fix it now"."""
_TAKEN_AWAY = re.compile(
    r"\b(?:delet\w+|remov\w+|gone|goes away|tak\w+ away|without|lost|los\w+|dies?|died|drop\w*)\b", re.I
)
_TAKEN_UP = re.compile(
    r"^\W*(?:and|no|nope|but|or|then)\b|"
    r"\b(?:same|likewise|as well|too|also|instead|rather|the other|half of (?:it|that))\b",
    re.IGNORECASE,
)
"""Words that repeat or correct what was said in an earlier turn."""
_NOT = re.compile(r"\b(?:not|never|without|except|but)\b|n't\b", re.IGNORECASE)
_PAST = re.compile(
    r"\b(?:chang\w+|before|previous\w*|earlier|used to|last (?:rollout|release|deploy\w*)|"
    r"who (?:did|made)|did we|had|ran|(?:new|newer|another) (?:image|version|release|tag)s?|rolled out|deployed)\b",
    re.IGNORECASE,
)
_REMEMBERING = ("rollout_history", "list_events", "get_logs")
"""Tools that tell of the past."""
_SURE = 0.9
"""Below this rules only look at what is named, where a model may see what is asked."""
_FORESEEN = ("drain_impact", "delete_impact")
"""Tools that tell what would happen by themselves."""


def merged(intents: Sequence[Intent], kit: Kit) -> list[Intent]:
    """One diagnosis for all that a request asks about, and no second specialist for words beside it.

    A model that explains what is wrong reads by itself: what rules would list beside its answer is not asked for.
    """
    diagnoses = [intent for intent in intents if intent.goal is Goal.DIAGNOSE]
    if not diagnoses:
        return list(intents)
    about = () if any(not item.about for item in diagnoses) else tuple(ref for item in diagnoses for ref in item.about)
    shown = tuple(call for item in diagnoses for call in item.calls)
    whole = diagnoses[0].model_copy(update={"about": tuple(dict.fromkeys(about)), "calls": shown})
    others = [
        intent
        for intent in intents
        if intent.goal not in (Goal.DIAGNOSE, Goal.UNKNOWN) and not (kit.model and _only_looks(intent, kit))
    ]
    return [whole, *others]


def specialists_for(intent: Intent, kit: Kit, asker: str = "") -> tuple[str, ...]:
    """Names of the specialists to ask: by the calls' tools, by the goal, or, with a model, by the words; `asker` is the
    one whose model asked back, to whom the answer goes."""
    match intent.goal:
        case Goal.CALLS:
            return tuple(dict.fromkeys(charter_of(call) for call in intent.calls))[:1]
        case Goal.DIAGNOSE | Goal.FIX:
            return ("faults",)
        case Goal.UNKNOWN if kit.model is not None and asker:
            return (asker,)
        case Goal.UNKNOWN if kit.model is not None:
            return (_CHANGER,) if orders(intent.text) else (by_words(intent.text),)
        case _:
            return ()


def handed_over(intents: Sequence[Intent], request: str, kit: Kit) -> list[Intent]:
    """With a model, what rules only half understood is its: requests with words that mean nothing to them, questions
    that want a judgement and not a table. What leaves a choice in the cluster is still asked by rule."""
    if kit.model is None or any(intent.goal is Goal.REFUSE for intent in intents):
        return list(intents)
    lost = any(_without_choice(intent) or _guessed(intent, request, kit) for intent in intents)
    unsure = _JUDGEMENT.search(request) is not None or any(
        intent.strange or intent.goal is Goal.UNKNOWN for intent in intents
    )
    taken_up = _GO_ON.search(request) is not None
    unsure = unsure or taken_up or _passed_over(request, intents)
    unsure = unsure or any(_more_than_chatter(intent, request) for intent in intents)
    unsure = unsure or len(intents) > 1 or any(_half_answered(intent, request) for intent in intents)
    looked = unsure and all(
        _only_looks(intent, kit) or (taken_up and intent.goal is Goal.DIAGNOSE) for intent in intents
    )
    if not (lost or looked):
        return list(intents)
    about = tuple(dict.fromkeys(ref for intent in intents for ref in intent.about))
    return [Intent(goal=Goal.UNKNOWN, text=request, confidence=0, about=about)]


def for_the_asker(intents: Sequence[Intent], request: str, kit: Kit) -> list[Intent]:
    """What was said to a model's question: the model's to read, unless rules read a whole change or a refusal in it."""
    whole = all(
        intent.goal in (Goal.REFUSE, Goal.APPROVE, Goal.DENY, Goal.UNDO)
        or (intent.goal is Goal.CALLS and intent.question is None and not _only_looks(intent, kit))
        for intent in intents
    )
    return list(intents) if whole else [Intent(goal=Goal.UNKNOWN, text=request, confidence=0)]


def _without_choice(intent: Intent) -> bool:
    """Whether rules ask back without anything in the cluster to choose from: a model may know what was meant."""
    asked = intent.question
    return asked is not None and (asked.lost or not any(option.calls or option.about for option in asked.options))


def _guessed(intent: Intent, request: str, kit: Kit) -> bool:
    """Whether rules filled in what the request does not say: an object from earlier turns, a deletion to foresee the
    effects of something milder, a repair beyond "fix it"; a value beside one that is ruled out or repeated."""
    if intent.goal is Goal.FIX:
        return len(request.split()) > _PLAIN_FIX
    if intent.goal is not Goal.CALLS or intent.question is not None:
        return False
    if any(call.tool == "delete_impact" for call in intent.calls) and not _TAKEN_AWAY.search(request):
        return True
    low = request.lower()
    if any(name not in low for call in intent.calls if (name := _target(call))):
        return True
    return not _only_looks(intent, kit) and bool(_TAKEN_UP.search(request) or _NOT.search(request))


def _half_answered(intent: Intent, request: str) -> bool:
    """Whether a look by rules may miss what is asked: a follow-up of few words, the past, a name and little else."""
    if intent.goal is not Goal.CALLS or intent.question is not None:
        return False
    past = _PAST.search(request) is not None and not any(call.tool in _REMEMBERING for call in intent.calls)
    return past or intent.confidence < _SURE or _TAKEN_UP.search(request) is not None


def _target(call: ToolCall) -> str:
    """The one object that a call is about, "" where it is about many."""
    filtered = str(call.arguments.get("fields", ""))
    return str(call.arguments.get("name") or filtered.partition("metadata.name=")[2]).lower()


def _passed_over(request: str, intents: Sequence[Intent]) -> bool:
    """Whether the request gives a number that no call takes up."""
    used = " ".join(call.model_dump_json() for intent in intents for call in intent.calls)
    given = (word if word.isdigit() else str(NUMBERS[word]) for word in _COUNT.findall(request.lower()))
    return any(intent.calls for intent in intents) and not all(number in used for number in given)


def _more_than_chatter(intent: Intent, request: str) -> bool:
    """Whether what rules take for a greeting asks something, or tells too much for one."""
    long = len(intent.text.split()) > _GREETING or (intent.text.rstrip().endswith("?") and "you" not in intent.text)
    if intent.say and forbids_changes(request):
        return any(_ASKS.search(part) for part in re.split(r"(?<=[.?!])", without_ban(request)))
    return intent.goal is Goal.CHATTER and not intent.say and long


def _only_looks(intent: Intent, kit: Kit) -> bool:
    catalog = kit.gate.catalog
    if intent.goal in (Goal.EXPLAIN, Goal.EXPLAIN_SELF, Goal.UNKNOWN, Goal.CHATTER):
        return True
    return intent.goal is Goal.CALLS and all(
        call.tool in catalog and catalog.get(call.tool).effect is Effect.READ and call.tool not in _FORESEEN
        for call in intent.calls
    )


def orders(text: str) -> bool:
    """Whether words that rules did not understand want something done, not something told."""
    if about_cloud(text) or forbids_changes(text):
        return False
    if _GO_ON.search(text) or _IN_PLACE.search(text):
        return True
    asks = _ASKS.search(text) is not None and _POLITE.search(text) is None
    return not asks and _ORDERS.search(text) is not None


def by_words(text: str) -> str:
    """The specialist whose cues stand in the text most often. Without any, a question goes to the generalist; what is
    none ("yes, exactly this", "the first") takes up what was asked back, and goes to the one who reads and changes.

    An ARN, an IAM action, a denial by AWS or the words for its policies leave no choice.
    """
    if about_cloud(text):
        return "iam"
    asked = without_ban(text).lower()
    scores = {name: len(re.findall(rf"\b(?:{cues})\b", asked)) for name, cues in _CUES.items()}
    best = max(scores, key=lambda name: (scores[name], -[charter.name for charter in CHARTERS].index(name)))
    if scores[best]:
        return best
    looks = _ASKS.search(text) or _POLITE.search(text) or forbids_changes(text)
    return _DEFAULT if looks else _CHANGER
