"""What is never done: getting around approval or the journal, showing secrets, taking other rights.

No safety rests on these words: the gate asks, the journal records and secrets are masked whatever a request says. They
are here so that a person is told so at once, instead of being shown a change that was not wished for.
"""

import re
from collections.abc import Callable, Sequence

from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.core.refs import ObjectRef


def _any(text: str) -> str:
    return "(?:" + "|".join(part.strip().replace(" ", r"\s") for part in text.split(",")) + ")"


_WORD = r"(?<![\w-])"
_END = r"(?![\w-])"
_NEAR = r"[^.;?]{0,30}?"

_DROPPING = _any(
    "without, skip, skipping, bypass, bypassing, ignore, ignoring, no need for, circumvent, avoid, avoiding, get around, disable, disabling,"
    " deactivate, turn off, turning off, switch off, switching off, mute, silence, forget, override, overriding, omit, suppress, drop, lift,"
    " no more, stop, leave out, spare me, don't need, don't want, don't ask for, don't wait for, do not need, do not want, do not ask for,"
    " do not wait for, needs no, need no, with no, no"
)
_CONSENT = _any(
    "approval, approvals, approve, approving, confirmation, confirmations, confirming, confirm, sign-?off, sign-?offs, safety, safeguard,"
    " safeguards, guardrail, guardrails, the gate, prompts, approval prompt, confirmation prompt, a prompt, asking, questions asked,"
    " safety checks, policy checks, approval checks, my permission, asking permission, asking for permission, the preview, a preview, any review,"
    " your rules, your policy, your policies, the approval policy, the safety policy, your instructions, your restrictions, your limits"
)
_BYPASS = re.compile(
    rf"{_WORD}{_DROPPING}{_END}{_NEAR}{_WORD}{_CONSENT}{_END}(?! (?:ones?|pods?|namespaces?|deployments?|services?)\b)"
    r"|\bauto-?approve|\b(?:do not|don't|never|stop) ask(?:ing)? (?:me|us)\b|\bapprove (?:everything|all|it all|yourself|every)|\bself-approve"
    r"|\bapprove (?:your own|them all)|\bwithout (?:confirming|telling (?:me|anyone))"
    r"|\bwithout (?:first )?(?:showing|asking|previewing|checking with) (?:it|them|this|that|me|us|anyone|anybody)\b"
    r"|\b(?:ignore|forget|disregard) (?:all |any |your |the |previous )+(?:rules|instructions|polic|guidelines|limits|restrictions)"
    r"|\bpre-?approved\b|\bon my (?:say-so|authority)\b|\bpretend (?:that )?i (?:have )?(?:approved|said yes|confirmed)"
)

_ERASING = _any(
    "disable, turn off, switch off, stop, delete, erase, wipe, clear, remove, edit, rewrite, purge, truncate, skip, bypass, tamper with,"
    " alter, hide from, scrub, empty, falsify, change, forge, clean, drop"
)
_JOURNAL = re.compile(
    rf"{_WORD}{_ERASING}{_END}[^.;?]{{0,40}}?\b(?:your|the|our|this) (?:own |[\w'… ]{{0,20}})?(?:journal\w*|audit(?:ing)?(?: (?:log|logs|trail|entries|records?))?"
    rf"|history of (?:this|it|that|what)|record of (?:this|it|that)|traces? of (?:this|it|that)){_END}"
    r"|\b(?:do not|don't|never|without|no need to|stop|skip) (?:journal\w*|log(?:ging)?|record(?:ing)?) (?:it|this|that)\b"
    r"|\boff the (?:books|record)\b|\bleave no (?:trace|record)|\bwithout (?:a |any )?(?:trace|record|audit|journal)\w*\b"
)

