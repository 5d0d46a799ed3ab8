"""An interpreter of shell programs over the container model; nothing ever runs on the host."""

import fnmatch
import math
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cloudwright.twin.apps.files import FileError, FileView
from cloudwright.twin.apps.net import Network
from cloudwright.twin.apps.process import Process
from cloudwright.twin.apps.syntax import (
    AndOr,
    Block,
    Command,
    For,
    Group,
    If,
    Loop,
    Part,
    Pipeline,
    Redirect,
    ShellSyntaxError,
    Simple,
    Word,
    parse_shell,
)

Run = Generator[float, None, int]
_STEPS_PER_TURN = 400


class ShellExit(Exception):
    """`exit` was called."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class LoopControl(Exception):
    """`break` or `continue` was called."""

    def __init__(self, again: bool) -> None:
        super().__init__(again)
        self.again = again


class Programs(Protocol):
    """The image's own programs, started from a shell."""

    def find(self, process: Process, name: str) -> bool:
        """Whether the image has a program of this name or path."""
        ...

    def run(self, process: Process, argv: Sequence[str]) -> Run:
        """Run it as the process itself."""
        ...


@dataclass
class Io:
    """The three standard streams of one command; output is text."""

    out: Callable[[str], None]
    err: Callable[[str], None]
    stdin: str = ""


@dataclass
class Context:
    """What a command runs in. `attached` commands (exec) have no time: sleeps end at once."""

    process: Process
    network: Network
    programs: Programs
    env: dict[str, str]
    attached: bool
    cwd: str = "/"
    arguments: tuple[str, ...] = ()
    last: int = 0
    steps: int = 0
    functions: dict[str, str] = field(default_factory=dict)

    @property
    def files(self) -> FileView:
        """The container's files."""
        return self.process.files

    def path(self, name: str) -> str:
        """An absolute path."""
        return name if name.startswith("/") else f"{self.cwd.rstrip('/')}/{name}"


Builtin = Callable[[Context, Sequence[str], Io], "int | Run"]


