"""What is never done: getting around approval or the journal, showing secrets, taking other rights."""

import re

_BYPASS = re.compile(
    r"\b(?:without|skip|skipping|bypass|bypassing|ignore|ignoring|no need for|circumvent|avoid|get around|disable|turn off|forget"
    r"|override|overriding|omit|suppress|don't (?:need|want|ask for|wait for)|do not (?:need|want|ask for|wait for)|no)\b"
    r"[^.;?]{0,30}\b(?:approval|approvals|approve|approving|confirmation|confirmations|confirming|permission|asking|ask me|review|preview|sign-?off"
    r"|safety|safeguards?|guardrails?|policy|policies|(?:safety|policy|approval) checks|the gate|prompts?|instructions)\b"
    r"|\bauto-?approve|\b(?:do not|don't|never|stop) ask(?:ing)? me|\bapprove (?:everything|all|it all|yourself|every)|\bself-approve"
    r"|\bapprove (?:your own|them all)|\bno questions asked|\bwithout (?:asking|confirming|approval|a prompt|telling)"
    r"|\b(?:ignore|forget|disregard) (?:all |any |your |the |previous )+(?:rules|instructions|polic|guidelines|limits|restrictions)"
    r"|\bpre-?approved\b|\bon my (?:say-so|authority)\b"
)  # fmt: skip


_JOURNAL = re.compile(
    r"\b(?:disable|turn off|switch off|stop|delete|erase|wipe|clear|remove|edit|rewrite|purge|truncate|skip|bypass|tamper|alter|hide|without|do not|don't|no|off the)\b"
    r"[^.;?]{0,40}\b(?:journal|journaling|journalling|audit(?:ing)?(?: (?:log|trail))?|audit trail|record of (?:this|it|that)|books|logging (?:it|this|that)|trace of (?:this|it)"
    r"|recording (?:it|this)|history of (?:this|it)|journal it|log it|log this|record (?:it|this))\b"
)  # fmt: skip


_REVEAL = re.compile(
    r"\b(?:show|print|reveal|tell|give|display|decode|dump|cat|output|expose|read|get|decrypt|unmask|what is|what are|see|send|need|want|share|paste|echo|fetch|list|extract|know|read out|spell|write out|unhide|base64)\b"
)


_SECRET_VALUE = re.compile(
    r"\b(?:password|passwords|passwd|passphrase|credential|credentials|api key|api keys|apikey|private key|access key|token|tokens|secret value|secret values|secret data|secret content|secret contents"
    r"|value of (?:the )?secret|values (?:of|in) (?:the )?\S* ?secrets?|contents? of (?:the )?(?:\S+ )?secret|plain ?text|cleartext|in the clear|decoded|base64|unmasked|unredacted|raw value|plaintext|actual value|clear text)\b"
)  # fmt: skip


_ESCALATE = re.compile(
    r"\b(?:(?:make|set|turn) (?:me|yourself)|give (?:me|yourself)|grant (?:me|yourself)|run (?:it |this )?as|act as|become|impersonate|escalate)\b[^.;?]{0,40}\b(?:cluster-?admin|admin|root|system:masters|god mode|superuser|privileges)\b"
)


REFUSED_APPROVAL = (
    "I will not do that: every change is previewed and needs your approval, and that cannot be turned off or skipped from a"
    " request. Ask for the change itself and approve it when you have seen it."
)


REFUSED_JOURNAL = (
    "I will not do that: every change is recorded in the journal, which nothing turns off, edits or empties. Without it no"
    " change could be undone or explained."
)


REFUSED_SECRET = (
    "I will not show that: values of Secrets, passwords and tokens are masked everywhere and never revealed. I can show which keys a"
    " Secret has, how long the values are, and who uses it."
)


REFUSED_RIGHTS = (
    "I will not do that: I work with the rights of the identity that you opened this session with, and do not raise them or"
    " take another's."
)


def refusal(request: str) -> str:
    """Why a request is refused, or ""."""
    low = " ".join(re.sub(r"\"[^\"]*\"", " ", request.lower().replace("’", "'")).split())
    if _BYPASS.search(low) and not low.startswith(("who ", "why ", "how does", "what is the approval")):
        return REFUSED_APPROVAL
    if (
        _JOURNAL.search(low)
        and re.search(r"\b(?:journal\w*|audit\w*|books|record|recording|logging|trace|history|log)\b", low)
        and _ours(low)
    ):
        return REFUSED_JOURNAL
    if _ESCALATE.search(low):
        return REFUSED_RIGHTS
    if _secret(low):
        return REFUSED_SECRET
    return ""


def _ours(low: str) -> bool:
    """Whether it is about our own journal, not about an application's."""
    return bool(
        re.search(
            r"\b(?:journal\w*|audit\w*|off the books)\b|(?:log|record|logging|recording|trace of|history of|record of) (?:it|this|that)\b",
            low,
        )
    )


def _secret(low: str) -> bool:
    if not _SECRET_VALUE.search(low) or not _REVEAL.search(low):
        return False
    metadata = re.search(
        r"\b(?:who|which|where|how old|when|rotate|rotated|age|exist|exists|set|uses|use|using|mounted|mount|expire|expires|many|keys does|can i|can the|may|able to|names? of)\b",
        low,
    )
    plainly = re.search(
        r"\b(?:decode|plain ?text|reveal|cleartext|unmask|in the clear|decoded|unredacted|decrypt|clear text)\b", low
    )
    return bool(plainly) or not metadata