_REVEAL = re.compile(
    r"\b(?:show|print|reveal|tell|give|display|decode|dump|cat|output|expose|read|get|decrypt|unmask|what is|what's|whats|what are|see|sees|send|need"
    r"|want|share|paste|echo|fetch|list|extract|know|read out|spell|write out|unhide|base64|copy|mint|create)\b"
)
_SECRET_VALUE = re.compile(
    rf"{_WORD}(?:passwords?|passwd|passphrase|credentials?|api[ _-]?keys?|private key|access key|tokens?|secret (?:value|values|data|content|contents)"
    r"|values? of (?:the )?secret|values? (?:of|in) (?:the )?\S* ?secrets?|contents? of (?:the )?(?:\S+ )?secret|plain ?text|cleartext|in the clear|decoded"
    rf"|base64|unmasked|unredacted|raw value|actual value|clear text){_END}"
)
_TAKEN_OUT = re.compile(
    r"\b(?:decode|decrypt|unmask|base64)\b[^.;?]{0,30}\bsecret\b|\bvalues? (?:of|in|from) (?:the )?(?:secret|password|passphrase|token|private key)\b"
    r"|\bcopy\b[^.;?]{0,30}\bvalues?\b[^.;?]{0,30}\bsecret\b"
)
_SECRET_NAME = re.compile(
    r"\b(?:print|reveal|echo|value|values|content|contents|decode|decrypt|unmask|printenv)\b[^.;?]{0,40}\b\w+_(?:password|passwd|token|secret|api_?key)\b"
)
_CONTENT = re.compile(r"\b(?:values?|contents?|decoded?|plain ?text)\b")
_METADATA = re.compile(
    r"\b(?:who|which|where|how old|when|rotate|rotated|age|exist|exists|set|uses|use|using|mounted|mount|expire|expires|many|keys does|can i|can the"
    r"|may|able to|names? of|called|named|names)\b"
)
_PLAINLY = re.compile(
    r"\b(?:decode|plain ?text|reveal|cleartext|unmask|in the clear|decoded|unredacted|decrypt|clear text|mint)\b"
)
_ESCALATE = re.compile(
    r"\b(?:(?:make|set|turn) (?:me|yourself)|give (?:me|yourself)|grant (?:me|yourself)|(?<!… )(?<!anything )(?<!cluster )(?<!pods )(?<!containers )(?<!workloads )(?<!deployments )(?<!that )(?<!which )run (?:it |this )?as|act as|become|impersonate|escalate)\b"
    r"[^.;?]{0,40}\b(?:cluster-?admin|admin|root|system:masters|god mode|superuser|privileges)\b"
)

_SEND = rf"{_WORD}(?:e-?mail|mail|sms|letter|fax|text message|slack message|teams message|postcard){_END}"
_OUTSIDE = re.compile(
    rf"\b(?:send|write|forward|drop|shoot)\b[^.;?]{{0,40}}?{_SEND}"
    rf"|^(?:(?:please|can you|could you|would you|kindly) )*(?:e-?mail|mail|phone|ring|fax|invite){_END}"
    r"|\b(?:notify|inform|remind|tell|ask) (?:the |our |my |all )?(?:customers?|boss|ceo|cto|management|finance|support|sales|team|teams|colleagues|everybody|everyone)\b"
    r"|\b(?:book|buy|purchase|rent|hire|reserve) (?:me |us )?(?:a|an|the|one|two|three|some|more|new|another|\d+)\b(?! (?:node|cpu|core|port|ip)\b)"
    r"|\border (?:me |us )?(?:a|an|some|two|three|more|new|another|\d+)\b|\bpay (?:the|our|my)\b"
    rf"|{_WORD}(?:ssh|telnet|rdp) (?:in)?to\b|\bpower-?cycl|\b(?:ipmi|idrac|bmc|management card|bios)\b"
    r"|(?:^|[,;.] |\b(?:and|then|please|you) )(?:upgrade|update|patch|reinstall|flash)\b[^.;?]{0,25}\b(?:kernel|firmware|operating system)\b"
    r"|\b(?:open|create|file|write|raise)\b[^.;?]{0,20}\b(?:jira|support ticket|pull request|merge request|github issue|wiki page|blog post|headline|article|story|speech|joke|poem|song|essay|presentation|slides)\b"
    r"|\b(?:weather|(?:be|is) (?:there )?a (?:thunder)?storm|stock price|exchange rate|translate|will it (?:rain|snow))\b"
)

REFUSED_APPROVAL = (
    "I will not do that: every change is previewed and needs your approval, and that cannot be turned off or skipped from a"
    " request. Ask for the change itself and approve it when you have seen it."
)
REFUSED_JOURNAL = (
    "I will not do that: every change is recorded, in my journal as in the cluster's own audit log, and nothing that I do turns"
    " that off, edits or empties it. Without it no change could be undone or explained."
)
REFUSED_SECRET = (
    "I will not show that: values of Secrets, passwords and tokens are masked everywhere and never revealed. I can show which keys a"
    " Secret has, how long the values are, and who uses it."
)
REFUSED_RIGHTS = (
    "I will not do that: I work with the rights of the identity that you opened this session with, and do not raise them or"
    " take another's."
)
REFUSED_OUTSIDE = (
    "I cannot do that: I read and change what this cluster's API holds, and nothing beyond it, neither machines themselves nor"
    " messages, purchases or appointments."
)


