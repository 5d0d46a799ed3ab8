"""Filters on objects as typed values, and the small language in which people and models write them.

    not Running and restarts > 3
    older than 2h, image matches nginx:1\\.2[0-9] or on node worker-7
    label app = web and not label canary, owner = ReplicaSet/web-5d, spec.replicas >= 2

`,` and `and` bind stronger than `or`; `not` and parentheses work as expected. A bare word is a status ("Running",
"CrashLoopBackOff", "NotReady") or one of ready, terminating, suspended. A field is a name of `facts.FACTS` or a path
("spec.template.spec.containers[*].resources.limits.memory"). A comparison holds when any value of the field fits;
`!=` and `not` hold when none does. Numbers may be quantities ("500Mi") or durations ("2h", for age).
"""

import re
from collections.abc import Iterator

from cloudwright.core.errors import InvalidArguments
from cloudwright.tools.kubernetes import values
from cloudwright.tools.kubernetes.facts import ALIASES, FACTS
from cloudwright.tools.kubernetes.filters import All, Any_, Compare, Filter, Not, Op, Reader, compile_filter

_LONGEST = 2_000
_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"[^"]*"|'[^']*')|(?P<op>!=|>=|<=|==|=~|!~|[=<>~,()])|(?P<word>[^\s,()=<>!~"']+))"""
)
_WORD_OPS = {
    "matches": Op.MATCHES,
    "contains": Op.CONTAINS,
    "is": Op.EQ,
    "equals": Op.EQ,
    "in": Op.IN,
    "like": Op.MATCHES,
}
_SIGNS = {
    "=": Op.EQ, "==": Op.EQ, "!=": Op.NE, ">": Op.GT, ">=": Op.GE, "<": Op.LT, "<=": Op.LE, "~": Op.MATCHES,
    "=~": Op.MATCHES,
}  # fmt: skip
_FLAGS = {
    "ready": Compare(field="ready", op=Op.EQ, value="true"),
    "terminating": Compare(field="terminating", op=Op.EQ, value="true"),
    "suspended": Compare(field="suspended", op=Op.EQ, value="true"),
    "notready": Compare(field="ready", op=Op.EQ, value="false"),
    "unready": Compare(field="ready", op=Op.EQ, value="false"),
}
_DURATION_WORDS = frozenset(
    "second seconds sec secs minute minutes min mins hour hours day days week weeks".split()  # noqa: SIM905 (read more easily)
)


def parse_filter(text: str, reader: Reader | None = None) -> Filter:
    """The typed filter of a text; see the module's description for the language. "" is everything.

    `reader` says which fields there are, as for `compile_filter`.

    Raises:
        InvalidArguments: it cannot be read; says where.
    """
    if len(text) > _LONGEST:
        raise InvalidArguments(f"A filter may have {_LONGEST} characters; this has {len(text)}.")
    parser = _Parser(text, reader)
    return parser.parse()