class Shell:
    """Runs programs; `commands` are the tools that the image has, by name."""

    def __init__(self, context: Context, commands: Mapping[str, Builtin]) -> None:
        self.context = context
        self.commands = commands

    def script(self, text: str, io: Io) -> Run:
        """Run a shell text and return its exit code."""
        try:
            block = parse_shell(text)
        except ShellSyntaxError as error:
            io.err(f"sh: {error}\n")
            return 2
        try:
            return (yield from self.block(block, io))
        except ShellExit as end:
            return end.code
        except LoopControl:
            return 0

    def block(self, block: Block, io: Io) -> Run:
        """Run commands one after the other."""
        for entry in block:
            if entry.background and not self.context.attached:
                self.context.process.spawn(self._and_or(entry, io))
                self.context.last = 0
            else:
                self.context.last = yield from self._and_or(entry, io)
        return self.context.last

    def _and_or(self, entry: AndOr, io: Io) -> Run:
        code = yield from self._pipeline(entry.first, io)
        for operator, pipeline in entry.rest:
            if (code == 0) == (operator == "&&"):
                self.context.last = code
                code = yield from self._pipeline(pipeline, io)
        return code

    def _pipeline(self, pipeline: Pipeline, io: Io) -> Run:
        stdin, code = io.stdin, 0
        for index, command in enumerate(pipeline.commands):
            if index < len(pipeline.commands) - 1:
                captured: list[str] = []
                code = yield from self.command(command, Io(captured.append, io.err, stdin))
                stdin = "".join(captured)
            else:
                code = yield from self.command(command, Io(io.out, io.err, stdin))
        return int(code == 0) if pipeline.negated else code

    def command(self, command: Command, io: Io) -> Run:
        """Run one command of any form."""
        self.context.steps += 1
        if self.context.steps % _STEPS_PER_TURN == 0:
            if self.context.attached:
                raise ShellExit(137)
            self.context.process.cpu = max(self.context.process.cpu, 0.95)
            yield 1.0
        if isinstance(command, Simple):
            return (yield from self._simple(command, io))
        if isinstance(command, If):
            for condition, body in command.branches:
                if (yield from self.block(condition, io)) == 0:
                    return (yield from self.block(body, io))
            return (yield from self.block(command.otherwise, io)) if command.otherwise else 0
        if isinstance(command, Loop):
            return (yield from self._loop(command, io))
        if isinstance(command, For):
            return (yield from self._for(command, io))
        assert isinstance(command, Group)
        redirected = yield from self._redirected(command.redirects, io)
        return 1 if redirected is None else (yield from self.block(command.body, redirected))

    def _loop(self, loop: Loop, io: Io) -> Run:
        code = 0
        while ((yield from self.block(loop.condition, io)) == 0) != loop.until:
            try:
                code = yield from self.block(loop.body, io)
            except LoopControl as control:
                if not control.again:
                    break
        return code

    def _for(self, loop: For, io: Io) -> Run:
        code = 0
        values = yield from self._words(loop.words, io)
        for value in values:
            self.context.env[loop.name] = value
            try:
                code = yield from self.block(loop.body, io)
            except LoopControl as control:
                if not control.again:
                    break
        return code

    def _simple(self, command: Simple, io: Io) -> Run:
        words = yield from self._words(command.words, io)
        redirected = yield from self._redirected(command.redirects, io)
        if redirected is None:
            return 1
        values = {}
        for name, word in command.assigns:
            values[name] = yield from self._word(word, io)
        if not words:
            self.context.env.update(values)
            return 0
        saved = dict(self.context.env)
        self.context.env.update(values)
        try:
            return (yield from self.run(words, redirected))
        finally:
            if values:
                self.context.env.clear()
                self.context.env.update(saved)

    def run(self, argv: Sequence[str], io: Io) -> Run:
        """Run one command by its words."""
        name = argv[0]
        if name in ("exec", "command", "nohup") and len(argv) > 1:
            return (yield from self.run(argv[1:], io))
        if name in ("timeout", "env", "nice", "time") and len(argv) > 1:
            return (yield from self.run(_unwrapped(argv), io)) if _unwrapped(argv) else 0
        base = name.rpartition("/")[2]
        if base in ("sh", "bash", "ash") and base in self.commands:
            return (yield from self.nested(argv, io))
        if not self.context.attached and self.context.programs.find(self.context.process, name):
            return (yield from self.context.programs.run(self.context.process, argv))
        builtin = self.commands.get(base)
        if builtin is None:
            io.err(f"sh: {name}: not found\n")
            return 127
        result = builtin(self.context, argv, io)
        if isinstance(result, int):
            return result
        return (yield from self._timed(result))

    def nested(self, argv: Sequence[str], io: Io) -> Run:
        options = [word for word in argv[1:] if word.startswith("-")]
        rest = [word for word in argv[1:] if not word.startswith("-")]
        if any("c" in option.lstrip("-") for option in options) and rest:
            self.context.arguments = tuple(rest[1:])
            return (yield from self.script(rest[0], io))
        if rest:
            entry = self.context.files.get(self.context.path(rest[0]))
            if entry is None:
                io.err(f"sh: can't open '{rest[0]}': No such file or directory\n")
                return 2
            return (yield from self.script(entry.content, io))
        return (yield from self.script(io.stdin, io)) if io.stdin else 0

    def _timed(self, run: Run) -> Run:
        while True:
            try:
                delay = next(run)
            except StopIteration as end:
                return int(end.value or 0)
            if self.context.attached:
                if math.isinf(delay):
                    return 130
                continue
            yield delay

    def _redirected(self, redirects: Sequence[Redirect], io: Io) -> Generator[float, None, Io | None]:
        out, err, stdin = io.out, io.err, io.stdin
        for redirect in redirects:
            target = yield from self._word(redirect.target, io)
            if redirect.op == ">&":
                out, err = (err, err) if redirect.fd == 1 and target == "2" else (out, out)
                continue
            path = self.context.path(target)
            try:
                if redirect.op == "<":
                    stdin = self.context.files.read(path)
                    continue
                writer = self._writer(path, append=redirect.op == ">>")
            except FileError as error:
                io.err(f"sh: can't {'open' if redirect.op == '<' else 'create'} {target}: {error}\n")
                return None
            if redirect.fd == 2:
                err = writer
            else:
                out = writer
        return Io(out, err, stdin)

    def _writer(self, path: str, *, append: bool) -> Callable[[str], None]:
        if path in ("/dev/stdout", "/dev/stderr", "/proc/1/fd/1", "/proc/1/fd/2"):
            return self.context.process.write
        if path == "/dev/null":
            return lambda text: None
        if not append:
            self.context.files.write(path, "")
        else:
            self.context.files.check_write(path)
        return lambda text: self.context.files.write(path, text, append=True)

    def _words(self, words: Sequence[Word], io: Io) -> Generator[float, None, list[str]]:
        result: list[str] = []
        for word in words:
            splits = any(part.kind != "text" and not part.quoted for part in word)
            text = yield from self._word(word, io)
            if splits:
                result.extend(text.split())
            elif any(c in text for c in "*?[") and not any(part.quoted for part in word):
                result.extend(self._glob(text))
            else:
                result.append(text)
        return result

    def _glob(self, pattern: str) -> list[str]:
        full = self.context.path(pattern)
        directory = full.rpartition("/")[0] or "/"
        names = self.context.files.list(directory)
        found = [f"{directory.rstrip('/')}/{n}" for n in names if fnmatch.fnmatch(f"{directory.rstrip('/')}/{n}", full)]
        return found or [pattern]

    def _word(self, word: Word, io: Io) -> Generator[float, None, str]:
        text = ""
        for part in word:
            text += yield from self._part(part, io)
        return text

    def _part(self, part: Part, io: Io) -> Generator[float, None, str]:
        if part.kind == "text":
            return part.text
        if part.kind == "command":
            captured: list[str] = []
            self.context.last = yield from self.script(part.text, Io(captured.append, io.err, io.stdin))
            return "".join(captured).rstrip("\n")
        if part.kind == "arith":
            return str(self._arithmetic(part.text))
        return self._variable(part.text)

    def _variable(self, text: str) -> str:
        name, _, default = text.partition(":-")
        special = {"?": str(self.context.last), "$": "1", "#": str(len(self.context.arguments))}
        if name in special:
            return special[name]
        if name in ("@", "*"):
            return " ".join(self.context.arguments)
        if name.isdigit():
            index = int(name) - 1
            return self.context.arguments[index] if 0 <= index < len(self.context.arguments) else ""
        return self.context.env.get(name) or default

    def _arithmetic(self, text: str) -> int:
        plain = re.sub(r"[A-Za-z_]\w*", lambda m: self.context.env.get(m.group()) or "0", text.replace("$", ""))
        tokens = re.findall(r"\d+|[-+*/%()]", plain)
        return _Arithmetic(tokens).total()


