"""The everyday tools of a container image, over the model: text, files, processes, space."""

import base64
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from cloudwright.twin.apps.filecommands import FILE_COMMANDS, options_of
from cloudwright.twin.apps.shell import Builtin, Context, Io, LoopControl, Run, ShellExit


def _echo(ctx: Context, argv: Sequence[str], io: Io) -> int:
    words = list(argv[1:])
    newline = not (words and words[0] in ("-n", "-en", "-ne"))
    escapes = bool(words) and words[0] in ("-e", "-en", "-ne")
    while words and words[0] in ("-n", "-e", "-en", "-ne"):
        words.pop(0)
    text = " ".join(words)
    io.out((_unescape(text) if escapes else text) + ("\n" if newline else ""))
    return 0


def _unescape(text: str) -> str:
    return text.replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\")


def _printf(ctx: Context, argv: Sequence[str], io: Io) -> int:
    form, values = _unescape(argv[1]) if len(argv) > 1 else "", list(argv[2:])
    io.out(re.sub(r"%[sd]", lambda m: values.pop(0) if values else "", form))
    return 0


def _env(ctx: Context, argv: Sequence[str], io: Io) -> int:
    if argv[0] == "printenv" and len(argv) > 1:
        value = ctx.env.get(argv[1])
        if value is None:
            return 1
        io.out(value + "\n")
        return 0
    io.out("".join(f"{key}={value}\n" for key, value in ctx.env.items()))
    return 0


def _test(ctx: Context, argv: Sequence[str], io: Io) -> int:
    words = list(argv[1:])
    if argv[0] == "[":
        words = words[:-1]
    negated = bool(words) and words[0] == "!"
    holds = _holds(ctx, words[1:] if negated else words)
    return int(holds == negated)


def _holds(ctx: Context, words: list[str]) -> bool:
    if len(words) == 1:
        return bool(words[0])
    if len(words) == 2:
        path = ctx.path(words[1])
        return {
            "-z": not words[1],
            "-n": bool(words[1]),
            "-f": ctx.files.get(path) is not None,
            "-d": ctx.files.get(path) is None and ctx.files.is_dir(path),
            "-e": ctx.files.get(path) is not None or ctx.files.is_dir(path),
            "-r": ctx.files.get(path) is not None,
            "-s": (ctx.files.get(path) is not None and ctx.files.read(path) != ""),
        }.get(words[0], False)
    if len(words) == 3:
        left, operator, right = words
        if operator in ("=", "=="):
            return left == right
        if operator == "!=":
            return left != right
        return _compare(left, operator, right)
    return False


def _compare(left: str, operator: str, right: str) -> bool:
    try:
        one, two = int(left), int(right)
    except ValueError:
        return False
    return {
        "-eq": one == two,
        "-ne": one != two,
        "-lt": one < two,
        "-le": one <= two,
        "-gt": one > two,
        "-ge": one >= two,
    }.get(operator, False)


def _sleep(ctx: Context, argv: Sequence[str], io: Io) -> Run:
    text = argv[1] if len(argv) > 1 else "0"
    if text in ("infinity", "inf"):
        yield math.inf
        return 0
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    number = text.rstrip("smhd")
    if not number.replace(".", "", 1).isdigit():
        io.err(f"sleep: invalid number '{text}'\n")
        return 1
    yield float(number) * units.get(text[-1], 1)
    return 0


def _exit(ctx: Context, argv: Sequence[str], io: Io) -> int:
    raise ShellExit(int(argv[1]) % 256 if len(argv) > 1 and argv[1].isdigit() else ctx.last)


def _break(ctx: Context, argv: Sequence[str], io: Io) -> int:
    raise LoopControl(argv[0] == "continue")


def _trap(ctx: Context, argv: Sequence[str], io: Io) -> int:
    if len(argv) > 2 and {"TERM", "SIGTERM", "15"} & set(argv[2:]):
        match = re.search(r"exit\s*(\d*)", argv[1])
        ctx.process.term_exit = int(match.group(1) or 0) if match else None
    return 0


def _cd(ctx: Context, argv: Sequence[str], io: Io) -> int:
    ctx.cwd = ctx.path(argv[1]) if len(argv) > 1 else "/"
    return 0


