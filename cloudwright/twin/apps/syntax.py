"""A parser for the part of the POSIX shell language that container commands use."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field


class ShellSyntaxError(Exception):
    """The text is no shell program that is understood here."""

    @property
    def unfinished(self) -> bool:
        """Whether more text could make it one."""
        return any(word in str(self) for word in ("unterminated", "end of file", "missing )", "'eof'"))


@dataclass(frozen=True)
class Part:
    """A piece of a word: literal text, or an expansion (`var`, `command`, `arith`) and whether it was quoted."""

    kind: str
    text: str
    quoted: bool = False


Word = tuple[Part, ...]


@dataclass(frozen=True)
class Redirect:
    """`fd op target`, with op one of ">", ">>", "<", ">&"."""

    fd: int
    op: str
    target: Word


@dataclass(frozen=True)
class Simple:
    """Assignments, words and redirects."""

    assigns: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]


@dataclass(frozen=True)
class Pipeline:
    """Commands joined by "|"."""

    commands: tuple["Command", ...]
    negated: bool = False


@dataclass(frozen=True)
class AndOr:
    """Pipelines joined by "&&" and "||"; `background` when followed by "&"."""

    first: Pipeline
    rest: tuple[tuple[str, Pipeline], ...] = ()
    background: bool = False


@dataclass(frozen=True)
class If:
    """Conditions with their bodies, and the else body."""

    branches: tuple[tuple["Block", "Block"], ...]
    otherwise: "Block"


@dataclass(frozen=True)
class Loop:
    """`while` or (`until` true) until."""

    condition: "Block"
    body: "Block"
    until: bool


@dataclass(frozen=True)
class For:
    """`for name in words`."""

    name: str
    words: tuple[Word, ...]
    body: "Block"


@dataclass(frozen=True)
class Group:
    """`{ ... }` or `( ... )`, with redirects."""

    body: "Block"
    redirects: tuple[Redirect, ...] = ()


Block = tuple[AndOr, ...]
Command = Simple | If | Loop | For | Group

_OPERATORS = ("&&", "||", ";;", ">>", ">&", "<<", ";", "&", "|", "(", ")", "<", ">", "\n")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]|[?$#@*!]")
_ASSIGN = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_RESERVED = {"if", "then", "elif", "else", "fi", "while", "until", "do", "done", "for", "in", "{", "}", "!"}


@dataclass
class Token:
    """An operator (`word` is None) or a word; `plain` is its text when nothing in it was quoted or expanded."""

    op: str = ""
    word: Word | None = None
    plain: str = ""
    start: int = 0
    end: int = 0


@dataclass
class _Lexer:
    text: str
    at: int = 0
    tokens: list[Token] = field(default_factory=list)

    def run(self) -> list[Token]:
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in " \t\r" or self.text.startswith("\\\n", self.at):
                self.at += 1 if char != "\\" else 2
            elif char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif operator := next((op for op in _OPERATORS if self.text.startswith(op, self.at)), ""):
                self.at += len(operator)
                self.tokens.append(Token(op=operator, start=self.at - len(operator), end=self.at))
            else:
                self._word()
        return self.tokens

    def _word(self) -> None:
        parts: list[Part] = []
        start, plain = self.at, True
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in " \t\r\n;&|()<>":
                break
            if char in "'\"\\$`":
                plain = False
            self._part(char, parts)
        raw = self.text[start : self.at]
        self.tokens.append(Token(word=tuple(parts), plain=raw if plain else "", start=start, end=self.at))

    def _part(self, char: str, parts: list[Part]) -> None:
        if char == "'":
            end = self._find("'", self.at + 1)
            parts.append(Part("text", self.text[self.at + 1 : end], True))
            self.at = end + 1
        elif char == '"':
            self._double(parts)
        elif char in "$`":
            self._expansion(parts, quoted=False)
        elif char == "\\":
            parts.append(Part("text", self.text[self.at + 1 : self.at + 2], True))
            self.at += 2
        else:
            match = re.compile(r"[^\s;&|()<>'\"\\$`]+").match(self.text, self.at)
            assert match is not None
            parts.append(Part("text", match.group()))
            self.at = match.end()

    def _find(self, what: str, start: int) -> int:
        end = self.text.find(what, start)
        if end < 0:
            raise ShellSyntaxError(f"syntax error: unterminated quoted string ({what})")
        return end

    def _double(self, parts: list[Part]) -> None:
        self.at += 1
        buffer = ""
        while self.at < len(self.text) and self.text[self.at] != '"':
            char = self.text[self.at]
            if char == "\\" and self.text[self.at + 1 : self.at + 2] in ('"', "\\", "$", "`"):
                buffer += self.text[self.at + 1]
                self.at += 2
            elif char in "$`":
                parts.append(Part("text", buffer, True))
                buffer = ""
                self._expansion(parts, quoted=True)
            else:
                buffer += char
                self.at += 1
        if self.at >= len(self.text):
            raise ShellSyntaxError("syntax error: unterminated quoted string")
        parts.append(Part("text", buffer, True))
        self.at += 1

    def _expansion(self, parts: list[Part], *, quoted: bool) -> None:
        if self.text[self.at] == "`":
            end = self._find("`", self.at + 1)
            parts.append(Part("command", self.text[self.at + 1 : end], quoted))
            self.at = end + 1
        elif self.text.startswith("$((", self.at):
            end = self._find("))", self.at)
            parts.append(Part("arith", self.text[self.at + 3 : end], quoted))
            self.at = end + 2
        elif self.text.startswith("$(", self.at):
            end = self._closing(self.at + 2)
            parts.append(Part("command", self.text[self.at + 2 : end], quoted))
            self.at = end + 1
        elif self.text.startswith("${", self.at):
            end = self._find("}", self.at)
            parts.append(Part("var", self.text[self.at + 2 : end], quoted))
            self.at = end + 1
        elif match := _NAME.match(self.text, self.at + 1):
            parts.append(Part("var", match.group(), quoted))
            self.at = match.end()
        else:
            parts.append(Part("text", "$", quoted))
            self.at += 1

    def _closing(self, start: int) -> int:
        depth = 1
        for index in range(start, len(self.text)):
            depth += {"(": 1, ")": -1}.get(self.text[index], 0)
            if depth == 0:
                return index
        raise ShellSyntaxError("syntax error: missing )")


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    def peek(self) -> Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else Token(op="eof")

    def take(self) -> Token:
        token = self.peek()
        self.at += 1
        return token

    def expect(self, text: str) -> None:
        token = self.take()
        if token.op != text and token.plain != text:
            raise ShellSyntaxError(
                f"syntax error: unexpected {token.op or token.plain or 'word'!r} (expecting {text!r})"
            )

    def block(self, *ends: str) -> Block:
        entries: list[AndOr] = []
        while True:
            while self.peek().op in (";", "\n"):
                self.take()
            token = self.peek()
            if token.op == "eof" or token.op in ends or (token.plain and token.plain in ends):
                return tuple(entries)
            entries.append(self.and_or())

    def and_or(self) -> AndOr:
        first, rest = self.pipeline(), []
        while self.peek().op in ("&&", "||"):
            operator = self.take().op
            while self.peek().op == "\n":
                self.take()
            rest.append((operator, self.pipeline()))
        background = self.peek().op == "&"
        if background or self.peek().op == ";":
            self.take()
        return AndOr(first, tuple(rest), background)

    def pipeline(self) -> Pipeline:
        negated = self.peek().plain == "!"
        if negated:
            self.take()
        commands = [self.command()]
        while self.peek().op == "|":
            self.take()
            commands.append(self.command())
        return Pipeline(tuple(commands), negated)

    def command(self) -> Command:
        token = self.peek()
        makers: dict[str, Callable[[], Command]] = {
            "if": self._if,
            "while": self._loop,
            "until": self._loop,
            "for": self._for,
        }
        if token.plain in makers:
            compound = makers[token.plain]()
            redirects = self._redirects()
            return Group((AndOr(Pipeline((compound,))),), redirects) if redirects else compound
        if token.op == "(" or token.plain == "{":
            close = ")" if self.take().op == "(" else "}"
            body = self.block(close)
            self.expect(close)
            return Group(body, self._redirects())
        return self.simple()

    def _if(self) -> If:
        branches = []
        self.take()
        while True:
            condition = self.block("then")
            self.expect("then")
            branches.append((condition, self.block("elif", "else", "fi")))
            word = self.take().plain
            if word == "else":
                otherwise = self.block("fi")
                self.expect("fi")
                return If(tuple(branches), otherwise)
            if word == "fi":
                return If(tuple(branches), ())
            if word != "elif":
                raise ShellSyntaxError('syntax error: unexpected end of file (expecting "fi")')

    def _loop(self) -> Loop:
        until = self.take().plain == "until"
        condition = self.block("do")
        self.expect("do")
        body = self.block("done")
        self.expect("done")
        return Loop(condition, body, until)

    def _for(self) -> For:
        self.take()
        name = self.take().plain
        self.expect("in")
        words: list[Word] = []
        while (word := self.peek().word) is not None:
            words.append(word)
            self.take()
        while self.peek().op in (";", "\n"):
            self.take()
        self.expect("do")
        body = self.block("done")
        self.expect("done")
        return For(name, tuple(words), body)

    def _redirects(self) -> tuple[Redirect, ...]:
        found = []
        while redirect := self._redirect():
            found.append(redirect)
        return tuple(found)

    def _redirect(self) -> Redirect | None:
        token = self.peek()
        following = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else Token(op="eof")
        fd = -1
        if token.plain in ("1", "2") and following.op in (">", ">>", ">&") and token.end == following.start:
            fd = int(token.plain)
            self.take()
            token = following
        if token.op not in (">", ">>", "<", ">&"):
            return None
        self.take()
        target = self.take().word
        if target is None:
            raise ShellSyntaxError("syntax error: unexpected newline")
        return Redirect(fd if fd >= 0 else (0 if token.op == "<" else 1), token.op, target)

    def simple(self) -> Simple:
        assigns: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirects: list[Redirect] = []
        while True:
            if redirect := self._redirect():
                redirects.append(redirect)
                continue
            token = self.peek()
            if token.word is None:
                break
            if not words and token.plain in _RESERVED:
                raise ShellSyntaxError(f"syntax error: unexpected {token.plain!r}")
            self.take()
            match = _ASSIGN.match(token.word[0].text) if token.word and not words and not token.word[0].quoted else None
            if match:
                rest = Part("text", token.word[0].text[match.end() :])
                assigns.append((match.group(1), (rest, *token.word[1:])))
            else:
                words.append(token.word)
        if not (words or assigns or redirects):
            raise ShellSyntaxError(f"syntax error: unexpected {self.peek().op!r}")
        return Simple(tuple(assigns), tuple(words), tuple(redirects))


def parse_shell(text: str) -> Block:
    """The program in a shell text.

    Raises:
        ShellSyntaxError: with the message a shell would print.
    """
    parser = _Parser(_Lexer(text).run())
    block = parser.block()
    if parser.peek().op != "eof":
        raise ShellSyntaxError(f"syntax error: unexpected {parser.peek().op!r}")
    return block