@dataclass
class _Arithmetic:
    """Integer arithmetic by precedence climbing."""

    tokens: list[str]
    at: int = 0

    def total(self) -> int:
        value = self.term()
        while self.at < len(self.tokens) and self.tokens[self.at] in "+-":
            sign = self.tokens[self.at]
            self.at += 1
            value = value + self.term() if sign == "+" else value - self.term()
        return value

    def term(self) -> int:
        value = self.atom()
        while self.at < len(self.tokens) and self.tokens[self.at] in "*/%":
            operator = self.tokens[self.at]
            self.at += 1
            other = self.atom()
            value = (
                value * other if operator == "*" else value // (other or 1) if operator == "/" else value % (other or 1)
            )
        return value

    def atom(self) -> int:
        token = self.tokens[self.at] if self.at < len(self.tokens) else "0"
        self.at += 1
        if token == "(":
            value = self.total()
            self.at += 1
            return value
        return -self.atom() if token == "-" else int(token) if token.isdigit() else 0


def _unwrapped(argv: Sequence[str]) -> list[str]:
    """The command behind `timeout 5`, `env A=b`, `nice -n 5`, `time`."""
    rest = list(argv[1:])
    while rest and (rest[0].startswith("-") or "=" in rest[0] or rest[0].rstrip("smh").replace(".", "").isdigit()):
        rest.pop(0)
    return rest