def _export(ctx: Context, argv: Sequence[str], io: Io) -> int:
    for word in argv[1:]:
        name, separator, value = word.partition("=")
        if separator:
            ctx.env[name] = value
    return 0


def _unset(ctx: Context, argv: Sequence[str], io: Io) -> int:
    for word in argv[1:]:
        ctx.env.pop(word, None)
    return 0


def _ps(ctx: Context, argv: Sequence[str], io: Io) -> int:
    user = "root" if ctx.files.user == 0 else str(ctx.files.user)
    io.out("PID   USER     TIME  COMMAND\n")
    seconds = int(ctx.process.cpu_total)
    io.out(f"    1 {user:<8} {seconds // 60:>3}:{seconds % 60:02d} {' '.join(ctx.process.argv)}\n")
    io.out(f"   27 {user:<8}   0:00 {' '.join(argv)}\n")
    return 0


def _date(ctx: Context, argv: Sequence[str], io: Io) -> int:
    moment = ctx.process.clock.now() + ctx.process.sandbox.machine.clock_skew
    if len(argv) > 1 and argv[-1] == "+%s":
        io.out(f"{int(moment)}\n")
    else:
        io.out(datetime.fromtimestamp(moment, UTC).strftime("%a %b %e %H:%M:%S UTC %Y\n"))
    return 0


def _id(ctx: Context, argv: Sequence[str], io: Io) -> int:
    user = ctx.files.user
    if argv[0] == "whoami":
        io.out("root\n" if user == 0 else f"{user}\n")
    else:
        groups = ",".join(str(group) for group in (ctx.files.groups or (0,)))
        io.out(f"uid={user}{'(root)' if user == 0 else ''} gid={0 if user == 0 else user} groups={groups}\n")
    return 0


def _kill(ctx: Context, argv: Sequence[str], io: Io) -> int:
    words = [word for word in argv[1:] if word.isdigit() or word.startswith("-")]
    if "1" in words and ctx.attached:
        if {"-9", "-KILL", "-SIGKILL"} & set(words):
            return 0  # the kernel protects PID 1 of a namespace from SIGKILL sent inside it
        if ctx.process.term_exit is not None:
            ctx.process.terminate()
    return 0


def _base64(ctx: Context, argv: Sequence[str], io: Io) -> int:
    if "d" in options_of(argv)[0]:
        io.out(base64.b64decode(io.stdin).decode("utf-8", "replace"))
    else:
        io.out(base64.b64encode(io.stdin.encode()).decode() + "\n")
    return 0


def _constant(text: str) -> Builtin:
    def run(ctx: Context, argv: Sequence[str], io: Io) -> int:
        io.out(text)
        return 0

    return run


def _hostname(ctx: Context, argv: Sequence[str], io: Io) -> int:
    io.out((ctx.process.sandbox.ip if "-i" in argv else ctx.process.sandbox.name) + "\n")
    return 0


def _pwd(ctx: Context, argv: Sequence[str], io: Io) -> int:
    io.out(ctx.cwd + "\n")
    return 0


def _wait(ctx: Context, argv: Sequence[str], io: Io) -> Run:
    yield math.inf
    return 0


COMMANDS: dict[str, Builtin] = {
    **FILE_COMMANDS,
    "echo": _echo,
    "printf": _printf,
    "env": _env,
    "printenv": _env,
    "test": _test,
    "[": _test,
    "sleep": _sleep,
    "exit": _exit,
    "break": _break,
    "continue": _break,
    "trap": _trap,
    "cd": _cd,
    "export": _export,
    "unset": _unset,
    "ps": _ps,
    "date": _date,
    "id": _id,
    "whoami": _id,
    "kill": _kill,
    "base64": _base64,
    "hostname": _hostname,
    "pwd": _pwd,
    "uname": _constant("Linux\n"),
    "true": lambda ctx, argv, io: 0,
    ":": lambda ctx, argv, io: 0,
    "false": lambda ctx, argv, io: 1,
    "set": lambda ctx, argv, io: 0,
    "sync": lambda ctx, argv, io: 0,
    "ulimit": _constant("unlimited\n"),
    "wait": _wait,
    "sh": lambda ctx, argv, io: 0,
    "ash": lambda ctx, argv, io: 0,
}