def refusal(request: str, clause: Clause | None = None, focus: Sequence[ObjectRef] = ()) -> str:
    """Why a request is refused, or "".

    Args:
        clause: the request with what the cluster's own words mean in it: objects called "audit" or "token-service" are
            objects, whatever their names say.
        focus: what was spoken of last, newest first.
    """
    low = _plain(clause) if clause is not None else request.lower()
    low = " ".join(re.sub(r"\"[^\"]*\"", " ", low.replace("’", "'")).split())
    if clause is not None and _key_of_a_secret(clause):
        return REFUSED_SECRET
    if focus and focus[0].kind == "Secret" and _CONTENT.search(low) and not _METADATA.search(low):
        return REFUSED_SECRET
    return next((reason for holds, reason in _REASONS if holds(low)), "")


def _key_of_a_secret(clause: Clause) -> bool:
    """ "what is the sasl-password in broker-auth", "print key.pem of x": a key of a Secret that is named, or its password."""
    secrets = [
        item
        for mention in clause.of("name")
        for item in mention.objects
        if item.ref.kind == "Secret" and not mention.near
    ]
    low = " ".join(token.low for token in clause.tokens)
    if not secrets or _METADATA.search(low) or _CHANGED.search(low):
        return False
    keys = {key.lower() for item in secrets for key in item.keys}
    paths = {found.lower() for token in clause.tokens for found in _DATA.findall(token.raw)}
    spoken = bool(paths & keys) or any(token.low in keys for token in clause.tokens)
    return spoken or bool(_VALUE_OF.search(low))


_CHANGED = re.compile(
    r"\b(?:delete|remove|rotate|label|annotate|mount|create|set|update|change|restart|replace|rename|add)\b"
)
_DATA = re.compile(r"\bdata(?:\.|\[[\"']?)([\w-]+)")
_VALUE_OF = re.compile(
    r"\b(?:password|passphrase|token|credentials?|api[ -]?key|private key)\b[^.;?]{0,12}\b(?:in|of|from|inside)\b"
    r"|\b(?:print|cat|decode|reveal|echo|dump|show|copy)\b[^.;?]{0,25}\b(?:password|token|pem|private key|certificate key|credentials?)\b"
)


def _plain(clause: Clause) -> str:
    """The words, with a mark for what the cluster calls so, and "secret" for the name of a Secret."""
    words: list[str] = []
    for index, token in enumerate(clause.tokens):
        mention = clause.at(index)
        own = words[-1:] in (["your"], ["a"], ["an"])
        if token.quoted:
            words.append(f'"{token.raw}"')
        elif mention is not None and not own and _is_a_name(mention):
            secret = mention.objects and all(item.ref.kind == "Secret" for item in mention.objects)
            words.append("secret" if secret else "…")
        else:
            words.append(token.raw.lower())
    return " ".join(words)


def _is_a_name(mention: Mention) -> bool:
    if mention.near or mention.what not in ("name", "namespace", "kind"):
        return False
    if mention.objects and all(item.ref.kind in _RIGHTS for item in mention.objects):
        return False  # what rights are called: "make yourself cluster-admin"
    return mention.kind is None or mention.kind.kind not in _SPOKEN


_RIGHTS = frozenset(("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"))
_SPOKEN = frozenset(("Secret", "Event"))
"""Kinds whose words mean more than the kind."""


def _bypasses(low: str) -> bool:
    asks = low.startswith(
        ("who ", "why ", "which ", "how does", "what is the approval", "list ", "are there", "is there")
    )
    return not asks and _BYPASS.search(low) is not None


def _secret(low: str) -> bool:
    if _SECRET_NAME.search(low) or _TAKEN_OUT.search(low):
        return True
    if not _SECRET_VALUE.search(low) or not _REVEAL.search(low):
        return False
    return bool(_PLAINLY.search(low)) or not _METADATA.search(low)


_REASONS: tuple[tuple[Callable[[str], object], str], ...] = (
    (_bypasses, REFUSED_APPROVAL),
    (_JOURNAL.search, REFUSED_JOURNAL),
    (_ESCALATE.search, REFUSED_RIGHTS),
    (_secret, REFUSED_SECRET),
    (_OUTSIDE.search, REFUSED_OUTSIDE),
)