class _Parser:
    """Recursive descent over words, quoted strings, comparison signs and parentheses."""

    def __init__(self, text: str, reader: Reader | None) -> None:
        self._text = text
        self._reader = reader
        self._tokens = list(self._scan(text))
        self._at = 0
        self._depth = 0

    def parse(self) -> Filter:
        if not self._tokens:
            return All()
        tree = self._or()
        if self._at < len(self._tokens):
            raise self._trouble("cannot be understood")
        return tree

    def _scan(self, text: str) -> Iterator[tuple[str, bool]]:
        """Tokens with whether they were quoted."""
        position = 0
        while text[position:].strip():
            found = _TOKEN.match(text, position)
            if found is None:
                raise InvalidArguments(f"The filter {text!r} cannot be read at {text[position:].strip()[:20]!r}.")
            position = found.end()
            if found["quoted"]:
                yield found["quoted"][1:-1], True
            else:
                word = str(found["op"] or found["word"])
                if found["word"] and word.count("[") > word.count("]"):  # labels["a b"] is one word
                    end = text.find("]", position)
                    if end >= 0:
                        word, position = word + text[position : end + 1], end + 1
                yield word, False

    def _or(self) -> Filter:
        parts = [self._and()]
        while self._take("or", "||"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Any_(of=tuple(parts))

    def _and(self) -> Filter:
        parts = [self._not()]
        while self._take("and", ",", "&&"):
            self._take("and")
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else All(of=tuple(parts))

    def _not(self) -> Filter:
        if self._take("not", "!", "isn't", "without"):
            return Not(of=self._not())
        if self._take("("):
            self._depth += 1
            if self._depth > 30:
                raise InvalidArguments("The filter is nested too deeply.")
            inner = self._or()
            if not self._take(")"):
                raise self._trouble("lacks a closing parenthesis")
            self._depth -= 1
            return inner
        return self._clause()

    def _clause(self) -> Filter:
        word = self._word("a condition")
        low = word.lower()
        if low in ("older", "younger", "newer") and self._take("than"):
            return Compare(field="age", op=Op.GT if low == "older" else Op.LT, value=self._duration())
        if low == "on" and self._take("node"):
            self._take("=", "==", "is")
            return Compare(field="node", op=Op.EQ, value=self._word("a node's name"))
        if low == "in" and self._take("namespace"):
            return Compare(field="namespace", op=Op.EQ, value=self._word("a namespace"))
        if low == "owned" and self._take("by"):
            return Compare(field="owner", op=Op.EQ, value=self._word("an owner"))
        if low in ("has", "with", "no"):
            return self._presence(low)
        if low in ("label", "annotation"):
            return self._comparison(f"{low} {self._word('a key')}", optional=True)
        return self._comparison(word, optional=False)

    def _presence(self, low: str) -> Filter:
        name = self._word("a field")
        if name.lower() in ("label", "annotation"):
            name = f"{name.lower()} {self._word('a key')}"
            tree = self._comparison(name, optional=True)
        else:
            tree = self._comparison(name, optional=True)
        return Not(of=tree) if low == "no" else tree

    def _comparison(self, field: str, *, optional: bool) -> Filter:
        negate = self._take("not") or self._take("!~")
        token = self._peek()
        if negate and token is None:
            raise self._trouble("breaks off")
        op = self._operator(bool(negate))
        if op is None:
            if optional:
                return Compare(field=field, op=Op.EXISTS)
            return self._bare(field)
        value: str | tuple[str, ...] = self._list() if op is Op.IN else self._value(field)
        tree = Compare(field=field, op=op, value=value)
        compile_filter(tree, self._reader)
        return Not(of=tree) if negate else tree

    def _operator(self, negated: bool) -> Op | None:
        token = self._peek()
        if token is None:
            return None
        if self._tokens[self._at - 1][0] == "!~":
            return Op.MATCHES
        op = _SIGNS.get(token) or _WORD_OPS.get(token.lower())
        if op is None and token.lower() == "exists":
            op = Op.EXISTS
        if op is None:
            if negated:
                raise self._trouble("needs a comparison after not")
            return None
        self._at += 1
        return op

    def _bare(self, word: str) -> Filter:
        flag = _FLAGS.get(word.lower())
        if flag is not None:
            return flag
        key = ALIASES.get(word.lower(), word.lower())
        if key in FACTS:
            raise self._trouble(f"needs a comparison after {word}")
        if not re.fullmatch(r"[A-Za-z][\w:/-]*", word):
            raise self._trouble(f"does not say what {word!r} means")
        return Compare(field="status", op=Op.EQ, value=word)

    def _list(self) -> tuple[str, ...]:
        if not self._take("("):
            return (self._word("a value"),)
        found = [self._word("a value")]
        while self._take(","):
            found.append(self._word("a value"))
        if not self._take(")"):
            raise self._trouble("lacks a closing parenthesis")
        return tuple(found)

    def _value(self, field: str) -> str:
        return self._duration() if field.lower() == "age" else self._word("a value")

    def _duration(self) -> str:
        text = self._word("a duration")
        following = self._peek()
        if following is not None and following.lower() in _DURATION_WORDS:
            text = f"{text} {self._word('a unit')}"
        values.seconds(text, "older/younger than")
        return text

    def _peek(self) -> str | None:
        if self._at >= len(self._tokens) or self._tokens[self._at][1]:
            return None
        return self._tokens[self._at][0]

    def _take(self, *wanted: str) -> bool:
        token = self._peek()
        if token is not None and token.lower() in wanted:
            self._at += 1
            return True
        return False

    def _word(self, what: str) -> str:
        if self._at >= len(self._tokens):
            raise self._trouble(f"breaks off where {what} should be")
        word, quoted = self._tokens[self._at]
        if not quoted and (word in _SIGNS or word in ",()"):
            raise self._trouble(f"has {word!r} where {what} should be")
        self._at += 1
        return word

    def _trouble(self, why: str) -> InvalidArguments:
        rest = " ".join(token for token, _ in self._tokens[self._at :])
        where = f" at {rest[:30]!r}" if rest else " at its end"
        return InvalidArguments(
            f"The filter {self._text[:80]!r} {why}{where}.",
            hint='Write it like "not Running and restarts > 3" or "older than 2h, image matches nginx".',
        )
